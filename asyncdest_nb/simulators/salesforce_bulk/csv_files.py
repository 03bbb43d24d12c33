"""CSV files: uploads are read, results are written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..exchange import canonical

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}

Row = dict[str, str]


@dataclass(frozen=True)
class UploadedCsv:
    """An uploaded file: its columns, and its rows in the order of the file.

    A row has the cells that are not empty. ``error`` is why the file cannot be read; then
    it has no rows.
    """

    columns: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    error: str | None = None

    @cached_property
    def canonical_rows(self) -> list[str]:
        """Each row as canonical JSON."""
        return [canonical(row) for row in self.rows]


def read(body: bytes, *, delimiter: str, line_ending: str) -> UploadedCsv:
    """Read an upload. *delimiter* and *line_ending* are Salesforce's names, as COMMA and LF."""
    try:
        text = body.decode()
        if _ends_otherwise(text, line_ending):
            message = (
                f"LineEnding is invalid on user data. Current LineEnding setting is {line_ending}"
            )
            return UploadedCsv(error=f"ClientInputError : {message}")
        cut = DELIMITERS.get(delimiter, DELIMITERS["COMMA"])
        found = csv.reader(io.StringIO(text, newline=""), delimiter=cut, strict=True)
        lines = [line for line in found if line]
    except UnicodeDecodeError:
        return UploadedCsv(error="InvalidBatch : The data is not encoded in UTF-8")
    except csv.Error as error:
        return UploadedCsv(error=f"InvalidBatch : The data is not CSV: {error}")
    return _arranged(lines)


def _ends_otherwise(text: str, line_ending: str) -> bool:
    first, newline, _ = text.partition("\n")
    return bool(newline) and first.endswith("\r") != (line_ending == "CRLF")


def _arranged(lines: list[list[str]]) -> UploadedCsv:
    if not lines:
        return UploadedCsv()
    columns = tuple(lines.pop(0))
    for number, line in enumerate(lines, start=1):
        if len(line) != len(columns):
            message = f"Record {number} has {len(line)} columns, the header has {len(columns)}"
            return UploadedCsv(error=f"InvalidBatch : {message}")
    rows = [
        {column: cell for column, cell in zip(columns, line, strict=True) if cell} for line in lines
    ]
    return UploadedCsv(columns, rows)


def written(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return CSV with a header, every value in quotes, and lines that end with LF."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
