"""The account: its settings, and one request to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pydantic import HttpUrl, SecretStr

from ... import destination as ad
from ...errors import HTTPError
from ...request import api_key_auth
from ...responses import JSONObject
from ..objects import object_of

LARGE = {"timeout_seconds": 600}  # A batch may have 256 MB, and so may its results.
JSONL = {"accept": "application/binary"}
COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")
# From this version on, temperature, top_p and top_k are refused.
WITHOUT_SAMPLING = "2026-10-21"
_CREDIT = ("credit balance", "spend limit", "usage limits")


class AnthropicSettings(ad.Settings):
    """The key of a workspace, the URL of the API, and its version."""

    api_key: SecretStr = ad.field(
        "API key", description="Of a workspace: sk-ant-…", variable="ANTHROPIC_API_KEY"
    )
    base_url: HttpUrl = ad.field(
        "Base URL",
        description="Without /v1",
        default="https://api.anthropic.com",
        variable="ANTHROPIC_BASE_URL",
    )
    version: str = ad.field(
        "Version", description="The header anthropic-version", default="2023-06-01"
    )


def extend_request(data: ad.ActionData[AnthropicSettings, None]) -> dict[str, Any]:
    """Send every request to the API, with the key and the version."""
    settings = data.settings
    return {
        # Other clients are given it with the version of the paths.
        "base_url": str(settings.base_url).rstrip("/").removesuffix("/v1"),
        "headers": {
            **api_key_auth("x-api-key", settings.api_key),
            "anthropic-version": settings.version,
        },
    }


async def test_authentication(
    request: ad.Request, data: ad.ActionData[AnthropicSettings, None]
) -> None:
    """Request the list of batches."""
    object_of(await request("/v1/messages/batches?limit=1"))


def batch_path(batch_id: object) -> str:
    """Return the path of a batch.

    The results are below it. The URL of them in an answer may be of another origin, which the
    key must not be sent to.
    """
    return f"/v1/messages/batches/{quote(str(batch_id), safe='')}"


def counts_of(batch: JSONObject) -> dict[str, int]:
    """Return the numbers of rows that a batch states, by state; they sum to its rows."""
    given = batch.get("request_counts")
    found = given if isinstance(given, dict) else {}
    numbers = {name: found.get(name) for name in COUNTS}
    return {
        name: count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0
        for name, count in numbers.items()
    }


def error_in(error: HTTPError) -> tuple[str, str]:
    """Return the type and the message in the body of an answer.

    The type is the ``error_code`` in the details if there is one, as that is more exact.
    """
    answer = error.response.data if error.response is not None else None
    found = answer.get("error") if isinstance(answer, dict) else None
    return error_words(found if isinstance(found, dict) else {}, str(error))


def error_words(found: JSONObject, otherwise: str) -> tuple[str, str]:
    """Return the type of an error, and its message, *otherwise* if it has none."""
    details = found.get("details")
    exact = details.get("error_code") if isinstance(details, dict) else None
    return str(exact or found.get("type") or "error"), str(found.get("message") or otherwise)


def account_fault(kind: str, message: str) -> str:
    """Return what the user has to do if an error is about the account; empty = it is not.

    A low credit balance arrives as invalid_request_error, on every row.
    """
    is_limit = kind in ("billing_error", "enforced_spend_limit_reached")
    if not is_limit and not any(word in message.lower() for word in _CREDIT):
        return ""
    return f"the account has no credit left, or reached its spend limit ({kind}): see its billing"
