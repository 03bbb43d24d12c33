"""The results of a run as a CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from itertools import chain, count
from typing import Any

from ..numerals import EXACT_INTEGER
from ..responses import clean_text
from .run_view import RunView

# A spreadsheet computes a text that begins so, and the texts of a destination are not trusted.
# Numbers, also of telephones, are left as they are. Excel reads the wide forms of East Asia
# in the same way.
_FORMULA = re.compile(r"[=@\t\r\n\uff1d\uff20]|[+\-\uff0b\uff0d](?![\d\s.,/()-]*$)")


# What every file system takes in a name.
_NO_NAME = re.compile(r"[^\w.-]+")


def csv_name(run: RunView) -> str:
    """Return the name of a file of *run*: what was sent where, when it was submitted, its id."""
    title = _NO_NAME.sub("-", clean_text(run.title))[:60].strip("-.").lower()
    at = time.strftime("%Y-%m-%d-%H%M", time.localtime(run.created_at))
    return "-".join(filter(None, (title, at, run.id))) + ".csv"


def csv_bytes(results: Any) -> bytes:
    """Return the DataFrame *results* as a CSV that keeps its accents.

    A formula becomes text, in a cell, a label or a name; an object becomes JSON; a whole
    number has no decimals, as in what was sent, though pandas keeps a column with gaps as
    floats. The labels have a header too: the name of the index, or "row".
    """
    file = io.StringIO(newline="")
    # Every text is quoted: a bare carriage return, or a semicolon where a spreadsheet takes
    # that for the separator, would start a new cell.
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(map(_label, (*_index_headers(results), *results.columns)))
    values = results.astype(object).where(results.notna(), None)
    for label, *cells in values.itertuples(name=None):
        labels = label if results.index.nlevels > 1 else [label]
        writer.writerow([*map(_label, labels), *map(_cell, cells)])
    # Excel needs the byte order mark; half an emoji in a label is not valid UTF-8.
    return file.getvalue().encode("utf-8-sig", "backslashreplace")


def _index_headers(frame: Any) -> list[Any]:
    """Return a header for each level of the index, no other column's where it has no name."""
    taken = {str(name) for name in (*frame.columns, *frame.index.names)}
    names = chain(["row"], (f"row_{at}" for at in count(1)))
    free = (name for name in names if name not in taken)
    return [next(free) if name in (None, "") else name for name in frame.index.names]


def _label(label: Any) -> Any:
    # Half an emoji is not valid UTF-8.
    return _cell(clean_text(label) if isinstance(label, str) else label)


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_INTEGER:
        return int(value)
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
