"""Whether a value fits its field, and the message for one that does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from pydantic import ValidationError

from .formats import FORMATS
from .input_field import InputField


def check_value(declared: InputField, value: Any) -> None:
    """Raise ValueError unless *value* fits the choices, format and bounds of its field."""
    plain = value.value if isinstance(value, Enum) else value
    if declared.choices is not None and plain not in declared.choices:
        known = ", ".join(repr(choice) for choice in declared.choices)
        raise ValueError(f"{declared.label} must be one of {known}")
    if declared.format in FORMATS and isinstance(value, str):
        _check_format(declared, value)
    _check_bounds(declared, len(value) if isinstance(value, str) else value)


def _check_format(declared: InputField, text: str) -> None:
    try:
        FORMATS[str(declared.format)](text)
    except ValidationError as error:
        if declared.format != "uri":
            raise ValueError(f"{declared.label} must be a valid {declared.format}") from None
        # What is wrong with it is said as of a field that is declared as a URL.
        place = place_of((declared.key,), {declared.key: declared})
        raise ValueError(place + _in_words(error.errors()[0]["msg"])) from None
    except ValueError:
        raise ValueError(f"{declared.label} must be a valid {declared.format}") from None


def _check_bounds(declared: InputField, size: Any) -> None:
    what = "characters" if declared.type == "string" else ""
    if declared.minimum is not None and size < declared.minimum:
        raise ValueError(f"{declared.label} must be at least {declared.minimum} {what}".rstrip())
    if declared.maximum is not None and size > declared.maximum:
        raise ValueError(f"{declared.label} must be at most {declared.maximum} {what}".rstrip())


def place_of(path: Sequence[str | int], fields: Mapping[str, InputField]) -> str:
    """Return where *path* leads: the label of the field, its key, and the path inside it."""
    if not path:
        return ""
    key, *inside = (str(part) for part in path)
    name = fields[key].label if key in fields else key
    path = "".join(f".{part}" for part in inside)
    return f"{name} ({key}{path}): " if name != key or path else f"{name}: "


def explain(error: ValidationError, fields: Mapping[str, InputField]) -> str:
    """Return in one line what does not fit, field by field, without the values."""
    problems = [
        place_of(each["loc"], fields) + _in_words(each["msg"])
        for each in error.errors(include_url=False, include_input=False)
    ]
    return "; ".join(problems)


def _in_words(message: str) -> str:
    found = message.removeprefix("Value error, ").replace("Field required", "is missing")
    return found.replace("relative URL without a base", "with its scheme: https://…")
