"""The access token of a destination: fetched before the first request, renewed if refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from ...destination import OAuthToken
from ...errors import (
    AsyncDestError,
    DestinationError,
    HTTPError,
    IntegrationError,
    NotSent,
    RequestFailed,
    RetryableError,
    TokenError,
)
from ...request import Effect, Response
from .call import CallResult

EARLY_SECONDS = 60.0
EARLY_SHARE = 0.1  # of the time for which a token is valid
LONGEST_HOLD = 32.0  # seconds


class AccessToken:
    """The access token of one connection.

    *fetch* calls the destination's ``refresh_access_token``. *is_given*: whether requests
    have an authorization header without it. *use* makes later requests send the new token.
    *back_off* delays the next request after an error of the network or the server. *now* is a
    clock in seconds: a token that says when it expires is renewed a little earlier.

    A token that was refused is not sent again. While no other can be fetched, requests fail as
    the last fetch did. After a refusal the next one waits: 1 second, then twice as long each time,
    at most 32 seconds. After an outage *back_off* makes it wait.
    """

    def __init__(
        self,
        *,
        fetch: Callable[[], Awaitable[CallResult]],
        is_given: Callable[[], bool],
        use: Callable[[], None],
        back_off: Callable[[Exception], None],
        now: Callable[[], float],
    ) -> None:
        self.token: SecretStr | None = None
        self._fetch = fetch
        self._is_given = is_given
        self._use = use
        self._back_off = back_off
        self._now = now
        self._expires_at: float | None = None
        self._lock = asyncio.Lock()
        self._failure: Exception | None = None  # Of the last fetch.
        self._refusals = 0  # In a row.
        self._fetches = 0
        self._held_until = 0.0

    def authorize(self, send: Callable[..., Any]) -> AuthorizedRequests:
        """Return *send* with the access token, with a new one if the old is refused."""
        return AuthorizedRequests(self, send)

    async def require(self) -> SecretStr | None:
        """Return the access token; it is fetched if no header authorizes yet, or if it expires.

        So it is if the last fetch failed: it began because the token was refused.
        """
        is_over = self._expires_at is not None and self._now() >= self._expires_at
        if is_over or self._failure is not None:
            return await self.renew(self.token)
        if self.token is None and not self._is_given():
            await self.renew(None)
        return self.token

    async def renew(self, stale: SecretStr | None) -> SecretStr | None:
        """Return the access token that replaces the *stale* one, fetched if it is not there.

        Those that wait for a fetch share its token, and its failure.
        """
        before = self._fetches
        async with self._lock:
            if self.token is not stale:
                return self.token  # Another request has fetched it meanwhile.
            is_shared = self._fetches > before or self._now() < self._held_until
            if self._failure is not None and is_shared:
                raise _copy(self._failure)
            await self._fetch_new()
            return self.token

    async def has_replaced(self, stale: SecretStr | None) -> bool:
        """Renew the *stale* token; return whether there is another one now."""
        try:
            return await self.renew(stale) is not stale
        except AsyncDestError:
            return False

    def ask_now(self) -> None:
        """End the wait after a refusal: a person has begun something that needs a token."""
        self._held_until, self._refusals = 0.0, 0

    async def _fetch_new(self) -> None:
        try:
            self._receive(await self._fetch())
        except Exception as error:
            self._failure = _copy(error)
            if not isinstance(error, NotSent):
                self._hold()
            raise
        else:
            self._failure, self._refusals = None, 0
        finally:
            self._fetches += 1

    def _hold(self) -> None:
        self._held_until = self._now() + min(2.0**self._refusals, LONGEST_HOLD)
        self._refusals = min(self._refusals + 1, 10)

    def _receive(self, result: CallResult) -> None:
        if result.error is not None:
            raise self._without_token(result.error)
        answer = result.answer
        token = answer.access_token if isinstance(answer, OAuthToken) else answer
        if not isinstance(token, str) or not token:
            raise DestinationError("refresh_access_token returned no text, and no OAuthToken")
        seconds = answer.expires_in if isinstance(answer, OAuthToken) else None
        self._expires_at = None if seconds is None else self._now() + seconds - _margin(seconds)
        self.token = SecretStr(token)
        self._use()

    def _without_token(self, error: Exception) -> Exception:
        """Return the error of a request that was not sent, for want of a token."""
        is_server = isinstance(error, HTTPError) and error.status >= 500
        if is_server or isinstance(error, (RequestFailed, RetryableError)):
            self._back_off(error)
            return NotSent(f"no access token: {error}")
        if isinstance(error, IntegrationError):
            return HTTPError(str(error), status=error.status)
        # Its text may quote the answer, and in it a token that nothing masks yet.
        if isinstance(error, HTTPError):
            if error.status in (301, 302, 307, 308):
                return HTTPError(f"no access token: {error}", status=error.status)
            return _without_excerpt(error)
        if isinstance(error, TokenError):
            return DestinationError(f"no access token: {error}")
        return DestinationError(f"no access token: the function raised {type(error).__name__}")


class AuthorizedRequests:
    """The requests of one call, each with an access token.

    ``token`` is that of the last one. ``has_renewed``: it was fetched because another was
    refused in this call, so if it is refused too, it is not renewed again.
    """

    def __init__(self, access_token: AccessToken, send: Callable[..., Any]) -> None:
        self.token: SecretStr | None = None
        self.has_renewed = False
        self._access_token = access_token
        self._send = send

    async def __call__(self, url: str, **options: Any) -> Response:
        self.token = token = await self._access_token.require()
        try:
            response: Response = await self._send(url, **options)
        except HTTPError as error:
            if error.status != 401:
                raise
        else:
            if response.status != 401:
                return response
        # 401 is a refusal: nothing was applied, so this very request may go again.
        self.token, self.has_renewed = await self._access_token.renew(token), True
        again: Response = await self._send(url, **options)
        return again

    def may_repeat(self, result: CallResult) -> bool:
        """Whether to repeat the call with a new token: its function reported the old one refused.

        Some APIs answer 200 with such a refusal inside, so the last request applied nothing.
        But what other requests applied would be applied a second time.
        """
        error = result.error
        is_refused = isinstance(error, IntegrationError) and error.status == 401
        if not is_refused or self.has_renewed or result.is_bypassed:
            return False
        others = [each for each in result.exchanges if each.effect is not Effect.NONE]
        if others and others[0] is result.exchanges[-1]:
            return others[0].effect is Effect.APPLIED
        return not others


Send = Callable[..., Any]
Authorize = Callable[[Send], Send]
# Begins a call whose requests go through what *authorize* returns; that is returned beside it.
Begin = Callable[[Authorize], tuple[Send, Awaitable[CallResult]]]


async def called_with_token(access_token: AccessToken, begin: Begin) -> CallResult:
    """Return the result of a call, begun again with a new token if the old one is refused."""
    result, requests = await _called(access_token, begin)
    if not requests.may_repeat(result):
        return result
    try:
        await access_token.renew(requests.token)
    except NotSent as error:
        # The call may be sent again later: the function found that nothing was applied.
        return replace(result, error=RetryableError(str(error)))
    except AsyncDestError:
        return result
    again, _ = await _called(access_token, begin)
    return again


async def _called(access_token: AccessToken, begin: Begin) -> tuple[CallResult, AuthorizedRequests]:
    requests, called = begin(access_token.authorize)
    assert isinstance(requests, AuthorizedRequests)
    result = await called
    # The token may have been fetched for the first request.
    return replace(result, token=requests.token or result.token), requests


def _copy(error: Exception) -> Exception:
    """Return the same error, for a request of its own: whoever raises one may add to its text."""
    if not isinstance(error, AsyncDestError):  # Of code of its author, and perhaps of C.
        return error
    found = type(error).__new__(type(error))
    found.args = error.args
    vars(found).update(vars(error))
    return found


def _margin(seconds: float) -> float:
    """Return how long before its end a token of so many *seconds* is renewed."""
    return min(EARLY_SECONDS, seconds * EARLY_SHARE)


def _without_excerpt(error: HTTPError) -> HTTPError:
    """Return a refusal of a token; of its answer only OAuth's error is left (RFC 6749, 5.2)."""
    try:
        answer = json.loads(error.excerpt)
        words = [str(answer[key]) for key in ("error", "error_description") if key in answer]
    except (ValueError, TypeError):
        words = []
    text = ": ".join([f"no access token: answered {error.status}", *words])
    return HTTPError(text, status=error.status, retry_after=error.retry_after)
