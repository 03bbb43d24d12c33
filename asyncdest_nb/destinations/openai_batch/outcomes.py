"""The outcome of each row of a batch that has ended, from its two result files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...responses import JSONObject, RowResult
from ..llm_batches import completed, refused, sent_places
from .account import account_fault
from .endpoints import Endpoint

# What became of a row whose request was not made, or not to its end: the batch was too slow, or
# was canceled. None of them was billed.
_NOT_DONE = {"batch_expired", "request_timeout"}
_CANCELED = "batch_cancelled"
_TROUBLE = {"server_error", "rate_limit_exceeded"}  # Of the vendor, in an answer.
# Of a batch that was refused as a whole because others wait before it.
_LATER = {"token_limit_exceeded", "too_many_tasks"}
# Of a batch whose file has to be changed before it is sent again.
_FILE_FAULTS = {
    "duplicate_custom_id",
    "empty_file",
    "missing_required_parameter",
    "model_not_found",
}


def row_outcome(line: JSONObject, endpoint: Endpoint, *, is_parsed: bool) -> RowResult:
    """Return the outcome that a line of a result file states.

    Nothing is taken for a success that is not stated as one.
    """
    response, error = line.get("response"), line.get("error")
    if isinstance(response, dict):
        return _answered(response, error, endpoint, is_parsed=is_parsed)
    if not isinstance(error, dict):
        return RowResult(status="unknown", message="the result has neither a response nor an error")
    code, message = str(error.get("code")), str(error.get("message") or error.get("code"))
    if code == _CANCELED:
        return RowResult(status="canceled", message=message, retryable=True)
    return refused(code, message, retryable=True if code in _NOT_DONE else None)


def _answered(
    response: JSONObject, error: Any, endpoint: Endpoint, *, is_parsed: bool
) -> RowResult:
    status, body = response.get("status_code"), response.get("body")
    if isinstance(status, bool) or not isinstance(status, int):
        return RowResult(status="unknown", message=f"a response with the status {status!r}")
    if not 200 <= status <= 299:
        return _failed(status, body if isinstance(body, dict) else {}, error)
    if isinstance(body, dict) and body.get("error"):
        return _failed(status, body, error)
    found = body if isinstance(body, dict) else {}
    gap = endpoint.gap(found) if found else "it has no body"
    if error or gap:
        text = f"answered {status}, but without an answer: {gap or error}"
        return RowResult(status="unknown", message=text)
    return completed(endpoint.read(found), is_parsed=is_parsed)


def _failed(status: int, body: JSONObject, error: Any) -> RowResult:
    found = error if isinstance(error, dict) else body.get("error")
    found = found if isinstance(found, dict) else {}
    code = str(found.get("code") or found.get("type") or status)
    message = str(found.get("message") or f"answered {status}")
    if status == 0:  # Seen in error files of batches that count all rows as completed.
        return refused(
            "no_response", "the vendor made the request and got no answer", retryable=True
        )
    if why := account_fault(code):
        return refused(code, f"{message}; {why}", retryable=True)
    if status < 300:  # An answer that has an error in it, as the Responses API states it.
        return refused(code, message, retryable=True if code in _TROUBLE else None)
    return refused(code, message, retryable=status in (408, 409, 429) or status >= 500)


def not_done(batch: JSONObject, completed: int, rows: int) -> RowResult | None:
    """Return the outcome of rows that no file lists, as the batch ended before them.

    None = that is not proven. It is if all rows that the batch counts as *completed* are
    listed: the others were not answered, and not billed. A batch that ended early may count
    no rows at all.
    """
    counts = batch.get("request_counts")
    if not isinstance(counts, dict) or counts.get("total") not in (rows, 0):
        return None
    if counts.get("completed") != completed:
        return None
    if batch["status"] == "cancelled":
        text = "the batch was cancelled before this row was answered"
        return RowResult(status="canceled", message=text, retryable=True)
    if batch["status"] == "expired":
        return refused(
            "batch_expired", "the batch expired before this row was answered", retryable=True
        )
    return None


def refused_rows(batch: JSONObject, context: JSONObject) -> list[RowResult]:
    """Return the outcomes of the rows of a batch whose file was refused: nothing was done.

    Lines that the vendor names are at fault. The others may be sent again without them.
    """
    errors = [each for each in _list((batch.get("errors") or {}).get("data")) if each]
    places, rows = sent_places(context), int(context["rows"])
    lines = {each["line"]: each for each in errors if _is_line(each.get("line"), len(places))}
    named = {places[line - 1]: each for line, each in lines.items()}
    first = errors[0] if errors else {}
    code = str(first.get("code") or "failed")
    message = str(first.get("message") or "the batch failed without a reason")
    if not named:
        return [_refused(code, message)] * rows
    why = f"not processed: the file was refused for other rows ({code})"
    others = RowResult(status="canceled", message=why, retryable=True)
    return [
        _refused(str(named[at].get("code")), str(named[at].get("message")), otherwise=False)
        if at in named
        else others
        for at in range(rows)
    ]


def _refused(code: str, message: str, *, otherwise: bool | None = None) -> RowResult:
    """Return the outcome of a row whose file was refused with *code*.

    *otherwise* says whether it may be sent again if the code does not.
    """
    if why := account_fault(code):
        return refused(code, f"{message}; {why}", retryable=True)
    if code in _LATER:
        text = f"{message}; with queued_tokens=, jobs are cut to the limit, and wait for each other"
        return refused(code, text, retryable=True)
    is_known = code in _FILE_FAULTS or code.startswith("invalid") or code.endswith("_mismatch")
    return refused(code, message, retryable=False if is_known else otherwise)


def _is_line(line: object, rows: int) -> bool:
    return isinstance(line, int) and not isinstance(line, bool) and 1 <= line <= rows


def _list(value: object) -> list[Any]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def count_of(batch: JSONObject, name: str) -> int:
    """Return one of the numbers of rows that a batch states; 0 = it does not."""
    counts = batch.get("request_counts")
    found = counts.get(name) if isinstance(counts, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def ids_of(batch: JSONObject) -> Iterable[str]:
    """Return the ids of the result files; a batch may have none, and "" or null stand for that."""
    return [each for name in ("output_file_id", "error_file_id") if (each := batch.get(name))]
