"""The thread of a session's file: what waits for the disk waits there, and one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class StoreThread:
    """Does what it is given in this order, on a thread of its own.

    The thread begins with the first work. It ends with the process and not before: what is
    written at the very end of it has a thread too.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Return at once what *work* will return, or raise."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="asyncdest-store", daemon=True)
            self._thread.start()
        done: Future[T] = Future()
        self._queue.put((work, done))
        return done

    def stop(self) -> None:
        """End the thread when all is done that it was given."""
        self._queue.put(None)

    def _run(self) -> None:
        while (found := self._queue.get()) is not None:
            do(*found)
            del found  # It must not keep what it worked with until there is more to do.


class NoThread:
    """Does what it is given at once: where there is no disk to wait for, or no threads are."""

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Return what *work* returned, or raised."""
        done: Future[T] = Future()
        do(work, done)
        return done

    def stop(self) -> None:
        """Do nothing."""


def do(work: Callable[[], T], done: Future[T]) -> None:
    """Have *done* hold what *work* returns or raises, unless it was cancelled before."""
    if not done.set_running_or_notify_cancel():
        return
    try:
        found = work()
    except BaseException as error:
        done.set_exception(error)
    else:
        done.set_result(found)
