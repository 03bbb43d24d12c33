"""Errors of a destination's functions without the secrets in them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from ...errors import DestinationError
from ...request import Response

_log = logging.getLogger(__name__)

Mask = Callable[[str], str]


def masked(error: BaseException, mask: Mask) -> Exception:
    """Return *error* without secrets, and without the chain of errors that may hold more."""
    if isinstance(error, Exception):
        try:
            return _masked_in_place(error, mask)
        except Exception:  # It cannot be changed, or its own text fails.
            _log.info("%s cannot be shown", type(error).__name__)
    return DestinationError(f"the function raised {type(error).__name__}")


def _masked_in_place(error: Exception, mask: Mask) -> Exception:
    error.args = tuple(_masked_value(each, mask) for each in error.args)
    for name, value in vars(error).items():
        setattr(error, name, _masked_value(value, mask))
    error.__cause__ = error.__context__ = None
    text = str(error)
    # The text of some exceptions comes from neither.
    return error if mask(text) == text else DestinationError(mask(text))


def _masked_value(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):  # Notes of an exception are one.
        return [_masked_value(each, mask) for each in value]
    if isinstance(value, Response):
        return None
    text = repr(value)
    return value if (found := mask(text)) == text else found


def traceback_text() -> str:
    """Return the traceback of the error that is handled, with its secrets."""
    try:
        return traceback.format_exc()
    except Exception as error:  # Of an exception whose own attributes fail.
        return f"an exception that cannot be shown: {type(error).__name__}"
