"""The outcome of a row, from its line in the results of a batch."""

from __future__ import annotations

from ...responses import JSONObject, RowResult
from ..llm_batches import completed, refused
from .account import account_fault, error_words
from .messages import read_message

# What may be sent again as it is, and what has to be changed first; the list may grow.
_AGAIN = {
    "api_error": True,
    "overloaded_error": True,
    "rate_limit_error": True,
    "timeout_error": True,
    "invalid_request_error": False,
    "request_too_large": False,
    "not_found_error": False,
    "permission_error": False,
    "authentication_error": False,
}


def row_outcome(line: JSONObject, *, is_parsed: bool) -> RowResult:
    """Return the outcome that a line states. Words that are not known state nothing."""
    result = line.get("result")
    kind = result.get("type") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(kind, str):
        return RowResult(status="unknown", message="the result has no type")
    if kind == "succeeded":
        return _succeeded(result.get("message"), is_parsed=is_parsed)
    if kind == "errored":
        return _errored(result.get("error"))
    if kind == "canceled":
        text = "the batch was canceled before this row was processed; it is not billed"
        return RowResult(status="canceled", message=text, retryable=True)
    if kind == "expired":
        text = "the batch expired after 24 hours, before this row was processed; it is not billed"
        return refused("expired", text, retryable=True)
    return RowResult(status="unknown", message=f"a result of an unknown type, {kind!r}")


def _succeeded(message: object, *, is_parsed: bool) -> RowResult:
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return RowResult(status="unknown", message="succeeded, but without a message")
    return completed(read_message(message), is_parsed=is_parsed)


def _errored(given: object) -> RowResult:
    """Return the outcome of a row that failed; its error is in an envelope of the type "error"."""
    outer = given if isinstance(given, dict) else {}
    inner = outer.get("error")
    found = inner if isinstance(inner, dict) else outer
    code, message = error_words(found, "failed without a reason")
    kind = str(found.get("type"))
    if why := account_fault(code, message) if kind != "api_error" else "":
        return refused(code, f"{message}; {why}", retryable=True)
    return refused(code, message, retryable=_AGAIN.get(kind))
