"""Which operations to poll next."""

from __future__ import annotations

import heapq
from math import sqrt
from typing import Protocol, runtime_checkable


@runtime_checkable
class Schedule(Protocol):
    """Which operations are due for a poll.

    An operation that ``due`` returned is not due again until ``answered`` or ``errored``.
    """

    def accepted(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """Add an operation; it is not due before *retry_after* seconds have passed."""

    def due(self, now: float, *, limit: int) -> list[int]:
        """Return at most *limit* operations to poll now, the most overdue first."""

    def answered(
        self, number: int, *, now: float, progress: float | None, retry_after: float | None = None
    ) -> None:
        """Plan the next poll of an operation that goes on.

        *progress* is in percent, None = not reported.
        """

    def errored(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """Plan the next poll of an operation whose last one got no answer."""

    def finished(self, number: int) -> None:
        """Remove an operation."""

    def next_at(self) -> float | None:
        """Return when the next operation is due, None = no operation is waiting."""


class _Queue:
    """Operations by the time they are due; each has the time that was set last."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._at: dict[int, float] = {}

    def set(self, number: int, at: float) -> None:
        self._at[number] = at
        heapq.heappush(self._heap, (at, number))

    def remove(self, number: int) -> None:
        self._at.pop(number, None)

    def first(self) -> float | None:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # An older time of an operation that was planned again.
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> int | None:
        at = self.first()
        if at is None or at > now:
            return None
        number = heapq.heappop(self._heap)[1]
        self.remove(number)
        return number


class SquareRoot:
    """Poll at intervals that grow as the square root of an operation's age.

    If nothing is known of the durations, the hazard of finishing is about 1/age, and the
    interval that minimises requests x cost + lag is then sqrt(2 x cost x age) (inspection
    theory: Barlow, Hunter and Proschan 1963). *cost* is the lag in seconds that one request
    is worth: a smaller one polls more often. After failed polls the interval doubles each
    time. Every interval is between *minimum* and *maximum* seconds.
    """

    def __init__(self, *, cost: float = 0.5, minimum: float = 1.0, maximum: float = 60.0) -> None:
        self._cost = cost
        self._minimum = minimum
        self._maximum = maximum
        self._queue = _Queue()
        self._since: dict[int, float] = {}
        self._errors: dict[int, int] = {}

    def accepted(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """See Schedule."""
        self._since[number] = now
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
        self._plan(number, now, sqrt(2 * self._cost * age), retry_after)

    def errored(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """See Schedule."""
        # The exponent is bounded: an outage of a day must not overflow a float.
        errors = self._errors[number] = min(self._errors.get(number, 0) + 1, 32)
        self._plan(number, now, self._minimum * 2.0**errors, retry_after)

    def finished(self, number: int) -> None:
        """See Schedule."""
        self._queue.remove(number)
        self._since.pop(number, None)
        self._errors.pop(number, None)

    def next_at(self) -> float | None:
        """See Schedule."""
        return self._queue.first()

    def _plan(self, number: int, now: float, interval: float, retry_after: float | None) -> None:
        interval = min(max(interval, self._minimum), self._maximum)
        self._queue.set(number, now + max(interval, retry_after or 0.0))
