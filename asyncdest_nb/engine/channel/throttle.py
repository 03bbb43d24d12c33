"""The requests to one destination: when each may leave, and what its answer teaches.

What is learned is decided in ``schedule.Pace``; here it is waited for, and put in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import ceil
from typing import Any

from ...errors import HTTPError, NotSent, RequestFailed, RetryableError
from ...request import SAFE_METHODS, Call, Exchange, Response
from ...schedule import RateLimiter
from ..clock import Clock
from ..verdict.trouble import is_trouble
from .call import UNSENT

STOP_SECONDS = 0.5  # How soon a request that waits for its turn hears of a cancel.
REPEAT_SECONDS = 1.0
REPEATS = 2  # How often a reading request is repeated before the call it is part of fails.

ShouldStop = Callable[[], bool]


class Turn:
    """The place of one request among all, taken before the function is called that makes it."""

    def __init__(self, pace: RateLimiter, *, is_taken: bool) -> None:
        self._pace = pace
        self._is_taken = is_taken

    def use(self) -> bool:
        """Use it up; say whether it was there."""
        found, self._is_taken = self._is_taken, False
        return found

    def give_back(self) -> None:
        """Leave it to another request, if it was not used."""
        if self.use():
            self._pace.given_back()


class Throttle:
    """The requests to one destination, at its *pace*; *name* is for people to read."""

    def __init__(self, pace: RateLimiter, clock: Clock, *, name: str) -> None:
        self.pace = pace
        self._clock = clock
        self._name = name
        self._waiting = 0  # Requests that wait for their turn.
        self._trouble = ""  # Why the last pause was made.

    def notice(self) -> str:
        """Say why requests wait at present; empty = they do not."""
        seconds = self.pace.paused_until - self._clock.steady()
        if seconds > 0:
            return f"{self._trouble}; asking again in {ceil(seconds)} s"
        return f"{self._trouble}; asking again soon" if self.pace.is_down else ""

    async def turn(self, should_stop: ShouldStop) -> Turn:
        """Return the turn of a request when the host takes one, or none once it *should_stop*.

        Of a host that is down one caller at a time finds out, and nobody as long as
        requests wait for their turn: each of them can do that as well.
        """
        while not should_stop():
            now = self._clock.steady()
            left = self._closed_for() if self.pace.is_down else self.pace.wait(now)
            if left <= 0:
                self.pace.reserve(now)
                return Turn(self.pace, is_taken=not self.pace.is_down)
            await self._clock.sleep(min(left, STOP_SECONDS))
        return Turn(self.pace, is_taken=False)

    def _closed_for(self) -> float:
        return STOP_SECONDS if self._waiting else self.pace.closed_for(self._clock.steady())

    def back_off(self, error: Exception) -> None:
        """Wait before the next request, because of *error*."""
        if not self.pace.is_down:
            self._trouble = f"{self._name}: {error}"
        said = error.retry_after if isinstance(error, RetryableError | HTTPError) else None
        is_throttle = isinstance(error, RetryableError)
        self.pace.held_back(self._clock.steady(), retry_after=said, is_throttle=is_throttle)

    def paced(
        self, call: Call, should_stop: ShouldStop = lambda: False, *, turn: Turn | None = None
    ) -> Callable[..., Any]:
        """Return the request of *call*, which waits for its turn; NotSent once it *should_stop*.

        The first one uses *turn*, and does not wait: what asks for a pause while its intent
        is written is too late, as for requests that are on their way.
        """

        async def request(url: str, **options: Any) -> Response:
            if should_stop() or turn is None or not turn.use():
                await self._turn(should_stop)
            sent_at = self._clock.steady()
            try:
                response = await call(url, **options)
            except RequestFailed as error:
                self._unanswered(call.exchanges[-1], error, sent_at)
                raise
            except HTTPError:
                self._answered(call.exchanges[-1], sent_at)
                raise
            except BaseException:  # A mistake in it, or a cancellation: no word of the host.
                self.pace.released()
                raise
            self._answered(call.exchanges[-1], sent_at)
            return response

        return request

    async def _turn(self, should_stop: ShouldStop) -> None:
        self._waiting += 1
        try:
            while not should_stop() and (seconds := self.pace.wait(self._clock.steady())) > 0:
                await self._clock.sleep(min(seconds, STOP_SECONDS))
        except asyncio.CancelledError:
            raise asyncio.CancelledError(UNSENT) from None
        finally:
            self._waiting -= 1
        if should_stop():
            raise NotSent("canceled before it was sent")

    def _answered(self, exchange: Exchange, sent_at: float) -> None:
        status = exchange.status or 0
        self.pace.answered(
            self._clock.steady(), sent_at=sent_at, status=status, retry_after=exchange.retry_after
        )
        if self.pace.is_down:
            self._trouble = f"{_host(exchange)} is not available (it answers {status})"
        elif self.pace.paused_until > self._clock.steady():
            self._trouble = f"{_host(exchange)} asks for fewer requests"

    def _unanswered(self, exchange: Exchange, error: RequestFailed, sent_at: float) -> None:
        is_unsent = isinstance(error, NotSent)
        self.pace.unanswered(self._clock.steady(), sent_at=sent_at, is_unsent=is_unsent)
        if self.pace.is_down:
            why = f"the last request was not sent: {exchange.problem}"
            why = why if is_unsent else str(exchange.problem)
            self._trouble = f"{_host(exchange)} cannot be reached ({why})"

    def persistent(self, call: Call, send: Callable[..., Any]) -> Callable[..., Any]:
        """Return *send*, which does not lose for one failure what *call* has read before.

        A first request that fails is for the schedule to repeat. But a poll that reads a
        job and its three files would start over, and may never come to its end.
        """

        async def request(url: str, **options: Any) -> Response:
            is_safe = str(options.get("method", "GET")).upper() in SAFE_METHODS
            for _ in range(REPEATS if is_safe and call.exchanges else 0):
                try:
                    response: Response = await send(url, **options)
                    return response
                except (RequestFailed, HTTPError) as error:
                    if isinstance(error, HTTPError) and not is_trouble(error):
                        raise
                    # One sick file is no reason to slow down all others.
                    await self._clock.sleep(REPEAT_SECONDS)
            last: Response = await send(url, **options)
            return last

        return request


def _host(exchange: Exchange) -> str:
    # Not by a parser of URLs: a host that is masked is none, and the request was answered.
    return exchange.url.partition("://")[2].partition("/")[0]
