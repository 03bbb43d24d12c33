"""OpenAI's error replies."""

from __future__ import annotations

from ..exchange import JSONObject, Reply, hyphenated

_TYPES = {429: "requests"}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded", 413: "request_too_large"}


def error_of(
    status: int, message: str, *, code: str | None = None, param: str | None = None
) -> JSONObject:
    """Return the body of an error with *status*."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = code or _CODES.get(status)
    if code == "insufficient_quota":
        kind = code
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_reply(
    status: int, message: str, *, code: str | None = None, param: str | None = None, **headers: str
) -> Reply:
    """Return an error in OpenAI's format."""
    document = error_of(status, message, code=code, param=param)
    return Reply(status, document, hyphenated(headers))


def no_such(kind: str, object_id: str) -> Reply:
    """Return the error for an object that does not exist."""
    return error_reply(404, f"No such {kind} object: {object_id}", param="id")
