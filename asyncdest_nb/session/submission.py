"""What one submit sends, and the digest by which a second submit of the same is recognised."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ..destination import Action
from ..engine import Channel, InputRows
from ..errors import MappingError
from ..frame import DataFrame
from ..mapping import FieldMap
from ..store import StoredRun


@dataclass(frozen=True)
class Submission:
    """Rows, how they become payloads, and where they go; *frame* is as the user gave it."""

    channel: Channel
    action: Action
    frame: DataFrame
    source: InputRows
    fields: FieldMap

    def at(self, positions: Sequence[int]) -> Self:
        """Return the submission of the rows at *positions*, in that order."""
        return replace(self, source=self.source.at(positions))

    def record(self, **values: Any) -> StoredRun:
        """Return the record of a new run of it; *values* are the other fields of a StoredRun."""
        destination = self.channel.destination
        return StoredRun(
            id=uuid.uuid4().hex[:12],
            destination=destination.slug,
            action=destination.slug_of(self.action),
            title=f"{self.action.title} to {destination.name}",
            settings=self.channel.public_settings(),
            created_at=time.time(),
            recovery=self.action.recovery,
            **values,
        )


def digest(submission: Submission, *, on_progress: Callable[[int, int], None]) -> str:
    """Return the SHA-256, in hex, of the payloads of *submission* and of where they go.

    It leaves out columns that nothing reads, labels and the size of batches: a user who
    adds the results to the frame does not mean to send it again. *on_progress* is called
    with the number of rows so far, and of all.
    """
    source, fields = submission.source, submission.fields
    destination = submission.channel.destination
    where = (
        destination.slug,
        destination.slug_of(submission.action),
        submission.channel.public_settings(),
    )
    found = hashlib.sha256(_json([[where], list(source.faults.items())]).encode())
    for start in range(0, len(source.rows), _SLICE):
        found.update(
            _json([_read(row, fields) for row in source.rows[start : start + _SLICE]]).encode()
        )
        on_progress(min(start + _SLICE, len(source.rows)), len(source.rows))
    return found.hexdigest()


def _read(row: Mapping[str, Any], fields: FieldMap) -> Any:
    try:
        return fields.payload(row)
    except MappingError as error:
        return str(error)


_SLICE = 1_000  # Rows per call of the encoder: a call for each row takes twice as long.
_json = json.JSONEncoder(default=repr, separators=(",", ":")).encode
