"""A disk on which commits take long, or hang::

    with slow_disk(seconds=0.02) as disk, ad.Session(path=path) as session:
        ...disk.commits...

It is one for the files that are opened inside: the connection waits before it commits, on
the thread that commits and without Python's lock, as it does for a real disk.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest


class Disk:
    """How long a commit takes; ``commits`` are the names of the threads that made them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.commits: list[str] = []
        self.is_awaited = threading.Event()  # A commit waits for the disk, or has done so.
        self._goes_on = threading.Event()
        self._goes_on.set()

    def hang(self) -> None:
        """Let commits wait until it goes on."""
        self.is_awaited.clear()
        self._goes_on.clear()

    def go_on(self) -> None:
        """Let commits end."""
        self._goes_on.set()

    def wait(self) -> None:
        """Wait as for a commit."""
        self.is_awaited.set()
        self._goes_on.wait()
        time.sleep(self.seconds)
        self.commits.append(threading.current_thread().name)


class SlowConnection(sqlite3.Connection):
    """A connection to a file on a *disk*."""

    def __init__(self, *given: Any, disk: Disk, **options: Any) -> None:
        super().__init__(*given, **options)
        self._disk = disk

    def execute(self, statement: str, *given: Any) -> sqlite3.Cursor:
        """Run *statement*; a commit takes as long as the disk does."""
        if statement == "COMMIT":
            self._disk.wait()
        return super().execute(statement, *given)


@contextmanager
def slow_disk(*, seconds: float = 0.0) -> Iterator[Disk]:
    """Let the files that are opened inside be on a disk that takes so long for each commit."""
    disk = Disk(seconds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sqlite3, "connect", partial(sqlite3.connect, factory=partial(SlowConnection, disk=disk))
        )
        try:
            yield disk
        finally:
            disk.go_on()
