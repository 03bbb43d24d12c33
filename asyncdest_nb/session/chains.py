"""Which runs retry each other, and which send the same rows.

A chain is the run of a submit and the retries after it, in order. *entries* are those of a
registry, the oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence

from .entry import RunEntry


def chain(entries: Sequence[RunEntry], entry: RunEntry) -> list[RunEntry]:
    """Return the chain of *entry*."""
    found = entry.since_submit()
    while (retry := find_retry(entries, found[-1])) is not None:
        found.append(retry)
    return found


def find_retry(entries: Sequence[RunEntry], entry: RunEntry) -> RunEntry | None:
    """Return the run that retries *entry*, None if there is none yet."""
    return next((each for each in entries if each.retry_of is entry), None)


def find_duplicate(entries: Sequence[RunEntry], digest: str | None) -> RunEntry | None:
    """Return the latest retry of the run of *digest*, if any of it is or may be applied."""
    for entry in reversed(entries):
        if entry.record.digest == digest:
            latest = chain(entries, entry)[-1]
            if latest.may_be_applied:
                return latest
    return None


def find_later(entries: Sequence[RunEntry], entry: RunEntry) -> RunEntry | None:
    """Return the latest run that sent the rows of *entry* after it, but for its own chain."""
    own = chain(entries, entry)
    digest = own[0].record.digest
    if digest is None:
        return None
    for other in reversed(entries[entries.index(entry) + 1 :]):
        is_same = other.since_submit()[0].record.digest == digest
        if is_same and other not in own and other.may_be_applied:
            return other
    return None
