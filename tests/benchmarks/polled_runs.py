"""One run of operations in virtual time, polled by a schedule of ours or by another client."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from asyncdest_nb.schedule import LearningSchedule, RateLimiter, Schedule

ROUND_TRIP = 0.1  # seconds
LOOK_SECONDS = 0.2  # How often the engine looks at its schedule, at least.

Delays = Callable[[Random], Iterator[float]]  # Seconds before each poll of one operation.


@dataclass(frozen=True)
class Polled:
    """When each operation's end was known, and when the requests were sent; seconds."""

    ends: Sequence[float]
    known: Sequence[float]
    sent: Sequence[float]

    @property
    def requests(self) -> float:
        """Requests per operation."""
        return len(self.sent) / len(self.ends)

    @property
    def lags(self) -> list[float]:
        """The detection lags, sorted."""
        return sorted(known - end for known, end in zip(self.known, self.ends, strict=True))

    @property
    def figures(self) -> dict[str, float]:
        """Requests per operation; lags in seconds; the most requests in any second."""
        lags = self.lags
        return {
            "requests": self.requests,
            "mean": fmean(lags),
            "p95": lags[min(len(lags) - 1, int(0.95 * len(lags)))],
            "run": max(self.known) - max(self.ends),
            "peak": peak(self.sent),
        }


def peak(sent: Sequence[float]) -> int:
    """Return the most requests in any second."""
    sent, first, most = sorted(sent), 0, 0
    for last, at in enumerate(sent):
        while sent[first] <= at - 1.0 + 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most


def polled_apart(
    starts: Sequence[float], ends: Sequence[float], delays: Delays, random: Random
) -> Polled:
    """Poll each operation on its own, as a client without a scheduler does."""
    known, sent = [], []
    for start, end in zip(starts, ends, strict=True):
        at = start + ROUND_TRIP
        for delay in delays(random):
            at += delay
            sent.append(at)
            is_done = at + ROUND_TRIP / 2 >= end
            at += ROUND_TRIP
            if is_done:
                break
        known.append(at)
    return Polled(ends, known, sent)


def polled_by(
    schedule: Schedule,
    starts: Sequence[float],
    ends: Sequence[float],
    *,
    rate: float,
    progress: Callable[[int, float], float | None] = lambda number, at: None,
) -> Polled:
    """Poll by *schedule* as the engine does: each request once the rate limiter lets it go.

    *progress* is what the server reports of an operation at a time, in percent.
    """
    limiter, known, sent = RateLimiter(rate), [0.0] * len(starts), []
    events = [(at + ROUND_TRIP, number, True) for number, at in enumerate(starts)]
    heapq.heapify(events)
    left, now = len(starts), 0.0
    while left:
        while events and events[0][0] <= now:
            at, number, is_new = heapq.heappop(events)
            looked = at - ROUND_TRIP / 2
            if is_new:
                schedule.accepted(number, now=at)
            elif looked >= ends[number]:
                if isinstance(schedule, LearningSchedule):
                    schedule.ended(number, now=at)
                schedule.finished(number)
                known[number], left = at, left - 1
            else:
                schedule.answered(number, now=at, progress=progress(number, looked))
        wake = now + LOOK_SECONDS
        while (wait := limiter.take(now)) == 0.0:
            due = schedule.due(now, limit=1)
            if not due:
                limiter.give_back()
                at = schedule.next_at()
                wake = min(wake, max(now + 0.01, at)) if at is not None else wake
                break
            sent.append(now)
            heapq.heappush(events, (now + ROUND_TRIP, due[0], False))
        else:
            wake = min(wake, now + max(wait, 1e-6))
        now = min([wake, *(at for at, _, _ in events[:1])])
    return Polled(ends, known, sent)
