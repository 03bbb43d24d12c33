"""The account: its settings, and one request to it."""

from __future__ import annotations

from typing import Any

from pydantic import HttpUrl, SecretStr

from ... import destination as ad
from ...errors import HTTPError
from ...request import bearer_auth
from ..objects import object_of

LARGE = {"timeout_seconds": 600}  # A file may have 200 MB.
# The vendor's words for an account that has to be paid or given more.
_ACCOUNT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")


class OpenAISettings(ad.Settings):
    """The key of a project, and the URL of the API."""

    api_key: SecretStr = ad.field(
        "API key", description="Of a project: sk-proj-…", variable="OPENAI_API_KEY"
    )
    base_url: HttpUrl = ad.field(
        "Base URL", default="https://api.openai.com/v1", variable="OPENAI_BASE_URL"
    )


def extend_request(data: ad.ActionData[OpenAISettings, None]) -> dict[str, Any]:
    """Send every request to the API, with the key."""
    return {
        "base_url": str(data.settings.base_url).rstrip("/"),
        "headers": bearer_auth(data.settings.api_key),
    }


async def test_authentication(
    request: ad.Request, data: ad.ActionData[OpenAISettings, None]
) -> None:
    """Request the list of batches."""
    object_of(await request("/batches?limit=1"))


def error_in(error: HTTPError) -> tuple[str | None, str]:
    """Return the code and the message in the body of an answer."""
    answer = error.response.data if error.response is not None else None
    found = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        return None, str(error)
    code = found.get("code") or found.get("type")
    return None if code is None else str(code), str(found.get("message") or error)


def account_fault(code: str | None) -> str:
    """Return what the user has to do if a *code* is about the account; empty = it is not."""
    if code not in _ACCOUNT:
        return ""
    return f"the account has no credit left, or reached its limit ({code}): see its billing page"
