"""Submits whose rows come one part after the other, and are in the session's file then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..destination import Action
from ..engine import InputRows, PreparedSlice, SlicePreparer
from ..errors import FrameError
from ..frame import DataFrame, FrameRows, Index, as_pandas, column_names, has_integers, labelled
from ..mapping import FieldMap
from ..store import StoredRow
from .field_sources import plan_sources
from .stored_rows import by_name, rows_of
from .submission import Submission

SLICE = 2_000  # Rows that are mapped at once.

StoredRows = Callable[[Sequence[int]], list[StoredRow]]


@dataclass(frozen=True, slots=True)
class StreamedSlice:
    """Prepared rows, their labels, and the lines by which the submit is recognised."""

    prepared: PreparedSlice
    index: Index
    lines: Sequence[str]

    def moved(self, start: int) -> StreamedSlice:
        """Return the same rows at positions that are higher by *start*."""
        return replace(self, prepared=self.prepared.moved(start))


class StreamedRows:
    """The rows of such a submit: their labels, and *stored*, which reads some of the file."""

    def __init__(self, stored: StoredRows) -> None:
        self.labels: list[str] = []
        self._indexes: list[Index] = []
        self._stored = stored

    @property
    def count(self) -> int:
        """The number of rows so far."""
        return len(self.labels)

    def add(self, part: StreamedSlice) -> None:
        """Add the rows of a slice."""
        self.labels += part.prepared.part.labels
        self._indexes.append(part.index)

    def slices(self, rows: int) -> Iterator[Any]:
        """Yield nothing: the run has got the rows already."""
        return iter(())

    def at(self, positions: Sequence[int]) -> InputRows:
        """Return the payloads at *positions*, in that order, as rows."""
        return rows_of(self._stored(positions))

    @property
    def frame(self) -> DataFrame:
        """A frame without columns, with the labels of all rows."""
        return labelled(self._indexes)

    @property
    def has_integer_labels(self) -> bool:
        """Whether all labels are integers."""
        return all(map(has_integers, self._indexes))


@dataclass(frozen=True)
class StreamedSubmission(Submission):
    """A submit whose rows are not at hand: its retries send the payloads that are stored."""

    is_at_hand = False

    def at(self, positions: Sequence[int]) -> Submission:
        """Return the submission of the rows at *positions*, in that order."""
        source = self.source.at(positions)
        assert isinstance(source, InputRows)
        fields = by_name(source.rows)
        return Submission(self.channel, self.action, self.frame, source, fields)


def slices_of(
    frames: Iterator[object], action: Action, given: Mapping[str, Any]
) -> tuple[FieldMap, Iterator[StreamedSlice]]:
    """Return what fills the fields from *frames*, and their rows in slices, read one by one.

    *given* are the arguments of ``plan_sources``.
    """
    first = next(frames, None)
    if first is None:
        raise FrameError("the iterator has no frame")
    head = as_pandas(first)
    fields = plan_sources(action, head, **given)
    return fields, frame_slices(_all([head], frames), action, fields, column_names(head))


def _all(first: list[Any], others: Iterator[object]) -> Iterator[object]:
    yield first.pop()  # It is not kept while the others are read, as itertools.chain would.
    yield from others


def frame_slices(
    frames: Iterable[object], action: Action, fields: FieldMap, names: Sequence[str]
) -> Iterator[StreamedSlice]:
    """Yield the rows of *frames*, which all have the columns *names* if they have rows, in slices.

    Raises FrameError at one that has others.
    """
    preparer, start = SlicePreparer(action, fields), 0
    for number, each in enumerate(frames, 1):
        frame = as_pandas(each)
        if not len(frame):
            continue
        require_columns(frame, names, f"frame {number} has other columns than the first")
        for part in FrameRows(frame, fields.reads).slices(SLICE):
            index = frame.index[part.start : part.start + len(part.labels)]
            mapped = preparer.mapped(replace(part, start=start + part.start))
            yield StreamedSlice(preparer.prepared(mapped), index, mapped.lines())
        start += len(frame)


def require_columns(frame: DataFrame, names: Sequence[str], problem: str) -> None:
    """Raise FrameError, which begins with *problem*, if *frame* has other columns than *names*."""
    found = set(column_names(frame))
    differences = [
        *(f"without {name!r}" for name in names if name not in found),
        *(f"with {name!r}" for name in sorted(found - set(names))),
    ]
    if differences:
        raise FrameError(f"{problem}: {', '.join(differences)}; nothing has been sent")
