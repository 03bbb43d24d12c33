"""What a cell of a file may hold, and which value it stands for.

SQLite allows values of any type in any column, and a file may be damaged, or made by a
stranger. Each function takes a cell as it is and returns its value, or raises ValueError.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)
Reader = Callable[[Any], Any]

MAX_DEPTH = 250  # levels of nested JSON; answers are read to 200, and the code for them recurses
_LATEST = 1e11  # Unix seconds; clocks may be wrong, but dates cannot be shown after the year 9999.
_MOST = 2**53


def text(cell: Any) -> str:
    """Read a text."""
    return cell if isinstance(cell, str) else _refuse(cell, "text")


def digest(cell: Any) -> bytes:
    """Read the bytes of a digest."""
    return cell if isinstance(cell, bytes) else _refuse(cell, "a digest")


def count(cell: Any) -> int:
    """Read a count or an index."""
    if type(cell) is int and 0 <= cell <= _MOST:
        return cell
    _refuse(cell, "a count")


def flag(cell: Any) -> bool:
    """Read 0 or 1."""
    return bool(cell) if type(cell) is int and cell in (0, 1) else _refuse(cell, "0 or 1")


def boolean(cell: Any) -> bool:
    """Read JSON true or false."""
    return cell if isinstance(cell, bool) else _refuse(cell, "true or false")


def number(cell: Any) -> float:
    """Read a finite number."""
    if type(cell) is float and math.isfinite(cell):
        return cell
    if type(cell) is int and abs(cell) <= _MOST:
        return cell
    _refuse(cell, "a number")


def moment(cell: Any) -> float:
    """Read Unix seconds."""
    found = number(cell)
    return found if 0 <= found < _LATEST else _refuse(cell, "Unix seconds")


def optional(reader: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Return a reader that reads NULL as None, and other cells with *reader*."""
    return lambda cell: None if cell is None else reader(cell)


def one_of(choices: Iterable[str]) -> Callable[[Any], str]:
    """Return a reader of one of *choices*."""
    known = frozenset(choices)
    wanted = f"one of {', '.join(sorted(known))}"
    return lambda cell: cell if text(cell) in known else _refuse(cell, wanted)


def member_of(kind: type[W]) -> Callable[[Any], W]:
    """Return a reader of the members of an enumeration."""
    read = one_of(kind)
    return lambda cell: kind(read(cell))


def value(cell: Any) -> Any:
    """Read JSON."""
    try:
        found = json.loads(text(cell), parse_constant=_not_json, parse_float=_finite)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    if is_deep(found, cell):
        raise ValueError("JSON nested too deep")
    return found


def mapping(cell: Any) -> dict[str, Any]:
    """Read a JSON object."""
    found = value(cell)
    return found if isinstance(found, dict) else _refuse(cell, "a JSON object")


def texts(cell: Any) -> dict[str, str]:
    """Read a JSON object of texts."""
    found = mapping(cell)
    return (
        found if all(isinstance(each, str) for each in found.values()) else _refuse(cell, "texts")
    )


def names(cell: Any) -> tuple[str, ...]:
    """Read a JSON list of at least one text."""
    found = tuple(map(text, items(cell)))
    return found or _refuse(cell, "a list of names")


def items(cell: Any) -> list[Any]:
    """Read a JSON list."""
    found = value(cell)
    return found if isinstance(found, list) else _refuse(cell, "a JSON list")


def positions(cell: Any) -> tuple[int, ...]:
    """Read a JSON list of positions without repetition."""
    own = tuple(map(count, items(cell)))
    return own if len(set(own)) == len(own) else _refuse(cell, "a list of positions, each once")


def place(cell: Any, *, of: int) -> int:
    """Read a place among *of* values from the name of a JSON field."""
    found = int(cell) if cell.isdecimal() and len(cell) < 16 else of
    return found if found < of else _refuse(cell, f"a place among {of} values")


def is_deep(found: Any, written: str) -> bool:
    """Whether *found*, which is *written* as JSON, is nested too deep to be saved."""
    if written.count("[") + written.count("{") <= MAX_DEPTH:
        return False
    level, depth = [found], 0
    while level and depth <= MAX_DEPTH:
        level = [inner for each in level for inner in _inner(each)]
        depth += 1
    return bool(level)


def _inner(found: Any) -> Iterable[Any]:
    if isinstance(found, dict):
        return found.values()
    return found if isinstance(found, list | tuple) else ()


def _finite(digits: str) -> float:
    return number(float(digits))


def _not_json(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _refuse(cell: Any, what: str) -> NoReturn:
    raise ValueError(f"{reprlib.repr(cell)} is not {what}")
