"""Klaviyo's replies: errors and pages as JSON:API has them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

from ..exchange import IncomingRequest, JSONObject, Reply, hyphenated
from ..jobs import guid

Item = TypeVar("Item")
PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


def error(status: int, code: str, title: str, detail: str, pointer: str = "/data") -> JSONObject:
    """Return one error as JSON:API has it."""
    name = sha256(f"{status} {code} {detail} {pointer}".encode()).hexdigest()
    return {
        "id": guid(name),
        "status": status,
        "code": code,
        "title": title,
        "detail": detail,
        "source": {"pointer": pointer},
        "links": {},
        "meta": {},
    }


def invalid(detail: str, pointer: str = "/data") -> JSONObject:
    """Return the error about a value in the request."""
    return error(400, "invalid", "Invalid input.", detail, pointer)


def refused(*errors: JSONObject, **headers: str) -> Reply:
    """Return the reply with *errors*: its status is that of the first."""
    return Reply(errors[0]["status"], {"errors": list(errors)}, hyphenated(headers))


def not_found(job_id: str) -> Reply:
    """Return the error for a job that does not exist."""
    detail = f"A bulk profile import job with id {job_id} does not exist."
    return refused(error(404, "not_found", "Not found.", detail))


def page(request: IncomingRequest, items: Sequence[Item], shown: Callable[[Item], Any]) -> Reply:
    """Return a page of *items*, 20 unless ``page[size]`` says otherwise, and the next one's URL."""
    asked = parse_qs(request.query)
    size_text = asked.get("page[size]", [str(PAGE_SIZE)])[0]
    if not size_text.isdecimal() or not 1 <= int(size_text) <= MAX_PAGE_SIZE:
        return refused(invalid(f"Page size must be an integer between 1 and {MAX_PAGE_SIZE}"))
    start = _offset(asked.get("page[cursor]", [""])[0])
    if start is None:
        return refused(invalid("Invalid cursor"))
    end = start + int(size_text)
    links = {
        "self": f"{_url(request)}?{request.query}" if request.query else _url(request),
        "prev": _link(request, asked, max(0, start - int(size_text))) if start else None,
        "next": _link(request, asked, end) if end < len(items) else None,
    }
    return Reply(200, {"data": [shown(item) for item in items[start:end]], "links": links})


def _url(request: IncomingRequest) -> str:
    return f"http://{request.host}{request.path}"


def _link(request: IncomingRequest, asked: dict[str, list[str]], start: int) -> str:
    cursor = base64.urlsafe_b64encode(f"at::{start}".encode()).decode()
    return f"{_url(request)}?{urlencode(asked | {'page[cursor]': [cursor]}, doseq=True)}"


def _offset(cursor: str) -> int | None:
    """Return where the page of *cursor* begins; None if it is not one of ours."""
    if not cursor:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(cursor).decode().partition("::")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return int(number) if word == "at" and number.isdecimal() else None
