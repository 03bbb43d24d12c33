"""DataFrames in and out: the only room that knows pandas.

    plain    one value as JSON can hold it
    cells    a column as plain values

Rows are named by position everywhere else, since the labels of a frame may repeat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from ..errors import FrameError, UnknownName
from ..numerals import EXACT_INTEGER
from ..responses import clean_text
from .cells import ALL, cells_of
from .plain import excerpt

DataFrame: TypeAlias = pd.DataFrame

LABEL_LENGTH = 80  # characters


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a frame as plain Python values that JSON can hold.

    ``rows`` and ``labels`` have an entry per row, in the order of the frame.
    ``faults`` says by column and position why a cell cannot be sent; it is None in
    ``rows``. ``index`` is the frame's own, for nobody but this room.
    """

    index: pd.Index[Any]
    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    faults: dict[str, dict[int, str]]
    labels: list[str]

    @property
    def index_names(self) -> tuple[str, ...]:
        """What the levels of the index are called, as far as they have a name."""
        return tuple(str(name) for name in self.index.names if name is not None)

    def faults_where(self, is_read: Callable[[str], bool]) -> dict[int, str]:
        """Return by position why rows cannot be sent of which only some columns are read."""
        found: dict[int, list[str]] = {}
        for name, faults in self.faults.items():
            for position, why in faults.items() if is_read(name) else ():
                found.setdefault(position, []).append(f"column {name!r}: {why}")
        return {position: "; ".join(found[position]) for position in sorted(found)}


def read_csv(path: Path, *, rows: int | None = None) -> pd.DataFrame:
    """Return the first *rows* of a CSV file, None = all of it.

    Only an empty cell is missing: somebody may be called Null.
    """
    return pd.read_csv(path, nrows=rows, keep_default_na=False, na_values=[""])


def to_rows(
    frame: pd.DataFrame,
    at: slice | list[int] = ALL,
    *,
    told: Callable[[int, int], None] = lambda done, rows: None,
) -> Rows:
    """Return the rows of *frame* ready to be sent, or only those *at* some positions.

    *told* hears after each column how many rows that would be, of how many.

    Whatever is missing (NaN, NaT, NA) is None. A whole float is an integer, whatever the
    other rows are: a user id is 17, not "17.0". One that may stand for several integers
    (from 2**53 on; of a float32 from 2**24 on) is a ``Rounded``. A float32 has the digits
    it is printed with.
    Times are ISO 8601, with the offset if they have a zone; durations too
    (``P1DT2H0M0.5S``). Decimals, UUIDs, periods and intervals are text, bytes are
    base64 text, an Enum is its value, a set is a list in the order of its JSON.
    Keys of nested dicts become text as in JSON.

    Raises FrameError for what is no DataFrame and for columns that cannot be told
    apart by their names. A cell that cannot be sent is a fault.
    """
    columns = _column_names(frame)
    some = frame.index[at]
    cells = []
    for place in range(len(columns)):
        cells.append(cells_of(frame.iloc[:, place], at))
        told(len(some) * (place + 1) // len(columns), len(some))
    if columns:
        each_row = zip(*(column.values for column in cells), strict=True)
        rows = [dict(zip(columns, values, strict=True)) for values in each_row]
    else:
        rows = [{} for _ in range(len(some))]
    faults = {
        name: column.faults for name, column in zip(columns, cells, strict=True) if column.faults
    }
    return Rows(some, columns, rows, faults, _labels(some))


def to_frame(index: pd.Index[Any], columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return *columns*, each as long as *index*, as a frame on it.

    Text is "string", missing as <NA>; so is a column with nothing in it. Truth
    values are "boolean", integers "Int64", other numbers float64 with NaN, times of one
    offset datetime64, anything else object: mixed types, and integers that these cannot
    hold. Always, ``progress`` is float64 and ``retryable`` "boolean".
    """
    # Of an array of objects pandas 2 infers a type, and raises for an integer of 400 digits.
    series = {name: _typed(name, list(values)).set_axis(index) for name, values in columns.items()}
    return pd.DataFrame(series, index=index)


def numbered(count: int) -> pd.Index[Any]:
    """Return an index of so many rows, from 0."""
    return pd.RangeIndex(count)


def has_integer_labels(frame: pd.DataFrame) -> bool:
    """Say whether the labels of *frame* are integers, as they are unless it was given others."""
    return bool(pd.api.types.is_integer_dtype(frame.index.dtype) and not frame.index.hasnans)


def from_rows(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], *, are_integers: bool = False
) -> pd.DataFrame:
    """Return *rows* as a frame with *labels*, which may repeat, as its index.

    They are texts, or were integers.
    """
    own = [int(label) for label in labels] if are_integers else list(labels)
    return pd.DataFrame(list(rows), index=pd.Index(own, dtype=None if are_integers else object))


def column_values(frame: pd.DataFrame, name: str) -> list[Any]:
    """Return a column of *frame* as plain values, None where it is missing or cannot be sent.

    Raises UnknownName if no column is called *name*.
    """
    names = _column_names(frame)
    if name not in names:
        raise UnknownName.of("column", name, names)
    return cells_of(frame.iloc[:, names.index(name)]).values


def with_columns(
    frame: pd.DataFrame, positions: Sequence[int], columns: Mapping[str, Sequence[Any]]
) -> pd.DataFrame:
    """Return the rows of *frame* at *positions*, in that order, with *columns* after its own.

    *columns* have an entry per position. One whose name the frame has already gets
    the first free of ``status_1``, ``status_2``, …; the frame's own are as they were.
    """
    own = frame.iloc[list(positions)]
    taken = {str(name) for name in (*frame.columns, *columns)}
    added = to_frame(own.index, columns)
    added.columns = pd.Index([_free(name, frame, taken) for name in columns], dtype=object)
    joined = pd.concat([own, added], axis=1)
    joined.columns.name = frame.columns.name
    return joined


def _free(name: str, frame: pd.DataFrame, taken: set[str]) -> str:
    if name not in {str(own) for own in frame.columns}:
        return name
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    taken.add(f"{name}_{number}")
    return f"{name}_{number}"


def _typed(name: str, values: list[Any]) -> pd.Series[Any]:
    present = [value for value in values if value is not None]
    if all(isinstance(value, str) for value in present):
        values = [None if value is None else _text(value) for value in values]
    return pd.Series(values, dtype=_OUTCOME_DTYPES.get(name) or _dtype_of(present))


def _text(value: str) -> str:
    # A StrEnum would stay one, and a lone surrogate in an answer make pandas raise.
    return str.__str__(value).encode(errors="replace").decode()


# What these hold must not decide how they look: at first nothing of it is known.
_OUTCOME_DTYPES = {"progress": "float64", "retryable": "boolean"}


def _dtype_of(present: list[Any]) -> str | None:
    kinds = {type(value) for value in present}
    if all(issubclass(kind, str) for kind in kinds):
        return "string"
    if kinds == {bool}:
        return "boolean"
    if kinds == {int} and all(_LEAST <= value <= _GREATEST for value in present):
        return "Int64"
    if kinds <= {int, float} and all(map(_is_double, present)):
        return "float64"
    if kinds == {datetime} and len({value.utcoffset() for value in present}) == 1:
        return None  # As pandas reads them.
    return "object"


_LEAST, _GREATEST = -(2**63), 2**63 - 1  # int64


def _is_double(value: int | float) -> bool:
    return isinstance(value, float) or abs(value) <= EXACT_INTEGER


def _column_names(frame: pd.DataFrame) -> tuple[str, ...]:
    _require_frame(frame)
    if isinstance(frame.columns, pd.MultiIndex):
        raise FrameError(
            f"the columns have {frame.columns.nlevels} levels, rows need one name each; flatten "
            "them first: df.columns = ['_'.join(map(str, names)) for names in df.columns]"
        )
    names = tuple(_label(name) for name in _plain_labels(frame.columns))
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise FrameError(
            f"columns named twice (names are compared as text): {', '.join(map(repr, repeated))}; "
            "rename or drop all but one of each"
        )
    return names


def _require_frame(frame: object) -> None:
    if isinstance(frame, pd.DataFrame):
        return
    ways = ("to_frame", "to_pandas", "compute")
    other = "pd.read_csv(path)" if isinstance(frame, str | Path) else "pd.DataFrame(rows)"
    way = next((f"its .{name}()" for name in ways if hasattr(frame, name)), other)
    raise FrameError(f"got a {type(frame).__name__}, not a pandas DataFrame; pass {way}")


def _labels(index: pd.Index[Any]) -> list[str]:
    if isinstance(index, pd.MultiIndex):
        levels = [_plain_labels(index.get_level_values(at)) for at in range(index.nlevels)]
        texts = [" / ".join(map(_label, parts)) for parts in zip(*levels, strict=True)]
    else:
        texts = [_label(label) for label in _plain_labels(index)]
    return [text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…" for text in texts]


def _plain_labels(index: pd.Index[Any]) -> list[Any]:
    cells = cells_of(pd.Series(index))
    labels = index.tolist() if cells.faults else []
    for position in cells.faults:
        cells.values[position] = excerpt(labels[position])
    return cells.values


def _label(value: Any) -> str:
    return "(missing)" if value is None else clean_text(value)
