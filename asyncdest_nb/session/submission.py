"""What one submit sends, and the name by which a second one of the same is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ..destination import Action, InputField
from ..engine import InputRows
from ..errors import MappingError
from ..frame import DataFrame
from ..mapping import FieldMap, FieldPlan


@dataclass(frozen=True)
class Submission:
    """Rows, and how they become payloads; *frame* is as it was given."""

    action: Action
    frame: DataFrame
    source: InputRows
    fields: FieldMap

    def at(self, positions: Sequence[int]) -> Self:
        """Return what is sent of the rows at *positions*, in that order."""
        return replace(self, source=self.source.at(positions))


def field_plans(
    fields: Mapping[str, InputField], *, is_lenient: bool = False
) -> dict[str, FieldPlan]:
    """Return what a mapping has to know of *fields*; nothing is required if it *is_lenient*."""
    return {
        key: FieldPlan(
            required=field.required and not is_lenient,
            default=field.default,
            hint=f"one of {', '.join(map(str, field.choices))}" if field.choices else "",
            by_name=field.by_name,
        )
        for key, field in fields.items()
    }


def digest(sending: Submission, *where: Any, told: Callable[[int, int], None]) -> str:
    """Name what is sent of the rows of *sending*, and *where*: SHA-256, in hex.

    Columns that nothing reads, labels and the size of batches do not count: who adds
    the results to a frame does not mean to send it again. *told* hears how many rows
    that are so far, of how many.
    """
    source, fields = sending.source, sending.fields
    found = hashlib.sha256(_json([where, list(source.faults.items())]).encode())
    for start in range(0, len(source.rows), _SLICE):
        found.update(
            _json([_read(row, fields) for row in source.rows[start : start + _SLICE]]).encode()
        )
        told(min(start + _SLICE, len(source.rows)), len(source.rows))
    return found.hexdigest()


def _read(row: Mapping[str, Any], fields: FieldMap) -> Any:
    try:
        return fields.payload(row)
    except MappingError as error:
        return str(error)


_SLICE = 1_000  # Rows a call: a call for each takes twice as long.
_json = json.JSONEncoder(default=repr, separators=(",", ":")).encode
