"""Time as an argument: what tells it, and what lets it pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


def _wall() -> float:
    return time.time()  # Looked up at each call: whoever puts another clock there means all of it.


@dataclass(frozen=True)
class Clock:
    """``wall`` stamps what happened (Unix seconds); ``steady`` measures waits and never jumps."""

    wall: Callable[[], float] = _wall
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Ages:
    """How long ago things happened that were stamped with the wall clock, which may jump.

    What happened in this process is measured by the steady clock. What happened before is
    as old as the wall clock says once, when this is made, and grows older steadily.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.wall(), clock.steady()
        self._here: dict[int, float] = {}

    def begin(self, number: int) -> None:
        """Say that it happens now to *number*, for the first time."""
        self._here.setdefault(number, self._clock.steady())

    def of(self, number: int, stamp: float) -> float:
        """Return the seconds since *stamp*: those of this process, if no clock knows of others."""
        now = self._clock.steady()
        if number in self._here:
            return now - self._here[number]
        return max(0.0, self._wall - stamp) + now - self._steady

    def are_known(self, number: int, stamp: float) -> bool:
        """Say whether the wall clock was not set back since *stamp*, by nobody knows how much."""
        return number in self._here or stamp <= self._wall
