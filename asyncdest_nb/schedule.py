"""When to ask again: pure decisions, with the time as an argument.

A ``Schedule`` says which operations of a run are due for a poll; a ``RateLimiter`` says
when the next request to a host may leave. Neither has a clock and neither does
I/O; times are seconds of one clock of the caller's.
"""

from __future__ import annotations

import heapq
from math import sqrt
from typing import Protocol, runtime_checkable

THROTTLING = (425, 429, 503)  # A refusal of the rate, and of nothing else.


@runtime_checkable
class Schedule(Protocol):
    """Which operations are due. An operation given out by ``due`` is out until it comes back."""

    def accepted(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """Start to ask about an operation; *retry_after* seconds is a floor."""

    def due(self, now: float, *, limit: int) -> list[int]:
        """Return at most *limit* operations to ask about now, the most overdue first."""

    def answered(
        self, number: int, *, now: float, progress: float | None, retry_after: float | None = None
    ) -> None:
        """Take back an operation that goes on; *progress* in percent, None = not reported."""

    def errored(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """Take back an operation whose poll got no answer: it says nothing about it."""

    def finished(self, number: int) -> None:
        """Forget an operation."""

    def next_at(self) -> float | None:
        """Return when ``due`` next has something to give, None = never by itself."""


class _Queue:
    """Operations by the time they are due; each has one time, the latest given."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._at: dict[int, float] = {}

    def put(self, number: int, at: float) -> None:
        self._at[number] = at
        heapq.heappush(self._heap, (at, number))

    def drop(self, number: int) -> None:
        self._at.pop(number, None)

    def first(self) -> float | None:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # An older time of an operation that moved.
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> int | None:
        at = self.first()
        if at is None or at > now:
            return None
        number = heapq.heappop(self._heap)[1]
        self.drop(number)
        return number


class SquareRoot:
    """Poll with gaps that grow as the square root of an operation's age.

    With nothing known of the durations, the hazard of finishing is about 1/age,
    and the gap that minimises requests x cost + lag is then sqrt(2 x cost x age)
    (inspection theory: Barlow, Hunter and Proschan 1963). *cost* is the lag in
    seconds that one request is worth: smaller is more eager. Failed polls wait
    twice as long each time, at most *maximum* seconds, as every gap.
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
        self._put(number, now, self._minimum, retry_after)

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
        self._put(number, now, sqrt(2 * self._cost * age), retry_after)

    def errored(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """See Schedule."""
        # The exponent is bounded: an outage of a day must not overflow a float.
        errors = self._errors[number] = min(self._errors.get(number, 0) + 1, 32)
        self._put(number, now, self._minimum * 2.0**errors, retry_after)

    def finished(self, number: int) -> None:
        """See Schedule."""
        self._queue.drop(number)
        self._since.pop(number, None)
        self._errors.pop(number, None)

    def next_at(self) -> float | None:
        """See Schedule."""
        return self._queue.first()

    def _put(self, number: int, now: float, gap: float, retry_after: float | None) -> None:
        gap = min(max(gap, self._minimum), self._maximum)
        self._queue.put(number, now + max(gap, retry_after or 0.0))


class RateLimiter:
    """How fast requests may leave for one host: a rate, pauses, and the way back up.

    *rate* is in requests per second, with bursts of a tenth of a second. Being
    throttled (425, 429, 503) pauses the host and lowers the rate by 0.7, once per
    pause, never below 0.5 a second; each quiet second gives back 1/200 of the rate
    allowed.

    A host is down once a request could not be sent to it, or 5 in a row got no answer
    or a 5xx. That pauses it too, and lowers nothing: after each pause one request goes
    out as a probe, and the others wait for what becomes of it, but not for ever. With
    an answer they go on at the rate they had.

    A pause lasts as long as the host asks for, at most 10 minutes. Where it does not
    say, or it was not enough, pauses double from 1 to 32 seconds until an answer passes.
    """

    DECREASE = 0.7
    FLOOR = 0.5
    RECOVERY_SECONDS = 200.0
    LONGEST_PAUSE = 600.0
    LONGEST_BACKOFF = 32.0
    FAILURES = 5
    PROBE_SECONDS = 30.0  # How long the others wait for a probe that does not come back.

    def __init__(self, rate: float) -> None:
        self._allowed = rate
        self._rate = rate
        self._tokens = 1.0
        self._at: float | None = None
        self._pauses = 0  # In a row.
        self._failures = 0  # In a row.
        self._probe_until = 0.0
        self._is_reserved = False
        self.paused_until = 0.0
        self.is_down = False

    @property
    def rate(self) -> float:
        """Requests per second at present."""
        return self._rate

    def closed_for(self, now: float) -> float:
        """Return the seconds for which no request may leave: a pause, or a probe that is out."""
        return max(0.0, self.paused_until - now, self._probe_until - now)

    def reserve(self, now: float) -> None:
        """Take the place of the next probe for a request that will soon ask for its turn."""
        if self.is_down:
            self._probe_until = now + self.PROBE_SECONDS
            self._is_reserved = True

    def wait(self, now: float) -> float:
        """Return the seconds until a request may leave; 0 takes that place at once."""
        closed = self.paused_until - now if self._is_reserved else self.closed_for(now)
        if closed > 0:
            return closed
        self._refill(now)
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._rate
        self._tokens -= 1.0
        if self.is_down:
            self._probe_until = now + self.PROBE_SECONDS
            self._is_reserved = False
        return 0.0

    def given_back(self) -> None:
        """Take back the place of a request that is not made."""
        self._tokens += 1.0

    def released(self) -> None:
        """Note that a request ended without a word of the host: another may be the probe."""
        self._probe_until = 0.0
        self._is_reserved = False

    def answered(
        self, now: float, *, sent_at: float, status: int, retry_after: float | None = None
    ) -> None:
        """Note an answer to a request that left at *sent_at*.

        *retry_after* is in seconds, None = the host did not say.
        """
        is_throttle = status in THROTTLING
        if status < 500:
            self._is_back()
            if not is_throttle:
                self._pauses = 0
                return
        else:
            self._failed()
        if is_throttle and not self.is_down:
            self._slow_down(sent_at)
        if is_throttle or self.is_down or retry_after is not None:
            self._pause(now, sent_at=sent_at, retry_after=retry_after)

    def unanswered(self, now: float, *, sent_at: float, is_unsent: bool) -> None:
        """Note a request that left at *sent_at*, or could not even do that, and got no answer."""
        self._failed(at_once=is_unsent)
        if self.is_down:
            self._pause(now, sent_at=sent_at)

    def held_back(
        self, now: float, *, retry_after: float | None = None, is_throttle: bool = False
    ) -> None:
        """Pause, because the destination's own code or the engine says so."""
        if is_throttle:
            self._slow_down(now)
        self._pause(now, sent_at=now, retry_after=retry_after)

    def _is_back(self) -> None:
        if self.is_down:
            self._pauses = 0
            self.released()
        self.is_down = False
        self._failures = 0

    def _failed(self, *, at_once: bool = False) -> None:
        self._failures += 1
        self.is_down = self.is_down or at_once or self._failures >= self.FAILURES

    def _slow_down(self, sent_at: float) -> None:
        if sent_at >= self.paused_until:
            self._rate = max(self._rate * self.DECREASE, min(self.FLOOR, self._allowed))

    def _pause(self, now: float, *, sent_at: float, retry_after: float | None = None) -> None:
        seconds = 0.0
        if retry_after is not None and retry_after > 0:
            seconds = min(retry_after, self.LONGEST_PAUSE)
        # What left before the last pause was over says nothing new but how long to wait.
        if sent_at >= self.paused_until:
            # The first time, what the host asks for is believed to be enough.
            doubled = self._pauses - (retry_after is not None)
            backoff = 0.0 if doubled < 0 else min(2.0 ** min(doubled, 10), self.LONGEST_BACKOFF)
            seconds = max(seconds, backoff)
            self._pauses += 1
            self.released()
        self.paused_until = max(self.paused_until, now + seconds)

    def _refill(self, now: float) -> None:
        # What passed during a pause is no quiet time and earns no tokens.
        since = now if self._at is None else max(self._at, self.paused_until)
        quiet = max(0.0, now - since)
        self._rate = min(self._allowed, self._rate + quiet * self._allowed / self.RECOVERY_SECONDS)
        burst = max(1.0, self._rate / 10)
        self._tokens = min(burst, self._tokens + quiet * self._rate)
        self._at = now
