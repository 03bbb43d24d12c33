"""JSON text as JavaScript writes and reads it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ..errors import MappingError
from .values import UNDEFINED, as_text, items_in_order

_LONE = re.compile(r"[\ud800-\udfff]")
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def encoded(value: Any) -> Any:
    """Return *value* as JSON text without spaces, UNDEFINED if it is undefined itself.

    A key without a value is left out, such an item of an array is null, and so is a number
    that is not finite. Raises MappingError for a number whose digits may be lost.
    """
    try:
        return UNDEFINED if value is UNDEFINED else _text(value)
    except RecursionError:
        raise MappingError("@json: the value is nested too deeply to be encoded") from None


def decoded(text: str, *, only_finite: bool = False) -> Any:
    """Return the value of a JSON text, *text* itself if it is no JSON.

    Integers keep all their digits, where JavaScript rounds those from 2**53 on. A number that
    is too large for a double, such as 1e400, is infinite; None if *only_finite*.
    """

    def read(digits: str) -> float | None:
        number = float(digits)
        return None if only_finite and _is_odd(number) else number

    def read_whole(digits: str) -> float | None:
        # Python refuses to read an integer of more than 4300 digits.
        return int(digits) if len(digits) < 300 else read(digits)

    try:
        return json.loads(text, parse_constant=_refuse, parse_int=read_whole, parse_float=read)
    except RecursionError:
        raise MappingError("@json: the text is nested too deeply to be decoded") from None
    except ValueError:
        return text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None or value is UNDEFINED or (isinstance(value, float) and _is_odd(value)):
        return "null"
    if isinstance(value, dict):
        items = ((key, each) for key, each in items_in_order(value) if each is not UNDEFINED)
        return f"{{{','.join(f'{_string(str(key))}:{_text(each)}' for key, each in items)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text, value))}]"
    return as_text(value)


def _string(text: str) -> str:
    quoted = _quoted(text)
    if not _LONE.search(quoted):
        return quoted
    return _LONE.sub(lambda lone: f"\\u{ord(lone[0]):04x}", _PAIR.sub(_joined, quoted))


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _is_odd(number: float) -> bool:
    return not math.isfinite(number)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
