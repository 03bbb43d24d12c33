"""Time as an argument: two clocks, a sleep, and ages that survive a clock that jumps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


def _wall() -> float:
    return time.time()  # Looked up at each call, so that a replaced time.time takes effect.


@dataclass(frozen=True)
class Clock:
    """``wall`` stamps what happened (Unix seconds); ``steady`` measures waits and never jumps."""

    wall: Callable[[], float] = _wall
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Ages:
    """The ages of events that were stamped with the wall clock, which may jump.

    Events of this process are measured by the steady clock. The age of an earlier event is
    read from the wall clock once, when this object is made, and grows steadily from then on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.wall(), clock.steady()
        self._begun: dict[int, float] = {}

    def begin(self, number: int) -> None:
        """Note that event *number* happens now, unless it has happened before."""
        self._begun.setdefault(number, self._clock.steady())

    def of(self, number: int, stamp: float) -> float:
        """Return the age in seconds of event *number*, stamped *stamp*.

        A stamp in the future counts from when this object was made.
        """
        now = self._clock.steady()
        if number in self._begun:
            return now - self._begun[number]
        return max(0.0, self._wall - stamp) + now - self._steady

    def is_known(self, number: int, stamp: float) -> bool:
        """Whether the age can be known: the wall clock was not set back since *stamp*."""
        return number in self._begun or stamp <= self._wall
