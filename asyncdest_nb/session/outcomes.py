"""Outcomes of rows as the columns of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..operation import RowOutcome


def columns(outcomes: Sequence[RowOutcome]) -> dict[str, list[Any]]:
    """Return what became of rows, by the names that a results frame has for it."""
    return {
        "status": [str(outcome.status) for outcome in outcomes],
        "progress": [outcome.progress for outcome in outcomes],
        "message": [outcome.message for outcome in outcomes],
        "error_code": [outcome.error_code for outcome in outcomes],
        "retryable": [outcome.retryable for outcome in outcomes],
        "operation_id": [outcome.operation_id for outcome in outcomes],
    }


def result_columns(outcomes: Sequence[RowOutcome], names: Sequence[str]) -> dict[str, list[Any]]:
    """Return what the destination returned for rows: a column for each of *names*, or one."""
    results = [outcome.result for outcome in outcomes]
    if not names:
        return {"result": results}
    found = [each if isinstance(each, dict) else {} for each in results]
    return {name: [each.get(name) for each in found] for name in names}
