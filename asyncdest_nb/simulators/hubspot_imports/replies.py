"""HubSpot's replies: errors, and pages with a cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import parse_qs

from ..exchange import IncomingRequest, JSONObject, Reply, hyphenated
from ..jobs import guid

Item = TypeVar("Item")
PAGE_SIZE = 100
_CATEGORIES = {
    400: "VALIDATION_ERROR",
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    404: "OBJECT_NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    429: "RATE_LIMITS",
}


def refused(status: int, message: str, **headers: str) -> Reply:
    """Return an error in HubSpot's format."""
    name = sha256(f"{status} {message}".encode()).hexdigest()
    about = {
        "status": "error",
        "message": message,
        "correlationId": guid(name),
        "category": _CATEGORIES.get(status, "INTERNAL_ERROR"),
    }
    if status == 429:
        about |= {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"}
    return Reply(status, about, hyphenated(headers))


def page(request: IncomingRequest, items: Sequence[Item], shown: Callable[[Item], Any]) -> Reply:
    """Return a page of *items*, with ``paging.next.after`` if there are more."""
    asked = parse_qs(request.query)
    size, after = asked.get("limit", [str(PAGE_SIZE)])[0], asked.get("after", ["0"])[0]
    if not (size.isdecimal() and after.isdecimal() and int(size) > 0):
        return refused(400, "limit and after must be numbers")
    end = int(after) + int(size)
    answer: JSONObject = {"results": [shown(item) for item in items[int(after) : end]]}
    if end < len(items):
        link = f"https://api.hubapi.com{request.path}?after={end}&limit={size}"
        answer["paging"] = {"next": {"after": str(end), "link": link}}
    return Reply(200, answer)
