"""The parts of a request, checked before anything is sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr

from ..errors import UsageError, check_number
from .body import RequestBody, content_of
from .credentials import reveal
from .form import form_body

# Made once: json.dumps would make one for each request.
_write_json = json.JSONEncoder(
    allow_nan=False,
    ensure_ascii=False,
    separators=(",", ":"),
    default=lambda value: as_json(value),
).encode
_JSON = {"content-type": "application/json"}
_TEXT = {"content-type": "text/plain; charset=utf-8"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_HIDDEN = str(SecretStr("a secret"))  # Asterisks, as in f"Bearer {settings.api_key}".
_TO_WRITE = "write settings.….get_secret_value() for the text of a secret setting"


def checked_headers(headers: Mapping[str, Any]) -> dict[str, str | None]:
    """Return *headers* with lower-case names and unwrapped values.

    Raises UsageError for a header that cannot be sent, since transports fail only in the
    middle of sending. The message does not show the value: it may be a credential.
    """
    checked = {
        name.lower(): None if value is None else reveal(value) for name, value in headers.items()
    }
    for name, value in checked.items():
        if not _TOKEN.fullmatch(name):
            raise UsageError(f"{name!r} cannot be the name of a header")
        if value is not None and not _VALUE.fullmatch(value):
            raise UsageError(f"the value of the header {name} is not printable ASCII on one line")
        _check_revealed(f"the header {name}", value or "")
    return checked


def checked_target(url: str) -> str:
    """Return *url*; raises UsageError if it has asterisks in place of a secret."""
    _check_revealed("the URL", unquote(url))
    return url


def _check_revealed(what: str, text: str) -> None:
    if _HIDDEN in text:
        raise UsageError(f"{what} has {_HIDDEN} in place of a secret: {_TO_WRITE}")


@lru_cache(100)
def checked_method(method: str) -> str:
    """Return *method* in upper case; raises UsageError if it is not a method."""
    if not _TOKEN.fullmatch(method):
        raise UsageError(f"{method!r} is not an HTTP method such as GET or POST")
    return method.upper()


def checked_timeout(seconds: float) -> float:
    """Return *seconds*; raises UsageError unless it is a positive number."""
    check_number("timeout_seconds", seconds)
    if seconds is None or not math.isfinite(seconds):
        raise UsageError(f"timeout_seconds is {seconds!r}; it must be a number above 0")
    return seconds


def checked_body(
    value: Any, content: Any, *, data: Any = None, files: Any = None
) -> tuple[RequestBody, Mapping[str, str]]:
    """Return a request's body and the content type it implies.

    *value* is sent as JSON, unless it is ``...``; payloads in it at any depth are sent as
    their ``as_json()``. *content* is sent as it is; *data* and *files* are a form. Raises
    UsageError for more than one of these, and for a value that JSON does not have: NaN, lone
    surrogates, other objects of Python.
    """
    is_form = data is not None or files is not None
    if (value is not ...) + (content is not None) + is_form > 1:
        raise UsageError("a request has json or content, or a form (data, files), not both")
    if is_form:
        return form_body(data, files)
    if value is ...:
        body = RequestBody(b"" if content is None else content_of(content))
        return body, _TEXT if isinstance(content, str) else {}
    try:
        return RequestBody(_write_json(value).encode()), _JSON
    except UnicodeEncodeError:
        problem = "a text in it has half a character (a lone surrogate)"
    except TypeError as error:
        problem = f"{error}; for a payload write payload.as_json()"
    except (ValueError, RecursionError) as error:
        problem = str(error)
    raise UsageError(f"cannot send this as JSON: {problem}")


def merged_type(
    content_type: Mapping[str, str], own: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Return the headers of a call, with the *content_type* of its body unless it has one."""
    implied = content_type.get("content-type", "")
    if implied.startswith("multipart/") and "content-type" in own:
        raise UsageError("leave out the header content-type: files= sets it, with its boundary")
    return {**content_type, **own}


def as_json(value: Any) -> Any:
    """Return what a payload inside of JSON is written as; raises for what JSON cannot hold."""
    if isinstance(value, SecretStr):
        raise ValueError(f"a secret setting is not JSON: {_TO_WRITE}")
    found = getattr(value, "as_json", None)
    if not callable(found):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return found()
