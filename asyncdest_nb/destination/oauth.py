"""Access tokens by the OAuth 2 client credentials flow (RFC 6749, section 4.4)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import SecretStr

from ..errors import InvalidAuthenticationError, TokenError
from .arguments import Request


@dataclass(frozen=True)
class OAuthToken:
    """An access token that expires; ``refresh_access_token`` may return it in place of a text.

    ``expires_in`` is in seconds from now, None = it is used until it is refused. ``answer``
    is all of the reply, which may have more than the token, such as the URL of the API.
    """

    access_token: str = field(repr=False)
    expires_in: float | None = None
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, answer: Any) -> Self:
        """Read the *answer* of a token endpoint, whose secrets no error quotes.

        Raises InvalidAuthenticationError for a refusal with status 200, and ProtocolError for
        an answer without a token.
        """
        if not isinstance(answer, Mapping):
            raise TokenError("the token endpoint answered no JSON object")
        token = answer.get("access_token")
        if isinstance(token, str) and token:
            return cls(token, _seconds(answer.get("expires_in")), answer)
        if (error := answer.get("error")) and isinstance(error, str):
            words = [error, str(answer.get("error_description") or "")]
            raise InvalidAuthenticationError(": ".join(filter(None, words)))
        raise TokenError("the token endpoint answered without an access_token")


async def client_credentials(
    request: Request,
    url: str,
    *,
    client_id: str,
    client_secret: str | SecretStr,
    scope: str | None = None,
    as_json: bool = False,
    as_login: bool = False,
    fields: Mapping[str, Any] | None = None,
) -> OAuthToken:
    """Return an access token from the token endpoint *url*, for ``refresh_access_token``.

    The credentials are sent as a form; *as_json* sends JSON, *as_login* sends id and secret
    by HTTP Basic authentication. *fields* are further ones, such as ``account_id``; None is
    left out. Requests are sent with the token, and with a new one shortly before it expires
    or when it is refused. Raises as ``request``, and as ``OAuthToken.of``.
    """
    secret = client_secret
    if isinstance(secret, SecretStr):
        secret = secret.get_secret_value()
    # A token that has expired is no credential for the next one.
    options: dict[str, Any] = {"method": "POST", "headers": {"authorization": None}}
    body = {"grant_type": "client_credentials", "scope": scope, **(fields or {})}
    if as_login:
        options = {"method": "POST", "username": client_id, "password": secret}
    else:
        body |= {"client_id": client_id, "client_secret": secret}
    given = {name: value for name, value in body.items() if value is not None}
    response = await request(url, **{"json" if as_json else "data": given}, **options)
    return OAuthToken.of(None if response.problem else response.data)


def _seconds(value: Any) -> float | None:
    """Return what an answer says about expiry; some write the number as a text."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
