"""Numbers by the time they are due.

They are numbers of operations, which count from 0, so that what is known of each is in an
array: of 100,000 dicts and tuples take ten times as much.
"""

from __future__ import annotations

import heapq
import math
from array import array

_SPENT = 1_000  # Entries that were taken, before their memory is freed.


class TimeQueue:
    """Pairs of a time and a number, the least first."""

    __slots__ = ("_head", "_late", "_numbers", "_times")

    def __init__(self) -> None:
        # Most come in order; only the others need a heap.
        self._times, self._numbers = array("d"), array("q")
        self._head = 0
        self._late: list[tuple[float, int]] = []

    def add(self, at: float, number: int) -> None:
        """Add a pair; the same may be there several times."""
        times, numbers = self._times, self._numbers
        if times and (at < times[-1] or (at == times[-1] and number < numbers[-1])):
            heapq.heappush(self._late, (at, number))
            return
        times.append(at)
        numbers.append(number)

    def first(self) -> tuple[float, int] | None:
        """Return the least pair, None = there is none."""
        if self._head == len(self._times):
            return self._late[0] if self._late else None
        found = self._times[self._head], self._numbers[self._head]
        return min(found, self._late[0]) if self._late else found

    def drop_first(self) -> None:
        """Remove the least pair."""
        if self._late and self.first() == self._late[0]:
            heapq.heappop(self._late)
            return
        self._head += 1
        if self._head == len(self._times) or 2 * self._head > len(self._times) + _SPENT:
            del self._times[: self._head], self._numbers[: self._head]
            self._head = 0


class DueQueue:
    """Numbers by the time they are due; each has the time that was set last."""

    def __init__(self) -> None:
        self._queue = TimeQueue()
        self._at = array("d")  # By number; NaN = it is never due.

    def set(self, number: int, at: float) -> None:
        """Let *number* be due at that time, and at no other."""
        set_time(self._at, number, at)
        self._queue.add(at, number)

    def remove(self, number: int) -> None:
        """Let *number* never be due."""
        if number < len(self._at):
            self._at[number] = math.nan

    def __contains__(self, number: int) -> bool:
        return number < len(self._at) and not math.isnan(self._at[number])

    def first(self) -> float | None:
        """Return when the first is due, None = there is none."""
        found = self._first()
        return None if found is None else found[0]

    def _first(self) -> tuple[float, int] | None:
        while (found := self._queue.first()) is not None:
            at, number = found
            if self._at[number] == at:
                return found
            self._queue.drop_first()  # An older time of a number that was set again.
        return None

    def take(self, now: float) -> int | None:
        """Return the number that is due first and remove it, None = none is due."""
        found = self._first()
        if found is None or found[0] > now:
            return None
        _, number = found
        self._queue.drop_first()
        self._at[number] = math.nan
        return number


def set_time(times: array[float], number: int, at: float) -> None:
    """Note that *at* is the time of *number*; those before it that have none are NaN."""
    if (missing := number + 1 - len(times)) > 0:
        times.extend([math.nan] * missing)
    times[number] = at
