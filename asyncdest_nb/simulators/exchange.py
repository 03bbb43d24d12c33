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


@dataclass(frozen=True)
class Request:
    """What arrived. ``authorization`` is the header of that name, "" = none sent."""

    method: str
    path: str
    body: bytes = b""
    authorization: str = ""

    @cached_property
    def document(self) -> Any:
        """The body read as JSON; None if it is not JSON. NaN and Infinity are not."""
        try:
            return _decode(self.body.decode())
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: a status, a JSON object and headers beside the usual ones."""

    status: int
    document: JSONObject
    headers: dict[str, str] = field(default_factory=dict)


# For each template of a path ("/operations/{id}") its methods and their functions,
# which are called with the request, the time and the parts in braces.
Routes = Mapping[str, Mapping[str, Callable[..., Reply]]]


def failure(code: str, message: str) -> JSONObject:
    """Return what says that something failed, in the nested and in the flat spelling.

    Both are seen in the field, often from one vendor: a client has to read either.
    """
    return {
        "status": "failed",
        "error": {"code": code, "message": message},
        "error_code": code,
        "error_message": message,
    }


def refused(status: int, code: str, message: str, **headers: str) -> Reply:
    """Return a refusal; an underscore in the name of a header stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, failure(code, message), named)
