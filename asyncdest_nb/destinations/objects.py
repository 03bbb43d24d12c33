"""Answers that must be JSON objects."""

from __future__ import annotations

from ..errors import ProtocolError
from ..request import Response
from ..responses import JSONObject


def object_of(response: Response) -> JSONObject:
    """Return the answer's JSON object; raise ProtocolError for anything else."""
    if response.problem or not isinstance(response.data, dict):
        raise ProtocolError(response.problem or f"not a JSON object: {response.text[:200]!r}")
    return response.data
