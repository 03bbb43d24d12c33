"""OAuth 2.0: tokens are issued for credentials, checked and revoked."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl, unquote

from pydantic import SecretStr

from ..exchange import IncomingRequest, Reply
from .knobs import SalesforceBulkKnobs
from .objects import ORGANIZATION_ID, USER_ID

# What each grant requires besides the client's id and secret.
_GRANTS = {
    "client_credentials": (),
    "password": ("username", "password"),
    "refresh_token": ("refresh_token",),
}
_SCHEMES = ("bearer", "oauth")

OAuthError = tuple[str, str]


class Tokens:
    """The issued tokens, and when each expires."""

    def __init__(self, knobs: SalesforceBulkKnobs) -> None:
        self._knobs = knobs
        self._ends: dict[str, float] = {}
        self._revoked: set[str] = set()

    def issue(self, request: IncomingRequest, now: float) -> Reply:
        """Return a token for a form with valid credentials, else an error."""
        if request.method != "POST":
            return _refused("invalid_request", "must use HTTP POST")
        form = _form(request)
        asked = _GRANTS.get(form.get("grant_type", ""))
        if asked is None:
            return _refused("unsupported_grant_type", "grant type not supported")
        if error := self._client_error(form) or self._grant_error(form, asked):
            return _refused(*error)
        return Reply(200, self._issued(f"http://{request.host}", now))

    def _client_error(self, form: dict[str, str]) -> OAuthError | None:
        if not form.get("client_id"):
            return "invalid_request", "missing required parameter: client_id"
        if form["client_id"] != self._knobs.client_id:
            return "invalid_client_id", "client identifier invalid"
        if not _is_same(form.get("client_secret", ""), self._knobs.client_secret):
            return "invalid_client", "invalid client credentials"
        return None

    def _grant_error(self, form: dict[str, str], asked: tuple[str, ...]) -> OAuthError | None:
        for name in asked:
            if not form.get(name):
                return "invalid_request", f"missing required parameter: {name}"
        if "password" in asked and not self._is_user(form["username"], form["password"]):
            return "invalid_grant", "authentication failure"
        if "refresh_token" in asked and not self._refreshes(form["refresh_token"]):
            return "invalid_grant", "expired access/refresh token"
        return None

    def _is_user(self, username: str, password: str) -> bool:
        known = self._knobs.password
        return known is None or (username == self._knobs.username and _is_same(password, known))

    def _refreshes(self, token: str) -> bool:
        known = self._knobs.refresh_token
        return token not in self._revoked and (known is None or _is_same(token, known))

    def _issued(self, url: str, now: float) -> dict[str, str]:
        name = sha256(f"{self._knobs.seed} token {len(self._ends)}".encode()).hexdigest()
        token = f"{ORGANIZATION_ID[:15]}!{name}"
        self._ends[token] = now + (self._knobs.token_seconds or 0)
        return {
            "access_token": token,
            "instance_url": url,
            "id": f"{url}/id/{ORGANIZATION_ID}/{USER_ID}",
            "token_type": "Bearer",
            "issued_at": str(round(1000 * datetime.now(UTC).timestamp())),
            "signature": name[:43] + "=",
            "scope": "api",
        }

    def revoke(self, request: IncomingRequest, now: float) -> Reply:
        """Revoke a token."""
        token = _form(request).get("token", "")
        if not token or token in self._revoked:
            return _refused("invalid_token", "invalid token")
        self._revoked.add(token)
        return Reply(200)

    def takes(self, authorization: str, now: float) -> bool:
        """Whether *authorization* has a valid token."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() not in _SCHEMES or not token or token in self._revoked:
            return False
        return self._knobs.token_seconds is None or now < self._ends.get(token, now)


def _form(request: IncomingRequest) -> dict[str, str]:
    """Return the fields of the body and the query; Basic has the client (RFC 6749, 2.3.1)."""
    pairs = [*parse_qsl(request.query), *parse_qsl(request.body.decode("latin-1"))]
    scheme, _, encoded = request.authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return dict(pairs)
        pairs += [("client_id", unquote(client_id)), ("client_secret", unquote(secret))]
    return dict(pairs)


def _is_same(given: str, secret: SecretStr) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), secret.get_secret_value().encode())


def _refused(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})
