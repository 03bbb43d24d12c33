"""What became of each row of an import, from its state, its counters and its errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ...responses import JSONObject, OperationError, RowResult

_FIRST_LINE = 2  # Line 1 has the names of the columns.


def outcomes(
    errors: Sequence[JSONObject], state: str, counters: Mapping[str, int], size: int
) -> list[RowResult]:
    """Return the outcome of each of *size* rows of an import that ended in *state*."""
    by_line: dict[int, list[JSONObject]] = defaultdict(list)
    for each in errors:
        by_line[_line(each)].append(each)
    rows = {line - _FIRST_LINE: found for line, found in by_line.items() if line >= _FIRST_LINE}
    about_file = [each for line, found in by_line.items() if line < _FIRST_LINE for each in found]
    failed = [at for at in rows if at < size]
    other = _unlisted(
        about_file, state, counters, errors=len(errors), failed=len(failed), size=size
    )
    return [_failed(rows[at]) if at in rows else other for at in range(size)]


def _unlisted(
    about_file: Sequence[JSONObject],
    state: str,
    counters: Mapping[str, int],
    *,
    errors: int,
    failed: int,
    size: int,
) -> RowResult:
    """Return the outcome of the rows that have no error of their own."""
    done = counters.get("PROCESSED_ROWS")
    if state == "FAILED":
        reason = _failed(about_file) if about_file else None
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
    if difference := _difference(counters, errors=errors, failed=failed, size=size):
        return RowResult(status="unknown", message=difference)
    return RowResult(status="completed")


def _difference(counters: Mapping[str, int], *, errors: int, failed: int, size: int) -> str:
    """Return how HubSpot's counts differ from what it lists; "" = they do not."""
    written = counters.get("CREATED_OBJECTS", 0) + counters.get("UPDATED_OBJECTS", 0)
    for name, theirs, ours in (
        ("errors", counters.get("ERRORS"), errors),
        ("rows", counters.get("TOTAL_ROWS"), size),
        ("written rows", written if "CREATED_OBJECTS" in counters else None, size - failed),
    ):
        if theirs is not None and theirs != ours:
            return f"HubSpot counts {theirs:,} {name}, and lists {ours:,}"
    return ""


def _failed(errors: Sequence[JSONObject]) -> RowResult:
    messages = [str(each.get("errorMessage") or each.get("errorType")) for each in errors]
    return RowResult(
        status="failed", error=_error(" | ".join(dict.fromkeys(messages)), errors[0]["errorType"])
    )


def _error(message: str, code: Any = "IMPORT_FAILED") -> OperationError:
    return OperationError(code=code, message=message)


def _line(error: JSONObject) -> int:
    """Return the line that *error* is about; 0 = the whole file."""
    found = (error.get("sourceData") or {}).get("lineNumber")
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
