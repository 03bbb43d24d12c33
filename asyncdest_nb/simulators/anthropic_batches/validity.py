"""What Anthropic refuses: of a batch at its creation, of a row when it is processed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_ROWS = 100_000
MAX_BYTES = 256 * 1024 * 1024
VERSIONS = ("2023-06-01", "2026-10-21")

_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_REFUSED = ("store", "speed", "previous_thread_event_id", "cache_hint", "context_hint", "betas")
_SAMPLING = ("temperature", "top_p", "top_k")
_ROLES = ("user", "assistant", "system")


def batch_error(document: Any) -> str | None:
    """Return why no batch is made of *document*; None if one is."""
    requests = document.get("requests") if isinstance(document, dict) else None
    if not isinstance(requests, list):
        return "requests: Field required"
    if not requests:
        return "requests: List should have at least 1 item after validation, not 0"
    if len(requests) > MAX_ROWS:
        return f"requests: List should have at most {MAX_ROWS} items after validation"
    seen: set[str] = set()
    for number, request in enumerate(requests):
        if error := _request_error(request, seen):
            return f"requests.{number}.{error}"
    return None


def _request_error(request: Any, seen: set[str]) -> str | None:
    if not isinstance(request, dict) or not isinstance(request.get("params"), dict):
        return "params: Field required"
    custom_id = request.get("custom_id")
    if not isinstance(custom_id, str):
        return "custom_id: Input should be a valid string"
    if not _CUSTOM_ID.fullmatch(custom_id):
        return "custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"
    if custom_id in seen:
        return f"custom_id: Duplicate custom_id '{custom_id}'"
    seen.add(custom_id)
    if others := sorted(request.keys() - {"custom_id", "params"}):
        return f"{others[0]}: Extra inputs are not permitted"
    return None


def params_error(params: Mapping[str, Any], version: str) -> str | None:
    """Return why a row with *params* is errored in a batch of *version*; None if it is not."""
    for name in ("model", "max_tokens", "messages"):
        if params.get(name) is None:
            return f"{name}: Field required"
    if not isinstance(params["max_tokens"], int) or params["max_tokens"] < 1:
        return "max_tokens: Input should be greater than or equal to 1"
    if params.get("stream"):
        return "stream: Streaming is not supported in batches"
    for name in _REFUSED + (_SAMPLING if version == VERSIONS[1] else ()):
        if params.get(name) is not None:
            return f"{name}: Extra inputs are not permitted"
    return _messages_error(params["messages"]) or _format_error(params.get("output_config"))


def _messages_error(messages: Any) -> str | None:
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return f"messages.{number}.role: Input should be 'user' or 'assistant'"
        content = message.get("content")
        if not isinstance(content, str | list) or not content:
            return f"messages.{number}: user messages must have non-empty content"
    return None


def _format_error(config: Any) -> str | None:
    asked = config.get("format") if isinstance(config, dict) else None
    if asked is None:
        return None
    if not isinstance(asked, dict) or asked.get("type") != "json_schema":
        return "output_config.format.type: Input should be 'json_schema'"
    if not isinstance(asked.get("schema"), dict):
        return "output_config.format.schema: Field required"
    return _schema_error(asked["schema"])


def _schema_error(schema: Any) -> str | None:
    if isinstance(schema, list):
        return next(filter(None, map(_schema_error, schema)), None)
    if not isinstance(schema, dict):
        return None
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return (
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be "
            "explicitly set to false"
        )
    return next(filter(None, map(_schema_error, schema.values())), None)
