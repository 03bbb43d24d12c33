"""Rows that follow each other as one record: a record a row takes three times as long.

A row whose payload is not saved, or whose payload has a line break, is a record of its own,
as all rows were up to schema 5.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import cells, columns
from .json_texts import dumps
from .values import StoredRow

# ``size`` is NULL in the record of one row. In that of more ``label`` is a JSON list,
# ``payload`` has a line for each row, empty = it has none, and ``fault`` is a JSON object by
# place in the record.
SLICE = (*columns.ROW, "size")

_PAYLOAD = SLICE.index("payload")
_MOST_ROWS = 10_000
_MOST_CHARACTERS = 2**24  # of the payloads of a record, unless one alone has more


def from_row(row: StoredRow) -> list[Any]:
    """Return *row* as the columns of SLICE, in a record of its own."""
    return [*columns.from_row(row), None]


def from_slice(
    first: int,
    *,
    labels: Sequence[str],
    payloads: Sequence[str | None],
    faults: Mapping[int, str],
) -> Iterator[list[Any]]:
    """Yield the rows from position *first* on as the columns of SLICE, record by record."""
    size = len(labels)
    lines = "\n".join([text or "" for text in payloads])
    is_much = size > _MOST_ROWS or len(lines) > _MOST_CHARACTERS
    if size > 1 and (is_much or lines.count("\n") >= size):
        half = size // 2
        for start, stop in ((0, half), (half, size)):
            yield from from_slice(
                first + start,
                labels=labels[start:stop],
                payloads=payloads[start:stop],
                faults=faults,
            )
    elif size > 1:
        within = {at: faults[first + at] for at in range(size) if first + at in faults}
        fault = dumps(within) if within else None
        yield [first, dumps(labels), lines, fault, None, size]
    elif size:
        yield from_row(StoredRow(first, labels[0], payloads[0], faults.get(first)))


def to_rows(values: Sequence[Any]) -> list[StoredRow]:
    """Return the rows of these columns of SLICE; raises ValueError if they cannot be such.

    Their payloads are not parsed.
    """
    position, label, payload, fault, digest, size = values
    if size is None:
        return [columns.to_row(values[:-1])]
    first, count = cells.count(position), cells.count(size)
    labels = [cells.text(each) for each in cells.items(label)]
    lines = cells.text(payload).split("\n")
    if not len(labels) == len(lines) == count or digest is not None:
        raise ValueError(f"it is no record of {count} rows")
    found = list(map(_row, range(first, first + count), labels, lines))
    for at, reason in () if fault is None else cells.mapping(fault).items():
        place = cells.place(at, of=count)
        found[place] = replace(found[place], fault=cells.text(reason))
    return found


def packed(values: Sequence[Any]) -> Sequence[Any]:
    """Return these columns of SLICE with the payloads compressed if they are those of many rows.

    For memory alone: a row of 200 bytes takes 30 then, and 1 us of CPU.
    """
    *_, size = found = [*values]
    if size is not None:
        found[_PAYLOAD] = zlib.compress(found[_PAYLOAD].encode(), level=1)
    return found


def unpacked(values: Sequence[Any]) -> Sequence[Any]:
    """Return these columns of SLICE as they were before ``packed``."""
    found = [*values]
    if isinstance(found[_PAYLOAD], bytes):
        found[_PAYLOAD] = zlib.decompress(found[_PAYLOAD]).decode()
    return found


def checked(values: Sequence[Any]) -> Sequence[Any]:
    """Return these columns of SLICE as they are; raises ValueError if they hold no rows."""
    to_rows(values)
    return values


def _row(position: int, label: str, line: str) -> StoredRow:
    return StoredRow(position, label, line or None, None)
