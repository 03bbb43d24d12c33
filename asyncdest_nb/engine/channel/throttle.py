"""The requests to one destination: each waits until the rate limiter lets it be sent.

``schedule.RateLimiter`` decides when; here requests wait for that, and report how they ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

from ...errors import HTTPError, NotSent, RequestFailed, RetryableError
from ...request import SAFE_METHODS, Call, Exchange, Response
from ...schedule import RateLimiter
from ..clock import Clock
from ..verdict.trouble import is_trouble
from .call import UNSENT

STOP_SECONDS = 0.5  # How soon a request that waits for its turn notices a cancel.
REPEAT_SECONDS = 1.0
REPEATS = 2  # How often a reading request is repeated before the call it is part of fails.

ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Hold:
    """Why submissions wait, while polls go on; *until* is a time of the steady clock."""

    why: str = ""
    until: float = 0.0


class Turn:
    """Permission to send one request, taken before the function that makes it is called."""

    def __init__(self, limiter: RateLimiter, *, is_taken: bool) -> None:
        self._limiter = limiter
        self._is_taken = is_taken

    def use(self) -> bool:
        """Use it up; return whether there was one."""
        found, self._is_taken = self._is_taken, False
        return found

    def give_back(self) -> None:
        """Leave it to another request, if it was not used."""
        if self._is_taken:
            self._is_taken = False
            self._limiter.give_back()


class Throttle:
    """The requests to one destination, as fast as *limiter* allows; *name* is for messages."""

    def __init__(self, limiter: RateLimiter, clock: Clock, *, name: str) -> None:
        self.limiter = limiter
        self._clock = clock
        self._name = name
        self._waiting = 0  # Requests that wait for their turn.
        # Callers that wait for a turn, by whether it is for a poll; and who had the last one.
        self._callers = {False: 0, True: 0}
        self._was_poll = False
        self._trouble = ""  # Why the last pause was made.
        self._held = _Hold()

    def notice(self) -> str:
        """Return why requests wait at present, and for how long; empty = they do not."""
        seconds = ceil(max(self._seconds_paused(), self._seconds_held()))
        when = f"in {seconds} s" if seconds > 0 else "soon"
        return f"{why}; asking again {when}" if (why := self.trouble()) else ""

    def trouble(self) -> str:
        """Return why requests wait at present; empty = they do not."""
        if self.limiter.is_down or (self._seconds_paused() > 0 and self._seconds_held() <= 0):
            return self._trouble
        return self._held.why if self._seconds_held() > 0 else ""

    def _seconds_held(self) -> float:
        return self._held.until - self._clock.steady()

    def _seconds_paused(self) -> float:
        return self.limiter.paused_until - self._clock.steady()

    async def wait_for_turn(self, should_stop: ShouldStop, *, is_poll: bool = False) -> Turn:
        """Return the turn of a request once one may be sent, an empty one once it *should_stop*.

        If callers wait for polls and for other requests, they get turns alternately: a thousand
        rows to be sent must not delay the polls of those that were, nor the other way round.

        While a host is down one caller at a time gets a turn, as the probe. None does while
        requests wait for their turn: each of them can be the probe as well.
        """
        self._callers[is_poll] += 1
        try:
            while not should_stop():
                now = self._clock.steady()
                seconds = self._seconds_until_turn(now, is_poll=is_poll)
                if seconds <= 0:
                    self._was_poll = is_poll
                    self.limiter.reserve(now)
                    return Turn(self.limiter, is_taken=not self.limiter.is_down)
                await self._clock.sleep(min(seconds, STOP_SECONDS))
        finally:
            self._callers[is_poll] -= 1
        return Turn(self.limiter, is_taken=False)

    def _seconds_until_turn(self, now: float, *, is_poll: bool) -> float:
        held = self._held.until - now
        if held > 0 and not is_poll:
            return held
        if self.limiter.is_down:
            return self._seconds_closed()
        is_contended = self._callers[not is_poll] and not (is_poll and held > 0)
        if self._was_poll == is_poll and is_contended:
            return max(self.limiter.seconds_closed(now), 1 / self.limiter.rate)
        return self.limiter.take(now)

    def _seconds_closed(self) -> float:
        return STOP_SECONDS if self._waiting else self.limiter.seconds_closed(self._clock.steady())

    def back_off(self, error: Exception) -> None:
        """Wait before the next request, or the next submission, because of *error*."""
        if isinstance(error, RetryableError) and error.polls_go_on:
            until = self._clock.steady() + min(error.retry_after or 0, self.limiter.LONGEST_PAUSE)
            self._held = _Hold(f"{self._name}: {error}", until)
            return
        if not self.limiter.is_down:
            self._trouble = f"{self._name}: {error}"
        seconds = error.retry_after if isinstance(error, RetryableError | HTTPError) else None
        is_throttle = isinstance(error, RetryableError)
        self.limiter.back_off(self._clock.steady(), retry_after=seconds, is_throttle=is_throttle)

    def throttled(
        self, call: Call, should_stop: ShouldStop = lambda: False, *, turn: Turn | None = None
    ) -> Callable[..., Any]:
        """Return the request of *call*, which waits for its turn; NotSent once it *should_stop*.

        The first request uses *turn* and does not wait. If a pause begins while its intent is
        being written, it is still sent.
        """

        async def request(url: str, **options: Any) -> Response:
            if should_stop() or turn is None or not turn.use():
                await self._wait_to_send(should_stop)
            sent_at = self._clock.steady()
            try:
                response = await call(url, **options)
            except RequestFailed as error:
                self._unanswered(call.exchanges[-1], error, sent_at)
                raise
            except HTTPError:
                self._answered(call.exchanges[-1], sent_at)
                raise
            except BaseException:  # A mistake in the request, or a cancellation.
                self.limiter.probe_ended()
                raise
            self._answered(call.exchanges[-1], sent_at)
            return response

        return request

    async def _wait_to_send(self, should_stop: ShouldStop) -> None:
        self._waiting += 1
        try:
            while not should_stop() and (seconds := self.limiter.take(self._clock.steady())) > 0:
                await self._clock.sleep(min(seconds, STOP_SECONDS))
        except asyncio.CancelledError:
            raise asyncio.CancelledError(UNSENT) from None
        finally:
            self._waiting -= 1
        if should_stop():
            raise NotSent("canceled before it was sent")

    def _answered(self, exchange: Exchange, sent_at: float) -> None:
        status, now = exchange.status or 0, self._clock.steady()
        self.limiter.answered(now, sent_at=sent_at, status=status, retry_after=exchange.retry_after)
        if self.limiter.is_down:
            self._trouble = f"{_host(exchange)} is not available (it answers {status})"
        elif self.limiter.paused_until > now:
            self._trouble = f"{_host(exchange)} asks for fewer requests"

    def _unanswered(self, exchange: Exchange, error: RequestFailed, sent_at: float) -> None:
        is_unsent = isinstance(error, NotSent)
        self.limiter.unanswered(self._clock.steady(), sent_at=sent_at, is_unsent=is_unsent)
        if self.limiter.is_down:
            why = f"the last request was not sent: {exchange.problem}"
            why = why if is_unsent else str(exchange.problem)
            self._trouble = f"{_host(exchange)} cannot be reached ({why})"

    def persistent(self, call: Call, send: Callable[..., Any]) -> Callable[..., Any]:
        """Return *send*, which repeats a reading request that fails after others of *call*.

        If the first request fails, the schedule repeats the call. But a poll that reads a
        job and its three files would start over each time, and might never finish.
        """

        def request(url: str, **options: Any) -> Awaitable[Response]:
            found: Awaitable[Response]
            is_first = not call.exchanges
            if is_first or str(options.get("method", "GET")).upper() not in SAFE_METHODS:
                found = send(url, **options)
            else:
                found = repeated(url, **options)
            return found

        async def repeated(url: str, **options: Any) -> Response:
            for _ in range(REPEATS):
                try:
                    response: Response = await send(url, **options)
                    return response
                except (RequestFailed, HTTPError) as error:
                    if isinstance(error, HTTPError) and not is_trouble(error):
                        raise
                    # One failing file is no reason to slow down all other requests.
                    await self._clock.sleep(REPEAT_SECONDS)
            last: Response = await send(url, **options)
            return last

        return request


def _host(exchange: Exchange) -> str:
    # Not with a parser of URLs, which rejects a host that is masked.
    return exchange.url.partition("://")[2].partition("/")[0]
