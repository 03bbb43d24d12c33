"""Why OpenAI answers a request of a batch with status 400."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..exchange import JSONObject
from .error_replies import error_of

RowError = JSONObject


def body_error(endpoint: str, body: Mapping[str, Any]) -> RowError | None:
    """Return the body of the answer to a request with an invalid *body*; None if it is valid."""
    found = _CHECKS[endpoint](body)
    if found is None:
        return None
    param, message = found
    return error_of(400, message, param=param, code="invalid_value")


def _chat(body: Mapping[str, Any]) -> tuple[str, str] | None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages", "Missing required parameter: 'messages'."
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            return f"messages[{number}].role", f"Missing parameter: 'messages[{number}].role'."
    return _sampling(body) or _format(body.get("response_format"), "response_format", "json_schema")


def _responses(body: Mapping[str, Any]) -> tuple[str, str] | None:
    if not isinstance(body.get("input"), str | list) or not body["input"]:
        return "input", "Missing required parameter: 'input'."
    text = body.get("text")
    asked = text.get("format") if isinstance(text, dict) else None
    return _sampling(body) or _format(asked, "text.format", None)


def _embeddings(body: Mapping[str, Any]) -> tuple[str, str] | None:
    if not isinstance(body.get("input"), str | list) or not body["input"]:
        return "input", "'$.input' is invalid. Please check the API reference."
    return None


_CHECKS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str] | None]] = {
    "/v1/chat/completions": _chat,
    "/v1/responses": _responses,
    "/v1/embeddings": _embeddings,
}
ENDPOINTS = tuple(_CHECKS)


def _sampling(body: Mapping[str, Any]) -> tuple[str, str] | None:
    temperature = body.get("temperature")
    if temperature is None or (isinstance(temperature, int | float) and 0 <= temperature <= 2):
        return None
    return (
        "temperature",
        f"Invalid 'temperature': expected 0 to 2, got {temperature}.",
    )


def _format(asked: Any, param: str, inner: str | None) -> tuple[str, str] | None:
    """Return what is wrong with the format of an answer. *inner*: the key with its schema."""
    if not isinstance(asked, dict) or asked.get("type") != "json_schema":
        return None
    described = asked.get(inner) if inner else asked
    if not isinstance(described, dict) or not described.get("name"):
        return param, f"Missing required parameter: '{param}.{inner or 'name'}'."
    where = f"Invalid schema for {param.replace('.', '_')} '{described['name']}'"
    if not described.get("strict"):
        return None
    error = _strict_error(described.get("schema"))
    return (param, f"{where}: {error}") if error else None


def _strict_error(schema: Any) -> str | None:
    """Return why *schema* is not a strict one; None if it is."""
    if isinstance(schema, list):
        return next(filter(None, map(_strict_error, schema)), None)
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    if isinstance(properties, dict) and set(properties) != set(schema.get("required", ())):
        return "'required' is required to be supplied and to have every key in properties."
    return next(filter(None, map(_strict_error, schema.values())), None)
