"""All that is known of one operation, for a person to read."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from ..operation import Operation, RowStatus, row_outcomes
from ..store import StoredRow

ROWS = 100  # A person does not read all rows of a job of 10,000.

_FIELDS = (
    "number batch step state operation_id context progress message error_code result odd_status "
    "polls poll_errors in_doubt is_overdue submitted_at accepted_at seen_at finished_at"
).split()


def shown_rows(operation: Operation, wanted: Collection[int] = ()) -> list[int]:
    """Return which of its rows to show, as places in ``operation.rows``.

    The first ROWS of those *wanted*, which are positions; without any, all of them, in their
    order, and of a job of more than ROWS those that did not complete first.
    """
    places = range(len(operation.rows))
    if wanted:
        chosen = set(wanted)
        return [at for at in places if operation.rows[at] in chosen][:ROWS]
    if len(places) <= ROWS:
        return [*places]
    good = (RowStatus.COMPLETED, RowStatus.PENDING)
    is_good = [outcome.status in good for outcome in row_outcomes(operation)]
    return sorted(places, key=is_good.__getitem__)[:ROWS]


def details(
    operation: Operation,
    *,
    places: Sequence[int],
    labels: Sequence[str],
    stored: Sequence[StoredRow],
    mask: Callable[[str], str],
) -> dict[str, Any]:
    """Return *operation* as JSON can hold it, with its rows at *places*, and every text masked.

    *labels* are those of the run, *stored* are the stored rows.
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
        for at in places
    ]
    return {name: _masked(value, mask) for name, value in found.items()}


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {mask(str(name)): _masked(each, mask) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each, mask) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))
