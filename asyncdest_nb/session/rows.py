"""The rows of a run as its frame has them: one by one, and the column that tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..frame import to_rows
from .entry import RunEntry


def key_column(entry: RunEntry) -> str | None:
    """Return the column that tells rows apart; None = none does.

    That is the key, else the column that fills the first required field that reads any. Of
    several that fill it, the first in the frame. Of a run from before a restart the payloads
    stand for the frame, so there the field is the column.
    """
    if entry.execution is None:
        return None
    names = [str(name) for name in entry.frame.columns]
    for name in entry.record.key or ():
        if name in names:
            return name
    submission = entry.submission
    resolvers = submission.fields.resolvers if submission else {}
    for key, field in entry.execution.action.fields.items():
        if field.required and (found := resolvers.get(key)):
            read = [each for each in names if found.reads_all or each in found.roots]
            if read:
                return read[0]
    return None


def frame_rows(entry: RunEntry, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Return *rows* of the run, by their position in it: plain values by column."""
    at = [entry.positions[row] for row in rows]
    is_slice = bool(at) and at == [*range(at[0], at[0] + len(at))]  # pandas reads that faster.
    return to_rows(entry.frame, slice(at[0], at[0] + len(at)) if is_slice else at).rows
