"""Children that start at once: forked from a process that has imported what all of them import.

    with serve("pandas", "my_helper") as nursery, nursery.child(my_helper.function, 1, 2) as child:
        answer = child.answer()  # None if the child was killed

The process listens on a Unix socket, and forks a child for each that connects.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from paths import HELPERS, ROOT

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What a child returned, or the traceback of what it raised."""

    value: Any
    error: str = ""


class Child:
    """A child that calls a function."""

    def __init__(self, connection: Connection, function: Callable[..., Any], *arguments: Any):
        self._connection = connection
        connection.send((function, arguments))
        self.pid: int = connection.recv()

    def answer(self, timeout: float = PATIENCE_SECONDS) -> Answer | None:
        """Return what it returned; None = the child was killed before.

        Raises RuntimeError with the traceback of what it raised, and TimeoutError, when the
        child was killed, after so many seconds.
        """
        try:
            answer = self._connection.recv() if self._connection.poll(timeout) else None
        except (EOFError, ConnectionResetError):
            return None
        if answer is None:
            self.kill()
            raise TimeoutError(f"the child {self.pid} did not answer within {timeout} s")
        if answer.error:
            raise RuntimeError(answer.error)
        return answer

    def kill(self) -> None:
        """Kill it as the kernel of a system that is out of memory does."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it, and wait until it is gone: until then its files may be locked."""
        self.kill()
        while self._is_there():
            time.sleep(0.001)

    def _is_there(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


class Nursery:
    """The process that forks children, as one may speak to it."""

    def __init__(self, where: str) -> None:
        self._where = where

    @contextmanager
    def child(self, function: Callable[..., Any], *arguments: Any) -> Iterator[Child]:
        """Start a child that calls *function*; it may be called from any thread."""
        with _connected(self._where) as connection:
            child = Child(connection, function, *arguments)
            try:
                yield child
            finally:
                child.end()


def _connected(where: str) -> Connection:
    """Connect to the process, which imports for some seconds first."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return Client(where, "AF_UNIX")
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


@contextmanager
def serve(*modules: str) -> Iterator[Nursery]:
    """Run a process that imports *modules*, and forks children until this is left."""
    paths = os.pathsep.join([str(HELPERS), str(ROOT)])
    # The path of a test's folder may be too long for a socket.
    with tempfile.TemporaryDirectory() as folder:
        where = str(Path(folder, "socket"))
        process = subprocess.Popen(
            [sys.executable, __file__, where, *modules],
            env={**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            yield Nursery(where)
        finally:
            process.terminate()
            process.wait(timeout=20)


def main(where: str, *modules: str) -> None:
    """Fork a child for whoever connects, until the process is ended."""
    for name in modules:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those that end.
    with Listener(where, "AF_UNIX", backlog=64) as listener:
        while True:
            with listener.accept() as connection:
                if os.fork() == 0:
                    listener.close()
                    _be_child(connection)


def _be_child(connection: Connection) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    function, arguments = connection.recv()
    connection.send(os.getpid())
    try:
        answer = Answer(function(*arguments))
    except BaseException:
        answer = Answer(None, traceback.format_exc())
    connection.send(answer)
    # What it has imported is not its own to clean up, which would take long.
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    del sys.path[0]  # The folder of this file, which is in PYTHONPATH as well.
    importlib.import_module("forked_children").main(*sys.argv[1:])
