"""How many operations may be open at a destination at once."""

from __future__ import annotations

from collections import Counter, deque

from .scale import Scale

OPEN_SECONDS = 50.0  # Of submissions at full speed that may be open, however slow it is.
_WINDOW = 60.0  # seconds over which ends are counted
_QUICKEST = 0.1  # The share of operations whose durations show how long one takes alone.
_SCALE = Scale(first=0.1, ratio=1.1)


class OpenLimit:
    """As many as keep a destination busy, so that a slow one slows the submissions down.

    That is what is submitted in 50 seconds at the present rate, or twice what is open if
    operations end as fast as they do, and take as long as the quickest tenth did. If they
    wait for each other there, their durations grow with their number, but the ends per second
    do not: more of them would only wait longer.
    """

    def __init__(self) -> None:
        self._ends: deque[list[int]] = deque()  # Second, and how many ended in it.
        self._ended = 0  # Of all of these.
        self._durations: Counter[int] = Counter()

    def ended(self, *, now: float, seconds: float) -> None:
        """Count an operation that ended *now*, and took so many *seconds*."""
        self._forget(now)
        if not self._ends or self._ends[-1][0] != int(now):
            self._ends.append([int(now), 0])
        self._ends[-1][1] += 1
        self._ended += 1
        self._durations[_SCALE.bin_of(seconds)] += 1

    def at(self, now: float, *, rate: float, per_request: float) -> int:
        """Return how many may be open, at a *rate* of requests per second.

        *per_request* is how many operations one request submits.
        """
        self._forget(now)
        busy = 2 * self._ended / _WINDOW * self._quickest()
        return int(max(1.0, OPEN_SECONDS * rate * per_request, busy))

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] < now - _WINDOW:
            self._ended -= self._ends.popleft()[1]

    def _quickest(self) -> float:
        left = _QUICKEST * self._durations.total()
        for at in sorted(self._durations):
            left -= self._durations[at]
            if left <= 0:
                return _SCALE.edge_of(at)
        return 0.0
