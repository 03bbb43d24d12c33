"""Time that passes only when nothing is left to do: an event loop for it, and the engine on that.

``installed()`` puts a Stage in the portal's place: sessions opened then live on the
stage's loop, without a thread, and an hour of theirs takes as long as what they do in it.
"""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from asyncdest_nb import portal
from asyncdest_nb.engine import Clock, Engine
from session_engines import session_engines

TURN_SECONDS = 1e-6  # Of the loop.
LONGEST_SECONDS = 86_400.0  # What takes longer than this never ends.
EPOCH = 1_800_000_000.0  # Unix seconds when virtual time is 0.


class Time:
    """Seconds that have passed; they go on from one loop to the next."""

    def __init__(self) -> None:
        self.now = 0.0


class _NothingToSelect(selectors.DefaultSelector):  # type: ignore[valid-type,misc]  # by platform
    """Wait for no file: a wait ends at once, and its time has passed."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("nothing will ever happen again")
        # Even work takes time: a wait too short to change the float would never end.
        self._time.now += max(TURN_SECONDS, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time. ``troubles`` are the errors that nobody caught."""

    def __init__(self, time: Time) -> None:
        super().__init__(_NothingToSelect(time))
        self._virtual = time
        self.troubles: list[object] = []
        self.set_exception_handler(lambda _, context: self.troubles.append(context))

    def time(self) -> float:
        return self._virtual.now

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, unless the loop is stopped before."""
        timer = self.call_later(seconds, self.stop)
        self.run_forever()
        timer.cancel()

    def bury(self) -> None:
        """Cancel all that runs, and close the loop."""
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        if tasks:
            self.run_until_complete(asyncio.wait(tasks))
        self.close()


class Stage:
    """A loop in place of the portal's thread; a stage may have several, one after the other."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start again at time 0."""
        self.time = Time()

    def new_loop(self) -> VirtualLoop:
        """Start a new loop; time goes on."""
        self.loop = VirtualLoop(self.time)
        return self.loop

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run *work* when the loop runs next."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def wait(self, future: Future[Any], timeout: float | None = None) -> bool:
        """Let time pass until *future* is done, or *timeout* seconds; return whether it is done."""
        if not future.done():
            loop, is_waiting = self.loop, [True]
            # The future may be done long after this wait is over.
            future.add_done_callback(lambda _: is_waiting and loop.call_soon(loop.stop))
            loop.pass_time(LONGEST_SECONDS if timeout is None else timeout)
            is_waiting.clear()
        assert timeout is not None or future.done(), "a wait for it would never end"
        return future.done()

    def wall(self) -> float:
        """Return Unix seconds."""
        return EPOCH + self.time.now

    def session_engines(self) -> AbstractContextManager[list[Engine]]:
        """Give the engines of all sessions that are opened here; they go by the time here."""
        return session_engines(Clock(wall=self.wall, steady=lambda: self.time.now))

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Make sessions that are opened here live on this stage."""
        with pytest.MonkeyPatch.context() as patch, self.session_engines():
            patch.setitem(portal.started, os.getpid(), self)
            patch.setattr(portal, "wait", self.wait)
            yield
