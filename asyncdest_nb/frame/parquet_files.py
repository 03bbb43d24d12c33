"""Frames in Parquet files, with the types they have, and read by pandas again."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import FrameError, UsageError
from .cells import cells_of
from .foreign import of_table, require_arrow
from .frames import with_labels

if TYPE_CHECKING:
    import pyarrow as pa

_UNNAMED = re.compile("__index_level_([0-9]+)__")  # A level of an index, as pandas notes it.


def read_parquet(content: bytes) -> pd.DataFrame:
    """Return the rows in *content*, whose labels are their numbers, from 1 on.

    The levels of an index that pandas noted are the first columns; one without a name is left
    out if it is alone. Raises FrameError if it cannot be read.
    """
    require_arrow("Parquet")
    import pyarrow.parquet as parquet

    try:
        # Not by pandas, where an integer beside a missing one becomes a float.
        table = parquet.ParquetFile(io.BytesIO(content)).read()
    except (OSError, ValueError, NotImplementedError) as error:  # pyarrow's errors are of these.
        raise FrameError(f"it is not Parquet: {str(error).strip()}") from None
    frame = _with_levels(of_table(table), _noted_index(table.schema))
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def _noted_index(schema: pa.Schema) -> list[Any]:
    try:
        noted = schema.pandas_metadata
    except ValueError:
        return []
    found = noted.get("index_columns") if isinstance(noted, dict) else None
    return found if isinstance(found, list) else []


def _with_levels(frame: pd.DataFrame, levels: list[Any]) -> pd.DataFrame:
    """Return *frame* with the *levels* that pandas noted as its first columns."""
    first: dict[str, Any] = {}
    columns = list(frame.columns)
    for level in levels:
        if isinstance(level, str) and columns.count(level) == 1:
            first[level] = frame[level]
        elif isinstance(level, dict) and isinstance(level.get("name"), str):
            first[level["name"]] = range(level["start"], level["stop"], level["step"])
    others = frame.drop(columns=[name for name in first if name in columns])
    unnamed = [name for name in first if _UNNAMED.fullmatch(name)]
    if len(levels) == 1 and unnamed:
        return others
    named = {_UNNAMED.sub(r"level_\1", name): values for name, values in first.items()}
    return pd.concat([pd.DataFrame(named, index=frame.index), others], axis=1) if first else others


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Return *frame* as Parquet, without its labels, as ``write_parquet`` writes it."""
    require_arrow("Parquet")
    buffer = io.BytesIO()
    _flat(frame).to_parquet(buffer, index=False)
    return buffer.getvalue()


def write_parquet(path: Path, slices: Iterable[pd.DataFrame]) -> None:
    """Write *slices* of one frame to *path*, each as a row group, with labels as first columns.

    All have the same columns and types; one slice is in memory at a time. Objects, values of
    mixed types, and those that Parquet or pandas has no type for, are JSON texts. A file that
    is there is replaced once the new one is whole. Raises UsageError if pyarrow is missing or
    the file cannot be written; then it is as it was.
    """
    require_arrow("Parquet")
    part = path.with_name(f"{path.name}.part")
    try:
        _write_groups(part, slices)
        os.replace(part, path)
    except OSError as error:
        raise UsageError(f"the results cannot be written to {path}: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def _write_groups(path: Path, slices: Iterable[pd.DataFrame]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    writer = None
    try:
        for frame in slices:
            schema = None if writer is None else writer.schema
            flat = _flat(with_labels(frame))
            table = pa.Table.from_pandas(flat, schema=schema, preserve_index=False)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table, row_group_size=max(1, len(frame)))
    finally:
        if writer is not None:
            writer.close()


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {at: _written(frame.iloc[:, at]) for at in range(len(frame.columns))}
    found = pd.DataFrame(columns, index=frame.index)
    found.columns = pd.Index([str(name) for name in frame.columns], dtype=object)
    return found


def _written(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return *column* as Parquet can hold it, and pandas read it; by its type alone.

    A slice of a column that is all missing there has the type of the others.
    """
    dtype: Any = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _written(column.astype(dtype.subtype))
    if isinstance(dtype, pd.ArrowDtype):
        if _is_simple(dtype.pyarrow_dtype):
            return column
        return _texts(pd.Series(cells_of(column).values, column.index, dtype=object))
    if isinstance(dtype, np.dtype):
        is_long = dtype.kind == "f" and dtype.itemsize > 8
        is_odd = dtype.kind in "Oc"
        return (
            _texts(column.astype(object)) if is_odd else column.astype("f8") if is_long else column
        )
    is_python_text = isinstance(dtype, pd.StringDtype) and dtype.storage == "python"
    is_odd = is_python_text or _has_odd_categories(dtype)
    return _texts(column.astype(object)) if is_odd else column


def _is_simple(kind: pa.DataType) -> bool:
    import pyarrow as pa
    import pyarrow.types as types

    is_inside = types.is_nested(kind) or hasattr(kind, "value_type")
    is_odd = types.is_interval(kind) or types.is_fixed_size_binary(kind)
    return not (is_inside or is_odd or isinstance(kind, pa.BaseExtensionType))


def _has_odd_categories(dtype: Any) -> bool:
    if not isinstance(dtype, pd.CategoricalDtype):
        return False
    own = dtype.categories.dtype
    if isinstance(own, np.dtype) and own.kind == "O":
        return pd.api.types.infer_dtype(dtype.categories) not in ("string", "empty")
    return not isinstance(own, np.dtype | pd.StringDtype | pd.DatetimeTZDtype)


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.map(_as_text, na_action="ignore").astype("string")


def _as_text(value: Any) -> Any:
    is_text = isinstance(value, str | None)
    text = value if is_text else json.dumps(value, ensure_ascii=False, default=str)
    # Arrow does not take half a character.
    return text and text.encode("utf-8", "backslashreplace").decode()
