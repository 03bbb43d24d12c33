"""What one submit sends, and the digest by which a second submit of the same is recognised."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..destination import Action
from ..engine import Channel, RowKeys, SlicePreparer
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
    sender: Channel | None = None  # Sends its batches; None = *channel* does.
    keys: RowKeys | None = None  # None = its rows have none, or these are not at hand.
    unmatched: str = ""  # The sentence that no row matches the subscription.

    is_at_hand: ClassVar[bool] = True  # Whether its rows are in memory, to be read again.

    @property
    def compares(self) -> bool:
        """Whether only those of its rows are sent that have changed."""
        return self.keys is not None and self.keys.compares

    def at(self, positions: Sequence[int]) -> Submission:
        """Return the submission of the rows at *positions*, in that order, without their keys."""
        return replace(self, source=self.source.at(positions), keys=None)

    def record(self, **values: Any) -> StoredRun:
        """Return the record of a new run of it; *values* are the other fields of a StoredRun."""
        return new_record(self.channel, self.action, **values)


def new_record(channel: Channel, action: Action, **values: Any) -> StoredRun:
    """Return the record of a new run; *values* are the other fields of a StoredRun."""
    destination = channel.destination
    return StoredRun(
        id=uuid.uuid4().hex[:12],
        destination=destination.slug,
        action=destination.slug_of(action),
        title=f"{action.title} to {destination.name}",
        settings=channel.public_settings(),
        created_at=time.time(),
        recovery=action.recovery,
        **values,
    )


def digest(submission: Submission, *, on_progress: Callable[[int, int], None]) -> str:
    """Return the digest of what *submission* sends, and where; see ``RowDigest``.

    *on_progress* is called with the number of rows so far, and of all.
    """
    found, source = RowDigest(submission), submission.source
    preparer = SlicePreparer(submission.action, submission.fields)
    for part in source.slices(_SLICE):
        found.add(preparer.mapped(part).lines())
        on_progress(part.start + len(part.labels), source.count or 0)
    return found.hexdigest()


class RowDigest:
    """The SHA-256 of the payloads of a submission and of where they go, slice by slice.

    It does not depend on the slices. It leaves out columns that nothing reads, labels and
    the size of batches: a user who adds the results to the frame does not mean to send it
    again. It is of the rows before an author's own validators have read them. Rows with keys,
    and those of which only the changed ones are sent, are another submit.
    """

    def __init__(self, submission: Submission) -> None:
        destination, keys = submission.channel.destination, submission.keys
        action = destination.slug_of(submission.action)
        where: list[Any] = [destination.slug, action, submission.channel.public_settings()]
        where += [] if keys is None else [keys.scope, keys.compares]
        self._hash = hashlib.sha256(json.dumps(where).encode())

    def add(self, lines: Sequence[str]) -> None:
        """Add the rows of a slice, a line for each; see ``MappedSlice.lines``."""
        text = "".join(f"\n{line}" for line in lines)
        self._hash.update(text.encode(errors="surrogatepass"))

    def hexdigest(self) -> str:
        """Return the digest of all that was added, in hex."""
        return self._hash.hexdigest()


_SLICE = 2_000  # Rows that are read at once.
