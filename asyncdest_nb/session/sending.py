"""What one submit sends, and the name by which a second one of the same is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ..destination import Action
from ..engine import Source
from ..frame import DataFrame, Rows
from ..mapping import FieldMap


@dataclass(frozen=True)
class Sending:
    """Rows, and how they become payloads; *frame* is as it was given."""

    action: Action
    frame: DataFrame
    source: Source
    fields: FieldMap

    def at(self, positions: Sequence[int]) -> Self:
        """Return what is sent of the rows at *positions*, in that order."""
        return replace(self, source=self.source.at(positions))


def digest(rows: Rows, *options: Any) -> str:
    """Name *rows*, with their labels, sent by *options*: SHA-256, in hex.

    Anything that differs makes another name. An option that JSON cannot hold, such
    as a function, counts by its own text.
    """
    found = hashlib.sha256(_json([options, rows.columns, list(rows.faults.items())]).encode())
    for start in range(0, len(rows.rows), _SLICE):
        end = start + _SLICE
        values = [list(row.values()) for row in rows.rows[start:end]]
        found.update(_json([rows.labels[start:end], values]).encode())
    return found.hexdigest()


_SLICE = 1_000  # Rows a call: a call for each takes twice as long.
_json = json.JSONEncoder(default=repr, separators=(",", ":")).encode
