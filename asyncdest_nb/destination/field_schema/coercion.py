"""How a value becomes one of the JSON types that its field takes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ...numerals import (
    BLANKS,
    Rounded,
    digits_lost,
    has_too_many_digits,
    number_in,
    number_text,
    too_many_digits,
)

_INTEGER = re.compile(r"[+-]?\d{1,4000}", re.ASCII)  # Python converts no more digits than that.


class _Unfit:
    """The type of ``UNFIT``."""


UNFIT = _Unfit()  # What a conversion returns for a value that it does not take.


_TYPES = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}


def type_of(value: Any) -> str:
    """Return the JSON type of *value*; that of a number is number, also of a whole one."""
    found = _TYPES.get(type(value))
    if found is not None:
        return found
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list | tuple) else "object"


def is_of(type_name: str, value: Any) -> bool:
    """Whether *value* has the JSON type already; NaN and infinity are no numbers."""
    found = type_of(value)
    if found == "number" and type_name in ("number", "integer"):
        is_finite = isinstance(value, int) or math.isfinite(value)
        is_whole = not isinstance(value, Rounded) and is_finite and value == math.floor(value)
        return is_whole or (is_finite and type_name == "number")
    return found == type_name


def converted(types: tuple[str, ...], value: Any) -> Any:
    """Return *value* as the first of *types* that takes it, or UNFIT.

    Raises ValueError for a number whose digits would be lost, or may be lost already.
    """
    for each in types:
        found = _CONVERSIONS[each](value) if each in _CONVERSIONS else UNFIT
        if found is not UNFIT:
            return found
    return UNFIT


def _text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # An id of 19 digits keeps them: JavaScript would have rounded it before.
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Rounded):
        raise ValueError(digits_lost(value))
    return number_text(value) if isinstance(value, float) else UNFIT


def _number(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return int(bool(value))
    return _number_in(value) if isinstance(value, str) and value else UNFIT


def _integer(value: Any) -> Any:
    if isinstance(value, Rounded):
        raise ValueError(digits_lost(value))
    found = _number(value)
    if found is UNFIT or isinstance(found, int) or math.isinf(found):
        return found
    return int(found) if found.is_integer() else UNFIT


def _number_in(text: str) -> Any:
    """Return the number that JavaScript reads in *text*, all its digits if whole, or UNFIT.

    Raises ValueError if it is another number there, as that of a Decimal may be.
    """
    bare = text.strip(BLANKS)
    if _INTEGER.fullmatch(bare):
        return int(bare)
    found = number_in(bare)
    if not math.isinf(found) and has_too_many_digits(bare):
        raise ValueError(too_many_digits(bare))
    return UNFIT if math.isnan(found) else found


def _boolean(value: Any) -> Any:
    if value is None or value == "false":
        return False
    if value == "true":
        return True
    is_bit = isinstance(value, int | float) and not isinstance(value, bool) and value in (0, 1)
    return bool(value) if is_bit else UNFIT


def _null(value: Any) -> Any:
    return None if isinstance(value, int | float | str) and value in ("", 0) else UNFIT


def _array(value: Any) -> Any:
    return UNFIT if type_of(value) in ("array", "object") else [value]


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "null": _null,
    "array": _array,
}
