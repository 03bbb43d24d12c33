"""Mailchimp's errors, as problem documents (RFC 7807), and those of the storage of results."""

from __future__ import annotations

import json
from hashlib import sha256
from html import escape

from ..exchange import JSONObject, Reply, hyphenated
from ..jobs import guid

_TITLES = {
    400: "Bad Request",
    401: "API Key Invalid",
    404: "Resource Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


def problem(status: int, title: str, detail: str) -> JSONObject:
    """Return a problem document."""
    name = sha256(f"{status} {title} {detail}".encode()).hexdigest()
    return {
        "type": "https://mailchimp.com/developer/marketing/docs/errors/",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": guid(name),
    }


def refused(status: int, detail: str, title: str = "", **headers: str) -> Reply:
    """Return an error of the API."""
    found = problem(status, title or _TITLES.get(status, "Internal Server Error"), detail)
    return problem_reply(found, **headers)


def invalid(*errors: tuple[str, str]) -> Reply:
    """Return the error for a request with *errors*: the field and the message of each."""
    detail = "The resource submitted could not be validated. For field-specific details, see the "
    found = problem(400, "Invalid Resource", f"{detail}'errors' array.")
    found["errors"] = [{"field": field, "message": message} for field, message in errors]
    return problem_reply(found)


def problem_reply(found: JSONObject, **headers: str) -> Reply:
    """Return the reply with a problem document."""
    kind = {"content-type": "application/problem+json; charset=utf-8"}
    return Reply(found["status"], json.dumps(found).encode(), hyphenated(headers) | kind)


def storage_refusal(status: int, code: str, message: str) -> Reply:
    """Return an error of the storage, which is in XML."""
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Reply(status, document, {"content-type": "application/xml"})
