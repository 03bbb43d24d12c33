"""What one submit sends, and the digest by which a second submit of the same is recognised."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ..destination import Action
from ..engine import Channel, MappedSlice, SlicePreparer
from ..frame import DataFrame, RowSource
from ..mapping import FieldMap
from ..store import StoredRun


@dataclass(frozen=True)
class Submission:
    """Rows, how they become payloads, and where they go; *frame* is as the user gave it."""

    channel: Channel
    action: Action
    frame: DataFrame
    source: RowSource
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
    """Return the digest of what *submission* sends, and where; see ``RowDigest``.

    *on_progress* is called with the number of rows so far, and of all.
    """
    found, source = RowDigest(submission), submission.source
    preparer = SlicePreparer(submission.action, submission.fields)
    for part in source.slices(_SLICE):
        found.add(preparer.mapped(part))
        on_progress(part.start + len(part.labels), source.count or 0)
    return found.hexdigest()


class RowDigest:
    """The SHA-256 of the payloads of a submission and of where they go, slice by slice.

    It does not depend on the slices. It leaves out columns that nothing reads, labels and
    the size of batches: a user who adds the results to the frame does not mean to send it
    again. It is of the rows before an author's own validators have read them.
    """

    def __init__(self, submission: Submission) -> None:
        destination = submission.channel.destination
        action = destination.slug_of(submission.action)
        where = (destination.slug, action, submission.channel.public_settings())
        self._hash = hashlib.sha256(json.dumps(where).encode())

    def add(self, mapped: MappedSlice) -> None:
        """Add the rows of a slice."""
        lines = "\n".join(mapped.lines())
        self._hash.update(f"\n{lines}".encode(errors="surrogatepass"))

    def hexdigest(self) -> str:
        """Return the digest of all that was added, in hex."""
        return self._hash.hexdigest()


_SLICE = 2_000  # Rows that are read at once.
