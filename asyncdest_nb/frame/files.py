"""Tables in files: CSV, Parquet, and JSON lines."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from typing import Any

import pandas as pd

from ..errors import FrameError, UsageError
from .frames import with_labels
from .parquet_files import parquet_bytes, read_parquet
from .rows import to_rows

FORMATS = ("csv", "parquet", "jsonl")
_NAME = 60  # Characters of a name in a message.


def read_table(
    content: bytes, format: str, *, encoding: str = "utf-8", delimiter: str = ","
) -> pd.DataFrame:
    """Return the rows in *content*, with a number of each as its label.

    Of a CSV all cells are texts, so an id keeps its digits and its zeros; an empty cell is
    missing, a line without any value is no row, and the labels are the numbers that a
    spreadsheet shows, from 2 on. Of JSON lines the labels are the numbers of the lines, of
    Parquet those of the rows, from 1 on. *encoding* and *delimiter* are those of a CSV.

    Raises FrameError if it cannot be read, with the place and what to do; UsageError if
    the library for Parquet is missing.
    """
    if format == "parquet":
        return read_parquet(content)
    text = _decoded(content, "utf-8" if format == "jsonl" else encoding)
    return _read_json_lines(text) if format == "jsonl" else _read_csv(text, delimiter)


def table_bytes(frame: pd.DataFrame, format: str) -> bytes:
    """Return *frame* as Parquet or JSON lines, with its labels as the first column.

    In Parquet, values of columns that it cannot hold are JSON texts; see ``write_parquet``.
    """
    named = with_labels(frame)
    if format == "parquet":
        return parquet_bytes(named)
    lines = (json.dumps(row, ensure_ascii=False) for row in to_rows(named).rows)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        # The byte order mark, which Excel writes, is no part of the first name.
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        guess = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
        raise FrameError(
            f"line {line} is not {encoding}: {error.reason} (byte 0x{content[error.start]:02x}); "
            f"give its encoding, such as {guess}, or save the file as UTF-8"
        ) from None
    except LookupError:
        raise UsageError(f"no encoding {encoding!r}; known are utf-8, utf-16, cp1252, …") from None


def _read_csv(text: str, delimiter: str) -> pd.DataFrame:
    # A first line such as "sep=;" is for Excel, which shows the second as row 1.
    if note := re.match(r'"?sep=(.)"?\r?\n', text, re.IGNORECASE):
        text, delimiter = text[note.end() :], note[1]
    try:
        # The header is read as a row: pandas would rename a column that is there twice.
        cells = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError:
        problem = "its first line is blank" if text.strip() else "it is empty"
        raise FrameError(f"{problem}: a CSV begins with a line of column names") from None
    except (pd.errors.ParserError, ValueError) as error:
        _require_delimiter([text.partition("\n")[0].rstrip("\r")], delimiter)
        raise FrameError(f"it is not a CSV: {str(error).strip()}") from None
    names = [None if pd.isna(name) else str(name) for name in cells.iloc[0]]
    frame = cells.iloc[1:].dropna(how="all")
    frame.index = pd.Index(frame.index + 1, name="row")
    kept = [at for at, name in enumerate(names) if name is not None or frame[at].notna().any()]
    for at in kept:
        if names[at] is None:
            raise FrameError(f"column {at + 1} has values and no name: write one in the first line")
    frame = frame.iloc[:, kept]
    frame.columns = pd.Index([names[at] for at in kept], dtype=object)
    _require_delimiter(list(frame.columns), delimiter)
    return frame


def _require_delimiter(names: list[Any], delimiter: str) -> None:
    for other, word in ((";", "';'"), ("\t", "tab"), (",", "','"), ("|", "'|'")):
        if len(names) == 1 and other in names[0] and delimiter not in names[0]:
            name = names[0] if len(names[0]) <= _NAME else f"{names[0][:_NAME]}…"
            raise FrameError(f"it has one column, {name!r}; give the delimiter {word}")


def _read_json_lines(text: str) -> pd.DataFrame:
    rows, numbers = [], []
    # Not splitlines: a text in JSON may have a line separator in it.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows.append(_object(line, number))
            numbers.append(number)
    if not rows:
        raise FrameError("it is empty: JSON lines have an object in each line")
    # As objects, an integer stays one although it is missing in other rows.
    return pd.DataFrame(rows, index=pd.Index(numbers, name="row"), dtype=object)


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=_named_once)
    except _RepeatedName as error:
        raise FrameError(f"line {number} has the name {error} twice in an object") from None
    except (ValueError, RecursionError) as error:
        raise FrameError(f"line {number} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise FrameError(f"line {number} is not a JSON object: {line.strip()[:60]}")
    return found


class _RepeatedName(Exception):
    """A name that an object has twice; JSON does not say which of its values counts."""


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedName(next(repr(k) for k, n in Counter(k for k, _ in pairs).items() if n > 1))
    return found
