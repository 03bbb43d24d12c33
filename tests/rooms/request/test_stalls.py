"""A process that was stopped for a while, and a server whose answer came meanwhile.

The process is stopped with SIGSTOP, or holds Python's lock in a call to C.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import asyncdest_nb as ad
from raw_server import RawServer, Writer, answer, silence

pytestmark = pytest.mark.slow

TIMEOUT_SECONDS = 2.0
STALL_SECONDS = 4

CHILD = """
import asyncio, ctypes, sys
from asyncdest_nb.request import Client

async def main(url, seconds, stall):
    client = Client(timeout_seconds=seconds)
    request = asyncio.create_task(client.call()(url, method="POST", json=1))
    await asyncio.sleep(seconds / 4)
    print("sent", flush=True)
    if stall:  # PyDLL keeps Python's lock, so no thread of Python runs.
        ctypes.PyDLL(None).sleep(int(stall))
    try:
        print("answered", (await request).text[:2], flush=True)
    except Exception as error:
        print("failed", type(error).__name__, flush=True)
    await client.aclose()

asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
"""


HOGGED = """
import asyncio, ctypes, sys, threading
from asyncdest_nb.request import Client

def hog():
    sys.stdin.readline()
    while True:
        ctypes.PyDLL(None).usleep(600_000)

async def main(url, seconds):
    client = Client(timeout_seconds=seconds)
    threading.Thread(target=hog, daemon=True).start()
    try:
        await client.call()(url, method="POST", json=1)
    except Exception as error:
        print("failed", type(error).__name__, flush=True)
    await client.aclose()

asyncio.run(main(sys.argv[1], float(sys.argv[2])))
"""


class Late:
    """Answers with a long body, once ``may_answer`` is set."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    async def __call__(self, writer: Writer) -> None:
        await asyncio.to_thread(self.may_answer.wait, 60)
        await answer(200, "ok" * 100_000)(writer)


def child(url: str, *, stall: int = 0, code: str = CHILD) -> subprocess.Popen[str]:
    """Start a process that sends a request to *url*."""
    package = Path(inspect.getfile(ad)).parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", code, url, str(TIMEOUT_SECONDS), str(stall)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package)},
    )


def test_an_answer_that_came_while_the_process_was_stopped_is_read():
    late = Late()
    with RawServer(late) as server, child(server.url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sent\n"
        assert server.has_arrived.wait(60)
        os.kill(process.pid, signal.SIGSTOP)
        late.may_answer.set()
        threading.Event().wait(STALL_SECONDS)
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout.read() == "answered ok\n"


def test_an_answer_that_came_while_a_call_held_pythons_lock_is_read():
    late = Late()
    with RawServer(late) as server, child(server.url, stall=STALL_SECONDS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sent\n"
        late.may_answer.set()
        assert process.stdout.read() == "answered ok\n"


def test_silence_is_a_timeout_also_after_a_stall():
    with RawServer(silence) as server, child(server.url, stall=STALL_SECONDS) as process:
        assert process.stdout is not None
        assert process.stdout.read() == "sent\nfailed ReplyTimeout\n"


def test_silence_is_a_timeout_also_during_repeated_stalls():
    with RawServer(silence) as server, child(server.url, code=HOGGED) as process:
        try:
            assert server.has_arrived.wait(60)
            assert process.communicate("stall\n", timeout=60)[0] == "failed ReplyTimeout\n"
        finally:
            process.kill()
