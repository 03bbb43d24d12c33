"""Values with camelCase names on the wire, and the scalars in them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

JSONObject = dict[str, Any]


class Wire(BaseModel):
    """A value with camelCase names on the wire; either spelling is read."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
    )


def _percent(value: object) -> float | None:
    """Read a progress report; anything but a number in [0, 100] counts as not reported.

    Destinations send -3, 250 and "NaN", of which no progress bar can be drawn.
    """
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever a partner sends is tried
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number <= 100 else None


def clean_text(value: object) -> str:
    """Return *value* as text that UTF-8 can hold; None is empty.

    JSON may carry half of a surrogate pair, which no file and no screen takes.
    """
    text = "" if value is None else str(value)
    if text.isascii():  # The same object: the ids of 100,000 operations are kept once.
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _code(value: object) -> str | None:
    return None if value is None else clean_text(value)


def _moment(value: object) -> float | None:
    """Read a time in Unix seconds or milliseconds, or in ISO 8601.

    Anything else counts as not stated, and so does a time before 1970: some languages write
    "no time" as the beginning of the year 1, or as 0.
    """
    seconds = _unix_seconds(value)
    return seconds if seconds is not None and seconds > 0 else None


def _unix_seconds(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - datetime.fromtimestamp(0, UTC)).total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value < 1e11:
        return float(value)
    return value / 1000 if value < 1e14 else None


Percent = Annotated[float | None, BeforeValidator(_percent)]
Text = Annotated[str, BeforeValidator(clean_text)]
Moment = Annotated[float | None, BeforeValidator(_moment)]
Code = Annotated[str | None, BeforeValidator(_code)]
