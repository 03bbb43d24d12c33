"""Values in a template as in JavaScript: what is missing is None, and every number a double."""

from __future__ import annotations

import math
import operator as operators
from typing import Any

from ...errors import MappingError
from ...numerals import number_in
from ..values import UNDEFINED, as_text, code_units

_ORDERS = {
    "<": operators.lt,
    ">": operators.gt,
    "<=": operators.le,
    ">=": operators.ge,
}


# What a template may make, in characters and items; so it cannot double a text without end.
MEMORY = 100_000_000


def check_size(size: float) -> None:
    """Raise a MappingError if *size* is above the limit."""
    if size > MEMORY:
        raise MappingError("memory alloc limit exceeded")


def text_of(value: Any) -> str:
    """Return *value* as it is printed: the items of an array one after the other."""
    if isinstance(value, list | tuple | range):
        return "".join(map(text_of, value))
    return as_text(value)


def joined_text(value: Any) -> str:
    """Return *value* as an item of an array that is joined: with commas if it is an array."""
    return as_text(list(value) if isinstance(value, range) else value)


def number_of(value: Any) -> float:
    """Return *value* as a number, 0 for what is none."""
    number = strict_number_of(value)
    return 0.0 if math.isnan(number) else number


def strict_number_of(value: Any) -> float:
    """Return *value* as a number as ``Number()`` does, NaN for what is none."""
    if isinstance(value, bool | int | float):
        return float(value) if not isinstance(value, int) or abs(value) < 10**308 else math.inf
    if value is None:
        return 0.0
    if isinstance(value, dict) or value is UNDEFINED:
        return math.nan
    return number_in(value if isinstance(value, str) else joined_text(value))


def is_true(value: Any) -> bool:
    """Whether *value* is true in a condition: all is but null, undefined and false."""
    return value is not None and value is not False and value is not UNDEFINED


def is_nil(value: Any) -> bool:
    """Whether *value* is null or undefined."""
    return value is None or value is UNDEFINED


def are_equal(left: Any, right: Any) -> bool:
    """Whether two values are equal: of one type, and arrays item by item."""
    if isinstance(left, list | tuple):
        return (
            isinstance(right, list | tuple)
            and len(left) == len(right)
            and all(map(are_equal, left, right))
        )
    if isinstance(left, dict | range):
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def compare(operator: str, left: Any, right: Any) -> bool:
    """Return ``left < right`` and its kin: two texts by code units, anything else as numbers."""
    pair: list[Any] = [
        joined_text(each) if isinstance(each, list | tuple | range | dict) else each
        for each in (left, right)
    ]
    comparable: Any = (
        code_units if all(isinstance(each, str) for each in pair) else strict_number_of
    )
    return bool(_ORDERS[operator](*map(comparable, pair)))


def contains(left: Any, right: Any) -> bool:
    """Whether an array has an item, or a text another text."""
    if isinstance(left, list | tuple):
        return any(are_equal(each, right) for each in left)
    if isinstance(left, str):
        return ("null" if right is None else _or_undefined(right)) in left
    return False


def _or_undefined(value: Any) -> str:
    return "undefined" if value is UNDEFINED else as_text(value)


def property_of(value: Any, key: Any) -> Any:
    """Return a property of *value*: a key, an index, its size, first or last; else UNDEFINED."""
    if is_nil(value):
        return value
    if isinstance(value, list | tuple) and isinstance(key, int | float):
        index = int(key) + (len(value) if key < 0 else 0)
        return value[index] if 0 <= index < len(value) and key == int(key) else UNDEFINED
    name = as_text(key)
    if isinstance(value, dict):
        return value.get(name, len(value) if name == "size" else UNDEFINED)
    if isinstance(value, str | list | tuple):
        return _of_items(value, name)
    return UNDEFINED


def _of_items(value: str | list[Any] | tuple[Any, ...], name: str) -> Any:
    items = code_units(value) if isinstance(value, str) else value
    if name in ("size", "length"):
        return len(items)
    if name in ("first", "last") and not isinstance(value, str):
        return items[0 if name == "first" else -1] if items else UNDEFINED
    if name.isdecimal() and name.isascii() and str(int(name[:15])) == name:
        return items[int(name)] if int(name) < len(items) else UNDEFINED
    return UNDEFINED


def whole_text(units: list[str]) -> str:
    """Return the text of UTF-16 code units."""
    text = "".join(units)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def items_of(value: Any) -> list[Any]:
    """Return *value* as an array: one of one item unless it is an array, none for null."""
    if is_nil(value):
        return []
    return list(value) if isinstance(value, list | tuple | range) else [value]
