"""The account: its settings, and one request to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pydantic import HttpUrl, SecretStr

from ... import destination as ad
from ...errors import HTTPError
from ...request import api_key_auth
from ..objects import object_of

LARGE = {"timeout_seconds": 600}  # A file may have 2 GB.


class GeminiSettings(ad.Settings):
    """The key of a project, and the URL of the API."""

    api_key: SecretStr = ad.field(
        "API key", description="Of Google AI Studio", variable="GEMINI_API_KEY"
    )
    base_url: HttpUrl = ad.field(
        "Base URL",
        description="Without a version",
        default="https://generativelanguage.googleapis.com",
        variable="GOOGLE_GEMINI_BASE_URL",
    )


def extend_request(data: ad.ActionData[GeminiSettings, None]) -> dict[str, Any]:
    """Send every request to the API, with the key."""
    base_url = str(data.settings.base_url).rstrip("/")
    return {
        # Other clients are given it with the version of the paths.
        "base_url": base_url.removesuffix("/v1beta").removesuffix("/v1"),
        "headers": api_key_auth("x-goog-api-key", data.settings.api_key),
    }


async def test_authentication(
    request: ad.Request, data: ad.ActionData[GeminiSettings, None]
) -> None:
    """Request the list of batches."""
    object_of(await request("/v1/batches?pageSize=1"))


def object_in(value: Any, *names: str) -> dict[str, Any]:
    """Return the object at *names* inside *value*, empty if there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def model_path(model: object, method: str) -> str:
    """Return the path of a *method* of a model, whose name may begin with "models/"."""
    name = str(model).removeprefix("models/")
    return f"/v1/models/{quote(name, safe='')}:{method}"


def batch_path(name: object) -> str:
    """Return the path of the batch *name*, which begins with "batches/"."""
    return f"/v1/batches/{quote(str(name).removeprefix('batches/'), safe='')}"


def error_in(error: HTTPError) -> tuple[str, str]:
    """Return the status in Google's words, and the message, in the body of an answer."""
    answer = error.response.data if error.response is not None else None
    found = object_in(answer, "error")
    return str(found.get("status") or error.status), str(found.get("message") or error)
