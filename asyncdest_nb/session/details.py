"""All that is known of one operation, for a person to look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ..operation import Operation, RowStatus, row_outcomes
from ..store import StoredRow

ROWS = 100  # Of a job of 10,000 nobody reads more.

_FIELDS = (
    "number batch step state operation_id context progress message error_code result odd_status "
    "polls poll_errors in_doubt is_overdue submitted_at accepted_at seen_at finished_at"
).split()


def rows_to_look_at(operation: Operation) -> list[int]:
    """Return which of its rows to show, as places in ``operation.rows``.

    All that there is room for, in their order; in a larger job those that did not make it first.
    """
    places = range(len(operation.rows))
    if len(places) <= ROWS:
        return [*places]
    good = (RowStatus.COMPLETED, RowStatus.PENDING)
    is_good = [outcome.status in good for outcome in row_outcomes(operation)]
    return sorted(places, key=is_good.__getitem__)[:ROWS]


def details(
    operation: Operation,
    *,
    labels: Sequence[str],
    stored: Sequence[StoredRow],
    mask: Callable[[str], str],
) -> dict[str, Any]:
    """Return *operation* as JSON can hold it, with rows to look at, and every text masked.

    *labels* are those of the run, *stored* what the store has of the rows.
    """
    found: dict[str, Any] = {name: getattr(operation, name) for name in _FIELDS}
    payloads = {row.position: json.loads(row.payload) for row in stored if row.payload}
    outcomes = row_outcomes(operation)
    found["row_count"] = len(outcomes)
    found["rows"] = [
        {
            "label": labels[operation.rows[at]],
            "status": str(outcomes[at].status),
            "message": outcomes[at].message,
            "error_code": outcomes[at].error_code,
            "payload": payloads.get(operation.rows[at]),
        }
        for at in rows_to_look_at(operation)
    ]
    return {name: _masked(value, mask) for name, value in found.items()}


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {mask(str(name)): _masked(each, mask) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each, mask) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))
