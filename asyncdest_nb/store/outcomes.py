"""The outcomes of the rows of an operation as one cell, and back.

The cell is a JSON object: for each field of an outcome a list with the value of each row, or
the one value that all rows have. A field is left out if all rows have its default. So the
outcomes of a job of 10,000 rows are little more than their results. Up to schema 5 it was a
list with an object for each row.

The results of 50,000 rows may be 100 MB, which would be in memory three times on their way to
the file. So those of many rows are in records of their own, and the cell is their number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import repeat
from operator import attrgetter
from typing import Any

from ..operation import RowOutcome, RowStatus
from . import cells
from .cells import Reader, number, optional, text
from .json_texts import dumps, written

_READERS: dict[str, Reader] = {
    "status": cells.member_of(RowStatus),
    "message": text,
    "error_code": optional(text),
    "retryable": optional(cells.boolean),
    "result": lambda found: found,
    "progress": optional(number),
    "operation_id": optional(text),
}
_DEFAULTS = {each.name: each.default for each in fields(RowOutcome)}
_VALUES: dict[str, Callable[[RowOutcome], Any]] = {name: attrgetter(name) for name in _READERS}

RECORD_ROWS = 250  # Rows of a record. A result may be a vector of 30 kB.


def records_of(rows: Sequence[RowOutcome] | None) -> Iterator[str]:
    """Yield the records that the outcomes of many rows have, as texts; others have none."""
    if rows is None or not _is_much(rows):
        return
    for start in range(0, len(rows), RECORD_ROWS):
        yield from_outcomes(rows[start : start + RECORD_ROWS])


def cell_of(rows: Sequence[RowOutcome]) -> str:
    """Return the outcomes of at least one row as the text of a cell."""
    return str(-(-len(rows) // RECORD_ROWS)) if _is_much(rows) else from_outcomes(rows)


def _is_much(rows: Sequence[RowOutcome]) -> bool:
    """Whether they are not short: without results, they are."""
    return len(rows) > RECORD_ROWS and any(row.result is not None for row in rows)


def from_outcomes(rows: Sequence[RowOutcome]) -> str:
    """Return the outcomes of at least one row as the text of a cell."""
    found = {name: list(map(value, rows)) for name, value in _VALUES.items()}
    short = {name: _short(name, values) for name, values in found.items()}
    short = {name: value for name, value in short.items() if value != _DEFAULTS[name]}
    try:
        return written(short)
    except (TypeError, ValueError, RecursionError):
        # One result that is not JSON must not lose the results of the other rows.
        return dumps({**short, "result": [json.loads(dumps(each)) for each in found["result"]]})


def _short(name: str, values: list[Any]) -> Any:
    """Return the value that all have, else all of them; results are never compared."""
    if name == "result":
        return None if all(each is None for each in values) else values
    return values[0] if values.count(values[0]) == len(values) else values


def to_outcomes(
    found: Any, rows: int, records: Iterable[Any] | None = None
) -> tuple[RowOutcome, ...]:
    """Return the outcomes of so many *rows* from a cell, whose records are *records*.

    Raises ValueError if *found* is not such a cell, or the records are not those of it.
    """
    if type(found) is int and records is not None:
        sizes = [min(RECORD_ROWS, rows - at) for at in range(0, rows, RECORD_ROWS)]
        own = zip(sizes, records, strict=True)
        return tuple(each for size, record in own for each in to_outcomes(record, size))
    if isinstance(found, list):
        return tuple(map(_to_outcome, found))
    _check_names(found)
    if not any(isinstance(value, list) for value in found.values()):
        return (_to_outcome(found),) * rows
    columns = [_column(name, found, rows) for name in _READERS]
    return tuple(map(RowOutcome, *columns))


def _column(name: str, found: Mapping[str, Any], rows: int) -> Any:
    """Return the values of a field, one for each row."""
    if name not in found:
        return repeat(_DEFAULTS[name])
    value, read = found[name], _READERS[name]
    if not isinstance(value, list):
        return repeat(read(value), rows)
    if len(value) != rows:
        raise ValueError(f"it has {len(value)} outcomes of {rows} rows")
    return map(read, value)


def _to_outcome(found: Any) -> RowOutcome:
    _check_names(found)
    return RowOutcome(**{name: _READERS[name](each) for name, each in found.items()})


def _check_names(found: Any) -> None:
    if not isinstance(found, dict) or not {"status"} <= found.keys() <= _READERS.keys():
        raise ValueError("it is not the outcome of a row")
