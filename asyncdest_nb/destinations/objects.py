"""Answers that must be JSON objects, and the lists in them."""

from __future__ import annotations

from typing import Any

from ..errors import ProtocolError
from ..request import Response
from ..responses import JSONObject


def object_of(response: Response) -> JSONObject:
    """Return the answer's JSON object; raise ProtocolError for anything else."""
    if response.problem or not isinstance(response.data, dict):
        raise ProtocolError(response.problem or f"not a JSON object: {response.text[:200]!r}")
    return response.data


def list_in(page: JSONObject, name: str) -> list[Any]:
    """Return the list *name* of an answer; raise ProtocolError if it has none.

    An error that is answered with 200 has none either, and is no list without entries.
    """
    found = page.get(name)
    if not isinstance(found, list):
        raise ProtocolError(f"the answer has no list {name!r}: {str(page)[:200]}")
    return found


def about(found: JSONObject, own: object, *, digits: int | None = None) -> JSONObject:
    """Return an answer about the job with the id *own*; raise ProtocolError if it is another's.

    An answer without an id is taken for its own. *digits*: how many of an id are compared.
    """
    other = found.get("id")
    if other not in (None, "") and str(other)[:digits] != str(own)[:digits]:
        raise ProtocolError(f"the answer is about {other!r}, not {own!r}")
    return found
