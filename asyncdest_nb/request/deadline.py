"""A time limit that does not count the time in which this process was stopped."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

STEP_SECONDS = 0.25


class Deadline:
    """Raise TimeoutError in an ``async with`` after *seconds*.

    The time is counted in short steps. A step that took too long counts only as long as
    planned: for the rest of it the process was stopped, or one call held Python's lock.
    After such a step there is one more, in which data that has arrived meanwhile is read.
    """

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._step = min(STEP_SECONDS, seconds / 4)
        self._is_extra = False  # Whether the current step is the additional one.
        self._limit = asyncio.timeout(None)
        self._handle: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._handle is not None
        self._handle.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def expired(self) -> bool:
        """Whether the time is over, and the block was ended because of it."""
        return self._limit.expired()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._since, self._waited = loop.time(), min(self._step, self._left)
        self._handle = loop.call_later(self._waited, self._count)

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        self._left -= self._waited
        is_late = now - self._since > self._waited + self._step
        if self._left <= 0 and is_late and not self._is_extra:
            self._left, self._is_extra = self._step, True
        if self._left > 0:
            self._wait()
        else:
            self._limit.reschedule(now)
