"""What becomes columns of the results: the same names for all vendors."""

from __future__ import annotations

import json
from sys import intern
from typing import Any

from ...responses import RowResult

USAGE_COLUMNS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
TEXT_COLUMNS = (
    *("text", "refusal", "stop_reason", "model", *USAGE_COLUMNS),
    *("tool_calls", "response_id", "parsed"),
)
ANSWERED = "answered"
_REPEATED = ("model", "stop_reason", "refusal")
EMBEDDING_COLUMNS = ("embedding", "model", "input_tokens")

# Why an answer may end before it is complete, or is none, in the words of each vendor.
_CUT = {
    "length": "cut off at max_tokens",
    "max_tokens": "cut off at max_tokens",
    "max_output_tokens": "cut off at max_tokens",
    "model_context_window_exceeded": "cut off: the context window of the model is full",
    "content_filter": "cut off by the content filter",
    "refusal": "the model refused to answer",
    "pause_turn": "the answer is not finished: the model paused its turn",
    "MAX_TOKENS": "cut off at max_tokens",
    **{
        word: f"cut off by the filters of the model ({word})"
        for word in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")
    },
    "MALFORMED_FUNCTION_CALL": "the call of a function that the model wrote is not valid",
}


def cut_off(columns: dict[str, Any]) -> str:
    """Return why an answer is incomplete or refused, empty = it is neither."""
    if columns.get("refusal"):
        return "the model refused to answer"
    return _CUT.get(str(columns.get("stop_reason")), "")


def incomplete(columns: dict[str, Any]) -> str:
    """Return why an answer is incomplete, refused or empty; empty = it is none of them."""
    is_empty = not columns.get("text", "-") and not columns.get("tool_calls")
    return cut_off(columns) or ("the answer is empty" if is_empty else "")


def parsed_answer(columns: dict[str, Any]) -> str:
    """Put the JSON in the text of an answer into the column "parsed"; return a message about it.

    An answer that was cut off or refused need not follow the schema: it is not parsed.
    """
    if why := incomplete(columns):
        return why
    if not columns["text"]:
        return "the model called a tool instead of an answer: see the column tool_calls"
    try:
        found = json.loads(columns["text"], parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return "the answer is not JSON, though a schema was given: see the column text"
    if not isinstance(found, dict):
        return "the answer is JSON, but no object as in the schema: see the column text"
    columns["parsed"] = found
    return ""


def completed(columns: dict[str, Any], *, is_parsed: bool) -> RowResult:
    """Return the outcome of a row that was answered, with what the answer has as columns.

    What it does not have is left out, and words that most answers have are kept once: there
    may be 100,000 answers in memory.
    """
    message = parsed_answer(columns) if is_parsed else incomplete(columns)
    found = {
        name: intern(value) if name in _REPEATED and isinstance(value, str) else value
        for name, value in columns.items()
        if value is not None
    }
    return RowResult(status="completed", message=message or ANSWERED, result=found)


def whole_number(value: object) -> int | None:
    """Return a number of tokens; None = not stated."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_number else None  # type: ignore[return-value]  # It is an int.
