"""The line of the results that a row gets."""

from __future__ import annotations

import json
from zlib import crc32

from ..exchange import JSONObject
from ..llm import Fate, SentRow, SimulatedModel
from .error_replies import error_of
from .messages import message

# Of what request_counts counts a row.
COUNTED_AS = {
    Fate.PENDING: "processing",
    Fate.SUCCEEDED: "succeeded",
    Fate.REFUSED: "succeeded",
    Fate.INVALID: "errored",
    Fate.FAILED: "errored",
    Fate.OVERLOADED: "errored",
    Fate.UNKNOWN_RESULT: "errored",
    Fate.UNKNOWN_ERROR: "errored",
    Fate.EXPIRED: "expired",
    Fate.CANCELED: "canceled",
}
_FAILURES = (
    ("invalid_request_error", "Output blocked by content filtering policy"),
    ("invalid_request_error", "prompt is too long: 214033 tokens > 200000 maximum"),
    ("not_found_error", "file_id: the file was not found"),
)
_OVERLOADS = (
    ("overloaded_error", "Overloaded"),
    ("api_error", "Internal server error"),
    ("timeout_error", "The request timed out"),
    ("rate_limit_error", "This request would exceed your organization's rate limit"),
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def result_line(row: SentRow, fate: Fate, model: SimulatedModel) -> str:
    """Return the line of *row*, whose *fate* is what has become of it in its job."""
    return _encode({"custom_id": row.key, "result": _result(row, fate, model)})


def _result(row: SentRow, fate: Fate, model: SimulatedModel) -> JSONObject:
    if fate in (Fate.SUCCEEDED, Fate.REFUSED):
        params = json.loads(row.payload)
        answer = message(params, model, is_refused=fate is Fate.REFUSED)
        return {"type": "succeeded", "message": answer}
    if fate in (Fate.EXPIRED, Fate.CANCELED):
        return {"type": str(fate)}
    if fate is Fate.UNKNOWN_RESULT:
        return {"type": "postponed"}
    error = {**error_of(*_error(row, fate)), "request_id": None}
    return {"type": "errored", "error": error}


def _error(row: SentRow, fate: Fate) -> tuple[str, str]:
    """Return the type and the message of the error."""
    if fate is Fate.INVALID:
        return "invalid_request_error", str(row.error)
    if fate is Fate.UNKNOWN_ERROR:
        return "unheard_of_error", "Something that no documentation lists"
    errors = _OVERLOADS if fate is Fate.OVERLOADED else _FAILURES
    return errors[crc32(row.payload.encode()) % len(errors)]
