"""An answer's bytes, read with suspicion."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

from .redactor import Redactor

MAX_RETRY_AFTER = 600.0  # seconds; the bound the RateLimit draft suggests against abuse
MAX_DEPTH = 200  # of nested JSON; code that walks it recurses
EXCERPT = 300  # characters of a body in a message

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?")
_HTML = re.compile(r"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, with whole secrets of 8 characters or more masked.

    ``headers`` have lower-case names. ``data`` is the parsed JSON if the content
    type says JSON, else the text; None for an empty body, and for JSON that cannot
    be read. ``problem`` says what is wrong with the body, None = nothing.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: str
    data: Any = field(repr=False)
    url: str
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx; the body may still say no."""
        return 200 <= self.status <= 299


def read_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds a destination asks to wait, in [0, 600]; None if it does not say.

    *now* is in Unix seconds. A date in the past and a negative number mean now
    (RFC 9110, section 10.2.3); what is neither number nor date is no word at all.
    """
    found = [value for name, value in headers.items() if name.lower() == "retry-after"]
    if not found:
        return None
    seconds = _seconds(found[0].strip(), now=now)
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _seconds(text: str, *, now: float) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None


def read_body(body: bytes, content_type: str, redactor: Redactor) -> tuple[str, Any, str | None]:
    """Return an answer's content, data and problem, as :class:`Response` describes them."""
    header = Message()
    header["content-type"] = content_type
    raw = _decode(body, header.get_param("charset"))
    content = redactor.content(raw)
    if not raw.strip():
        return content, None, None
    kind = header.get_content_type()
    is_json = kind == "application/json" or kind.endswith("+json")
    if kind == "text/html" or _HTML.match(raw):
        page = f"an HTML page instead of an answer: {_quoted(raw, redactor)}"
        return content, None if is_json else content, page
    if not is_json:
        return content, content, None
    return content, *_parse(raw, redactor)


def _decode(body: bytes, charset: object) -> str:
    try:
        text = body.decode(charset if isinstance(charset, str) else "utf-8", "replace")
    except (LookupError, ValueError):  # A charset nobody knows, or that is no charset.
        text = body.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def _parse(raw: str, redactor: Redactor) -> tuple[Any, str | None]:
    try:
        value = json.loads(raw, parse_constant=lambda _: None, parse_float=_finite)
        if not _is_deep(value):
            return redactor.data(value, content=raw), None
    except json.JSONDecodeError:
        return None, f"the answer says it is JSON but is not: {_quoted(raw, redactor)}"
    except RecursionError:
        pass
    except ValueError:  # Python refuses to read integers of more than 4,300 digits.
        return None, f"the answer holds a number too long to read: {_quoted(raw, redactor)}"
    return None, f"the answer is JSON nested too deep to read: {_quoted(raw, redactor)}"


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _is_deep(value: Any) -> bool:
    level, depth = [value], 0
    while level and depth < MAX_DEPTH:
        level = [inner for each in level for inner in _inner(each)]
        depth += 1
    return bool(level)


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _quoted(raw: str, redactor: Redactor) -> str:
    return f"'{one_line(raw, redactor)}'"


def one_line(raw: str, redactor: Redactor) -> str:
    """Return the first 300 characters of *raw* on one line, masked."""
    masked = redactor.text(raw, limit=EXCERPT)
    return " ".join("".join(char if char.isprintable() else " " for char in masked).split())
