"""When the next request to a host may be sent."""

from __future__ import annotations

THROTTLING = (425, 429, 503)  # Statuses that ask for fewer requests, and state nothing else.


class RateLimiter:
    """How fast requests may be sent to one host: a rate and pauses.

    *rate* is in requests per second, with bursts of a hundredth of a second. A throttling
    answer (425, 429, 503) pauses the host and multiplies the rate by 0.7, once per pause,
    never below 0.5 a second; each second without a pause adds 1/200 of the rate allowed.

    A host is down once a request could not be sent to it, or 5 in a row got no answer
    or a 5xx. That pauses it too and does not change the rate. After each pause one request
    is sent as a probe, and the others wait for its answer, at most 30 seconds. After an
    answer they go on at the same rate as before.

    A pause lasts as long as the host asks for, at most 10 minutes. If it does not ask for
    a time, or that was not enough, pauses double from 1 to 32 seconds until a request is
    answered without throttling.
    """

    DECREASE = 0.7
    FLOOR = 0.5
    RECOVERY_SECONDS = 200.0
    LONGEST_PAUSE = 600.0
    LONGEST_BACKOFF = 32.0
    FAILURES = 5
    PROBE_SECONDS = 30.0  # How long the others wait for the answer to a probe.

    def __init__(self, rate: float) -> None:
        self._allowed = rate
        self._rate = rate
        self._tokens = 1.0
        self._at: float | None = None
        self._pauses = 0  # In a row.
        self._failures = 0  # In a row.
        self._probe_until = 0.0
        self._is_reserved = False
        self._paused = 0.0  # Seconds of all pauses until ``paused_until``.
        self.paused_until = 0.0
        self.is_down = False

    @property
    def rate(self) -> float:
        """Requests per second at present."""
        return self._rate

    def seconds_closed(self, now: float) -> float:
        """Return for how long no request may be sent, because of a pause or an open probe."""
        return max(0.0, self.paused_until - now, self._probe_until - now)

    def seconds_paused(self, now: float) -> float:
        """Return for how many seconds no request could be sent so far, because of pauses."""
        return self._paused - max(0.0, self.paused_until - now)

    def reserve(self, now: float) -> None:
        """Reserve the next probe for a request that will be sent soon."""
        if self.is_down:
            self._probe_until = now + self.PROBE_SECONDS
            self._is_reserved = True

    def wake(self, now: float) -> None:
        """End the pause of a host that is down: a person asks whether it is back."""
        if self.is_down:
            self._paused = self.seconds_paused(now)
            self.paused_until = min(self.paused_until, now)
            self.probe_ended()

    def take(self, now: float) -> float:
        """Return 0 and count a request that is sent now, or the seconds until one may be."""
        opens_at = self.paused_until
        if not self._is_reserved and self._probe_until > opens_at:
            opens_at = self._probe_until
        if opens_at > now:
            return opens_at - now
        self._refill(now)
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._rate
        self._tokens -= 1.0
        if self.is_down:
            self._probe_until = now + self.PROBE_SECONDS
            self._is_reserved = False
        return 0.0

    def give_back(self) -> None:
        """Do not count a request that was taken and is not sent."""
        self._tokens += 1.0

    def probe_ended(self) -> None:
        """Note that a request ended without an answer of the host: another may be the probe."""
        self._probe_until = 0.0
        self._is_reserved = False

    def answered(
        self, now: float, *, sent_at: float, status: int, retry_after: float | None = None
    ) -> None:
        """Note the answer to a request that was sent at *sent_at*.

        *retry_after* is in seconds, None = the host asked for no pause.
        """
        is_throttle = status in THROTTLING
        if status < 500:
            if self._failures:
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
        """Note a request that was sent at *sent_at* without an answer, or could not be sent."""
        self._failed(at_once=is_unsent)
        if self.is_down:
            self._pause(now, sent_at=sent_at)

    def back_off(
        self, now: float, *, retry_after: float | None = None, is_throttle: bool = False
    ) -> None:
        """Pause because of an error that is not the answer to one request."""
        if is_throttle:
            self._slow_down(now)
        self._pause(now, sent_at=now, retry_after=retry_after)

    def _is_back(self) -> None:
        if self.is_down:
            self._pauses = 0
            self.probe_ended()
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
        # A request that was sent before the last pause ended is no reason for a longer one.
        if sent_at >= self.paused_until:
            # The first time, the pause that the host asks for counts as enough.
            doubled = self._pauses - (retry_after is not None)
            backoff = 0.0 if doubled < 0 else min(2.0 ** min(doubled, 10), self.LONGEST_BACKOFF)
            seconds = max(seconds, backoff)
            self._pauses += 1
            self.probe_ended()
        self._paused += max(0.0, now + seconds - max(self.paused_until, now))
        self.paused_until = max(self.paused_until, now + seconds)

    def _refill(self, now: float) -> None:
        # Time that passed during a pause earns no tokens.
        since = now if self._at is None else max(self._at, self.paused_until)
        unpaused = now - since if now > since else 0.0
        if self._rate < self._allowed:
            recovered = self._rate + unpaused * self._allowed / self.RECOVERY_SECONDS
            self._rate = min(self._allowed, recovered)
        burst = max(1.0, self._rate / 100)
        self._tokens = min(burst, self._tokens + unpaused * self._rate)
        self._at = now
