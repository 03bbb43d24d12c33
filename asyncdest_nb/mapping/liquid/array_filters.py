"""The filters for arrays, and for what an array and a text have in common."""

from __future__ import annotations

import math
from typing import Any

from ...numerals import number_in
from ..values import UNDEFINED, code_units
from .filters import named
from .values import (
    are_equal,
    check_size,
    is_nil,
    is_true,
    items_of,
    joined_text,
    property_of,
    strict_number_of,
    text_of,
    whole_text,
)


@named("slice")
def _slice(value: Any, begin: Any = UNDEFINED, length: Any = 1, *rest: Any) -> Any:
    if is_nil(value):
        return []
    is_array = isinstance(value, list | tuple | range)
    items = list(value) if is_array else code_units(text_of(value))
    length = 1 if length is UNDEFINED else length
    first, count = strict_number_of(begin), strict_number_of(length)
    end = first + count
    if first < 0:
        first, begin = len(items) + first, None
        end = first + count
    if isinstance(begin, str) or isinstance(length, str):  # JavaScript joins the two.
        end = number_in(f"{text_of(first if begin is None else begin)}{text_of(length)}")
    found = [] if first < 0 or count < 0 else items[_index(first) : _index(end)]
    return found if is_array else whole_text(found)


def _index(number: float) -> int:
    if math.isnan(number):
        return 0
    return int(number) if math.isfinite(number) else 2**53


@named("join")
def _join(value: Any, separator: Any = None, *rest: Any) -> str:
    between = " " if is_nil(separator) else text_of(separator)
    items = items_of(value)
    check_size(len(between) * len(items))
    return between.join(map(joined_text, items))


@named("first")
def _first(value: Any, *rest: Any) -> Any:
    return _at(value, 0)


@named("last")
def _last(value: Any, *rest: Any) -> Any:
    return _at(value, -1)


def _at(value: Any, index: int) -> Any:
    if not isinstance(value, str | list | tuple | range):
        return ""
    items = code_units(value) if isinstance(value, str) else value
    return items[index] if items else ("" if isinstance(value, str) else UNDEFINED)


@named("size")
def _size(value: Any, *rest: Any) -> int:
    if isinstance(value, dict):
        return value.get("length") or 0
    if isinstance(value, str):
        return len(code_units(value))
    return len(value) if isinstance(value, list | tuple | range) else 0


@named("compact")
def _compact(value: Any, *rest: Any) -> list[Any]:
    return [each for each in items_of(value) if not is_nil(each)]


@named("push")
def _push(value: Any, other: Any = None, *rest: Any) -> list[Any]:
    return [*items_of(value), other]


@named("unshift")
def _unshift(value: Any, other: Any = None, *rest: Any) -> list[Any]:
    return [other, *items_of(value)]


@named("pop")
def _pop(value: Any, *rest: Any) -> list[Any]:
    return items_of(value)[:-1]


@named("shift")
def _shift(value: Any, *rest: Any) -> list[Any]:
    return items_of(value)[1:]


@named("sum")
def _sum(value: Any, name: Any = None, *rest: Any) -> float:
    found = [_along(each, name) if name else each for each in items_of(value)]
    numbers = map(strict_number_of, found)
    return sum((each for each in numbers if not math.isnan(each)), 0.0)


@named("where")
def _where(value: Any, name: Any = None, wanted: Any = UNDEFINED, *rest: Any) -> list[Any]:
    found = [(each, _along(each, name)) for each in items_of(value)]
    if wanted is UNDEFINED:
        return [each for each, have in found if is_true(have)]
    return [each for each, have in found if are_equal(have, wanted)]


def _along(value: Any, path: Any) -> Any:
    for name in text_of(path).split("."):
        value = property_of(value, name)
    return value
