"""A batch that was refused as a whole, for one of its rows or for some that the refusal names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ...errors import IntegrationError
from ...request import Effect, Exchange
from ...responses import AsyncActionResponse, AsyncOperationResult, OperationError, RowResult
from .values import Rejected, Verdict

# Statuses with which APIs refuse all rows because of one, or because they are too many bytes.
DIVISIBLE = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class Division:
    """How the rows of a refused batch are divided, by their places in it.

    *named* are those that the refusal names, which are not sent again; of the others each of
    *parts* is. *refused* are the verdicts on the operations of the batch as a whole.
    """

    named: Sequence[int]
    parts: Sequence[Sequence[int]]
    refused: Sequence[Rejected]


def is_refused(exchanges: Sequence[Exchange]) -> bool:
    """Whether the last of *exchanges* is a refusal, and none of them has applied anything."""
    is_harmless = all(each.effect is Effect.NONE for each in exchanges)
    return is_harmless and bool(exchanges) and 400 <= (exchanges[-1].status or 0) <= 499


def is_key_refused(
    verdicts: Sequence[Verdict], error: Exception | None, exchanges: Sequence[Exchange]
) -> bool:
    """Whether a submission with these *verdicts* was refused as it has no valid credentials."""
    is_stated = isinstance(error, IntegrationError) and error.status == 401
    is_answered = bool(exchanges) and exchanges[-1].status == 401
    is_refused = all(isinstance(each, Rejected) for each in verdicts)
    return is_refused and (is_stated or is_answered)


def read_named(
    found: Mapping[str, Any], counts: Sequence[int], exchanges: Sequence[Exchange]
) -> list[Verdict] | None:
    """Return the verdicts on a refused batch whose answer *found* has no contexts but rows.

    None = it was not refused as a whole, or states that a row completed. *counts* are the rows
    of each operation.
    """
    if found["asyncContexts"] or not is_refused(exchanges):
        return None
    try:
        answer = AsyncActionResponse.model_validate(found)
    except ValidationError:
        return None
    return of_rows(answer.rows or [], counts, exchanges, message=answer.message)


def of_rows(
    rows: Sequence[RowResult | None],
    counts: Sequence[int],
    exchanges: Sequence[Exchange],
    *,
    message: str | None = None,
) -> list[Verdict] | None:
    """Return the verdicts on a refused batch; *rows* name those at fault, None = not named."""
    if len(rows) > sum(counts) or any(row and row.status != "failed" for row in rows):
        return None
    status = exchanges[-1].status
    entries = iter([*rows, *[None] * (sum(counts) - len(rows))])
    return [
        Rejected(
            message or f"answered {status}",
            str(status),
            named=[next(entries) for _ in range(count)],
        )
        for count in counts
    ]


def division(
    verdicts: Sequence[Verdict], counts: Sequence[int], exchanges: Sequence[Exchange]
) -> Division | None:
    """Return how to divide a batch that was refused as a whole; None = it was not, or is one row.

    Rows that are named are left out; if none is, the batch is halved.
    """
    if sum(counts) < 2 or not is_refused(exchanges):
        return None
    refused = [each for each in verdicts if isinstance(each, Rejected) and each.is_proven]
    if len(refused) < len(verdicts):
        return None
    pairs = zip(refused, counts, strict=True)
    named = [row for each, count in pairs for row in each.named or [None] * count]
    others = [at for at, row in enumerate(named) if row is None]
    if len(others) < len(named):
        at_fault = [at for at, row in enumerate(named) if row is not None]
        return Division(at_fault, [others], refused) if others else None
    middle = (len(others) + 1) // 2
    halves = [others[:middle], others[middle:]]
    return Division((), halves, refused) if exchanges[-1].status in DIVISIBLE else None


def refused_rows(verdict: Rejected) -> AsyncOperationResult | None:
    """Return the result of an operation with rows that a refusal names; None = it names none.

    No row was applied, so that each may be sent again unless the destination denies it.
    """
    if not any(verdict.named):
        return None
    error = OperationError(code=verdict.code, message=verdict.message)
    other = RowResult(status="failed", error=error)
    rows = [row or other for row in verdict.named]
    message = rows[0].message if len(rows) == 1 else verdict.message
    return AsyncOperationResult(
        status="failed",
        message=message,
        error=rows[0].error if len(rows) == 1 else error,
        rows=[*map(_retryable, rows)],
    )


def _retryable(row: RowResult) -> RowResult:
    return row if row.retryable is not None else row.model_copy(update={"retryable": True})
