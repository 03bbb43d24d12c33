"""The rows of a frame as slices of columns, so that few of them are in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, overload

import pandas as pd

from .cells import cells_of
from .rows import column_names, labels_of, without_attrs

_CHUNK = 1_000  # Labels that are read at once.
_CHUNKS = 64  # How many of these are kept.


@dataclass(frozen=True, slots=True, eq=False)
class RowSlice:
    """Rows that follow each other, column by column, as plain values that JSON can hold.

    ``start`` is the position of the first; ``labels``, ``texts`` and each of ``columns`` have
    an entry per row. ``faults`` are the reasons why rows cannot be sent, by their place in
    the slice. ``texts`` are the stored payloads that rows must map to again, None = any.
    """

    start: int
    labels: Sequence[str]
    columns: dict[str, list[Any]]
    faults: dict[int, str]
    texts: Sequence[str | None] | None = None


class RowSource(Protocol):
    """Rows that can be read in slices, more than once.

    ``count`` is their number, None = not known before the last slice was read. ``labels``
    are those of the rows read so far, at least.
    """

    @property
    def count(self) -> int | None: ...

    @property
    def labels(self) -> Sequence[str]: ...

    def slices(self, rows: int) -> Iterator[RowSlice]:
        """Yield all rows, in slices of at most *rows*."""

    def at(self, positions: Sequence[int]) -> RowSource:
        """Return the rows at *positions*, in that order."""


class Labels(Sequence[str]):
    """The labels of an index as people see them, read when they are asked for."""

    def __init__(self, index: pd.Index[Any]) -> None:
        self._index = index
        self._chunk = lru_cache(maxsize=_CHUNKS)(self._read)

    def _read(self, number: int) -> list[str]:
        return labels_of(self._index[number * _CHUNK : (number + 1) * _CHUNK])

    def __len__(self) -> int:
        return len(self._index)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return labels_of(self._index[at])
        place = range(len(self._index))[at]
        return self._chunk(place // _CHUNK)[place % _CHUNK]

    def __iter__(self) -> Iterator[str]:
        for number in range(-(-len(self._index) // _CHUNK)):
            yield from self._read(number)

    def __repr__(self) -> str:
        return f"<{len(self):,} labels>"


class FrameRows:
    """The rows of a frame: only the columns that *is_read* are, slice by slice.

    *frame* must not be changed meanwhile; see ``protected``. *at* are the positions of the
    rows, None = all of them. Raises FrameError as ``to_rows`` does.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        is_read: Callable[[str], bool],
        at: Sequence[int] | None = None,
    ) -> None:
        names = column_names(frame)
        self._frame = without_attrs(frame)
        self._is_read = is_read
        self._at = at
        self._columns = [(name, place) for place, name in enumerate(names) if is_read(name)]
        self._labels = Labels(frame.index if at is None else frame.index[list(at)])

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self._labels)

    @property
    def labels(self) -> Labels:
        """The label of each row."""
        return self._labels

    def at(self, positions: Sequence[int]) -> FrameRows:
        """Return the rows at *positions*, in that order."""
        own = positions if self._at is None else [self._at[each] for each in positions]
        return FrameRows(self._frame, self._is_read, own)

    def slices(self, rows: int) -> Iterator[RowSlice]:
        """Yield all rows, in slices of at most *rows*."""
        for start in range(0, self.count, rows):
            yield self._slice(start, min(start + rows, self.count))

    def _slice(self, start: int, end: int) -> RowSlice:
        at = slice(start, end) if self._at is None else list(self._at[start:end])
        columns, why = {}, dict[int, list[str]]()
        for name, place in self._columns:
            cells = cells_of(self._frame.iloc[:, place], at)
            columns[name] = cells.values
            for offset, fault in cells.faults.items():
                why.setdefault(offset, []).append(f"column {name!r}: {fault}")
        faults = {offset: "; ".join(why[offset]) for offset in sorted(why)}
        return RowSlice(start, self._labels[start:end], columns, faults)


def protected(frame: pd.DataFrame) -> pd.DataFrame:
    """Return *frame* so that later changes of it are not seen; objects in cells are shared.

    Nothing is copied where pandas copies what is written to: always from version 3 on.
    """
    major = int(pd.__version__.partition(".")[0])
    is_lazy = major >= 3 or pd.get_option("mode.copy_on_write") is True
    return frame.copy(deep=not is_lazy)
