"""A time limit that does not count the time in which this process was stopped."""

from __future__ import annotations

import asyncio
import weakref
from types import TracebackType
from typing import Self

STEP_SECONDS = 0.25


class Deadline:
    """Raise TimeoutError in a ``with`` of a coroutine after *seconds*.

    The time is counted in short steps. A step that took too long counts only as long as
    planned: for the rest of it the process was stopped, or one call held Python's lock.
    After such a step there is one more, in which data that has arrived meanwhile is read.
    """

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._step = min(STEP_SECONDS, seconds / 4)
        self._is_extra = False  # Whether the current step is the additional one.
        self._is_expired = False
        self._handle: asyncio.TimerHandle | None = None
        self._ticks: _Ticks | None = None

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancels, self._loop = task, task.cancelling(), task.get_loop()
        self._wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ticks is not None:
            self._ticks.deadlines.discard(self)
        if self._handle is not None:
            self._handle.cancel()
        # As asyncio.timeout does, which costs as much as half of a request's parsing.
        is_last = self._is_expired and self._task.uncancel() <= self._cancels
        if is_last and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expired(self) -> bool:
        """Whether the time is over, and the block was ended because of it."""
        return self._is_expired

    def _wait(self) -> None:
        """Wait for the end of a step: of the next one of all, or of a shorter one of its own."""
        self._since = self._loop.time()
        if self._step < STEP_SECONDS or self._left < STEP_SECONDS:
            self._waited = min(self._step, self._left)
            self._handle = self._loop.call_later(self._waited, self._count)
        else:
            self._ticks = _ticks_of(self._loop)
            self._ticks.deadlines.add(self)

    def count(self, due: float) -> None:
        """Count a step that was to end at *due*."""
        assert self._ticks is not None
        self._ticks.deadlines.discard(self)
        self._waited, self._ticks = max(0.0, due - self._since), None
        self._count()

    def _count(self) -> None:
        now = self._loop.time()
        self._left -= self._waited
        is_late = now - self._since > self._waited + self._step
        if self._left <= 0 and is_late and not self._is_extra:
            self._left, self._is_extra = self._step, True
        if self._left > 0:
            self._wait()
        else:
            self._is_expired = True
            self._task.cancel()


class _Ticks:
    """The steps of all deadlines of one event loop, which has a single timer for them."""

    def __init__(self) -> None:
        self.deadlines: set[Deadline] = set()
        self._is_due = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make sure that a step ends while there are deadlines."""
        if not self._is_due:
            self._is_due = True
            loop.call_later(STEP_SECONDS, self._tick, loop, loop.time() + STEP_SECONDS)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._is_due = False
        for each in list(self.deadlines):
            each.count(due)
        if self.deadlines:
            self.start(loop)


_ticks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Ticks] = weakref.WeakKeyDictionary()


def _ticks_of(loop: asyncio.AbstractEventLoop) -> _Ticks:
    found = _ticks.get(loop)
    if found is None:
        found = _ticks[loop] = _Ticks()
    found.start(loop)
    return found
