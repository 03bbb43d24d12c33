"""JSON values with every text in them mapped."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any


def mapped_texts(value: Any, clean: Callable[[str], str]) -> Any:
    """Return *value* with *clean* applied to every text in it, also to keys and long numbers."""
    try:
        return _mapped(value, clean)
    except (RecursionError, ValueError) as error:  # Nested too deep, or an integer too long.
        return f"a {type(value).__name__} that cannot be stored: {error}"


def _mapped(value: Any, clean: Callable[[str], str]) -> Any:
    kind = type(value)
    if kind is str:
        return clean(value)
    if value is None or kind is bool or kind is float:
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value
    if isinstance(value, dict):
        return _mapped_dict(value, clean)
    if isinstance(value, list | tuple):
        return [_mapped(each, clean) for each in value]
    if isinstance(value, int) and -99_999 <= value <= 99_999:
        return value  # A secret of so few digits is not masked in data.
    # A long number, or an object, which would be stored as its text.
    text = str(value)
    return value if (cleaned := clean(text)) == text else cleaned


def _mapped_dict(value: dict[Any, Any], clean: Callable[[str], str]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name, each in value.items():
        kept = clean(name) if isinstance(name, str) else name
        if kept in found:  # Two keys may be equal once masked, and must stay two.
            numbered = (f"{kept} {number}" for number in itertools.count(2))
            kept = next(each for each in numbered if each not in found)
        found[kept] = clean(each) if type(each) is str else _mapped(each, clean)
    return found
