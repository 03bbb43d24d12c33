"""The exit codes of the command line, and which of them a run ends with."""

from __future__ import annotations

from collections.abc import Sequence

from ..operation import RowOutcome, RowStatus, RunStatus

COMPLETED = 0  # All rows completed, now or before.
FAILED = 1  # Some did not.
NOTHING_SENT = 2  # Also a mistake in the command, as in any shell.
WAITS = 3  # For a decision of the user about rows in doubt.
INTERRUPTED = 130  # As a shell has it for a process that Ctrl-C ends.


def of_run(status: RunStatus, outcomes: Sequence[RowOutcome]) -> int:
    """Return the code of a run at rest, with the outcomes of all rows of the file."""
    if status == "pending":
        return WAITS
    found = [outcome.status for outcome in outcomes]
    if all(each in (RowStatus.COMPLETED, RowStatus.UNCHANGED) for each in found):
        return COMPLETED
    return NOTHING_SENT if found.count(RowStatus.INVALID) == len(found) else FAILED


def of_preview(*, valid: int, invalid: int) -> int:
    """Return the code of a dry run: that of a run in which every valid row completes."""
    if not invalid:
        return COMPLETED
    return FAILED if valid else NOTHING_SENT
