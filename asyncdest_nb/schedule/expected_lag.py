"""The default schedule: poll when an operation has probably ended without anybody knowing."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from .due_queue import DueQueue, TimeQueue, set_time
from .hazard import Hazard
from .progress_trust import ProgressTrust

_FINE = math.log(1.1)  # Operations are planned together whose ages differ by less than a tenth.
_YOUNG = 0.25  # seconds
_STALE_SECONDS = 0.25  # After so long a plan is made again, from what was learned meanwhile.
_TIMED = -1  # The key of the queue beside the buckets.
_HEEDED = 0.02  # The weight from which on a report of progress counts.
_NOWHERE = -1
_RENEWED = 24  # Plans that one call makes again, at most.


class _Bucket:
    """Operations of about one age when they were seen last, by when that was."""

    __slots__ = ("age", "gap", "planned_at", "queue")

    def __init__(self, age: float) -> None:
        self.age = age
        self.gap = 0.0
        self.planned_at = -math.inf
        self.queue = TimeQueue()


class ExpectedLag:
    """Poll the operations whose expected lag since they were last seen passes a threshold.

    The expected lag is the time for which an operation has ended unnoticed, on average. How
    likely it is to end at which age is learned in the run, and kept in the session for later
    runs of the action; where nothing is known, it is 1/age. *cost* is the lag in seconds
    that one fruitless request is worth: 0.1 is eager, 2 is frugal. When few operations are
    left, it falls to *finish_line* of that, so that the end of the run is known soon.

    No interval is shorter than *minimum* seconds, and none longer than 20 seconds or half the
    age, at most *maximum*: unless the destination asks for more, polls fail, or the rate of
    requests allows no more. Failed polls double the interval each time.
    """

    def __init__(
        self,
        *,
        cost: float = 0.5,
        minimum: float = 0.25,
        maximum: float = 60.0,
        kappa: float = 15.0,
        finish_line: float = 0.05,
    ) -> None:
        self._cost, self._minimum, self._maximum = cost, minimum, maximum
        self._kappa = kappa
        self._finish_line = finish_line
        self.hazard = Hazard()
        # By number: when it was accepted, and when it was seen last; NaN = it is not open.
        self._since, self._seen = array("d"), array("d")
        self._open = 0
        self._errors: dict[int, int] = {}
        self._buckets: dict[int, _Bucket] = {}
        self._place = array("q")  # By number, the bucket that it waits in; -1 = it is in none.
        self._held = DueQueue()  # Those that may not be polled yet.
        self._vain = 5.0  # Polls that may be in vain now.
        self._refilled_at: float | None = None
        self._progress = ProgressTrust()
        self._left: dict[int, float] = {}  # Seconds by the last report of progress.
        self._timed = DueQueue()  # Those whose report is relied on, by when they are due.
        self._price = 1.0  # Requests that it takes to poll an operation.

    def accepted(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """See Schedule."""
        if not self._is_open(number):
            self._open += 1
        set_time(self._since, number, now)
        set_time(self._seen, number, now)
        self._place.extend([_NOWHERE] * (len(self._seen) - len(self._place)))
        self._wait(number, now, retry_after)

    def answered(
        self, number: int, *, now: float, progress: float | None, retry_after: float | None = None
    ) -> None:
        """See Schedule."""
        self._errors.pop(number, None)
        since, seen = self._since[number], self._seen[number]
        self._judge_report(number, now, ended=False)
        self.hazard.went_on(seen - since, now - since)
        self._seen[number] = now
        left = self._progress.seconds_left(now - since, progress)
        if left is None:
            self._left.pop(number, None)
        else:
            self._left[number] = left
        self._wait(number, now, retry_after)

    def errored(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """See Schedule."""
        errors = self._errors[number] = min(self._errors.get(number, 0) + 1, 32)
        seconds = min(max(self._minimum, 1.0) * 2.0**errors, self._maximum)
        self._held.set(number, now + max(seconds, retry_after or 0.0))

    def finished(self, number: int) -> None:
        """See Schedule."""
        if self._is_open(number):
            self._open -= 1
            self._since[number] = self._seen[number] = math.nan
            self._place[number] = _NOWHERE
        for known in (self._errors, self._left):
            known.pop(number, None)
        self._held.remove(number)
        self._timed.remove(number)

    def ended(self, number: int, *, now: float, ended_at: float | None = None) -> None:
        """See LearningSchedule."""
        since, seen = self._since[number], self._seen[number]
        self._vain += 1.0  # The poll was not in vain.
        self._judge_report(number, now, ended=True)
        if ended_at is None:
            self.hazard.ended(seen - since, max(seen, now) - since)
        else:
            age = min(max(ended_at, seen), max(seen, now)) - since
            self.hazard.went_on(seen - since, age)
            self.hazard.ended(age, age)

    def priced(self, requests: float) -> None:
        """See LearningSchedule."""
        self._price += 0.2 * (requests - self._price)

    def knowledge(self) -> dict[str, Any]:
        """See LearningSchedule."""
        return {"by_age": self.hazard.stored(), "by_progress": self._progress.stored()}

    def recall(self, knowledge: Mapping[str, Any]) -> None:
        """See LearningSchedule."""
        self.hazard = Hazard.remembered(knowledge.get("by_age"))
        self._progress.recall(knowledge.get("by_progress"))

    def due(self, now: float, *, limit: int) -> list[int]:
        """See Schedule."""
        self._release(now)
        self._refill(now)
        cost = self._threshold()
        self._renew(now, cost)
        heads = [
            (seen + bucket.gap, key)
            for key, bucket in list(self._buckets.items())
            if (seen := self._first_seen(key, bucket)) is not None
        ]
        if (first := self._timed.first()) is not None:
            heads.append((first, _TIMED))
        heapq.heapify(heads)
        found: list[int] = []
        while heads and len(found) < limit and heads[0][0] <= now and self._vain >= 1.0:
            _, key = heapq.heappop(heads)
            if key == _TIMED:
                found.append(self._take_timed(now))
                if (first := self._timed.first()) is not None:
                    heapq.heappush(heads, (first, _TIMED))
                continue
            bucket = self._buckets[key]
            pair = bucket.queue.first()
            assert pair is not None  # It is among the heads.
            seen, number = pair
            if bucket.planned_at < now:
                self._plan(bucket, now, cost)
                if seen + bucket.gap > now:
                    continue
            bucket.queue.drop_first()
            self._place[number] = _NOWHERE
            self._vain -= 1.0
            found.append(number)
            if (next_seen := self._first_seen(key, bucket)) is not None:
                heapq.heappush(heads, (next_seen + bucket.gap, key))
        return found

    def early(self, numbers: Sequence[int], now: float, *, limit: int) -> list[int]:
        """See LearningSchedule."""
        latest = now - self._minimum
        waiting = [
            each
            for each in numbers
            if self._is_open(each)
            and self._seen[each] <= latest
            and (self._place[each] != _NOWHERE or each in self._timed)
        ]
        found = heapq.nsmallest(limit, waiting, key=lambda each: self._seen[each])
        for number in found:
            self._place[number] = _NOWHERE
            self._timed.remove(number)
        return found

    def next_at(self) -> float | None:
        """See Schedule."""
        times = [
            seen + bucket.gap
            for key, bucket in list(self._buckets.items())
            if (seen := self._first_seen(key, bucket)) is not None
        ]
        firsts = (self._held.first(), self._timed.first())
        times += [at for at in firsts if at is not None]
        return min(times, default=None)

    def _wait(self, number: int, now: float, retry_after: float | None) -> None:
        if retry_after:
            self._held.set(number, now + retry_after)
        else:
            self._insert(number)

    def _insert(self, number: int) -> None:
        seen = self._seen[number]
        age = seen - self._since[number]
        if number in self._left and self._progress.weight > _HEEDED:
            self._timed.set(number, seen + self._gap_of(age, self._left[number]))
            return
        key = 0 if age < _YOUNG else 1 + int(math.log(age / _YOUNG) / _FINE)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(age)
        self._place[number] = key
        bucket.queue.add(seen, number)

    def _take_timed(self, now: float) -> int:
        number = self._timed.take(now)
        assert number is not None  # It was first, and due.
        self._vain -= 1.0
        return number

    def _gap_of(self, age: float, left: float) -> float:
        """Return the interval of an operation that reports progress: between both predictions."""
        cost, ceiling = self._threshold(), self._ceiling(age)
        by_age = self.hazard.gap(age, cost, ceiling)
        by_report = self._progress.gap(left, cost, ceiling)
        weight = self._progress.weight
        return max(self._minimum, math.pow(by_age, 1 - weight) * math.pow(by_report, weight))

    def _judge_report(self, number: int, now: float, *, ended: bool) -> None:
        if (left := self._left.get(number)) is None:
            return
        since, seen = self._since[number], self._seen[number]
        by_age = self.hazard.log_chance(seen - since, now - since, ended=ended)
        self._progress.learn(left, now - seen, ended=ended, by_age=by_age)

    def _ceiling(self, age: float) -> float:
        return min(self._maximum, max(20.0, age / 2))

    def _release(self, now: float) -> None:
        while (number := self._held.take(now)) is not None:
            self._insert(number)

    def _is_open(self, number: int) -> bool:
        return number < len(self._seen) and not math.isnan(self._seen[number])

    def _first_seen(self, key: int, bucket: _Bucket) -> float | None:
        """Return when the first operation of the bucket was seen last, None = it has none.

        Entries of operations that have left it are dropped.
        """
        while (pair := bucket.queue.first()) is not None:
            seen, number = pair
            if self._place[number] == key and self._seen[number] == seen:
                return seen
            bucket.queue.drop_first()
        del self._buckets[key]
        return None

    def _threshold(self) -> float:
        share = self._open / (self._open + self._kappa)
        return self._cost * self._price * max(share, self._finish_line)

    def _refill(self, now: float) -> None:
        """Let a tenth of the operations be polled in vain each half second.

        If the first of an age group go on, the others need not be asked yet.
        """
        burst = max(5.0, self._open / 10)
        passed = 0.0 if self._refilled_at is None else max(0.0, now - self._refilled_at)
        self._vain = min(burst, self._vain + passed * 2 * burst)
        self._refilled_at = now

    def _renew(self, now: float, cost: float) -> None:
        left = _RENEWED
        for bucket in self._buckets.values():
            if bucket.planned_at < now - _STALE_SECONDS:
                self._plan(bucket, now, cost)
                left -= 1
                if not left:
                    break

    def _plan(self, bucket: _Bucket, now: float, cost: float) -> None:
        gap = self.hazard.gap(bucket.age, cost, self._ceiling(bucket.age))
        bucket.gap = max(self._minimum, gap)
        bucket.planned_at = now
