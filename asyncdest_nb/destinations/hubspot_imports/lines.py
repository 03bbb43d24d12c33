"""Which row an error of an import is about: by its cells, and by the number of its line.

Only the number is always there, and what it counts is not documented: the lines of the file, of
which a cell may have several, or its rows. So the cells decide, where an error has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from ...responses import JSONObject

FIRST_LINE = 2  # Line 1 has the names of the columns.
_DIGITS = 12  # Of a digest.


def known_rows(columns: Sequence[str], rows: Iterable[Sequence[str]], key: str | None) -> Any:
    """Return what is kept of a file to tell its rows apart, as JSON: digests, no values.

    *key* is the column that identifies a row, None = there is none.
    """
    key_at = columns.index(key) if key in columns else None
    digests, break_at = [], -1 if any(map(_has_break, columns)) else None
    for at, cells in enumerate(rows):
        digests.append(_digest(cells, key_at))
        if break_at is None and any(map(_has_break, cells)):
            break_at = at
    return {"key_at": key_at, "break_at": break_at, "digests": "".join(digests)}


@dataclass
class ErrorRows:
    """The errors of each row, those about the whole file, and those of no row that can be told."""

    rows: dict[int, list[JSONObject]] = field(default_factory=lambda: defaultdict(list))
    about_file: list[JSONObject] = field(default_factory=list)
    strays: list[JSONObject] = field(default_factory=list)


def without_cells(error: JSONObject, known: Any) -> JSONObject:
    """Return *error* with the digest of its row in place of the cells, which may be large."""
    cells = _cells(error)
    return {
        "errorType": error.get("errorType"),
        "errorMessage": error.get("errorMessage"),
        "line": _line(error),
        "digest": _digest(cells, known["key_at"]) if cells and known else "",
    }


def placed(errors: Sequence[JSONObject], *, size: int, known: Any) -> ErrorRows:
    """Return the row of each of *errors*, which are without cells, of a file with *size* rows.

    *known* is what was kept of the file, None = nothing: then the lines decide alone.
    """
    found, by_line = ErrorRows(), list[tuple[int, JSONObject]]()
    places = _places(known)
    is_counted_otherwise = False
    for each in errors:
        at = each["line"] - FIRST_LINE
        if each["digest"]:
            own = places[each["digest"]]
            is_counted_otherwise |= at not in own
            row = at if at in own else own[0] if len(own) == 1 else None
            (found.strays if row is None else found.rows[row]).append(each)
        elif at < 0:
            found.about_file.append(each)
        else:
            by_line.append((at, each))
    is_counted_otherwise |= any(at >= size for at, _ in by_line)
    last = size - 1 if not known or known["break_at"] is None else known["break_at"]
    for at, each in by_line:
        is_told = at <= last and not is_counted_otherwise
        (found.rows[at] if is_told else found.strays).append(each)
    return found


def _places(known: Any) -> defaultdict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    digests = known["digests"] if known else ""
    for at in range(0, len(digests), _DIGITS):
        found[digests[at : at + _DIGITS]].append(at // _DIGITS)
    return found


def _digest(cells: Sequence[str], key_at: int | None) -> str:
    """Return the digest of a row: of its key, or of all its cells if it has none."""
    texts = [" ".join(each.split()).lower() for each in cells]
    if key_at is not None and key_at < len(texts) and texts[key_at]:
        texts = [texts[key_at]]
    return blake2b("\0".join(texts).encode(), digest_size=_DIGITS // 2).hexdigest()


def _has_break(text: str) -> bool:
    return "\n" in text or "\r" in text


def _cells(error: JSONObject) -> list[str]:
    """Return the cells of the row that *error* is about; none = it does not have them."""
    found = _source(error).get("rowData")
    return found if isinstance(found, list) and all(isinstance(each, str) for each in found) else []


def _line(error: JSONObject) -> int:
    """Return the line that *error* is about; 0 = the whole file."""
    found = _source(error).get("lineNumber")
    text = "" if isinstance(found, bool) else str(found)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 15 else 0


def _source(error: JSONObject) -> JSONObject:
    found = error.get("sourceData")
    return found if isinstance(found, dict) else {}
