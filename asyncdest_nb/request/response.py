"""The body of a response, parsed without trust in its headers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

from .json_text import read_json_text
from .readable import ReadableBody
from .redactor import Redactor

EXCERPT = 300  # characters of a body in a message

_HTML = re.compile(r"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
_JSON = re.compile(r"(?:^|[/+])json$")
# One line of these formats may look like JSON.
_OTHER_FORMAT = re.compile(r"csv|tab-separated|ndjson|jsonl|json-lines|json-seq|event-stream")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";,]+)", re.IGNORECASE)


class Headers(dict[str, str]):
    """Headers by their names in lower case; they are found in any case, as HTTP has it."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """Return the header of that name, or *default*."""
        return super().get(name.lower(), default)


@dataclass(frozen=True, slots=True, repr=False)
class Response(ReadableBody):
    """A response as it arrived, unmasked; only its repr is masked.

    ``content`` is the body in bytes, ``text`` the same decoded; ``lines()``, ``jsonl()``,
    ``csv_rows()`` and ``files()`` read it in parts. ``data`` is the parsed
    JSON if the body is JSON, else the text; None for an empty body, and for one with the
    content type of JSON that cannot be parsed. A JSON object or array is parsed under any
    content type; a single number or word only under the type of JSON.
    ``headers`` have lower-case names. ``location`` is the Location header as an absolute
    URL (RFC 3986, section 5); None = there is none. ``problem`` is what is wrong with the
    response, None = nothing. ``status_code`` and ``json()`` are names of other clients:
    an error about them would come after the request was sent.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    text: str
    data: Any
    url: str
    problem: str | None = None
    location: str | None = None
    mask: Callable[[str], str] = field(default=str, compare=False)  # Masks a text.

    def __repr__(self) -> str:
        shown = f"status={self.status}, text={self.text!r}, url={self.url!r}"
        return self.mask(f"Response({shown}, problem={self.problem!r})")

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx; the body may still contain an error."""
        return 200 <= self.status <= 299

    @property
    def status_code(self) -> int:
        """The status."""
        return self.status

    def json(self) -> Any:
        """Return the data."""
        return self.data

    def open(self) -> BinaryIO:
        """Return a file of the bytes."""
        return io.BytesIO(self.content)

    def _charset(self) -> str | None:
        return _charset_of(self.headers.get("content-type", ""))


def read_body(body: bytes, content_type: str, redactor: Redactor) -> tuple[str, Any, str | None]:
    """Return the text, data and problem of a response, see :class:`Response`.

    Only the problem is masked by *redactor*.
    """
    kind = _kind_of(content_type)
    is_json = bool(_JSON.search(kind))
    raw = _decode(body, content_type, is_json=is_json)
    if not raw.strip():
        return raw, None, None
    if _HTML.match(raw):
        return raw, None if is_json else raw, _html_problem(raw, redactor)
    if is_json:
        return raw, *_parse(raw, redactor)
    if raw.lstrip()[0] in "{[" and not _OTHER_FORMAT.search(kind):
        data, problem = _parse(raw, redactor)
        if problem is None:
            return raw, data, None
    # Scripts whose language sends HTML by default send "OK" as HTML.
    is_page = kind == "text/html" and "<" in raw
    return raw, raw, _html_problem(raw, redactor) if is_page else None


def _html_problem(raw: str, redactor: Redactor) -> str:
    return f"an HTML page instead of an answer: {_quoted(raw, redactor)}"


def _decode(body: bytes, content_type: str, *, is_json: bool) -> str:
    charset = _charset_of(content_type)
    try:
        text = _unicode(body) if is_json else None
        if text is None:
            text = body.decode(charset or json.detect_encoding(body), "replace")
    # An unknown charset, or a codec for other data: it may raise any error.
    except Exception:
        text = body.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def _charset_of(content_type: str) -> str | None:
    named = _CHARSET.search(content_type)
    return named[1] if named else None


def _unicode(body: bytes) -> str | None:
    """Return *body* decoded as JSON must be, whatever its charset; None = that fails."""
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        return None


def _parse(raw: str, redactor: Redactor) -> tuple[Any, str | None]:
    value, problem = read_json_text(raw)
    return value, problem and f"the answer {problem}: {_quoted(raw, redactor)}"


@lru_cache(100)
def _kind_of(content_type: str) -> str:
    """Return the kind in the header *content_type*, without its parameters."""
    return re.split("[;,]", content_type, maxsplit=1)[0].strip().lower()


def _quoted(raw: str, redactor: Redactor) -> str:
    return f"'{one_line(raw, redactor)}'"


def one_line(raw: str, redactor: Redactor) -> str:
    """Return the first 300 characters of *raw* on one line, masked."""
    masked = redactor.text(raw, limit=EXCERPT)
    return " ".join("".join(char if char.isprintable() else " " for char in masked).split())
