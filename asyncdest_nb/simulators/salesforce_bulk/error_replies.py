"""Salesforce's refusals: a list of one error."""

from __future__ import annotations

from ..exchange import Reply, hyphenated


def error_reply(status: int, code: str, message: str, **headers: str) -> Reply:
    """Return a refusal in Salesforce's words."""
    return Reply(status, [{"errorCode": code, "message": message}], hyphenated(headers))


def not_found() -> Reply:
    """Return what is said of everything that is not there."""
    return error_reply(404, "NOT_FOUND", "The requested resource does not exist")
