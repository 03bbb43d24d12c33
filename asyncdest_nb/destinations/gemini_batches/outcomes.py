"""The outcome of each row, from its line in the results of a batch."""

from __future__ import annotations

from typing import Any

from ...responses import JSONObject, RowResult
from ..llm_batches import completed, refused, whole_number
from .account import object_in

_NAMES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}
# Codes of gRPC: what may be sent again as it is, and what has to be changed first.
_AGAIN = (4, 8, 10, 13, 14)
_NEVER = (3, 5, 6, 7, 9, 11, 12, 16)


def may_repeat(code: object) -> bool | None:
    """Return whether a row or a batch that failed with *code* may be sent again; None = unknown.

    A code is one of gRPC, or an HTTP status.
    """
    if not isinstance(code, int):
        return None
    if code in _AGAIN or code in (408, 429) or 500 <= code <= 599:
        return True
    return False if code in _NEVER or 400 <= code <= 499 else None


def error_result(error: JSONObject) -> RowResult:
    """Return the outcome of a row, or of all rows of a batch, with an *error*."""
    message = str(error.get("message") or "failed without a reason")
    code = error.get("code")
    named = _NAMES.get(code, str(code)) if isinstance(code, int) else "failed"
    return refused(str(error.get("status") or named), message, retryable=may_repeat(code))


def _error_of(line: JSONObject) -> JSONObject:
    """Return the error of a row, which the documentation also calls its status; empty = none."""
    places = (("error",), ("response", "error"), ("status",))
    return next((found for each in places if (found := object_in(line, *each))), {})


def text_outcome(line: JSONObject, *, is_parsed: bool) -> RowResult:
    """Return the outcome of a prompt that a *line* states.

    An answer without candidates is no success, unless it says that the model refused.
    """
    if error := _error_of(line):
        return error_result(error)
    response = object_in(line, "response")
    columns = read_response(response)
    if not response or (not _candidate(response) and columns["refusal"] is None):
        return RowResult(status="unknown", message="the result has neither an answer nor an error")
    return completed(columns, is_parsed=is_parsed)


def embedding_outcome(line: JSONObject, model: object) -> RowResult:
    """Return the outcome of a text to embed that a *line* states."""
    if error := _error_of(line):
        return error_result(error)
    response = object_in(line, "response")
    values = object_in(response, "embedding").get("values")
    if not isinstance(values, list) or not values:
        return RowResult(status="unknown", message="the result has neither a vector nor an error")
    usage = object_in(response, "usageMetadata")
    read = whole_number(usage.get("promptTokenCount") or response.get("tokenCount"))
    columns = {"embedding": values, "model": model, "input_tokens": read}
    return completed(columns, is_parsed=False)


def read_response(response: JSONObject) -> dict[str, Any]:
    """Return the columns of an answer. Tokens of thoughts are output tokens too."""
    candidate, usage = _candidate(response), object_in(response, "usageMetadata")
    given = object_in(candidate, "content").get("parts")
    parts = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    texts = [each["text"] for each in parts if _is_text(each)]
    calls = [each["functionCall"] for each in parts if each.get("functionCall")]
    written = whole_number(usage.get("candidatesTokenCount"))
    thought = whole_number(usage.get("thoughtsTokenCount"))
    return {
        "text": "".join(texts) if texts else None,
        "refusal": object_in(response, "promptFeedback").get("blockReason"),
        "stop_reason": candidate.get("finishReason"),
        "model": response.get("modelVersion"),
        "input_tokens": whole_number(usage.get("promptTokenCount")),
        "cached_tokens": (whole_number(usage.get("cachedContentTokenCount")) or 0)
        if usage
        else None,
        # Google leaves out a number that is 0, as when all tokens went into thoughts.
        "output_tokens": (written or 0) + (thought or 0) if usage else None,
        "reasoning_tokens": thought,
        "tool_calls": calls or None,
        "response_id": response.get("responseId"),
    }


def _candidate(response: JSONObject) -> dict[str, Any]:
    found = response.get("candidates")
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, dict) else {}


def _is_text(part: JSONObject) -> bool:
    return isinstance(part.get("text"), str) and not part.get("thought")
