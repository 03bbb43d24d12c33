"""A search in the kernel, over what no browser has: the whole frame, and rows inside jobs."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .columns import MESSAGE_CHARACTERS, NAME_CHARACTERS
from .entries import Entries, Entry, InvalidRow
from .run_view import RunView

SECONDS = 0.2  # A request takes no longer: the page asks for the rest, or for something else.
_SLICE = 500  # Rows between two looks at the clock.

Place = tuple[int, int]  # The number of a line of the table, and a place in its rows.
Values = Mapping[str, Any]


@dataclass(slots=True)
class FoundRows:
    """Rows that have a text, and the numbers of the table's lines that they are in.

    ``hits`` are rows by where the text is: the name of a column of the frame, or "Row",
    "Message" or "Error". ``searched`` counts rows, ``columns`` those of the frame. ``next`` is
    where the search goes on, None = that was all.
    """

    rows: array[int] = field(default_factory=lambda: array("I"))
    numbers: array[int] = field(default_factory=lambda: array("I"))
    hits: Counter[str] = field(default_factory=Counter)
    searched: int = 0
    columns: int = 0
    next: Place | None = None


def found_rows(
    run: RunView, text: str, start: Place = (0, 0), *, seconds: float = SECONDS
) -> FoundRows:
    """Search the rows of *run* from *start* for so many *seconds*, in any case of letters."""
    found, needle = FoundRows(), text.strip().lower()
    until = time.monotonic() + seconds
    entries = Entries(run).now()
    places = _places(entries, start)
    read: Callable[[Sequence[int]], list[dict[str, Any]]] | None
    read = getattr(run, "frame_rows", None)
    while some := list(islice(places, _SLICE)):
        rows = [entries[number].rows[at] for number, at in some]
        values: Sequence[Values] = read(rows) if read else [{}] * len(rows)
        for (number, at), row, cells in zip(some, rows, values, strict=True):
            _add(found, needle, _texts(entries[number], at, run.labels[row]), cells, (row, number))
        found.searched += len(some)
        found.columns = len(values[0])
        if time.monotonic() >= until:
            number, at = some[-1]
            found.next = (number, at + 1)
            break
    return found


def _places(entries: Sequence[Entry], start: Place) -> Iterator[Place]:
    first, skipped = start
    for number in range(first, len(entries)):
        for at in range(skipped, len(entries[number].rows)):
            yield number, at
        skipped = 0


def _texts(entry: Entry, at: int, label: str) -> dict[str, str | None]:
    """Return what is known of a row beside the frame; what the page has of its line it searches."""
    texts: dict[str, str | None] = {"Row": label}
    if not isinstance(entry, InvalidRow) and entry.row_outcomes is not None:
        outcome = entry.row_outcomes[at]
        return texts | {"Message": outcome.message, "Error": outcome.error_code}
    if len(entry.message) > MESSAGE_CHARACTERS:
        texts["Message"] = entry.message
    if len(entry.error_code or "") > NAME_CHARACTERS:
        texts["Error"] = entry.error_code
    return texts


def _add(
    found: FoundRows, needle: str, own: Mapping[str, str | None], cells: Values, row: Place
) -> None:
    names = [
        name
        for texts in (own, cells)
        for name, text in texts.items()
        if text is not None and needle in str(text).lower()
    ]
    if names:
        found.hits.update(names)
        found.rows.append(row[0])
        found.numbers.append(row[1])
