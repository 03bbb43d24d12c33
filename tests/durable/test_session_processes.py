"""A session and other processes: forked, killed, ended early, or with the file open."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from example_rows import people
from paths import HELPERS

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


CHILD = HELPERS / "killed_child.py"


@contextlib.contextmanager
def child(file: Path, slug: str, settings: Any, **submission: Any) -> Iterator[subprocess.Popen]:
    """Start a process that submits; it is killed at the latest when the block ends."""
    frame = submission.pop("frame")
    submission = {"frame": frame.to_dict("list"), "index": list(frame.index), **submission}
    words = [sys.executable, CHILD, file, slug, json.dumps(settings), json.dumps(submission)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


FORKS = """
import os, sys, warnings
import asyncdest_nb as ad

session = ad.Session(path=sys.argv[1])
warnings.simplefilter("ignore")  # Python 3.12 warns of forks where there are threads.
if os.fork() == 0:
    assert ad.Session() is not None
    try:
        session.connect("example-async", endpoint="http://127.0.0.1:1")
    except ad.UsageError:
        sys.exit(3)
    sys.exit(4)
print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
def test_a_fork_uses_no_session_of_its_parent_and_closes_none(file: Path):
    words = [sys.executable, "-c", FORKS, str(file)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "3\n"
        with ad.Session(path=file) as session:
            assert f"read-only: open in process {parent.pid}" in repr(session)


ENDS_EARLY = """
import sys, threading
import pandas as pd
import asyncdest_nb as ad

class Payload(ad.Payload):
    user_id: str = ad.field("User ID")

def perform(request, data):
    is_called.set()
    threading.Event().wait()

is_called = threading.Event()
act = ad.Action(title="Act", payload=Payload, perform=perform)
test = ad.Destination(name="Test", slug="test", actions={"act": act})
crm = ad.Session(path=sys.argv[1]).connect(test)
crm.submit(pd.DataFrame({"user_id": [f"u-{number}" for number in range(100)]}), "act")
is_called.wait()
"""


def test_a_script_that_ends_early_fails_no_row_and_waits_for_no_function(file: Path):
    words = [sys.executable, "-W", "error", "-c", ENDS_EARLY, file]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    with ad.Session(path=file) as session:
        (run,) = session.runs()
        assert run.counts["failed"] == 0
        assert run.counts["pending"] >= 92


def test_a_session_of_another_process_is_read_only_until_that_has_ended(file: Path):
    with ad.simulate("example-async", duration_seconds=3, failing=0) as demo:
        submission = {"frame": people(3), "action": "asyncOperation"}
        with child(file, "example-async", demo.settings, **submission) as process:
            session = ad.Session(path=file)
            holder = f"open in process {process.pid} on .* since 20"
            assert re.search(f"read-only: {holder}", repr(session))
            with pytest.raises(ad.StoreError, match=f"{holder}.*shut down that kernel"):
                session.connect(demo)
            while not (runs := session.runs()) or not runs[0].operations[0].operation_id:
                time.sleep(0.05)
            assert re.search(holder, runs[0].notices[0])
            assert len(runs[0].results()) == 3
            with pytest.raises(ad.UsageError, match=holder):
                runs[0].wait()
            with pytest.raises(ad.StoreError, match=holder):
                session.forget(runs[0])
            runs[0].export(file.with_name("exported.sqlite"))
        session.connect(demo)  # The system took the lock back from the dead.
        (run,) = session.runs()
        assert run.wait(timeout=20) == "completed"
        assert demo.requests["POST /operations/batch"] == {202: 1}
        session.close()
    assert len(ad.load(file.with_name("exported.sqlite")).operations) == 3


def test_threads_that_take_a_session_over_at_once_do_it_once(file: Path):
    at_once = threading.Barrier(6)
    interval = sys.getswitchinterval()

    def look(_: int) -> None:
        at_once.wait(timeout=10)
        session.runs()
        session.connect(demo)

    with ad.simulate("example-async", duration_seconds=0.3, failing=0) as demo:
        submission = {"frame": people(20), "action": "asyncOperation", "batch_size": 1}
        with child(file, "example-async", demo.settings, **submission):
            session = ad.Session(path=file)
            while not session.runs():
                time.sleep(0.02)
            assert "read-only" in repr(session)
        sys.setswitchinterval(1e-5)
        try:
            with ThreadPoolExecutor(6) as threads:
                list(threads.map(look, range(6)))
        finally:
            sys.setswitchinterval(interval)
        with session:
            (run,) = session.runs()
            run.wait(timeout=30)
        arrived = Counter(each["payload"]["user_id"] for each in demo.operations)
        assert max(arrived.values()) == 1


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
def test_nothing_is_lost_or_sent_twice_when_the_kernel_is_killed(file: Path, after: float):
    frame = people(400)
    knobs = {"duration_seconds": 0.6, "failing": 0, "latency_seconds": 0.03}
    with ad.simulate("example-async", **knobs) as demo:
        submission = {"frame": frame, "action": "asyncOperation", "batch_size": 20}
        with child(file, "example-async", demo.settings, **submission):
            time.sleep(after)
        with ad.Session(path=file) as session:
            session.connect(demo)
            if not session.runs():
                assert demo.operations == []  # Killed before the first intent.
                return
            (run,) = session.runs()
            run.wait(timeout=30)
            results = run.results()
        held = {row for each in run.operations if each.state == "held" for row in each.rows}
        assert set(results["status"]) <= {"completed", "unknown"}
        assert {at for at, word in enumerate(results["status"]) if word == "unknown"} == held
        arrived = Counter(each["payload"]["user_id"] for each in demo.operations)
        assert max(arrived.values()) == 1
        completed = {f"u-{at}" for at in range(400) if at not in held}
        assert completed <= set(arrived)


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2])
def test_a_job_of_several_steps_is_applied_once_whenever_the_kernel_is_killed(
    file: Path, after: float
):
    frame = pd.DataFrame({"LastName": [f"N {number}" for number in range(40)]})
    knobs = {"duration_seconds": 0.5, "failing": 0, "latency_seconds": 0.1}
    with ad.simulate("salesforce-bulk", **knobs) as org:
        submission = {"frame": frame, "action": "insert", "object": "Contact", "batch_size": 10}
        with child(file, "salesforce-bulk", org.settings, **submission):
            time.sleep(after)
        with ad.Session(path=file) as session:
            session.connect(org)
            if not session.runs():
                assert org.operations == []
                return
            (run,) = session.runs()
            assert run.wait(timeout=40) == "completed"
        # Four jobs were closed; more may have been opened, and nothing comes of those.
        names = Counter(each["LastName"] for each in org.records["Contact"])
        assert names == Counter(frame["LastName"])
