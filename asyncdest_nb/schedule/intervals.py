"""Schedules that learn nothing: the interval depends on an operation's age alone."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from math import sqrt

from ..errors import check_number
from .due_queue import DueQueue, set_time


class _ByAge:
    """Poll at intervals that depend on the age, between *minimum* and *maximum* seconds.

    *interval_at* returns the seconds to the next poll at an age in seconds.
    """

    def __init__(
        self, interval_at: Callable[[float], float], *, minimum: float, maximum: float
    ) -> None:
        self._interval_at = interval_at
        self._minimum, self._maximum = minimum, maximum
        self._queue = DueQueue()
        self._since = array("d")  # By number, when it was accepted.
        self._errors: dict[int, int] = {}

    def accepted(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """See Schedule."""
        set_time(self._since, number, now)
        self._plan(number, now, self._minimum, retry_after)

    def due(self, now: float, *, limit: int) -> list[int]:
        """See Schedule."""
        found: list[int] = []
        while len(found) < limit and (number := self._queue.take(now)) is not None:
            found.append(number)
        return found

    def answered(
        self, number: int, *, now: float, progress: float | None, retry_after: float | None = None
    ) -> None:
        """See Schedule; this policy does not use *progress*."""
        self._errors.pop(number, None)
        age = max(0.0, now - self._since[number])
        self._plan(number, now, self._interval_at(age), retry_after)

    def errored(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """See Schedule."""
        # The exponent is bounded: an outage of a day must not overflow a float.
        errors = self._errors[number] = min(self._errors.get(number, 0) + 1, 32)
        self._plan(number, now, self._minimum * 2.0**errors, retry_after)

    def finished(self, number: int) -> None:
        """See Schedule."""
        self._queue.remove(number)
        self._errors.pop(number, None)

    def next_at(self) -> float | None:
        """See Schedule."""
        return self._queue.first()

    def _plan(self, number: int, now: float, interval: float, retry_after: float | None) -> None:
        interval = min(max(interval, self._minimum), self._maximum)
        self._queue.set(number, now + max(interval, retry_after or 0.0))


class SquareRoot(_ByAge):
    """Poll at intervals that grow as the square root of an operation's age.

    If nothing is known of the durations, the hazard of finishing is about 1/age, and the
    interval that minimises requests x cost + lag is then sqrt(2 x cost x age) (inspection
    theory: Barlow, Hunter and Proschan 1963). *cost* is the lag in seconds that one request
    is worth: a smaller one polls more often. After failed polls the interval doubles each
    time. Every interval is between *minimum* and *maximum* seconds.
    """

    def __init__(self, *, cost: float = 0.5, minimum: float = 1.0, maximum: float = 60.0) -> None:
        super().__init__(lambda age: sqrt(2 * cost * age), minimum=minimum, maximum=maximum)


class FixedInterval(_ByAge):
    """Poll every so many *seconds*, the first time too; for an API that states an interval.

    After failed polls the interval doubles each time, up to *maximum* seconds.
    """

    def __init__(self, seconds: float, *, maximum: float = 60.0) -> None:
        check_number("seconds", seconds)
        super().__init__(lambda age: seconds, minimum=seconds, maximum=max(seconds, maximum))
