"""A request and its reply as values, so that a partner can be played without a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

JSONObject = dict[str, Any]


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_encode = json.JSONEncoder(separators=(",", ":")).encode

# The one spelling of a JSON value that ignores the order of its keys.
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True)
class IncomingRequest:
    """What arrived. The last four are headers, and what follows "?"; "" = not sent."""

    method: str
    path: str
    body: bytes = b""
    authorization: str = ""
    host: str = ""
    content_type: str = ""
    query: str = ""

    @cached_property
    def document(self) -> Any:
        """The body read as JSON; None if it is not JSON. NaN and Infinity are not."""
        try:
            return _decode(self.body.decode())
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """What is answered: a status, a document and headers beside the usual ones.

    Text is sent as CSV, None as an empty body, anything else as JSON.
    """

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def body(self) -> bytes:
        """The document in UTF-8."""
        if self.document is None:
            return b""
        text = self.document if isinstance(self.document, str) else _encode(self.document)
        return text.encode()

    @property
    def content_type(self) -> str | None:
        """What the body is; None if there is none."""
        if self.document is None:
            return None
        return "text/csv" if isinstance(self.document, str) else "application/json"


# For each template of a path ("/operations/{id}") its methods and their functions,
# which are called with the request, the time and the parts in braces.
Routes = Mapping[str, Mapping[str, Callable[..., Reply]]]

# How a partner says no: called with the status, a message and headers, where an
# underscore in a name stands for a hyphen. The words around it are its own.
ErrorReply = Callable[..., Reply]


def hyphenated(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers that were given as keywords under their real names."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
