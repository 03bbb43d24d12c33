"""The rows of a frame that a subscription is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UnknownName, UsageError
from ..frame import DataFrame, FrameRows, column_names
from ..mapping import nested, split_names
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
    def _counts(self) -> str:
        return f"{len(self.frame):,} of {self.rows:,} rows"


def matched_rows(frame: DataFrame, subscribe: str | None) -> MatchedRows:
    """Return the rows of *frame* that match the text *subscribe*, None = all of them.

    A row is an event. A column ``properties.plan`` is the key ``plan`` of ``properties``. A
    missing cell is null. A stored subscription is read as Segment reads it, and a column that it
    asks about may be missing. Raises UsageError for a text that cannot be read, and UnknownName
    if a column that another text asks about is not there.
    """
    if subscribe is None:
        return MatchedRows(frame, len(frame), "")
    from ..fql import compile_conditions, subjects  # Here, since few runs have a subscription.

    conditions = _conditions(subscribe)
    names = column_names(frame)
    split = split_names(names)
    roots = {name: name for name in names} | {name: pieces[0] for pieces, name in split.items()}
    wanted = subjects(conditions)
    is_stored = isinstance(subscribe, StoredSubscription)
    for subject in () if is_stored else sorted(wanted - set(roots.values())):
        raise UnknownName(
            f"{UnknownName.of('column', subject, names)}; {subscribe!r} asks about it"
        )
    match = compile_conditions(conditions)
    read = {pieces: name for pieces, name in split.items() if pieces[0] in wanted}
    found = []
    for part in FrameRows(frame, lambda name: roots[name] in wanted).slices(_SLICE):
        each_row = zip(*part.columns.values(), strict=True)
        for place, values in enumerate(each_row, part.start):
            if match(nested(dict(zip(part.columns, values, strict=True)), read)):
                found.append(place)
    return MatchedRows(frame.iloc[found], len(frame), subscribe)


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
