"""Time as an argument, and the time of a run, which goes on when the wall clock jumps."""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

# time.monotonic stands still while the machine sleeps, on Linux and on macOS.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
_unsleeping = time.monotonic if _CLOCK is None else partial(time.clock_gettime, _CLOCK)
_LONGEST_LEAP_SECONDS = (
    10 * 366 * 86_400.0
)  # A stamp that is further ahead comes from a damaged file.


def _wall() -> float:
    return time.time()  # Looked up at each call, so that a replaced time.time takes effect.


@dataclass(frozen=True)
class Clock:
    """``wall`` stamps what happened (Unix seconds); ``steady`` measures waits and never jumps."""

    wall: Callable[[], float] = _wall
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class RunClock:
    """The time of one run: it stamps what happens, and knows the age of what was sent.

    Because the wall clock may jump, it is read once; time passes by a steady clock from then
    on. So no duration is negative, or a day too long. No stamp is earlier than *after* (Unix
    seconds), the last stamp of an earlier process.
    """

    def __init__(self, clock: Clock, *, after: float) -> None:
        self.wall, self.steady, self.sleep = clock.wall, clock.steady, clock.sleep
        self._started_wall, self._started_steady = clock.wall(), clock.steady()
        # The clock of a test has no machine that could sleep.
        self._passed = _unsleeping if clock.steady is time.monotonic else clock.steady
        is_believed = after - self._started_wall < _LONGEST_LEAP_SECONDS
        started = max(self._started_wall, after) if is_believed else self._started_wall
        self._base = started - self._passed()
        # By number, when this process sent it first, in steady seconds; NaN = it did not.
        self._sent_at = array("d")

    def now(self) -> float:
        """Return the stamp of what happens now, in Unix seconds."""
        return self._base + self._passed()

    def mark_sent(self, number: int) -> None:
        """Note that operation *number* is sent now for the first time."""
        if (missing := number + 1 - len(self._sent_at)) > 0:
            self._sent_at.extend([math.nan] * missing)
        if not self._is_own(number):
            self._sent_at[number] = self.steady()

    def age(self, number: int, stamp: float) -> float:
        """Return how many seconds ago operation *number* was first sent, at *stamp*.

        If an earlier process sent it, a stamp in the future counts from the start of this one.
        """
        now = self.steady()
        if self._is_own(number):
            return now - self._sent_at[number]
        return max(0.0, self._started_wall - stamp) + now - self._started_steady

    def is_age_known(self, number: int, stamp: float) -> bool:
        """Whether its age can be known: the wall clock was not set back since *stamp*."""
        return self._is_own(number) or stamp <= self._started_wall

    def _is_own(self, number: int) -> bool:
        """Whether this process sent operation *number* first."""
        return number < len(self._sent_at) and not math.isnan(self._sent_at[number])
