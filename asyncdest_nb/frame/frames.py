"""DataFrames made of outcomes and of stored rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import pandas as pd

from .dtypes import ValueKinds

Kinds = Mapping[str, ValueKinds]


def to_frame(
    index: pd.Index[Any], columns: Mapping[str, Sequence[Any]], kinds: Kinds | None = None
) -> pd.DataFrame:
    """Return *columns*, each as long as *index*, as a frame on it.

    Text is "string", missing as <NA>; so is an empty column. Truth values are "boolean",
    integers "Int64", other numbers float64 with NaN, times of one offset datetime64.
    Anything else is object: mixed types, and integers that do not fit these types.
    ``progress`` is always float64, and ``retryable`` always "boolean". *kinds* of a column
    say what its type depends on, if that is more than its own values.
    """
    found = {name: ValueKinds.of(name, values) for name, values in columns.items()}
    found |= kinds or {}
    # pandas 2 infers a type for an array of objects, and fails for an integer of 400 digits.
    series = {name: _typed(values, found[name]).set_axis(index) for name, values in columns.items()}
    return pd.DataFrame(series, index=index)


def numbered(count: int) -> pd.Index[Any]:
    """Return an index of *count* rows, from 0."""
    return pd.RangeIndex(count)


def without_rows(columns: Sequence[Any], index_name: object) -> pd.DataFrame:
    """Return a frame of *columns* without rows, whose index is called *index_name*."""
    return pd.DataFrame(columns=list(columns), index=pd.Index([], name=index_name))


def labelled(parts: Sequence[pd.Index[Any]]) -> pd.DataFrame:
    """Return a frame without columns, with the labels of all *parts*."""
    first, *others = parts or [pd.RangeIndex(0)]
    return pd.DataFrame(index=first.append(others) if others else first)


def from_rows(
    rows: Sequence[Mapping[str, Any]], labels: Sequence[str], *, are_integers: bool = False
) -> pd.DataFrame:
    """Return *rows* as a frame with *labels*, which may repeat, as its index.

    *are_integers*: the labels were integers, and are converted back.
    """
    own = [int(label) for label in labels] if are_integers else list(labels)
    return pd.DataFrame(list(rows), index=pd.Index(own, dtype=None if are_integers else object))


def with_levels(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return *frame* with the levels *names* of its index as its last columns.

    Its own data is not copied. No column has one of these names.
    """
    if not names:
        return frame
    own, levels = frame.copy(deep=False), [str(name) for name in frame.index.names]
    for name in names:
        own.insert(len(own.columns), name, frame.index.get_level_values(levels.index(name)))
    return own


def with_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Return *frame* with its labels as the first columns, named as no other column is."""
    own, taken = frame.index.names, {str(name) for name in frame.columns}
    usual = ["index"] if len(own) == 1 else [f"level_{at}" for at in range(len(own))]
    names = []
    for name in (each if own[at] is None else own[at] for at, each in enumerate(usual)):
        free = (new for at in count() if (new := f"{name}_{at}" if at else name) not in taken)
        names.append(next(free))
        taken.add(str(names[-1]))
    return frame.reset_index(names=names)


def with_columns(
    frame: pd.DataFrame,
    positions: Sequence[int],
    columns: Mapping[str, Sequence[Any]],
    kinds: Kinds | None = None,
) -> pd.DataFrame:
    """Return the rows of *frame* at *positions*, in that order, with *columns* after its own.

    *columns* have an entry per position, *kinds* are those of ``to_frame``. A new column whose
    name exists in the frame gets the first free of ``status_1``, ``status_2``, …; the
    frame's own keep their names.
    """
    own = frame.iloc[list(positions)]
    taken = {str(name) for name in (*frame.columns, *columns)}
    added = to_frame(own.index, columns, kinds)
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


def _typed(values: Sequence[Any], kinds: ValueKinds) -> pd.Series[Any]:
    if kinds.are_texts:
        values = [None if value is None else _text(value) for value in values]
    return pd.Series(list(values), dtype=kinds.dtype)


def _text(value: str) -> str:
    # A StrEnum would stay one, and a lone surrogate in a response would make pandas raise.
    return str.__str__(value).encode(errors="replace").decode()
