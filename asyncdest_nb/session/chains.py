"""Which runs retry each other, and which send the same rows.

A chain is the run of a submit and the retries after it, in order. *entries* are those of a
registry, the oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from ..store import StoredRun
from .entry import RunEntry

MOST_ROWS = 100_000  # With payloads of 200 bytes they are read in about half a second.


def chain(entries: Sequence[RunEntry], entry: RunEntry) -> list[RunEntry]:
    """Return the chain of *entry*."""
    found = entry.since_submit()
    while (retry := find_retry(entries, found[-1])) is not None:
        found.append(retry)
    return found


def find_retry(entries: Sequence[RunEntry], entry: RunEntry) -> RunEntry | None:
    """Return the run that retries *entry*, None if there is none yet."""
    return next((each for each in entries if each.retry_of is entry), None)


def find_earlier(
    entries: Sequence[RunEntry], record: StoredRun, is_changed_only: bool
) -> RunEntry | None:
    """Return the run that a submit of *record*, with its digest, attaches to; None = none.

    A submit of what *is_changed_only* starts a run once the earlier one has ended, since it
    finds out for each row whether it is to be sent.
    """
    if not is_changed_only:
        return find_duplicate(entries, record.digest)
    where = attrgetter("destination", "action", "settings", "key")
    alike = [each for each in entries if where(each.record) == where(record)]
    # If others were sent since under such keys, these rows may not be what is there now.
    if not alike or alike[-1].since_submit()[0].record.digest != record.digest:
        return None
    latest = alike[-1]
    is_going = not latest.is_at_rest or latest.ledger.has_failed
    return latest if is_going and latest.may_be_applied else None


def alike(entries: Sequence[RunEntry], record: StoredRun) -> list[RunEntry]:
    """Return the runs to the same action by the same settings, the latest first.

    The list ends before ``MOST_ROWS`` rows are exceeded: more take too long to compare.
    """
    where = attrgetter("destination", "action", "settings")
    found, rows = [], 0
    for each in reversed(entries):
        if where(each.record) == where(record):
            rows += len(each.labels)
            if rows > MOST_ROWS:
                break
            found.append(each)
    return found


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
