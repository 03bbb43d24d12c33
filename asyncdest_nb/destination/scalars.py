"""Conversions of single values: one function per type that pydantic could read wrongly."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Set
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pydantic import (
    AwareDatetime,
    FutureDate,
    FutureDatetime,
    NaiveDatetime,
    PastDate,
    PastDatetime,
)

from ..numerals import (
    digits_lost,
    exact_text,
    has_too_many_digits,
    is_exact,
    too_many_digits,
)

Conversion = Callable[[Any], Any]

_NUMBER = re.compile(
    r"\s*[+-]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(e[+-]?[0-9]+)?\s*", re.IGNORECASE
)
_DAY = re.compile(r"\s*[0-9]{8}\s*")
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]00:00(:00([.,]0+)?)?(Z|[+-]\d\d(:?\d\d)?)?")


def day_of(value: Any) -> Any:
    """Return the day of a text that is midnight: pandas writes a column of days as midnights."""
    found = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else value


def text_of(value: Any) -> Any:
    """Return a number as text, other values unchanged; raises ValueError for lost digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return exact_text(value)


def choice_of(value: Any) -> Any:
    """Return a number as the text that may be one of several choices."""
    return text_of(value)


def _decimal(value: Any) -> Any:
    return exact_text(value)


def _integer(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and not is_exact(value):
        raise ValueError(digits_lost(value))
    return value


def _number(value: Any) -> Any:
    if isinstance(value, int | str) and has_too_many_digits(value):
        raise ValueError(too_many_digits(value))
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return _day_in_digits(value)
    return _not_a_number(value)


def _day_in_digits(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()  # 20240601 is ISO 8601 too.
    except ValueError:
        raise ValueError(f"{text.strip()} is a number, not a date: there is no such day") from None


def _not_a_number(value: Any) -> Any:
    """Return *value*; raises ValueError for a number, also for one in a text."""
    if isinstance(value, int | float) or _is_number(value):
        raise ValueError(
            f"{str(value).strip()[:40]} is a number, not a date or time; write text such as "
            "2024-06-01 or 10:30:00, or convert the column with pd.to_datetime"
        )
    return value


def _is_number(text: Any) -> bool:
    return isinstance(text, str) and _NUMBER.fullmatch(text) is not None


def _day(value: Any) -> Any:
    return day_of(_moment(value))


OF_TYPE: dict[Any, Conversion] = {
    str: text_of,
    uuid.UUID: exact_text,
    Decimal: _decimal,
    int: _integer,
    float: _number,
    time: _not_a_number,
    **dict.fromkeys(
        (datetime, AwareDatetime, NaiveDatetime, PastDatetime, FutureDatetime), _moment
    ),
    **dict.fromkeys((date, PastDate, FutureDate), _day),
}
OF_FORMAT: dict[str | None, Conversion] = {
    "date": _day,
    "date-time": _not_a_number,
    "time": _not_a_number,
}
_OF_TIME = frozenset({_moment, _day, _not_a_number})


def one_of(conversions: Iterable[Conversion | None]) -> Conversion:
    """Return the conversion of single values for a field with several types.

    pydantic tries the types in turn, and a date accepts any number as seconds since 1970.
    """
    given = {*conversions} - {choice_of}  # It accepts only its own texts.
    only = next(iter(given)) if len(given) == 1 else None
    if only is not None:
        return only
    has_text, has_time = text_of in given, bool(given & _OF_TIME)
    takes_fractions = bool(given & {_number, _decimal})
    takes_numbers = takes_fractions or _integer in given

    def convert(value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if has_text and is_number:
            is_taken = takes_numbers if isinstance(value, int) else takes_fractions
            value = value if is_taken else text_of(value)
        elif has_time and not has_text and (is_number or _is_number(value)):
            is_day = isinstance(value, str) and _DAY.fullmatch(value) is not None
            return _moment(value) if is_day or not takes_numbers else _as_number(value, given)
        return value if _number in given else _integer(value)

    return convert


def _as_number(value: float | str, given: Set[Conversion | None]) -> Any:
    """Return a number that is not a day; raises ValueError if none of *given* accepts it."""
    number = float(value)
    if not number.is_integer():
        return number if given & {_number, _decimal} else _not_a_number(value)
    if _number in given:
        return _number(value if isinstance(value, int) else number)
    return int(_integer(value if isinstance(value, int) else number))
