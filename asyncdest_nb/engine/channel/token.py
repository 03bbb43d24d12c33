"""The access token of a destination: had before the first request, renewed when it is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import SecretStr

from ...errors import (
    DestinationError,
    HTTPError,
    IntegrationError,
    NotSent,
    RequestFailed,
    RetryableError,
)
from ...request import MOVED, Effect, Response
from .call import CallResult


class AccessToken:
    """An access token, and requests that carry it.

    *ask* calls the destination's ``refresh_access_token``; *is_given* says whether
    requests have an authorization header already, *use* sends with the new token
    from now on, *back_off* waits out trouble on the way to one.
    """

    def __init__(
        self,
        *,
        ask: Callable[[], Awaitable[CallResult]],
        is_given: Callable[[], bool],
        use: Callable[[], None],
        back_off: Callable[[Exception], None],
    ) -> None:
        self.token: SecretStr | None = None
        self._ask = ask
        self._is_given = is_given
        self._use = use
        self._back_off = back_off
        self._renewing = asyncio.Lock()

    def carrier(self, send: Callable[..., Any]) -> Carrier:
        """Return *send* with an access token, a new one if the old is refused."""
        return Carrier(self, send)

    async def require(self) -> SecretStr | None:
        """Return the access token; it is asked for if no header authorizes yet."""
        if not self._is_given():
            await self._renew(None)
        return self.token

    async def renewed(self, stale: SecretStr | None) -> SecretStr | None:
        """Return the access token that is in place of the *stale* one, asked for if need be."""
        await self._renew(stale)
        return self.token

    async def _renew(self, stale: SecretStr | None) -> None:
        """Ask for an access token in place of the *stale* one."""
        async with self._renewing:
            if self.token is not stale:
                return  # Another request has asked meanwhile.
            asked = await self._ask()
            if asked.error is not None:
                raise self._without_token(asked.error)
            if not isinstance(asked.answer, str) or not asked.answer:
                raise DestinationError("refresh_access_token returned no text")
            self.token = SecretStr(asked.answer)
            self._use()

    def _without_token(self, error: Exception) -> Exception:
        """Return what a request without a token fails with: it never left."""
        is_server = isinstance(error, HTTPError) and error.status >= 500
        if is_server or isinstance(error, (RequestFailed, RetryableError)):
            self._back_off(error)
            return NotSent(f"no access token: {error}")
        if isinstance(error, IntegrationError):
            return HTTPError(str(error), status=error.status)
        # Its text may quote the answer, and so a token that is no known secret yet.
        if isinstance(error, HTTPError):
            if error.status in MOVED:
                return HTTPError(f"no access token: {error}", status=error.status)
            return _without_excerpt(error)
        return DestinationError(f"no access token: the function raised {type(error).__name__}")


class Carrier:
    """The requests of one call, each with an access token.

    ``token`` is that of the last one; ``has_renewed``: it is one that was asked for because
    another was refused in this call, so a refusal of it is the last word.
    """

    def __init__(self, access: AccessToken, send: Callable[..., Any]) -> None:
        self.token: SecretStr | None = None
        self.has_renewed = False
        self._access = access
        self._send = send

    async def __call__(self, url: str, **options: Any) -> Response:
        self.token = token = await self._access.require()
        try:
            response: Response = await self._send(url, **options)
        except HTTPError as error:
            if error.status != 401:
                raise
        else:
            if response.status != 401:
                return response
        # 401 is a refusal: nothing was applied, so this very request may go again.
        self.token, self.has_renewed = await self._access.renewed(token), True
        again: Response = await self._send(url, **options)
        return again

    def may_repeat(self, asked: CallResult) -> bool:
        """Say whether a new token may help, where the function says that the old was refused.

        APIs say so inside a 200. What the last request did is then what the function says of
        it: nothing. But of what else it has sent the repetition would be a second one.
        """
        error = asked.error
        is_refused = isinstance(error, IntegrationError) and error.status == 401
        if not is_refused or self.has_renewed or asked.is_bypassed:
            return False
        others = [each for each in asked.exchanges if each.effect is not Effect.NONE]
        if others and others[0] is asked.exchanges[-1]:
            return others[0].effect is Effect.APPLIED
        return not others


def _without_excerpt(error: HTTPError) -> HTTPError:
    """Return a refusal of a token with OAuth's own words for why (RFC 6749, 5.2) and no others."""
    try:
        said = json.loads(error.excerpt)
        words = [str(said[key]) for key in ("error", "error_description") if key in said]
    except (ValueError, TypeError):
        words = []
    text = ": ".join([f"no access token: answered {error.status}", *words])
    return HTTPError(text, status=error.status, retry_after=error.retry_after)
