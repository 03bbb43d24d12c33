"""Salesforce's error replies: a list of one error."""

from __future__ import annotations

from ..exchange import Reply, hyphenated


def error_reply(status: int, code: str, message: str, **headers: str) -> Reply:
    """Return an error in Salesforce's format."""
    return Reply(status, [{"errorCode": code, "message": message}], hyphenated(headers))


def not_found() -> Reply:
    """Return the error for a resource that does not exist."""
    return error_reply(404, "NOT_FOUND", "The requested resource does not exist")
