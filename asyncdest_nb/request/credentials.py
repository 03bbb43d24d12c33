"""Headers that authenticate, and the secrets in them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

from pydantic import SecretStr

# Their values are never shown.
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


def reveal(value: object) -> str:
    """Return the text of a setting, unwrapping what pydantic keeps secret."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def basic_pair(username: str, password: str) -> str:
    """Return the base64 of ``username:password``, UTF-8, as the Basic scheme sends it."""
    return base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def basic_auth(username: str | SecretStr, password: str | SecretStr) -> dict[str, str]:
    """Return the header of HTTP Basic authentication (RFC 7617)."""
    return {"authorization": f"Basic {basic_pair(reveal(username), reveal(password))}"}


def bearer_auth(token: str | SecretStr) -> dict[str, str]:
    """Return the header of a bearer token (RFC 6750)."""
    return {"authorization": f"Bearer {reveal(token)}"}


def api_key_auth(header: str, key: str | SecretStr) -> dict[str, str]:
    """Return *key* as the *header* that the destination asks for."""
    return {header: reveal(key)}


def secrets_in(headers: Mapping[str, object]) -> Iterator[str]:
    """Yield the secrets in *headers*: SecretStr values and those that authenticate.

    Only the token of ``Bearer abc`` and the value of a cookie are secret: their other
    words are common.
    """
    for name, value in headers.items():
        if value is None:
            continue
        text, kind = reveal(value), name.lower()
        if kind == "cookie":
            yield from (pair.partition("=")[2].strip() for pair in text.split(";"))
        elif kind in ("authorization", "proxy-authorization"):
            yield text.partition(" ")[2].strip() or text
        elif kind in CREDENTIAL_HEADERS or isinstance(value, SecretStr):
            yield text


def login_secrets(username: object, password: object) -> Iterator[str]:
    """Yield the secrets in a Basic login.

    A user name is no secret, unless it is a SecretStr or there is no password: some
    destinations take the API key as user name with an empty password.
    """
    if username is None and password is None:
        return
    user, secret = reveal(username or ""), reveal(password or "")
    yield secret
    yield basic_pair(user, secret)
    if not secret or isinstance(username, SecretStr):
        yield user
