"""The rows of a DataFrame as plain values, and the labels that people see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import FrameError, UnknownName
from ..responses import clean_text
from .cells import ALL, cells_of
from .foreign import as_pandas
from .plain import excerpt

LABEL_LENGTH = 80  # characters


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a frame as plain Python values that JSON can hold.

    ``rows`` and ``labels`` have an entry per row, in the order of the frame.
    ``faults`` are reasons, by column and position, why a cell cannot be sent; the cell is
    None in ``rows``. ``index`` is that of the frame, for use in this room only.
    """

    index: pd.Index[Any]
    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    faults: dict[str, dict[int, str]]
    labels: list[str]

    def faults_where(self, is_read: Callable[[str], bool]) -> dict[int, str]:
        """Return by position why rows cannot be sent if only columns that *is_read* count."""
        found: dict[int, list[str]] = {}
        for name, faults in self.faults.items():
            for position, why in faults.items() if is_read(name) else ():
                found.setdefault(position, []).append(f"column {name!r}: {why}")
        return {position: "; ".join(found[position]) for position in sorted(found)}


def read_csv(path: Path, *, rows: int | None = None) -> pd.DataFrame:
    """Return the first *rows* of a CSV file, None = all of it.

    Only an empty cell is missing: a person may be called Null.
    """
    return pd.read_csv(path, nrows=rows, keep_default_na=False, na_values=[""])


def to_rows(
    frame: object,
    at: slice | list[int] = ALL,
    *,
    on_progress: Callable[[int, int], None] = lambda done, rows: None,
) -> Rows:
    """Return the rows of *frame* ready to be sent, or only those *at* some positions.

    *on_progress* is called after each column with the share that is done, as a number of
    rows, and the number of all rows.

    Missing values (NaN, NaT, NA) are None. A whole float is an integer, whatever the
    other rows are: a user id is 17, not "17.0". One that may stand for several integers
    (from 2**53 on; of a float32 from 2**24 on) is a ``Rounded``. A float32 has the digits
    it is printed with.
    Times are ISO 8601, with the offset if they have a zone; durations too
    (``P1DT2H0M0.5S``). Decimals, UUIDs, periods and intervals are text, bytes are
    base64 text, an Enum is its value, a set is a list in the order of its JSON.
    Keys of nested dicts become text as in JSON.

    Raises FrameError if *frame* is no DataFrame (see ``as_pandas``), and if columns have the
    same name. A cell that cannot be sent is a fault.
    """
    frame = without_attrs(as_pandas(frame))
    columns = column_names(frame)
    some = frame.index[at]
    cells = []
    for place in range(len(columns)):
        cells.append(cells_of(frame.iloc[:, place], at))
        on_progress(len(some) * (place + 1) // len(columns), len(some))
    if columns:
        each_row = zip(*(column.values for column in cells), strict=True)
        rows = [dict(zip(columns, values, strict=True)) for values in each_row]
    else:
        rows = [{} for _ in range(len(some))]
    faults = {
        name: column.faults for name, column in zip(columns, cells, strict=True) if column.faults
    }
    return Rows(some, columns, rows, faults, labels_of(some))


def without_attrs(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a view of *frame* without its ``attrs``: pandas copies them with each column."""
    return pd.DataFrame(frame, copy=False)


def column_values(frame: pd.DataFrame, name: str) -> list[Any]:
    """Return a column of *frame* as plain values, None for those missing or not sendable.

    Raises UnknownName if no column is called *name*.
    """
    names = column_names(frame)
    if name not in names:
        raise UnknownName.of("column", name, names)
    return cells_of(frame.iloc[:, names.index(name)]).values


def index_names(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the names of the levels of the index that have one."""
    return tuple(str(name) for name in frame.index.names if name is not None)


def has_integer_labels(frame: pd.DataFrame) -> bool:
    """Whether the labels of *frame* are integers, as they are by default."""
    return has_integers(frame.index)


def has_integers(index: pd.Index[Any]) -> bool:
    """Whether the labels of *index* are integers."""
    return bool(pd.api.types.is_integer_dtype(index.dtype) and not index.hasnans)


def column_names(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the names of the columns as text; raises FrameError as ``to_rows`` does."""
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


def labels_of(index: pd.Index[Any]) -> list[str]:
    """Return the labels of *index* as people see them, cut where they are long."""
    if isinstance(index, pd.RangeIndex):  # As most frames have; the others take four times as long.
        return list(map(str, index.tolist()))
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
