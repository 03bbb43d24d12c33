"""The formats that a text field may have."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime, time
from functools import cache
from typing import Any

from pydantic import AnyUrl, TypeAdapter


def _matches(pattern: str) -> Callable[[str], object]:
    compiled = re.compile(pattern)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise ValueError(text)

    return check


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what reads values of *kind*; it is made when a field needs it first."""
    return TypeAdapter(kind)


def _clock(text: str) -> time:
    if ":" not in text:  # Python reads 2024-06 as 20:24, six hours behind UTC.
        raise ValueError(text)
    return time.fromisoformat(text)


def _compiled(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:  # Too large a number, too deep.
        raise ValueError(str(error)) from None


# The formats of JSON schema that Segment's fields may have; each raises ValueError.
FORMATS: dict[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": _clock,
    "date-time": lambda text: _adapter(datetime).validate_python(text),
    "email": _matches(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+"),
    "hostname": _matches(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*"),
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "regex": _compiled,
    "uri": lambda text: _adapter(AnyUrl).validate_python(text),
    "uuid": uuid.UUID,
}
