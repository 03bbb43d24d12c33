"""A column of Arrow as values of Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .iso_times import calendar_duration, clock
from .plain import excerpt

if TYPE_CHECKING:
    import pyarrow as pa

_UNREADABLE = (KeyError, OverflowError, ValueError)  # A date after the year 9999, for one.


def python_values(column: pd.Series[Any]) -> tuple[list[Any], dict[int, str]]:
    """Return the values of *column*, and by position why one has none in Python.

    Not by numpy, where a list with a missing integer becomes floats.
    """
    cells: pa.ChunkedArray = column.array.__arrow_array__()
    if any(map(_is_lost, _leaves(cells.type))):
        return _one_by_one(cells)
    repaired = _repair(cells.type)
    try:
        values = cells.to_pylist()
        return (values if repaired is None else [repaired(each) for each in values]), {}
    except _UNREADABLE:
        return _one_by_one(cells)


def _one_by_one(cells: pa.ChunkedArray) -> tuple[list[Any], dict[int, str]]:
    values: list[Any] = []
    faults: dict[int, str] = {}
    for at, cell in enumerate(cells):
        try:
            values.append(_value_of(cell))
        except _UNREADABLE as error:
            values.append(None)
            faults[at] = f"a value of type {cell.type} cannot be sent: {error}"
    return values, faults


def _leaves(kind: pa.DataType) -> Iterator[pa.DataType]:
    """Yield the types of the values that *kind* has at its deepest, itself if it has none."""
    import pyarrow.types as types

    if types.is_map(kind):
        inside = [kind.key_type, kind.item_type]
    elif types.is_struct(kind) or types.is_union(kind):
        inside = [kind.field(at).type for at in range(kind.num_fields)]
        inside += [kind] if types.is_union(kind) else []
    else:
        inside = [kind.value_type] if hasattr(kind, "value_type") else [kind]
    for each in inside:
        if each is kind:
            yield each
        else:
            yield from _leaves(each)


def _is_lost(kind: pa.DataType) -> bool:
    """Whether Python has no value of *kind*, or one of fewer digits."""
    import pyarrow as pa
    import pyarrow.types as types

    is_short = types.is_time64(kind) and kind.unit == "ns"  # A time has microseconds there.
    return is_short or types.is_union(kind) or isinstance(kind, pa.OpaqueType)


def _value_of(cell: pa.Scalar) -> Any:
    import pyarrow as pa
    import pyarrow.types as types

    kind = cell.type
    if not cell.is_valid:
        return None
    if isinstance(kind, pa.OpaqueType):
        raise ValueError(f"the {kind.type_name} of {kind.vendor_name}; cast it to text")
    if types.is_time64(kind):
        return clock(cell.cast(pa.time64("ns")).value)
    if types.is_union(kind) or types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return _value_of(cell.value)
    if types.is_struct(kind):
        return _mapping([(name, _value_of(each)) for name, each in cell.items()])
    if types.is_map(kind):
        pairs = ((each["key"], each["value"]) for each in cell.values or ())
        return _mapping([(_value_of(key), _value_of(value)) for key, value in pairs])
    if hasattr(kind, "value_type") and not isinstance(kind, pa.BaseExtensionType):
        return [_value_of(each) for each in cell.values]
    value, repaired = cell.as_py(), _repair(kind)
    return value if repaired is None else repaired(value)


def _repair(kind: pa.DataType) -> Callable[[Any], Any] | None:
    """Return what gives values of *kind* the types they had, None = they have them.

    Python's float has other digits than one of 32 bits, and a map is a list of pairs there.
    """
    import pyarrow.types as types

    if types.is_float32(kind) or types.is_float16(kind):
        return _if_there(np.float32 if types.is_float32(kind) else np.float16)
    if types.is_interval(kind):
        return _if_there(lambda span: calendar_duration(*span))
    if types.is_struct(kind):
        return _struct(kind)
    if types.is_map(kind):
        of_key, of_value = _repair(kind.key_type) or _same, _repair(kind.item_type) or _same
        return _if_there(
            lambda pairs: _mapping([(of_key(key), of_value(each)) for key, each in pairs])
        )
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return _repair(kind.value_type)
    if hasattr(kind, "value_type"):
        inner = _repair(kind.value_type)
        return inner and _if_there(lambda values: [inner(each) for each in values])
    return None


def _struct(kind: pa.StructType) -> Callable[[Any], Any] | None:
    fields = [kind.field(at) for at in range(kind.num_fields)]
    inner = {field.name: of for field in fields if (of := _repair(field.type)) is not None}
    if not inner:
        return None
    return _if_there(
        lambda value: {name: inner.get(name, _same)(each) for name, each in value.items()}
    )


def _mapping(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    try:
        found = dict(pairs)
    except TypeError as error:  # A key that is a list.
        raise ValueError(str(error)) from None
    if len(found) < len(pairs):
        raise ValueError(f"{excerpt(pairs)} has a key twice")
    return found


def _if_there(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else function(value)


def _same(value: Any) -> Any:
    return value
