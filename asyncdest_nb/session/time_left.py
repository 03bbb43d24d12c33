"""When a run will be done, where that can be known from what its operations did so far."""

from __future__ import annotations

from collections.abc import Sequence

from ..operation import SETTLED, Operation

_SAMPLE = 5_000  # operations that are looked at
_FEWEST = 5  # durations before anything is expected of the others
_FEW = 0.02  # Such a share of operations may be older than the longest duration seen.
# Such a share may report nothing, or take longer than its progress predicts: that of an
# operation that will fail often stands still.
_SLOW = 0.1
_STUCK = 3.0  # times the longest duration seen: such an operation may never end
_WINDOW = 60.0  # seconds over which the throughput is measured
_RELIABLE = 10.0  # percent of progress from which on it predicts the end


def time_left(operations: Sequence[Operation], now: float) -> float | None:
    """Return in about how many seconds the last of *operations* ends; None = not known.

    Those that report their progress are expected to go on as fast as so far. The others are
    expected to take no longer than the longest that has ended, which means something only
    once few are older than that: while all that began together go on, the longest is still
    to come. *now* is in Unix seconds.
    """
    some = operations[:: max(1, len(operations) // _SAMPLE)]
    left = [each for each in some if each.finished_at is None and each.state not in SETTLED]
    begun = [each for each in left if each.submitted_at is not None]
    waiting = len(left) - len(begun)
    if not left:
        return None
    if not waiting and (rest := _by_progress(begun, now)) is not None:
        return rest
    spans = [(each.submitted_at, each.finished_at) for each in some]
    ended = [(start, end) for start, end in spans if start is not None and end is not None]
    ages = [now - each.submitted_at for each in begun if each.submitted_at is not None]
    longest = max((end - start for start, end in ended), default=0.0)
    if len(ended) < _FEWEST or not _is_long_enough(longest, ages, waiting, ended=len(ended)):
        return None
    if not waiting:
        return max(1.0, longest - min(ages))
    per_second = _per_second(ended, now)
    return waiting / per_second + longest if per_second else None


def _is_long_enough(longest: float, ages: Sequence[float], waiting: int, *, ended: int) -> bool:
    """Whether hardly any operation takes longer than the *longest* that has ended."""
    older = sum(age > longest for age in ages)
    is_stuck = max(ages, default=0.0) > _STUCK * longest
    return not is_stuck and older <= _FEW * ended and older < len(ages) + waiting


def _per_second(ended: Sequence[tuple[float, float]], now: float) -> float:
    """Return how many operations have ended per second lately."""
    seconds = min(_WINDOW, max(1.0, now - min(start for start, _ in ended)))
    return sum(end > now - _WINDOW for _, end in ended) / seconds


def _by_progress(begun: Sequence[Operation], now: float) -> float | None:
    """Return when the last of *begun* ends by the progress reported; None = too few report."""
    rests = sorted(rest for each in begun if (rest := _rest(each, now)) is not None)
    few = round(_SLOW * len(begun))
    if len(begun) - len(rests) > few or not rests:
        return None
    return max(1.0, rests[max(0, len(rests) - 1 - few)])


def _rest(operation: Operation, now: float) -> float | None:
    """Return what is left of it if it goes on as fast as until it reported its progress."""
    start, seen, progress = operation.submitted_at, operation.seen_at, operation.progress
    if start is None or seen is None or progress is None:
        return None
    # 100 % without an end predicts nothing.
    if not _RELIABLE <= progress < 100 or seen <= start:
        return None
    return 100 * (seen - start) / progress - (now - start)
