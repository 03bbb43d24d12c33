"""Tokens of OAuth 2.0 for an installed package, by a form or by JSON."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import parse_qsl

from ..exchange import IncomingRequest, JSONObject, Reply
from .knobs import SfmcRowsKnobs

REST = "/rest"  # The REST API is elsewhere than the tokens; a client learns where from them.
_INVALID = "Invalid client {0}. Use the client {0} in Marketing Cloud Installed Packages."
_DOCUMENTATION = "https://developer.salesforce.com/docs"


class PackageTokens:
    """The tokens, and until when each is valid."""

    def __init__(self, knobs: SfmcRowsKnobs) -> None:
        self._knobs = knobs
        self._ends: dict[str, float] = {}

    def issue(self, request: IncomingRequest, now: float) -> Reply:
        """Return a token for valid credentials, else an error."""
        given = _credentials(request)
        if given.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "The grant type is not supported.")
        if given.get("client_id") != self._knobs.client_id:
            return _refused(401, "invalid_client", _INVALID.format("ID"))
        secret = self._knobs.client_secret.get_secret_value()
        if not hmac.compare_digest(str(given.get("client_secret")).encode(), secret.encode()):
            return _refused(401, "invalid_client", _INVALID.format("secret"))
        if self._knobs.account_id not in (None, str(given.get("account_id"))):
            return _refused(401, "invalid_request", "The account_id is not valid.")
        return Reply(200, self._issued(request.host, now))

    def _issued(self, host: str, now: float) -> JSONObject:
        token = sha256(f"{self._knobs.seed} token {len(self._ends)}".encode()).hexdigest()
        self._ends[token] = now + self._knobs.token_seconds
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self._knobs.token_seconds),
            "scope": "data_extensions_read data_extensions_write",
            "soap_instance_url": f"http://{host}/soap/",
            "rest_instance_url": f"http://{host}{REST}/",
        }

    def takes(self, authorization: str, now: float) -> bool:
        """Whether *authorization* has a valid token."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and now < self._ends.get(token.strip(), now)


def _credentials(request: IncomingRequest) -> JSONObject:
    """Return the fields of a form or of JSON."""
    if request.content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("latin-1")))
    return request.document if isinstance(request.document, dict) else {}


def _refused(status: int, error: str, description: str) -> Reply:
    about = {"error": error, "error_description": description, "error_uri": _DOCUMENTATION}
    return Reply(status, about)
