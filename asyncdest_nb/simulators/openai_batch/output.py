"""The lines of the output file and the error file that a row gets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from zlib import crc32

from ..exchange import JSONObject
from ..llm import Fate, SentRow, SimulatedModel
from .bodies import BODIES
from .error_replies import error_of

# Rows whose line is in the output file, and those that count as completed.
IN_OUTPUT = (Fate.SUCCEEDED, Fate.REFUSED)
COMPLETED = (*IN_OUTPUT, Fate.NO_STATUS)

_FAILURES = (
    (400, "Your input image may contain content that is not allowed.", "content_policy_violation"),
    (400, "This model's maximum context length is 128000 tokens.", "context_length_exceeded"),
    (404, "The model does not exist or you do not have access to it.", "model_not_found"),
)
_OVERLOADS = (
    (500, "The server had an error while processing your request.", "server_error"),
    (503, "The engine is currently overloaded, please try again later.", "server_error"),
    (429, "Rate limit reached for requests.", "rate_limit_exceeded"),
)
_WITHOUT_RESPONSE = {
    Fate.EXPIRED: (
        "batch_expired",
        "This request could not be executed before the completion window expired.",
    ),
    Fate.CANCELED: ("batch_cancelled", "This request was not executed: the batch was cancelled."),
}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def line_of(row: SentRow, fate: Fate, endpoint: str, model: SimulatedModel, *, created: int) -> str:
    """Return the line of *row*, whose *fate* is what has become of it in its batch."""
    name = sha256(f"{row.key} {row.payload}".encode()).hexdigest()[:24]
    line: JSONObject = {"id": f"batch_req_{name}", "custom_id": row.key}
    if fate in _WITHOUT_RESPONSE:
        code, message = _WITHOUT_RESPONSE[fate]
        return _encode({**line, "response": None, "error": {"code": code, "message": message}})
    status, body = _answer(row, fate, endpoint, model, created)
    request_id = "" if fate is Fate.NO_STATUS else f"req_{name}"
    response = {"status_code": status, "request_id": request_id, "body": body}
    return _encode({**line, "response": response, "error": None})


def body_of(
    row: SentRow, fate: Fate, endpoint: str, model: SimulatedModel, created: int
) -> JSONObject:
    """Return the body of an answered row."""
    is_refused = fate is Fate.REFUSED
    return BODIES[endpoint](json.loads(row.payload), model, is_refused=is_refused, created=created)


def _answer(
    row: SentRow, fate: Fate, endpoint: str, model: SimulatedModel, created: int
) -> tuple[int, Any]:
    if fate in IN_OUTPUT:
        return 200, body_of(row, fate, endpoint, model, created)
    if fate is Fate.NO_STATUS:
        return 0, {}
    if fate is Fate.INVALID:
        return 400, row.error
    choices = _OVERLOADS if fate is Fate.OVERLOADED else _FAILURES
    status, message, code = choices[crc32(row.payload.encode()) % len(choices)]
    return status, error_of(status, message, code=code)


def usage_of(rows: Iterable[SentRow], endpoint: str, model: SimulatedModel) -> JSONObject:
    """Return the tokens of all answered *rows* together, in the words of a batch."""
    read = written = 0
    for row in rows:
        usage = body_of(row, row.fate, endpoint, model, 0)["usage"]
        read += usage.get("prompt_tokens", usage.get("input_tokens", 0))
        written += usage.get("completion_tokens", usage.get("output_tokens", 0))
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
