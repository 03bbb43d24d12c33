"""Who may ask: tokens for the client's credentials."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qs

from ..exchange import Reply, Request
from .knobs import SalesforceBulkKnobs

_BEARER = "Bearer "


class Tokens:
    """The tokens issued, and when each ends."""

    def __init__(self, knobs: SalesforceBulkKnobs) -> None:
        self._knobs = knobs
        self._ends: dict[str, float] = {}

    def issue(self, request: Request, now: float) -> Reply:
        """Answer a form of credentials with a token, or an object that says what is wrong."""
        form = {name: texts[0] for name, texts in parse_qs(request.body.decode("latin-1")).items()}
        if form.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type", "grant type not supported")
        expected = f"{self._knobs.client_id} {self._knobs.client_secret.get_secret_value()}"
        given = f"{form.get('client_id')} {form.get('client_secret')}"
        if not hmac.compare_digest(given.encode(), expected.encode()):
            return _refused("invalid_client", "invalid client credentials")
        return Reply(200, self._issued(f"http://{request.host}", now))

    def _issued(self, url: str, now: float) -> dict[str, str]:
        name = sha256(f"{self._knobs.seed} token {len(self._ends)}".encode()).hexdigest()
        token = f"00D000000000001!{name}"
        self._ends[token] = now + (self._knobs.token_seconds or 0)
        return {
            "access_token": token,
            "instance_url": url,
            "id": f"{url}/id/00D000000000001EAA/005000000000001AAA",
            "token_type": "Bearer",
            "issued_at": str(round(1000 * datetime.now(UTC).timestamp())),
            "signature": name[:43] + "=",
            "scope": "api",
        }

    def takes(self, authorization: str, now: float) -> bool:
        """Say whether a request with this header may pass."""
        token = authorization.removeprefix(_BEARER).strip()
        if token == authorization or not token:
            return False
        return self._knobs.token_seconds is None or now < self._ends.get(token, now)


def _refused(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})
