"""Values as in JavaScript where Python differs: undefined, the names of types, text."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from ..errors import MappingError
from ..numerals import BLANKS, Rounded, digits_lost, number_text


class Undefined(Enum):
    """The type of ``UNDEFINED``, which is no value; None is the value null."""

    UNDEFINED = "undefined"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined.UNDEFINED


# The types of values that cannot be changed, so that no copy is needed.
SCALARS = frozenset({str, int, float, bool, type(None), Undefined})


def type_name(value: Any) -> str:
    """Return the name of a value's type in messages about mappings."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case dict():
            return "object"
        case list() | tuple():
            return "array"
        case Undefined():
            return "undefined"
        case _:
            return type(value).__name__


def cleaned(value: Any, *, hole: Any = UNDEFINED) -> Any:
    """Copy *value* without keys that are UNDEFINED; such items of arrays become *hole*."""
    if isinstance(value, dict):
        return {
            key: cleaned(each, hole=hole) for key, each in value.items() if each is not UNDEFINED
        }
    if isinstance(value, list | tuple):
        return [cleaned(each, hole=hole) for each in value]
    return hole if value is UNDEFINED else value


def is_truthy(value: Any) -> bool:
    """Whether *value* counts as true: all but undefined, null, false, 0, NaN and ""."""
    if isinstance(value, list | tuple | dict):
        return True
    return bool(value) and value == value  # NaN is not equal to itself.


def is_blank(value: Any) -> bool:
    """Whether *value* is undefined, null, or loosely equal to "": 0, false, [] and [[null]] too."""
    if isinstance(value, list | tuple):
        return as_text(value) == ""
    if isinstance(value, str | dict | None | Undefined):
        return not value and not isinstance(value, dict)
    return bool(value == 0)


def items_in_order(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Return the items of an object in JavaScript's order: keys that are indices first."""
    indices = sorted((key for key in value if _is_index(key)), key=int)
    if not indices:
        return value.items()
    return {**{key: value[key] for key in indices}, **value}.items()


def _is_index(key: str) -> bool:
    return (
        key[:1].isdigit()
        and key.isascii()
        and key.isdecimal()
        and str(int(key[:11])) == key
        and int(key) < 2**32 - 1
    )


def trimmed(text: str) -> str:
    """Strip the white space of JavaScript from *text*."""
    return text.strip(BLANKS)


def code_units(text: str) -> list[str]:
    """Split *text* as JavaScript indexes it: an emoji is two lone surrogates."""
    if all(each <= "\uffff" for each in text):
        return list(text)
    encoded = text.encode("utf-16-le", "surrogatepass")
    return [chr(encoded[at] | encoded[at + 1] << 8) for at in range(0, len(encoded), 2)]


def as_text(value: Any) -> str:
    """Return *value* as text in a template; null and undefined are empty.

    An array is its items joined by commas, an object ``[object Object]``. Raises
    MappingError for a number whose digits may be lost.
    """
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # JavaScript would round it to a double, and change an id of 19 digits.
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Rounded):
        raise MappingError(digits_lost(value))
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list | tuple):
        return ",".join(map(as_text, value))
    return "[object Object]"
