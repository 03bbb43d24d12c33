"""Google's error replies."""

from __future__ import annotations

from ..exchange import JSONObject, Reply, hyphenated

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def error_reply(status: int, message: str, **headers: str) -> Reply:
    """Return an error in Google's format."""
    error: JSONObject = {"code": status, "message": message}
    error["status"] = _STATUSES.get(status, "UNKNOWN")
    return Reply(status, {"error": error}, hyphenated(headers))
