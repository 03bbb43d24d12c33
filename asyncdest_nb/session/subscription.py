"""The rows of a frame that a subscription is for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UnknownName, UsageError
from ..frame import DataFrame, FrameRows, column_names
from ..mapping import nested, split_names
from ..numerals import counted
from ..stored import StoredSubscription

_SLICE = 2_000  # Rows that are read at once.


@dataclass(frozen=True, slots=True)
class MatchedRows:
    """The rows of a frame that match, with their labels, and how many rows there were."""

    frame: DataFrame
    rows: int
    subscribe: str

    @property
    def title(self) -> str:
        """How many rows match, for the title of a run: `` (3 of 5 rows)``."""
        return f" ({self._counts})" if self.subscribe else ""

    def __str__(self) -> str:
        return f"{self._counts} match {self.subscribe}" if self.subscribe else ""

    @property
    def unmatched(self) -> str:
        """The sentence that no row matches, empty if any does or all rows are sent."""
        return no_match(self.rows, self.subscribe) if self.subscribe and self.frame.empty else ""

    @property
    def _counts(self) -> str:
        return f"{len(self.frame):,} of {counted(self.rows, 'row')}"


def no_match(rows: int, subscribe: str) -> str:
    """Return the sentence that none of *rows* matches *subscribe*."""
    return f"0 of {counted(rows, 'row')} match {subscribe}"


def matched_rows(frame: DataFrame, subscribe: str | None) -> MatchedRows:
    """Return the rows of *frame* that match the text *subscribe*, None = all of them.

    A row is an event. A column ``properties.plan`` is the key ``plan`` of ``properties``. A
    missing cell is null. A stored subscription is read as Segment reads it, and a column that it
    asks about may be missing. Raises UsageError for a text that cannot be read, and UnknownName
    if another text asks about what no column is or begins with. What a column of objects holds
    is not known.
    """
    if subscribe is None:
        return MatchedRows(frame, len(frame), "")
    from ..fql import compile_conditions, paths  # Here, since few runs have a subscription.

    conditions = _conditions(subscribe)
    names = column_names(frame)
    split = split_names(names)
    roots = {name: name for name in names} | {name: pieces[0] for pieces, name in split.items()}
    asked = paths(conditions)
    wanted = {path[0] for path in asked}
    is_stored = isinstance(subscribe, StoredSubscription)
    for path in () if is_stored else _unknown(asked, names, split):
        raise UnknownName(f"{UnknownName.of('column', path, names)}; {subscribe!r} asks about it")
    match = compile_conditions(conditions)
    read = {pieces: name for pieces, name in split.items() if pieces[0] in wanted}
    found = []
    for part in FrameRows(frame, lambda name: roots[name] in wanted).slices(_SLICE):
        each_row = zip(*part.columns.values(), strict=True)
        for place, values in enumerate(each_row, part.start):
            if match(nested(dict(zip(part.columns, values, strict=True)), read)):
                found.append(place)
    return MatchedRows(frame.iloc[found], len(frame), subscribe)


def _unknown(
    asked: Iterable[tuple[str, ...]], names: Collection[str], split: Iterable[tuple[str, ...]]
) -> Iterator[str]:
    """Yield what no column is, begins with or leads to; of a missing object only its name."""
    begun = {pieces[0] for pieces in split}
    for path in sorted(asked):
        if path[0] in names or any(_lead_together(path, pieces) for pieces in split):
            continue
        yield ".".join(path) if path[0] in begun else path[0]


def _lead_together(path: tuple[str, ...], pieces: tuple[str, ...]) -> bool:
    return all(one == other for one, other in zip(path, pieces, strict=False))


def has_subjects(columns: Sequence[str]) -> bool:
    """Whether a subscription can ask about any of these *columns*, which are of events then."""
    from ..fql import SUBJECTS

    roots = {pieces[0] for pieces in split_names(columns)}
    return not SUBJECTS.isdisjoint(roots.union(columns))


def _conditions(subscribe: str) -> dict[str, Any]:
    from ..fql import parse, parse_compatible

    if not isinstance(subscribe, str):
        kind = type(subscribe).__name__
        raise UsageError(f"subscribe is a {kind}: {subscribe!r}; write a text, or leave it out")
    if not isinstance(subscribe, StoredSubscription):
        return parse(subscribe)
    found = parse_compatible(subscribe)
    if "error" in found:
        raise UsageError(f"subscribe is {str(subscribe)!r}, of which Segment makes nothing")
    return found
