"""Values as the columns of a table, and back; lists and dicts are JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from ..operation import Operation, State
from . import cells, outcomes
from .cells import Reader, count, flag, moment, number, optional, text
from .json_texts import dumps
from .retention import ClockBelief
from .values import StateValue, StoredRow, StoredRun

# The column keeps its name: files of older versions have it.
_COLUMN_OF = {"control": "standing"}
_RUN_FIELDS = tuple(each.name for each in fields(StoredRun))
RUN = tuple(_COLUMN_OF.get(name, name) for name in _RUN_FIELDS)
ROW = tuple(each.name for each in fields(StoredRow))
STATE = tuple(each.name for each in fields(StateValue))
OPERATION = tuple(each.name for each in fields(Operation))
_JSON = frozenset({"rows", "context", "result", "row_outcomes"})
_JSON_AT = [(index, name) for index, name in enumerate(OPERATION) if name in _JSON]
# 100,000 operations are written before the first is sent.
_values_of = attrgetter(*OPERATION)


def from_run(run: StoredRun) -> list[Any]:
    """Return *run* as the columns of RUN."""
    values = {name: getattr(run, name) for name in _RUN_FIELDS}
    values["settings"] = dumps(run.settings)
    values["positions"] = None if run.positions is None else dumps(run.positions)
    values["key"] = None if run.key is None else dumps(run.key)
    return list(values.values())


def to_run(values: Sequence[Any]) -> StoredRun:
    """Return the run of these columns of RUN; raises ValueError if they cannot be one."""
    return StoredRun(**_read(_RUN_FIELDS, _RUN_CELLS, values))


def from_row(row: StoredRow) -> list[Any]:
    """Return *row* as the columns of ROW."""
    return [getattr(row, name) for name in ROW]


def to_row(values: Sequence[Any]) -> StoredRow:
    """Return the row of these columns of ROW; raises ValueError if they cannot be one.

    Its payload is not parsed.
    """
    return StoredRow(**_read(ROW, _ROW_CELLS, values))


def from_state(value: StateValue) -> list[Any]:
    """Return *value* as the columns of STATE."""
    return [value.scope, value.key, dumps(value.value), value.expires_at]


def to_state(values: Sequence[Any]) -> StateValue:
    """Return the state value of these columns of STATE; raises ValueError if they cannot be one."""
    return StateValue(**_read(STATE, _STATE_CELLS, values))


def to_holder(values: Sequence[Any] | None) -> tuple[int, str, float]:
    """Return process, host and Unix seconds of a holder; raises ValueError if there is none."""
    found = _read(tuple(_HOLDER_CELLS), _HOLDER_CELLS, values or ())
    return found["pid"], found["host"], found["since"]


def to_belief(values: Sequence[Any]) -> ClockBelief:
    """Return the row of the clock table; raises ValueError if its columns cannot be one."""
    return ClockBelief(**_read(tuple(_CLOCK_CELLS), _CLOCK_CELLS, values))


def from_operation(operation: Operation) -> list[Any]:
    """Return *operation* as the columns of OPERATION."""
    values: list[Any] = [*_values_of(operation)]
    for index, name in _JSON_AT:
        value = values[index]
        if value is None:
            continue
        if name == "row_outcomes":
            values[index] = outcomes.cell_of(value)
        elif name == "rows" and len(value) == 1:
            values[index] = f"[{value[0]}]"
        else:
            values[index] = dumps(value)
        if name == "context" and not values[index].startswith("{"):
            values[index] = "{}"  # It cannot be saved, and poll takes an object.
    return values


def to_operation(values: Sequence[Any], *, records: Callable[[int], Iterable[Any]]) -> Operation:
    """Return the operation of these columns of OPERATION; raises ValueError if they are none.

    *records* returns those of the outcomes of an operation by its number.
    """
    found = _read(OPERATION, _OPERATION_CELLS, values)
    cell, rows = found["row_outcomes"], len(found["rows"])
    if cell is not None:
        own = records(found["number"]) if type(cell) is int else None
        found["row_outcomes"] = outcomes.to_outcomes(cell, rows, own)
    return Operation(**found)


def to_record(values: Sequence[Any]) -> Any:
    """Return what a record of outcomes holds; raises ValueError if it is not JSON."""
    return cells.value(values[0])


def _read(
    names: Sequence[str], readers: Mapping[str, Reader], values: Sequence[Any]
) -> dict[str, Any]:
    """Return the value of each cell by its name."""
    found = {}
    for name, cell in zip(names, values, strict=True):
        try:
            found[name] = readers[name](cell)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found


_RUN_CELLS: dict[str, Reader] = {
    "id": text,
    "destination": text,
    "action": text,
    "title": text,
    "settings": cells.texts,
    "batch_size": optional(count),
    "created_at": moment,
    "retry_of": optional(text),
    "positions": optional(cells.positions),
    "digest": optional(text),
    "deadline_seconds": optional(number),
    "recovery": optional(text),
    "control": cells.one_of(("going", "paused", "canceled")),
    "has_integer_labels": flag,
    "notified": flag,
    "key": optional(cells.names),
}
_ROW_CELLS: dict[str, Reader] = {
    "position": count,
    "label": text,
    "payload": optional(text),
    "fault": optional(text),
    "digest": optional(text),
}
_STATE_CELLS: dict[str, Reader] = {
    "scope": text,
    "key": text,
    "value": cells.value,
    "expires_at": optional(number),
}
_HOLDER_CELLS: dict[str, Reader] = {"pid": count, "host": text, "since": moment}
_CLOCK_CELLS: dict[str, Reader] = {"believed": moment, "doubted": optional(moment)}
_OPERATION_CELLS: dict[str, Reader] = {
    "number": count,
    "rows": cells.positions,
    "batch": count,
    "step": count,
    "in_doubt": flag,
    "is_overdue": flag,
    "state": cells.member_of(State),
    "operation_id": optional(text),
    "context": optional(cells.mapping),
    "progress": optional(number),
    "message": text,
    "error_code": optional(text),
    "result": optional(cells.value),
    "odd_status": optional(text),
    "polls": count,
    "poll_errors": count,
    "submitted_at": optional(moment),
    "accepted_at": optional(moment),
    "seen_at": optional(moment),
    "finished_at": optional(moment),
    "row_outcomes": optional(cells.value),
    "origin": optional(count),
}
