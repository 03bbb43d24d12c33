"""Numbers by the time they are due."""

from __future__ import annotations

import heapq


class DueQueue:
    """Numbers by the time they are due; each has the time that was set last."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._at: dict[int, float] = {}

    def set(self, number: int, at: float) -> None:
        """Let *number* be due at that time, and at no other."""
        self._at[number] = at
        heapq.heappush(self._heap, (at, number))

    def remove(self, number: int) -> None:
        """Let *number* never be due."""
        self._at.pop(number, None)

    def __contains__(self, number: int) -> bool:
        return number in self._at

    def first(self) -> float | None:
        """Return when the first is due, None = there is none."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # An older time of a number that was set again.
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> int | None:
        """Return the number that is due first and remove it, None = none is due."""
        at = self.first()
        if at is None or at > now:
            return None
        number = heapq.heappop(self._heap)[1]
        self.remove(number)
        return number
