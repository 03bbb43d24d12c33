"""Time as an argument: clocks, a sleep, and stamps and ages for when the wall clock jumps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

# time.monotonic stands still while the machine sleeps, on Linux and on macOS.
_UNSLEEPING = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
_LONGEST_LEAP_SECONDS = (
    10 * 366 * 86_400.0
)  # A stamp that is further ahead comes from a damaged file.


def _unsleeping() -> float:
    return time.monotonic() if _UNSLEEPING is None else time.clock_gettime(_UNSLEEPING)


def _wall() -> float:
    return time.time()  # Looked up at each call, so that a replaced time.time takes effect.


@dataclass(frozen=True)
class Clock:
    """``wall`` stamps what happened (Unix seconds); ``steady`` measures waits and never jumps."""

    wall: Callable[[], float] = _wall
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Stamps:
    """The time stamps of what happens to a run: by the wall clock once, then by a steady clock.

    So no duration is negative, or a day too long, because the wall clock was set. No stamp is
    earlier than *after* (Unix seconds), the last stamp of an earlier process.
    """

    def __init__(self, clock: Clock, *, after: float) -> None:
        # The clock of a test has no machine that could sleep.
        self._passed = _unsleeping if clock.steady is time.monotonic else clock.steady
        wall = clock.wall()
        is_believed = after - wall < _LONGEST_LEAP_SECONDS
        self._base = (max(wall, after) if is_believed else wall) - self._passed()

    def now(self) -> float:
        """Return Unix seconds."""
        return self._base + self._passed()


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
