"""Frames of other libraries, such as polars, pyarrow and DuckDB, as frames of pandas."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import FrameError, UsageError, install_command

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa


def as_pandas(frame: object) -> pd.DataFrame:
    """Return *frame* as pandas has it; a DataFrame of pandas is returned as it is, but for bytes
    that are not in the order of this machine: pandas cannot take some rows of these.

    It may be of any library that narwhals knows, or offer Arrow's PyCapsule interface. A
    lazy one (a LazyFrame, a relation of DuckDB) is computed now, once. The types of values
    stay as they are, and memory of Arrow is shared. The labels are the positions of the rows,
    unless it has an index of its own, as modin and Dask have.

    Raises FrameError if it is no frame, cannot be computed, or has values that Arrow cannot
    hold; UsageError if pyarrow is missing.
    """
    if isinstance(frame, pd.DataFrame):
        return _native(frame)
    import narwhals as nw  # Here, since it is for frames of other libraries alone.

    kinds = ("stream", "array")
    try:
        known = nw.from_native(frame, pass_through=True)
        if isinstance(known, nw.DataFrame | nw.LazyFrame):
            return _of_known(known)
        is_series = hasattr(frame, "to_frame")
        if not is_series and any(hasattr(frame, f"__arrow_c_{kind}__") for kind in kinds):
            return _of_capsule(frame)
    except (nw.exceptions.DuplicateError, NotImplementedError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())
        raise FrameError(f"the {type(frame).__name__} cannot be read: {why}") from error
    raise FrameError(f"got a {type(frame).__name__}, not a DataFrame; pass {_way(frame)}")


def _native(frame: pd.DataFrame) -> pd.DataFrame:
    swapped = [at for at, dtype in enumerate(frame.dtypes) if _is_swapped(dtype)]
    if not swapped and not _is_swapped(frame.index.dtype):
        return frame
    own = frame.copy(deep=False)
    for at in swapped:
        own.isetitem(at, _swapped(frame.iloc[:, at].to_numpy()))
    if _is_swapped(frame.index.dtype):
        own.index = pd.Index(_swapped(frame.index.to_numpy()), name=frame.index.name)
    return own


def _is_swapped(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and not dtype.isnative


def _swapped(cells: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return cells.astype(cells.dtype.newbyteorder("="))


def is_frame(thing: object, *, is_eager: bool = False) -> bool:
    """Whether *thing* is a frame of pandas or of a library that narwhals knows.

    *is_eager*: only one whose rows are in memory counts.
    """
    if isinstance(thing, pd.DataFrame):
        return True
    import narwhals as nw

    try:
        found: Any = nw.from_native(thing, pass_through=True, eager_only=is_eager)
    except nw.exceptions.DuplicateError:  # Two of its columns have one name.
        return True
    return isinstance(found, nw.DataFrame | nw.LazyFrame)


def _of_known(frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> pd.DataFrame:
    import narwhals as nw

    own = frame.implementation
    if isinstance(frame, nw.LazyFrame) and own.is_dask():
        frame = frame.collect("pandas")
    if isinstance(frame, nw.DataFrame) and (own.is_pandas_like() or own.is_dask()):
        return frame.to_pandas()
    require_arrow(f"a {own.value} frame")
    # Arrow has no integers of 128 bits: as decimals they would be sent as text, or be rounded.
    long_integers = (nw.Int128, nw.UInt128)
    schema = frame.collect_schema()
    for name, dtype in schema.items():
        if dtype == nw.Object:
            raise TypeError(f"column {name!r} has objects of Python; make text or numbers of them")
        if dtype not in long_integers and "Int128" in str(dtype):
            raise TypeError(f"column {name!r} has 128-bit integers in lists or structs; cast them")
    long = [name for name, dtype in schema.items() if dtype in long_integers]
    as_text: list[str] = []
    if own.is_duckdb():
        own_long, as_text = _without_arrow(frame.to_native())
        long += own_long
    cast = [*long, *as_text]
    texts = frame.with_columns(nw.col(*cast).cast(nw.String)) if cast else frame
    eager = texts.collect("pyarrow") if isinstance(texts, nw.LazyFrame) else texts
    found = of_table(eager.to_arrow())
    return found.assign(**{name: _integers(found[name]) for name in long})


def _without_arrow(relation: Any) -> tuple[list[str], list[str]]:
    """Return the columns of DuckDB that Arrow has no type for: integers, and others.

    Their bytes would be sent, or a time without its offset. Raises TypeError if they are
    inside others.
    """
    types = dict(zip(relation.columns, relation.types, strict=True))
    for name, kind in types.items():
        if inside := sorted(_NO_ARROW & set(_inside(kind))):
            raise TypeError(f"column {name!r} has {inside[0]} in lists or structs; cast them")
        if str(kind) == "VARIANT":
            raise TypeError(f"column {name!r} is a VARIANT; cast it")
    integers = [name for name, kind in types.items() if str(kind) in _LONG_INTEGERS]
    others = _NO_ARROW - _LONG_INTEGERS
    return integers, [name for name, kind in types.items() if str(kind) in others]


_LONG_INTEGERS = {"BIGNUM", "VARINT"}
_NO_ARROW = {*_LONG_INTEGERS, "BIT", "TIME WITH TIME ZONE", "VARIANT"}


def _inside(kind: Any) -> Iterator[str]:
    """Yield the names of the types inside *kind*, a type of DuckDB."""
    if kind.id in ("list", "array", "map", "struct", "union"):
        for _, each in kind.children:
            if hasattr(each, "id"):  # The length of an array is not a type.
                yield str(each)
                yield from _inside(each)


def _integers(texts: pd.Series[Any]) -> pd.Series[Any]:
    return texts.map(int, na_action="ignore").astype(object)


def _of_capsule(frame: Any) -> pd.DataFrame:
    require_arrow("a frame of Arrow")
    import pyarrow as pa

    return of_table(pa.table(frame))


def of_table(table: pa.Table) -> pd.DataFrame:
    """Return *table* with the types it has, and without an index that pandas noted in it."""
    bare = table.replace_schema_metadata(None)
    frame: pd.DataFrame = bare.to_pandas(types_mapper=_own_type)
    return frame


def _own_type(kind: pa.DataType) -> Any:
    # As values of Arrow, a period of pandas is a number, and an interval two of them.
    is_of_pandas = getattr(kind, "extension_name", "").startswith("pandas.")
    return None if is_of_pandas else pd.ArrowDtype(kind)


def require_arrow(what: str) -> None:
    """Raise UsageError if pyarrow, which *what* needs, is missing."""
    if find_spec("pyarrow") is None:
        raise UsageError(f"{what} needs pyarrow: {install_command('parquet')}")


def _way(thing: object) -> str:
    if hasattr(thing, "to_frame"):
        return "its .to_frame()"
    if isinstance(thing, Iterator):
        return "one of its frames; submit takes all of them, one after the other"
    return "pd.read_csv(path)" if isinstance(thing, str | Path) else "pd.DataFrame(rows)"
