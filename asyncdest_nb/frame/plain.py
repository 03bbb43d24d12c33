"""One value as JSON can hold it: one function per type, chosen by the nearest base class."""

from __future__ import annotations

import base64
import json
import math
import reprlib
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, singledispatch
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from ..numerals import EXACT_INTEGER, Rounded, exact_text
from .iso_times import duration, odd_year

_DEEPEST = 100  # Levels of nesting; a deeper value is a cycle, or unreadable for a destination.
_LONGEST_INTEGER = 10_000  # Bits. Python does not write integers of more than 4300 digits.

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


class Unsendable(Exception):
    """A value that JSON cannot hold; the message has the value and the reason."""


def excerpt(value: object) -> str:
    """Return a short repr of a value for a message, even if its own repr fails."""
    return _SHORT.repr(value)


def infinite(value: Any) -> str:
    """Return why an infinite number cannot be sent."""
    return f"{value} is infinite, and JSON has no such number"


@singledispatch
def plain(value: Any, depth: int) -> Any:
    """Return *value* as JSON can hold it, None if it is missing.

    *depth* is the number of containers around it. Raises Unsendable.
    """
    raise Unsendable(
        f"{excerpt(value)} is of type {type(value).__name__}, which JSON cannot hold; "
        "send text, numbers, booleans, dates, or lists and dicts of them"
    )


def _missing(value: Any, depth: int) -> None:
    return None


for _kind in (type(None), type(pd.NaT), type(pd.NA), type(np.ma.masked)):
    plain.register(_kind, _missing)


@plain.register(bool)
@plain.register(np.bool_)
def _(value: Any, depth: int) -> bool:
    return bool(value)


@plain.register(int)
@plain.register(np.integer)
def _(value: Any, depth: int) -> int:
    number = value.__int__()
    if number.bit_length() > _LONGEST_INTEGER:
        raise Unsendable(f"an integer of {number.bit_length()} bits is too long to be written")
    return int(number)


@plain.register(float)
def _(value: float, depth: int) -> float | None:
    return number_of(float(value), limit=EXACT_INTEGER)


@plain.register(np.floating)
def _(value: np.floating[Any], depth: int) -> float | None:
    # A float32 has the digits it is printed with: 19.99, not 19.989999771118164. Not by str,
    # which has six of them where NumPy is set to print as it did before 1.14.
    number = float(np.format_float_scientific(value))
    return number_of(number, limit=exact_integers(value.dtype))


def exact_integers(dtype: np.dtype[Any]) -> float:
    """Return the limit from which a float of *dtype* may stand for several integers."""
    return float(min(2.0 ** (np.finfo(dtype).nmant + 1), EXACT_INTEGER))


def number_of(number: float, *, limit: float) -> float | None:
    """Return a float as it is sent, None for NaN: a whole one is an integer.

    A missing value makes the ids of its column floats; they are sent like those of a
    column without one. From *limit* on a float may stand for several integers, and is
    marked as ``Rounded``. Raises Unsendable for an infinite one.
    """
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise Unsendable(infinite(number))
    if not number.is_integer():
        return number
    return int(number) if abs(number) < limit else Rounded(number)


@plain.register
def _(value: str, depth: int) -> str:
    text = str.__str__(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unsendable(
            f"{excerpt(text)} has half a character (a lone surrogate), which UTF-8 cannot "
            "encode; read the text again with its right encoding"
        ) from None
    return text


@plain.register
def _(value: Decimal, depth: int) -> str | None:
    if value.is_nan():
        return None
    if value.is_infinite():
        raise Unsendable(infinite(value))
    # In full digits, since few APIs read 0E-8; but without a megabyte of zeros for 1E+1000000.
    return format(value, "f") if abs(value.adjusted()) < 100 else str(value)


@plain.register(UUID)
@plain.register(pd.Period)
@plain.register(pd.Interval)
def _(value: Any, depth: int) -> str:
    return str(value)


@plain.register(date)
@plain.register(datetime)
def _(value: date, depth: int) -> str:
    if not 1 <= value.year <= 9999:  # A Timestamp may have other years.
        raise Unsendable(odd_year(value.year))
    return value.isoformat()


@plain.register
def _(value: time, depth: int) -> str:
    return value.isoformat()


@plain.register
def _(value: timedelta, depth: int) -> str:
    seconds = value.days * 86_400 + value.seconds
    nanoseconds = getattr(value, "nanoseconds", 0)
    return duration(seconds * 10**9 + value.microseconds * 1000 + nanoseconds)


@plain.register
def _(value: Enum, depth: int) -> Any:
    return plain(value.value, _deeper(depth))


@plain.register(bytes)
@plain.register(bytearray)
@plain.register(memoryview)
def _(value: bytes, depth: int) -> str:
    return base64.b64encode(value).decode("ascii")


@plain.register(list)
@plain.register(tuple)
def _(value: Iterable[Any], depth: int) -> list[Any]:
    deeper = _deeper(depth)
    return [plain_of(type(each))(each, deeper) for each in value]


@plain.register(AbstractSet)
def _(value: AbstractSet[Any], depth: int) -> list[Any]:
    # The order of a set differs between processes; a row that is sent twice must be the same.
    return sorted(plain(list(value), depth), key=_json_key)


@plain.register(Mapping)
def _(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    deeper = _deeper(depth)
    found = {_key(key): plain_of(type(each))(each, deeper) for key, each in value.items()}
    if len(found) < len(value):
        raise Unsendable(f"{excerpt(value)} has two keys that are equal as text")
    return found


def _key(key: Any) -> str:
    value = plain_of(type(key))(key, 0)
    try:
        text = exact_text(value)
    except ValueError as error:
        raise Unsendable(f"the key {error}") from None
    return text if isinstance(text, str) else _json_key(text)


def _json_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def as_printed(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return floats as float64 with the digits they are printed with: 19.99 for a float32."""
    if numbers.dtype.itemsize >= 8:
        return numbers.astype("float64")
    with np.printoptions(legacy=False):
        return numbers.astype("U").astype("float64")


def numbers_of(floats: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return each of *floats* by the rule of ``number_of``, but None for infinite ones."""
    numbers = as_printed(floats)
    finite = np.isfinite(numbers)
    whole = finite & (np.trunc(numbers) == numbers)
    exact = whole & (np.abs(numbers) < exact_integers(floats.dtype))
    values = numbers.astype(object)
    values[exact] = numbers[exact].astype("int64")
    values[~finite] = None
    for at in zip(*np.nonzero(whole & ~exact), strict=True):
        values[at] = Rounded(numbers[at])
    return values


@plain.register
def _(value: np.ndarray, depth: int) -> Any:
    if value.ndim == 0:
        return plain(value[()], _deeper(depth))
    # A cell with an embedding has thousands of numbers.
    if value.dtype.kind in "biu":
        return value.tolist()
    if value.dtype.kind == "f" and type(value) is np.ndarray and not np.isinf(value).any():
        return numbers_of(value).tolist()
    return plain(list(value), depth)


@plain.register
def _(value: pd.api.extensions.ExtensionArray, depth: int) -> Any:
    # As unique() of a group has it for texts, times with a zone, and nullable numbers.
    return plain(list(value), depth)


@plain.register(np.datetime64)
@plain.register(np.timedelta64)
def _(value: Any, depth: int) -> Any:
    read: Callable[[Any], Any] = pd.Timestamp if isinstance(value, np.datetime64) else pd.Timedelta
    try:
        return plain(read(value), depth)
    except (ValueError, OverflowError) as error:
        raise Unsendable(f"{value!r} cannot be read as a time: {error}") from None


def _deeper(depth: int) -> int:
    if depth >= _DEEPEST:
        raise Unsendable(f"it contains itself, or is nested over {_DEEPEST} levels deep")
    return depth + 1


# plain_of(type(value))(value, depth) does the same as plain(value, depth), with a third of the
# cost of the look-up, which takes most of the time where cells are nested.
plain_of: Callable[[type], Callable[[Any, int], Any]] = lru_cache(maxsize=1000)(plain.dispatch)
