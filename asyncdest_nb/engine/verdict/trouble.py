"""What an error means: a problem of the network or the server, or of what was asked."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from pydantic import ValidationError

from ...errors import (
    HTTPError,
    IntegrationError,
    NotSent,
    ReplyLost,
    RequestFailed,
    RetryableError,
)
from ...request import Exchange
from ...responses import clean_text
from ...schedule import THROTTLING

_PACKAGE = __name__.partition(".")[0]


def is_trouble(error: Exception | None) -> bool:
    """Whether *error* is a problem of the network or the server, so that trying again may help."""
    if isinstance(error, HTTPError):
        return error.status >= 500 or error.status in (408, 425, 429)
    return isinstance(error, RequestFailed | RetryableError)


def is_throttle(error: Exception | None) -> bool:
    """Whether *error* is an answer with which a destination asks for fewer requests."""
    return isinstance(error, HTTPError) and error.status in THROTTLING


def is_seen_by_limiter(error: Exception | None, exchanges: Sequence[Exchange]) -> bool:
    """Whether the rate limiter has seen *error* already, as the end of one of the *exchanges*."""
    return bool(exchanges) and (isinstance(error, NotSent) or is_throttle(error))


def describe(error: BaseException | None) -> str:
    """Return what went wrong as text.

    Of an exception of another package or of the user, the text has its class and the place
    where it was raised too.
    """
    is_ours = isinstance(error, (HTTPError, NotSent, ReplyLost, IntegrationError, RetryableError))
    text = clean_text(error)
    if isinstance(error, ValidationError):  # Its own text has a paragraph for every value.
        text = f"{error.title}: {first_fault(error)}"
    return text if is_ours and text else f"{type(error).__name__}: {text}{_place(error)}"


def _place(error: BaseException | None) -> str:
    """Return the line of the destination's function that raised *error*; empty = unknown."""
    for frame, line in traceback.walk_tb(error.__traceback__ if error else None):
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] != _PACKAGE:
            return f" (in {frame.f_code.co_name}, line {line})"
    return ""


def first_fault(error: ValidationError) -> str:
    """Return the first of the faults in a value, and where it is."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
