"""Tables in files: CSV, Parquet, and JSON lines."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import FrameError, UsageError
from .foreign import require_arrow
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
        return _read_parquet(content)
    text = _decoded(content, "utf-8" if format == "jsonl" else encoding)
    return _read_json_lines(text) if format == "jsonl" else _read_csv(text, delimiter)


def table_bytes(frame: pd.DataFrame, format: str) -> bytes:
    """Return *frame* as Parquet or JSON lines, with its labels as the first column.

    In Parquet, objects and values of mixed types are JSON texts.
    """
    named = _with_labels(frame)
    if format == "parquet":
        require_arrow("Parquet")
        buffer = io.BytesIO()
        _flat(named).to_parquet(buffer, index=False)
        return buffer.getvalue()
    lines = (json.dumps(row, ensure_ascii=False) for row in to_rows(named).rows)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def write_parquet(path: Path, slices: Iterable[pd.DataFrame]) -> None:
    """Write *slices* of one frame to *path*, each as a row group, as ``table_bytes`` does.

    All have the same columns and types; one slice is in memory at a time. A file that is there
    is replaced once the new one is whole. Raises UsageError if pyarrow is missing or the file
    cannot be written; then it is as it was.
    """
    require_arrow("Parquet")
    part = path.with_name(f"{path.name}.part")
    try:
        _write_groups(part, slices)
        os.replace(part, path)
    except OSError as error:
        raise UsageError(f"the results cannot be written to {path}: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def _write_groups(path: Path, slices: Iterable[pd.DataFrame]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    writer = None
    try:
        for frame in slices:
            schema = None if writer is None else writer.schema
            flat = _flat(_with_labels(frame))
            table = pa.Table.from_pandas(flat, schema=schema, preserve_index=False)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table, row_group_size=max(1, len(frame)))
    finally:
        if writer is not None:
            writer.close()


def _with_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Return *frame* with its labels as the first columns, named as no other column is."""
    own, taken = frame.index.names, {str(name) for name in frame.columns}
    usual = ["index"] if len(own) == 1 else [f"level_{at}" for at in range(len(own))]
    names = []
    for name in (each if own[at] is None else own[at] for at, each in enumerate(usual)):
        free = (new for at in count() if (new := f"{name}_{at}" if at else name) not in taken)
        names.append(next(free))
        taken.add(str(names[-1]))
    return frame.reset_index(names=names)


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
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"line {number} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise FrameError(f"line {number} is not a JSON object: {line.strip()[:60]}")
    return found


def _read_parquet(content: bytes) -> pd.DataFrame:
    require_arrow("Parquet")
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError) as error:  # pyarrow's errors are of these.
        raise FrameError(f"it is not Parquet: {str(error).strip()}") from None
    if frame.index.names != [None]:
        frame = frame.reset_index()
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    # As "string", a column that is all missing in one slice has the type of the others.
    mixed = [name for name in frame.columns if frame[name].dtype == object]
    texts = {name: frame[name].map(_as_text, na_action="ignore") for name in mixed}
    return frame.assign(**{name: texts[name].astype("string") for name in mixed})


def _as_text(value: Any) -> Any:
    is_text = isinstance(value, str | None)
    return value if is_text else json.dumps(value, ensure_ascii=False, default=str)
