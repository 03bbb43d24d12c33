"""A destination's results as an operation stores them: texts masked, data without secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ...operation import RowOutcome, RowStatus, StatusUpdate
from ...responses import AsyncOperationResult, OperationError, RowResult

Mask = Callable[[str], str]
Storable = Callable[[Any], Any]


def read_result(result: AsyncOperationResult, *, mask: Mask, storable: Storable) -> StatusUpdate:
    """Return the status update of an operation that *result* states."""
    rows, odd = result.rows, result.odd_status
    if rows:
        mask = cache(mask)  # Most of 10,000 rows have the same text.
    return StatusUpdate(
        status=result.status,
        more=result.should_continue_polling,
        progress=result.progress,
        message=_message(result.error, result.message, mask),
        error_code=_code(result.error, mask),
        result=storable(result.result),
        odd_status=None if odd is None else mask(odd),
        ended_at=result.ended_at,
        rows=None if rows is None else tuple(_outcome(row, mask, storable) for row in rows),
    )


def read_decided(
    rows: Sequence[RowResult | None], *, mask: Mask, storable: Storable
) -> list[RowOutcome]:
    """Return the outcomes of *rows* that were decided at once; None becomes a pending row."""
    pending = RowOutcome(RowStatus.PENDING)
    return [pending if row is None else _outcome(row, mask, storable) for row in rows]


def _outcome(row: RowResult, mask: Mask, storable: Storable) -> RowOutcome:
    return RowOutcome(
        status=RowStatus(row.status),
        message=_message(row.error, row.message, mask),
        error_code=_code(row.error, mask),
        retryable=row.retryable,
        result=storable(row.result),
    )


def _message(error: OperationError | None, other: str, mask: Mask) -> str:
    return mask(error.message if error and error.message else other)


def _code(error: OperationError | None, mask: Mask) -> str | None:
    return mask(error.code) if error and error.code else None
