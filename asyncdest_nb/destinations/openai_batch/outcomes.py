"""The outcome of each row of a batch that has ended, from its two result files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...responses import JSONObject, RowResult
from ..llm_batches import completed, refused
from .account import account_fault
from .endpoints import Endpoint

# What became of a row whose request was not made, or not to its end: the batch was too slow, or
# was canceled. None of them was billed.
_NOT_DONE = {"batch_expired", "request_timeout"}
_CANCELED = "batch_cancelled"
# Of a batch that was refused as a whole because others wait before it.
_LATER = {"token_limit_exceeded", "too_many_tasks"}


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
    if error or not isinstance(body, dict) or not body:
        return RowResult(status="unknown", message=f"answered {status}, but without an answer")
    return completed(endpoint.read(body), is_parsed=is_parsed)


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
    return refused(code, message, retryable=status in (408, 409, 429) or status >= 500)


def refused_rows(batch: JSONObject, rows: int) -> list[RowResult]:
    """Return the outcomes of the rows of a batch whose file was refused: nothing was done.

    Lines that the vendor names are at fault. The others may be sent again without them.
    """
    errors = [each for each in _list((batch.get("errors") or {}).get("data")) if each]
    named = {each["line"]: each for each in errors if _is_line(each.get("line"), rows)}
    first = errors[0] if errors else {}
    code = str(first.get("code") or "failed")
    message = str(first.get("message") or "the batch failed without a reason")
    if not named:
        is_later = code in _LATER
        found = refused(code, message, retryable=is_later if errors else None)
        return [found] * rows
    why = f"not processed: the file was refused for other rows ({code})"
    others = RowResult(status="canceled", message=why, retryable=True)
    return [
        refused(str(named[at].get("code")), str(named[at].get("message")), retryable=False)
        if at in named
        else others
        for at in range(1, rows + 1)
    ]


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
