"""Values as the columns of a table, and back; what is not plain is JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from ..operation import Operation, RowOutcome, RowStatus, State
from .values import StateValue, StoredRow, StoredRun

RUN = tuple(each.name for each in fields(StoredRun))
ROW = tuple(each.name for each in fields(StoredRow))
STATE = tuple(each.name for each in fields(StateValue))
OPERATION = tuple(each.name for each in fields(Operation))
_OUTCOME = tuple(each.name for each in fields(RowOutcome))
_JSON = frozenset({"rows", "context", "result", "row_outcomes"})
_JSON_AT = [(index, name) for index, name in enumerate(OPERATION) if name in _JSON]
# 100,000 operations are written before the first is sent.
_values_of = attrgetter(*OPERATION)


def from_run(run: StoredRun) -> list[Any]:
    """Return *run* as the columns of RUN."""
    values = {name: getattr(run, name) for name in RUN}
    values["settings"] = dumps(run.settings)
    values["positions"] = None if run.positions is None else dumps(run.positions)
    return list(values.values())


def to_run(values: Iterable[Any]) -> StoredRun:
    """Return the run of these columns of RUN."""
    found = dict(zip(RUN, values, strict=True))
    found["settings"] = json.loads(found["settings"])
    if found["positions"] is not None:
        found["positions"] = tuple(json.loads(found["positions"]))
    found["has_integer_labels"] = bool(found["has_integer_labels"])
    return StoredRun(**found)


def from_row(row: StoredRow) -> list[Any]:
    """Return *row* as the columns of ROW."""
    return [getattr(row, name) for name in ROW]


def from_state(value: StateValue) -> list[Any]:
    """Return *value* as the columns of STATE."""
    return [value.scope, value.key, dumps(value.value), value.expires_at]


def to_state(values: Iterable[Any]) -> StateValue:
    """Return the state value of these columns of STATE."""
    scope, key, value, expires_at = values
    return StateValue(scope, key, json.loads(value), expires_at)


def from_operation(operation: Operation) -> list[Any]:
    """Return *operation* as the columns of OPERATION."""
    values: list[Any] = [*_values_of(operation)]
    for index, name in _JSON_AT:
        value = values[index]
        if value is None:
            continue
        if name == "row_outcomes":
            # Not asdict, which copies deeply: ten times the work, for jobs of 10,000 rows.
            value = [_from_outcome(row) for row in value]
        values[index] = f"[{value[0]}]" if name == "rows" and len(value) == 1 else dumps(value)
    return values


def to_operation(values: Iterable[Any]) -> Operation:
    """Return the operation of these columns of OPERATION."""
    found = dict(zip(OPERATION, values, strict=True))
    for name in _JSON:
        if found[name] is not None:
            found[name] = json.loads(found[name])
    found["rows"] = tuple(found["rows"])
    found["state"] = State(found["state"])
    found["in_doubt"] = bool(found["in_doubt"])
    found["is_overdue"] = bool(found["is_overdue"])
    if found["row_outcomes"] is not None:
        found["row_outcomes"] = tuple(_to_outcome(row) for row in found["row_outcomes"])
    return Operation(**found)


def _from_outcome(row: RowOutcome) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _OUTCOME}


def _to_outcome(values: dict[str, Any]) -> RowOutcome:
    return RowOutcome(**{**values, "status": RowStatus(values["status"])})


def dumps(value: Any) -> str:
    """Write *value* as JSON; what JSON cannot say is null, or text in its place.

    ASCII, because SQLite refuses the lone surrogates that an answer may hold.
    """
    try:
        return _encoded(value)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return _encoded(_finite(value))
    except (TypeError, ValueError, RecursionError) as error:
        # A function returned it as a result; losing that must not lose the row.
        return json.dumps(f"a {type(value).__name__} that is not JSON: {error}")


_encoded = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str).encode


def _finite(value: Any) -> Any:
    """Replace what JSON has no word for (NaN, infinities) by null, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value
