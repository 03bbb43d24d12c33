"""How long ends of operations stay unknown, in few numbers however many operations there are."""

from __future__ import annotations

from collections import Counter

from .scale import Scale

_SCALE = Scale(first=0.01, ratio=1.1)


class DetectionLag:
    """The lags between the ends of operations and the polls that found them, in seconds."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self._total = 0.0
        self.count = 0
        self.measured = 0  # Of how many the destination stated the end.

    def add(self, *, now: float, seen: float, ended_at: float | None) -> None:
        """Count an operation that went on when *seen* last, and that a poll *now* found at its end.

        *ended_at* is what the destination stated, by a clock that may differ from ours, so
        only what is possible counts; None = nothing, and the middle is taken.
        """
        lag = (now - seen) / 2 if ended_at is None else min(max(now - ended_at, 0.0), now - seen)
        self._bins[_SCALE.bin_of(lag)] += 1
        self._total += lag
        self.count += 1
        self.measured += ended_at is not None

    @property
    def mean(self) -> float | None:
        """The mean in seconds, None = no end was found yet."""
        return self._total / self.count if self.count else None

    @property
    def p95(self) -> float | None:
        """What 95 % are no longer than, in seconds, at most a tenth too long; None as of mean."""
        left = 0.95 * self.count
        for at in sorted(self._bins):
            left -= self._bins[at]
            if left <= 0:
                return _SCALE.edge_of(at)
        return None
