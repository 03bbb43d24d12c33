"""When a run will be done, where that can be known within a factor of two.

It is the estimate of the monitor (eta.js, which has the reasons), for those who have no monitor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..operation import Operation
from .durations import SCALE, Bins, Durations, empty_bins

_FEWEST = 5  # durations before the start of waiting operations is estimated from them
_CERTAIN = 0.95  # that it takes no less than the one bound, and no more than the other
_WIDEST = 3.2  # times the earlier bound
_SHORTEST = 5.0  # seconds; a poll may be as far away
_DOUBT = 1.1  # by which an operation may be slower than its progress predicts
_QUEUED = 0.5  # times as long as it works an operation may wait first, at 0 %
_UNEVEN = 1.2  # by which waiting operations may start slower or faster than others did
_FAR = 2.0  # times the longest seen; where operations fail, a longer prediction is doubted
_STUCK = 3.0  # times the longest duration seen, and an operation counts as stuck
_TYPICAL = 0.25  # the share of operations whose excess stands for what was never seen
_STARTS = 8  # Waiting operations are thought to start in so many groups.

_Share = Callable[[float], float]  # of operations that take longer than so many seconds


@dataclass(frozen=True, slots=True)
class _Group:
    """Operations that are alike; ``rest`` inf = nothing predicts what is left of them."""

    count: float
    age: float
    rest: float = math.inf

    def rest_if_it_waited(self) -> float:
        """Return what is left if it waited in a queue before it reported progress."""
        return self.rest / (1 + _QUEUED * (self.age + self.rest) / self.age)


def time_left(operations: Sequence[Operation], now: float) -> float | None:
    """Return in how many seconds all is done, right within a factor of two; None = not known.

    *now* is in Unix seconds. Of very many operations some stand for the others.
    """
    found = Durations.of(operations, now)
    if _is_stuck(found) or not _is_known(found):
        return None
    early = _first_where(_chance(found, is_early=True), 1 - _CERTAIN)
    late = _first_where(_chance(found, is_early=False), _CERTAIN)
    seconds = math.sqrt(early * late)
    return seconds if early <= late <= _WIDEST * early and seconds >= _SHORTEST else None


def _is_stuck(found: Durations) -> bool:
    longest, oldest = (SCALE.edge_of(max(bins, default=-1)) for bins in (found.ended, found.open))
    return found.count >= _FEWEST and oldest > _STUCK * longest


def _is_known(found: Durations) -> bool:
    has_pace = found.count >= _FEWEST and found.slowest > 0
    has_law = found.count + found.reporting >= _FEWEST
    return (has_pace or not found.waiting) and (has_law or not found.open)


def _chance(found: Durations, *, is_early: bool) -> Callable[[float], float]:
    """Return the chance that all is done, as a function of seconds."""
    groups = [*_groups(found, is_early=is_early)]
    share = _survival(*_law(found.ended, groups), is_early=is_early)
    pace = _UNEVEN * found.fastest if is_early else found.slowest / _UNEVEN
    span = found.waiting / pace if found.waiting else 0.0

    def chance(seconds: float) -> float:
        # What has ended is known at the next poll.
        predicted = seconds if is_early else (seconds - found.lag) / _DOUBT
        later = [each for each in groups if each.rest > predicted]
        if is_early and any(each.rest < math.inf for each in later):
            return 0.0
        factors = [
            (each.count, share(each.age + seconds) / longer)
            for each in later
            if (longer := share(each.age))
        ]
        lefts = [seconds - part / _STARTS * span for part in range(1, _STARTS + 1)] if span else []
        if any(left <= 0 for left in lefts):
            return 0.0
        factors += [(found.waiting / _STARTS, share(left)) for left in lefts]
        # A product of thousands of factors would be rounded to 0.
        return math.exp(sum(n * _log(1 - each) for n, each in factors))

    return chance


def _log(chance: float) -> float:
    return math.log(chance) if chance > 0 else -math.inf


def _groups(found: Durations, *, is_early: bool) -> Iterator[_Group]:
    """Yield what goes on; the longest predictions are doubted, as many as may fail."""
    yield from (_Group(count, SCALE.middle_of(at)) for at, count in found.open.items())
    expected = found.reporting * (found.failed + 0.5) / (found.count + 10)
    doubted: float = math.floor(expected + (3 if is_early else 0.5) * math.sqrt(expected))
    farthest = _FAR * found.longest if is_early and found.failed else math.inf
    for at in sorted(found.rests, reverse=True):
        each = _Group(found.rests[at], found.ages[at] / found.rests[at], SCALE.middle_of(at))
        few = each.count if each.age + each.rest > farthest else min(doubted, each.count)
        doubted = max(0, doubted - few)
        if few:
            yield replace(each, count=few, rest=math.inf)
        if few < each.count:
            rest = each.rest_if_it_waited() if is_early else each.rest
            yield replace(each, count=each.count - few, rest=rest)


def _law(ended: Bins, groups: Sequence[_Group]) -> tuple[Bins, Bins]:
    """Return how long operations take, and how old those are of which that is not known."""
    totals, going = ended.copy(), empty_bins()
    for each in groups:
        if each.rest < math.inf:
            totals[SCALE.bin_of(each.age + each.rest)] += each.count
        else:
            going[SCALE.bin_of(each.age)] += each.count
    return totals, going


def _survival(ended: Bins, going: Bins, *, is_early: bool) -> _Share:
    """Return the share of operations that take longer (Kaplan and Meier)."""
    last = max(ended, default=-1)
    at_risk = sum(ended.values()) + sum(going.values())
    shares = [1.0]
    for at in range(last + 1):
        shares.append(shares[at] * (1 - ended.get(at, 0) / (at_risk + 1)))
        at_risk -= ended.get(at, 0) + going.get(at, 0)
    longest = SCALE.edge_of(last)
    tail = max(longest * _TYPICAL, _excess(shares))

    def share(seconds: float) -> float:
        at = SCALE.bin_of(seconds)
        if at > last:
            return 0.0 if is_early else shares[last + 1] * math.exp((longest - seconds) / tail)
        below = SCALE.edge_of(at - 1) if at else 0.0
        part = (seconds - below) / (SCALE.edge_of(at) - below)
        return shares[at] + part * (shares[at + 1] - shares[at])

    return share


def _excess(shares: Sequence[float]) -> float:
    """Return by how many seconds those that take longer than most exceed these, on average."""
    first = next((at for at, share in enumerate(shares) if share <= _TYPICAL), 0)
    if not first:
        return 0.0
    widths = (SCALE.edge_of(at) - SCALE.edge_of(at - 1) for at in range(first, len(shares)))
    return sum(map(float.__mul__, shares[first:], widths)) / shares[first]


def _first_where(chance: Callable[[float], float], least: float) -> float:
    """Return from how many seconds on the *chance* is no less than that, 0 = never."""
    high = 1.0
    while chance(high) < least:
        high *= 2
        if high > 1e8:
            return 0.0
    low = 0.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle) >= least else (middle, high)
    return high
