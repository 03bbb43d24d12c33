"""Cells of a CSV file, read as values of a field."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from . import ids
from .objects import PREFIXES
from .schema import TEXTS, Field

NULL = "#N/A"  # Clears the field; an empty cell changes nothing.

Value = str | int | float | bool | None

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_INT = re.compile(r"[+-]?[0-9]{1,10}")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A space in place of the T, as in str() of a datetime, is invalid.
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
_ZONE = r"Z|[+-][0-9]{2}:?[0-9]{2}"
_DATETIME = re.compile(f"{_DATE.pattern}(?:T{_TIME}(?:{_ZONE})?)?")
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0"), False),
}


@dataclass(frozen=True)
class RowError:
    """Why a row was not applied; its text is the cell ``sf__Error``."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = f"{', '.join(self.fields)} " if self.fields else ""
        return f"{self.code}:{self.message}:{named}--"


def read(field: Field, text: str, *, column: int) -> Value | RowError:
    """Return the value of the cell *text*, which is not empty, for *field*, or an error.

    Dates are text in ISO 8601, date-times in UTC. *column* counts from 0.
    """
    if text == NULL:
        return _emptied(field)
    if field.type in TEXTS:
        return _text(field, text)
    if field.type == "reference":
        return _reference(field, text)
    reader, name = _READERS[field.type]
    value: Value = reader(text)
    if value is None:
        # Salesforce has this message for every type.
        message = (
            f"Failed to deserialize field at col {column}. "
            f"Due to, '{text}' is not a valid value for the type xsd:{name}"
        )
        return RowError("INVALID_FIELD", message, (field.name,))
    if isinstance(value, float) and abs(value) >= 10 ** (field.precision - field.scale):
        message = f"{field.label}: value outside of valid range on numeric field: {text}"
        return RowError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))
    return value


def _emptied(field: Field) -> RowError | None:
    if field.is_required:
        return missing((field.name,))
    if field.type == "boolean":
        message = f"{field.label}: value not of required type: null"
        return RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,))
    return None


def missing(names: tuple[str, ...]) -> RowError:
    """Return the error of a row that lacks the required fields *names*."""
    message = f"Required fields are missing: [{', '.join(names)}]"
    return RowError("REQUIRED_FIELD_MISSING", message, names)


def _text(field: Field, text: str) -> str | RowError:
    if len(text) > field.length:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        return RowError("STRING_TOO_LONG", message, (field.name,))
    if field.type == "email" and not _EMAIL.fullmatch(text):
        message = f"{field.label}: invalid email address: {text}"
        return RowError("INVALID_EMAIL_ADDRESS", message, (field.name,))
    if field.is_required and not text.strip():
        return missing((field.name,))
    return text


def _reference(field: Field, text: str) -> str | RowError:
    prefixes = tuple(PREFIXES[name] for name in field.refers_to)
    return ids.read(text, prefixes) or malformed(field, text)


def malformed(field: Field, text: str) -> RowError:
    """Return the error of a row whose *text* is not an Id for *field*."""
    message = f"{field.label}: id value of incorrect type: {text}"
    return RowError("MALFORMED_ID", message, (field.name,))


def _boolean(text: str) -> bool | None:
    return _BOOLEANS.get(text.lower())


def _int(text: str) -> int | None:
    found = int(text) if _INT.fullmatch(text) else None
    return found if found is None or -(2**31) <= found < 2**31 else None


def _double(text: str) -> float | None:
    return float(text) if _DOUBLE.fullmatch(text) else None


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _datetime(text: str) -> str | None:
    if not _DATETIME.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
        at = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}+0000"


# The reader of each type that is not text, and the type's name in the XML schema.
_READERS: dict[str, tuple[Callable[[str], Value], str]] = {
    "boolean": (_boolean, "boolean"),
    "int": (_int, "int"),
    "double": (_double, "double"),
    "currency": (_double, "double"),
    "date": (_date, "date"),
    "datetime": (_datetime, "dateTime"),
}
