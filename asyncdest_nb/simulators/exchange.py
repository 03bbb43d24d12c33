"""A request and its reply as values, so that a partner can be tried without a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

JSONObject = dict[str, Any]


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_encode = json.JSONEncoder(separators=(",", ":")).encode

# JSON with sorted keys: values that differ only in the order of keys have the same text.
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True)
class IncomingRequest:
    """A request as it arrived. ``query`` is what follows "?"; "" = the header was not sent.

    ``headers`` are all of them, with names in lower case.
    """

    method: str
    path: str
    body: bytes = b""
    authorization: str = ""
    host: str = ""
    content_type: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document(self) -> Any:
        """The body read as JSON; None if it is not JSON. NaN and Infinity are not JSON."""
        try:
            return _decode(self.body.decode())
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """An answer: a status, a document, and headers in addition to the usual ones.

    Text is sent as CSV, bytes as they are, None as an empty body, anything else as JSON.
    ``chunks``, if given, are sent instead, one after the other as they are made, with no
    Content-Length: for a body that need not be in memory.
    """

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] | None = None

    @cached_property
    def body(self) -> bytes:
        """The document in UTF-8."""
        if self.document is None:
            return b""
        if isinstance(self.document, bytes):
            return self.document
        text = self.document if isinstance(self.document, str) else _encode(self.document)
        return text.encode()

    @property
    def content_type(self) -> str | None:
        """The type of the body, unless ``headers`` has another; None if there is no body."""
        if self.document is None and self.chunks is None:
            return None
        if self.chunks is not None or isinstance(self.document, bytes):
            return "application/octet-stream"
        return "text/csv" if isinstance(self.document, str) else "application/json"


# The functions of each path template ("/operations/{id}") by HTTP method. They are called
# with the request, the time and the path parts that are in braces.
Routes = Mapping[str, Mapping[str, Callable[..., Reply]]]

# Makes an error reply from a status, a message and headers as keywords, with underscores
# for hyphens. Each partner has its own format of errors.
ErrorReply = Callable[..., Reply]


def hyphenated(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with hyphens in place of the underscores of keywords."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
