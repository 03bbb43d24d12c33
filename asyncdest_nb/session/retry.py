"""Which rows of a run may be sent again."""

from __future__ import annotations

from ..engine import Engine
from ..errors import UsageError
from ..operation import counts_text
from ..portal import call
from .entry import RunEntry
from .submission import Submission


def positions_to_retry(entry: RunEntry) -> list[int]:
    """Return the positions of these rows in the frame; raises UsageError if there are none."""
    if not entry.is_at_rest:
        raise UsageError("the run is still going: wait for it, or cancel it, before a retry")
    again = [at for at, outcome in enumerate(entry.outcomes()) if outcome.retryable]
    if not again:
        raise UsageError(f"no row may be sent again as it is: {counts_text(entry.ledger.counts)}")
    return again


def keys_to_retry(engine: Engine, entry: RunEntry) -> dict[int, bytes]:
    """Return the keys of the rows that were not completed, by position in the frame.

    Waits for the engine. Empty if the run has none.
    """
    first, *_ = entry.since_submit()
    return call(engine.claimed_keys(first.id)) if first.record.key else {}


def rows_to_retry(entry: RunEntry) -> Submission:
    """Return the submit whose rows these are; raises UsageError if they are not at hand."""
    if entry.submission is None:
        raise UsageError("its payloads were not kept: submit the same frame again, then retry")
    return entry.submission
