"""What became of each row of an import, from its state, its counters and its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...numerals import counted
from ...responses import JSONObject, OperationError, RowResult
from .lines import ErrorRows, placed


def outcomes(
    errors: Sequence[JSONObject],
    state: str,
    counters: Mapping[str, int],
    size: int,
    *,
    known: Any,
    doubt: str = "",
) -> list[RowResult]:
    """Return the outcome of each of *size* rows of an import that ended in *state*.

    *known* is what was kept of its file, None = nothing; *doubt* is why there may be more errors.
    """
    found = placed(errors, size=size, known=known)
    other = _unlisted(found, state, counters, errors=len(errors), size=size, doubt=doubt)
    return [_failed(found.rows[at]) if at in found.rows else other for at in range(size)]


def _unlisted(
    found: ErrorRows,
    state: str,
    counters: Mapping[str, int],
    *,
    errors: int,
    size: int,
    doubt: str,
) -> RowResult:
    """Return the outcome of the rows that have no error of their own."""
    done = counters.get("PROCESSED_ROWS")
    if state == "FAILED":
        reason = _failed(found.about_file) if found.about_file else None
        if done == 0:
            return reason or RowResult(status="failed", error=_error("the import failed"))
        message = reason.error.message if reason and reason.error else "the import failed"
        return RowResult(status="unknown", message=f"{message}; it may be written")
    if state == "REVERTED":
        return RowResult(status="canceled", message="the import was reverted in HubSpot")
    if state == "CANCELED":
        if done == 0:
            return RowResult(status="canceled", message="canceled before it was reached")
        return RowResult(status="unknown", message="canceled; it may be written")
    if doubt:
        return RowResult(status="unknown", message=doubt)
    if found.strays:
        return RowResult(status="unknown", message=_of_strays(found.strays))
    if found.about_file and "CREATED_OBJECTS" not in counters:
        text = f"no row is named by the error: {_text(found.about_file)}"
        return RowResult(status="unknown", message=text)
    if difference := _difference(counters, errors=errors, failed=len(found.rows), size=size):
        return RowResult(status="unknown", message=difference)
    return RowResult(status="completed")


def _of_strays(errors: Sequence[JSONObject]) -> str:
    are = "is" if len(errors) == 1 else "are"
    return (
        f"{counted(len(errors), 'error')} {are} of rows that cannot be told by line and cells: "
        f"{_text(errors[:1])}"
    )


def _difference(counters: Mapping[str, int], *, errors: int, failed: int, size: int) -> str:
    """Return how HubSpot's counts differ from what it lists; "" = they do not."""
    written = counters.get("CREATED_OBJECTS", 0) + counters.get("UPDATED_OBJECTS", 0)
    for name, theirs, ours in (
        # Of a row with several errors, one may be counted or all of them.
        ("errors", counters.get("ERRORS"), (errors, failed)),
        ("rows", counters.get("TOTAL_ROWS"), (size,)),
        ("written rows", written if "CREATED_OBJECTS" in counters else None, (size - failed,)),
    ):
        if theirs is not None and theirs not in ours:
            return f"HubSpot counts {theirs:,} {name}, and lists {ours[0]:,}"
    return ""


def _failed(errors: Sequence[JSONObject]) -> RowResult:
    return RowResult(status="failed", error=_error(_text(errors), errors[0].get("errorType")))


def _text(errors: Sequence[JSONObject]) -> str:
    messages = [str(each.get("errorMessage") or each.get("errorType")) for each in errors]
    return " | ".join(dict.fromkeys(messages))


def _error(message: str, code: Any = None) -> OperationError:
    return OperationError(code=code or "IMPORT_FAILED", message=message)
