"""A column as plain values: all at once for dtypes where that is faster than cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .arrow import python_values
from .iso_times import duration, odd_year
from .plain import Unsendable, infinite, numbers_of, plain_of

ALL = slice(None)  # Positions


@dataclass(frozen=True, slots=True)
class Cells:
    """The plain values of a column, and by position why a cell has none."""

    values: list[Any]
    faults: dict[int, str]


def cells_of(column: pd.Series[Any], at: slice | list[int] = ALL) -> Cells:
    """Return the plain values of a column, in its order, or only those *at* some positions.

    The value of a cell does not depend on other cells.
    """
    column = column.iloc[at]
    dtype: Any = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(column)
    if isinstance(dtype, pd.SparseDtype):
        # numpy would convert float32 to float64, and 19.99 to 19.989999771118164.
        return cells_of(column.astype(dtype.subtype))
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _aware_times(column)
    if dtype.kind == "f":
        return _floats(column)
    if isinstance(dtype, pd.ArrowDtype):
        return _arrow(column)
    if isinstance(dtype, np.dtype) and dtype.kind in "Mm":
        return _naive_times(column) if dtype.kind == "M" else _durations(column)
    if isinstance(dtype, np.dtype) and dtype.kind in "biu":
        return Cells(column.tolist(), {})
    return _one_by_one(column.to_numpy(dtype=object).tolist())


def _one_by_one(values: list[Any]) -> Cells:
    if _are_texts(values):
        return Cells(values, {})
    cells: list[Any] = []
    faults = {}
    for position, value in enumerate(values):
        if type(value) is str and value.isascii():  # As most are.
            cells.append(value)
            continue
        try:
            cells.append(plain_of(type(value))(value, 0))
        except Unsendable as unsendable:
            cells.append(None)
            faults[position] = str(unsendable)
    return Cells(cells, faults)


def _are_texts(values: list[Any]) -> bool:
    """Whether all *values* are texts that can be sent as they are."""
    if set(map(type, values)) != {str}:
        return False
    try:
        "".join(values).encode()
    except UnicodeEncodeError:  # One of them has half a character.
        return False
    return True


def _categories(column: pd.Series[Any]) -> Cells:
    # Only those in use: a column is read in slices, and may have many categories.
    used, places = np.unique(column.cat.codes.to_numpy(), return_inverse=True)
    present = used >= 0
    cells = cells_of(pd.Series(column.cat.categories.take(used[present])))
    first = int(np.count_nonzero(~present))  # 1 if a cell is missing: its code is -1, the least.
    own = [None] * first + cells.values
    faults = {code + first: why for code, why in cells.faults.items()}
    codes = places.tolist()
    return Cells(
        [own[code] for code in codes],
        {at: faults[code] for at, code in enumerate(codes) if code in faults},
    )


def _floats(column: pd.Series[Any]) -> Cells:
    """Return floats by the rule of ``plain.number_of``, the whole column at once."""
    dtype: Any = column.dtype
    own = dtype if isinstance(dtype, np.dtype) else dtype.numpy_dtype  # Of an extension type.
    numbers = column.to_numpy(dtype=own, na_value=np.nan)
    faults = {int(at): infinite(numbers[at]) for at in np.flatnonzero(np.isinf(numbers))}
    return Cells(numbers_of(numbers).tolist(), faults)


def _arrow(column: pd.Series[Any]) -> Cells:
    values, faults = python_values(column)
    cells = _one_by_one(values)
    return Cells(cells.values, cells.faults | faults)


def _naive_times(column: pd.Series[Any]) -> Cells:
    stamps = column.to_numpy()
    years = stamps.astype("datetime64[Y]").astype("int64") + 1970
    odd = ~np.isnat(stamps) & ((years < 1) | (years > 9999))
    stamps = stamps.copy()
    stamps[odd] = "NaT"
    # Python's datetime is faster: 100,000 Timestamps take half a second to write.
    micros = stamps.astype("datetime64[us]")
    values = [None if stamp is None else stamp.isoformat() for stamp in micros.tolist()]
    for at in np.flatnonzero((micros != stamps) & ~np.isnat(stamps)):
        values[at] = column.iloc[at].isoformat()  # Only pandas writes nanoseconds.
    return Cells(values, {int(at): odd_year(int(years[at])) for at in np.flatnonzero(odd)})


def _aware_times(column: pd.Series[Any]) -> Cells:
    local, utc = column.dt.tz_localize(None), column.dt.tz_convert("UTC").dt.tz_localize(None)
    cells = _naive_times(local)
    offsets = (local - utc).dt.total_seconds()
    texts = {seconds: _offset(int(seconds)) for seconds in offsets.dropna().unique()}
    for at, seconds in enumerate(offsets.tolist()):
        if cells.values[at] is not None:
            cells.values[at] += texts[seconds]
    return cells


def _offset(seconds: int) -> str:
    """Write an offset from UTC; historic local times have seconds too."""
    minutes, rest = divmod(abs(seconds), 60)
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}" + (f":{rest:02}" if rest else "")


def _durations(column: pd.Series[Any]) -> Cells:
    spans = column.to_numpy()
    nanoseconds = _NANOSECONDS[np.datetime_data(spans.dtype)[0]]
    # Integers of Python: 300 years in nanoseconds do not fit into 64 bits.
    counts = zip(spans.astype("int64").tolist(), np.isnat(spans).tolist(), strict=True)
    return Cells(
        [None if missing else duration(count * nanoseconds) for count, missing in counts], {}
    )


_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
