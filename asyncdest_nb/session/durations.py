"""How long operations take, and how many begin and end: what an estimate is made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..operation import SETTLED, Operation, State
from ..schedule import Scale

Bins = defaultdict[int, float]  # Operations by bin.

SCALE = Scale(first=0.05, ratio=1.1)  # seconds
_WINDOW = 60.0  # seconds over which the pace is measured
_RELIABLE = 10.0  # percent of progress from which on it predicts the end
_SAMPLE = 5_000  # operations that are looked at


def empty_bins() -> Bins:
    """Return bins without operations."""
    return defaultdict(float)


@dataclass(slots=True)
class Durations:
    """Operations by bin of seconds.

    ``ended``: how long those took that have ended; ``open``: how old the others are that
    report no progress; ``rests``: what is left of those that do, and ``ages`` the sums of
    theirs. ``waiting``: how many have not begun; ``fastest`` and ``slowest``: how many begin
    or end per second; ``lag``: how long it takes until a poll, in seconds; ``longest``: the
    most that any took or has taken so far.
    """

    ended: Bins = field(default_factory=empty_bins)
    open: Bins = field(default_factory=empty_bins)
    rests: Bins = field(default_factory=empty_bins)
    ages: Bins = field(default_factory=empty_bins)
    waiting: float = 0.0
    failed: float = 0.0
    fastest: float = 0.0
    slowest: float = 0.0
    longest: float = 0.0
    silent: float = 0.0

    @classmethod
    def of(cls, operations: Sequence[Operation], now: float) -> Durations:
        """Measure *operations*, or of very many some that stand for the others."""
        some = operations[:: max(1, len(operations) // _SAMPLE)]
        found, weight = cls(), len(operations) / max(1, len(some))
        for each in some:
            found._count(each, weight, now)
        found._measure_pace(some, weight, now)
        return found

    @property
    def count(self) -> float:
        """How many have ended."""
        return sum(self.ended.values())

    @property
    def reporting(self) -> float:
        """How many report their progress."""
        return sum(self.rests.values())

    @property
    def lag(self) -> float:
        """How long it takes until a poll, in seconds; on average half of it has passed."""
        return 2 * self.silent / self.reporting if self.rests else 0.0

    def _count(self, operation: Operation, weight: float, now: float) -> None:
        start, end = operation.submitted_at, operation.finished_at
        if end is None and operation.state in SETTLED:
            return  # Its end is not known, and may never come.
        if start is None:
            self.waiting += weight if end is None else 0.0
            return
        seconds = (now if end is None else end) - start
        self.longest = max(self.longest, seconds)
        if end is not None:
            self.ended[SCALE.bin_of(seconds)] += weight
            self.failed += weight if operation.state in (State.FAILED, State.REJECTED) else 0.0
        elif (rest := _rest(operation, now)) is not None:
            self.rests[SCALE.bin_of(rest)] += weight
            self.ages[SCALE.bin_of(rest)] += weight * seconds
            self.silent += weight * (now - (operation.seen_at or now))
        else:
            self.open[SCALE.bin_of(seconds)] += weight

    def _measure_pace(self, some: Sequence[Operation], weight: float, now: float) -> None:
        starts = [each.submitted_at for each in some if each.submitted_at is not None]
        ends = [each.finished_at for each in some if each.finished_at is not None]
        seconds = min(_WINDOW, max(1.0, now - min(starts, default=now)))
        counts = [sum(at > now - _WINDOW for at in times) for times in (starts, ends)]
        self.slowest, self.fastest = sorted(weight * count / seconds for count in counts)


def _rest(operation: Operation, now: float) -> float | None:
    """Return what is left of it if it goes on as fast as until it reported; None = not known."""
    start, seen, progress = operation.submitted_at, operation.seen_at, operation.progress
    if start is None or seen is None or progress is None or seen <= start:
        return None
    # 100 % without an end predicts nothing.
    if not _RELIABLE <= progress < 100:
        return None
    # One that should have ended by now is expected within a second.
    return max(1.0, 100 * (seen - start) / progress - (now - start))
