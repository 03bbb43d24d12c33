"""The results of a run as a CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

from ..responses import clean_text

# A spreadsheet computes a text that begins so, and the texts of a destination are not trusted.
# Numbers, also of telephones, are left as they are. Excel reads the wide forms of East Asia
# in the same way.
_FORMULA = re.compile(r"[=@\t\r\n\uff1d\uff20]|[+\-\uff0b\uff0d](?![\d\s.,/()-]*$)")


def csv_bytes(results: Any) -> bytes:
    """Return the DataFrame *results* as a CSV that keeps its accents.

    A formula becomes text, in a cell, a label or a name; an object becomes JSON.
    """
    safe = results.map(_cell)
    safe.index, safe.columns = _safe(results.index), _safe(results.columns)
    # Every text is quoted: a bare carriage return, or a semicolon where a spreadsheet takes
    # that for the separator, would start a new cell.
    text: str = safe.to_csv(quoting=csv.QUOTE_NONNUMERIC)
    # Excel needs the byte order mark; half an emoji in a label is not valid UTF-8.
    return text.encode("utf-8-sig", "backslashreplace")


def _safe(labels: Any) -> Any:
    """Return an Index of labels or names, none of which is a formula, with its own names."""
    found = labels.map(_label) if len(labels) else labels
    return found.set_names([_label(name) for name in labels.names])


def _label(label: Any) -> Any:
    if isinstance(label, tuple):  # Of several levels.
        return tuple(map(_label, label))
    # Half an emoji is not valid UTF-8.
    return _cell(clean_text(label) if isinstance(label, str) else label)


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
