"""What a value may become before pydantic reads it: no id loses a digit, no number is a date.

pydantic writes 1001.0 as the text "1001.0", makes an integer of a float whose last digits
are unknown, and takes "20240601" for seconds since 1970.
"""

from __future__ import annotations

import re
import types
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from ..numerals import digits_lost, exact_text, is_exact

Conversion = Callable[[Any], Any]

_NUMBER = re.compile(r"\s*[+-]?[0-9_]*\.?[0-9_]+(e[+-]?[0-9]+)?\s*", re.IGNORECASE)
_DIGITS = re.compile(r"[+-]?[0-9]+")
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]00:00(:00([.,]0+)?)?(Z|[+-]\d\d(:?\d\d)?)?")


def conversion_of(annotation: Any, *, format: str | None = None) -> Conversion | None:
    """Return what makes of a value what a field of this type may take; None = nothing to do.

    It raises ValueError for a value that the type would read as another one.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return conversion_of(arguments[0], format=format)
    if origin in (Union, types.UnionType):
        return _of_union([each for each in arguments if each is not type(None)], format)
    if origin in (list, tuple, set, frozenset):
        return _each(conversion_of(arguments[0], format=format) if arguments else None)
    if origin is dict:
        return _each_value(conversion_of(arguments[1]))
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, BaseModel):
        return _each_field(annotation)
    if annotation is str and format in _OF_FORMAT:
        return _OF_FORMAT[format]
    return _OF_TYPE.get(annotation)


def day_of(value: Any) -> Any:
    """Return the day of a text that is midnight of one, as pandas writes a column of days."""
    found = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else value


def _integer(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and not is_exact(value):
        raise ValueError(digits_lost(value))
    return value


def _number(value: Any) -> Any:
    is_digits = isinstance(value, str) and len(value) > 15 and _DIGITS.fullmatch(value)
    if (isinstance(value, int) or is_digits) and not _is_double(value):
        raise ValueError(f"{str(value)[:40]} has more digits than a number keeps: use a text field")
    return value


def _is_double(value: int | str) -> bool:
    try:
        return int(float(value)) == int(value)
    except (OverflowError, ValueError):  # int() reads 4,300 digits at most.
        return False


def _moment(value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return _day_in_digits(value)
    return _not_a_number(value)


def _day_in_digits(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()  # ISO 8601 knows 20240601 as well.
    except ValueError:
        raise ValueError("digits alone are a date only as 20240601") from None


def _not_a_number(value: Any) -> Any:
    """Return what may be a date and time; raises ValueError for numbers, also in a text."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError(
            f"{str(value)[:40]} is a number, not a date; write text such as 2024-06-01, or "
            "convert the column with pd.to_datetime"
        )
    return value


_OF_TYPE: dict[Any, Conversion] = {
    str: exact_text,
    uuid.UUID: exact_text,
    Decimal: exact_text,
    int: _integer,
    float: _number,
    datetime: _moment,
    time: _moment,
    date: lambda value: day_of(_moment(value)),
}
_OF_FORMAT: dict[str | None, Conversion] = {"date": _OF_TYPE[date], "date-time": _not_a_number}


def _of_union(members: list[Any], format: str | None) -> Conversion | None:
    found = [conversion_of(each, format=format) for each in members]
    if len(members) == 1:
        return found[0]
    if found and all(each in (_moment, _OF_TYPE[date]) for each in found):
        return _moment
    is_exact_needed = float not in members and bool({str, int} & {*members})
    return _integer if is_exact_needed else None


def _each(conversion: Conversion | None) -> Conversion | None:
    if conversion is None:
        return None

    def convert(values: Any) -> Any:
        is_several = isinstance(values, list | tuple | set | frozenset)
        return type(values)(map(conversion, values)) if is_several else values

    return convert


def _each_value(conversion: Conversion | None) -> Conversion | None:
    if conversion is None:
        return None

    def convert(values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {key: conversion(value) for key, value in values.items()}

    return convert


def _each_field(model: type[BaseModel]) -> Conversion:
    fields: dict[str, Conversion] = {}

    def convert(values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        # Read now: a model may hold itself, or one that is not defined yet.
        for name, info in model.model_fields.items() if not fields else ():
            if (found := conversion_of(info.annotation)) is not None:
                fields.update(dict.fromkeys((name, info.alias or name), found))
        return {key: fields[key](each) if key in fields else each for key, each in values.items()}

    return convert
