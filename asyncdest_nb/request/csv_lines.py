"""Rows as CSV that all readers read alike."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield each row as a line that ends in LF; a cell with any line break in it is quoted.

    Readers take a CR alone for the end of a line too: unquoted, it would shift all rows after it.
    """
    written: list[str] = []
    # Before Python 3.13, a lone CR is quoted only if the line end has a CR.
    writer = csv.writer(SimpleNamespace(write=written.append), lineterminator="\r\n")
    for row in rows:
        writer.writerow(row)
        yield written.pop()[:-2] + "\n"
