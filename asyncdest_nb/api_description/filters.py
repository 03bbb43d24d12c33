"""What a value may be put through, in a template or a path: ``{{ row.email | trim | lower }}``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any


class _Absent:
    """The value of what is not there; None is a null."""

    def __repr__(self) -> str:
        return "nothing"

    def __bool__(self) -> bool:
        return False


ABSENT: Any = _Absent()


def json_text(value: Any) -> str:
    """Return *value* as JSON text; raises ValueError for NaN, which JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def text_of(value: Any) -> str:
    """Return a value as it stands in a text: as JSON has it, but a text without quotes."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    # An answer may have NaN and Infinity, which Python reads.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _digest(name: str) -> Callable[[Any], str]:
    return lambda value: hashlib.new(
        name, text_of(value).encode(), usedforsecurity=False
    ).hexdigest()


def _joined(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return ", ".join(text_of(each) for each in items)


FILTERS: dict[str, Callable[[Any], Any]] = {
    "json": json_text,
    "lower": lambda value: text_of(value).lower(),
    "trim": lambda value: text_of(value).strip(),
    "sha256": _digest("sha256"),
    "md5": _digest("md5"),
    "join": _joined,
}


def filtered(value: Any, names: Sequence[str]) -> Any:
    """Return *value* put through the filters *names*; a null stays one, except as JSON."""
    for name in names:
        if value is not ABSENT and (value is not None or name == "json"):
            value = FILTERS[name](value)
    return value
