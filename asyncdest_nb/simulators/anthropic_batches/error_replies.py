"""Anthropic's error replies."""

from __future__ import annotations

from ..exchange import JSONObject, Reply, hyphenated

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_of(kind: str, message: str, code: str | None = None) -> JSONObject:
    """Return an error; *code* is the stable name in ``details``, None if there is none."""
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": kind, "message": message, **details}}


def error_reply(status: int, message: str, *, code: str | None = None, **headers: str) -> Reply:
    """Return an error in Anthropic's format."""
    document = error_of(TYPES.get(status, "api_error"), message, code)
    return Reply(status, document, hyphenated(headers))
