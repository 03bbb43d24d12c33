"""A column of Arrow as values of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa


def python_values(column: pd.Series[Any]) -> tuple[list[Any], dict[int, str]]:
    """Return the values of *column*, and by position why one has none in Python.

    Not by numpy, where a list with a missing integer becomes floats.
    """
    cells: pa.ChunkedArray = column.array.__arrow_array__()
    faults: dict[int, str] = {}
    try:
        values = cells.to_pylist()
    except (OverflowError, ValueError):  # A date after the year 9999, for one.
        values = [_python_value(each, at, faults) for at, each in enumerate(cells)]
    repaired = _repair(cells.type)
    return (values if repaired is None else [repaired(each) for each in values]), faults


def _python_value(cell: pa.Scalar, at: int, faults: dict[int, str]) -> Any:
    try:
        return cell.as_py()
    except (OverflowError, ValueError) as error:
        faults[at] = f"a {cell.type} that Python cannot hold: {error}"
        return None


def _repair(kind: pa.DataType) -> Callable[[Any], Any] | None:
    """Return what gives values of *kind* the types they had, None = they have them.

    Python's float has other digits than one of 32 bits, and a map is a list of pairs there.
    """
    import pyarrow.types as types

    if types.is_float32(kind) or types.is_float16(kind):
        return _if_there(np.float32 if types.is_float32(kind) else np.float16)
    if types.is_struct(kind):
        return _struct(kind)
    if types.is_map(kind):
        of_key, of_value = _repair(kind.key_type) or _same, _repair(kind.item_type) or _same
        return _if_there(lambda pairs: {of_key(key): of_value(each) for key, each in pairs})
    if hasattr(kind, "value_type") and not types.is_dictionary(kind):
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


def _if_there(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else function(value)


def _same(value: Any) -> Any:
    return value
