"""What a registry keeps of one run: its record, its rows, its ledger and its execution."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..engine import ADDRESS, Execution, Ledger
from ..frame import DataFrame
from ..operation import RowOutcome, RowStatus, is_refusal_claimed
from ..portal import call_from_any_thread
from ..request import without_references
from ..store import StoredRow, StoredRun
from .frame_outcomes import FrameOutcomes
from .submission import Submission

_MAY_BE_APPLIED = (
    RowStatus.COMPLETED,
    RowStatus.UNCHANGED,
    RowStatus.PENDING,
    RowStatus.UNKNOWN,
)


def connect_code(record: StoredRun) -> str:
    """Return the call that connects a session as that of a run was; "…" = what is secret."""
    given = {key: value for key, value in record.settings.items() if key != ADDRESS}
    settings = "".join(f", {key}={value!r}" for key, value in given.items())
    return f"connect({record.destination!r}, …{settings})"


class RunEntry:
    """One run as its registry keeps it; a Run shows it to the user and changes nothing in it.

    *frame* is that of the submit, *labels* are those of the run's own rows. *execution* None
    = no connection leads to its destination yet; *disconnected* is the sentence for the user
    then. *submission* is the whole submit, and a retry sends a part of it; None = its rows
    are not at hand. *rows* are the stored rows of a run that was loaded from a file.
    """

    def __init__(
        self,
        record: StoredRun,
        *,
        frame: DataFrame,
        labels: Sequence[str],
        ledger: Ledger,
        retry_of: RunEntry | None = None,
        execution: Execution | None = None,
        submission: Submission | None = None,
        disconnected: str = "",
        rows: Sequence[StoredRow] = (),
    ) -> None:
        self.record = record
        self.frame = frame
        self.labels = labels
        self.ledger = ledger
        self.retry_of = retry_of
        self.execution = execution
        self.submission = submission
        self.disconnected = disconnected
        self.rows = rows
        self.attached_at: float | None = None  # Unix seconds; None = no submit was repeated.
        self.is_notified = record.notified  # Whether the notice of its end was posted.
        self.troubles: list[str] = []  # With what should happen at its end; sentences.

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.record.id

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.ledger.rested.done()

    @property
    def is_going(self) -> bool:
        """Whether it goes on here, and was not canceled."""
        execution = self.execution
        return execution is not None and not (self.is_at_rest or execution.is_canceling)

    @property
    def positions(self) -> Sequence[int]:
        """Its rows, as positions in the frame of the submit."""
        positions = self.record.positions
        return range(len(self.labels)) if positions is None else positions

    def connect(self, execution: Execution, submission: Submission | None) -> None:
        """Continue by *execution*; retries send rows of *submission*."""
        self.execution, self.submission = execution, submission

    def replace_rows(self, submission: Submission) -> None:
        """Take the rows as the user gave them again, in place of those of the file."""
        self.frame = submission.frame
        if submission.is_at_hand:
            self.submission = submission
        self.labels = [submission.source.labels[at] for at in self.positions]

    def note_attached(self) -> None:
        """Remember that a submit of the same rows was repeated now, and sent nothing."""
        self.attached_at = time.time()

    def add_trouble(self, text: str) -> None:
        """Add a sentence to its notices, after its end too; on any thread."""
        self.troubles.append(text)
        call_from_any_thread(self._show_trouble())

    async def _show_trouble(self) -> None:
        self.ledger.notify(at_rest=self.is_at_rest)

    def since_submit(self) -> list[RunEntry]:
        """Return the run of the submit and the retries after it, up to this one."""
        chain = [self]
        while (before := chain[-1].retry_of) is not None:
            chain.append(before)
        return chain[::-1]

    @property
    def may_be_applied(self) -> bool:
        """Whether any of its rows is with the destination, or may be."""
        if self.ledger.has_failed and not self.ledger.is_planned:
            return False  # It ended before anything was sent.
        is_claimed = any(is_refusal_claimed(each) for each in self.ledger.operations)
        return is_claimed or any(each.status in _MAY_BE_APPLIED for each in self.outcomes())

    def outcomes(self) -> list[RowOutcome]:
        """Return the outcome of every row of the frame, also of those this run did not send."""
        found = self.frozen()
        return found.at(range(len(found)))

    def frozen(self) -> FrameOutcomes:
        """Return the outcomes as they are now, to be read in slices."""
        return FrameOutcomes(
            [(each.positions, each.ledger.frozen()) for each in self.since_submit()]
        )

    def contexts(self) -> list[Any]:
        """Return the context of every row of the frame, also of those this run did not send."""
        first, *retries = self.since_submit()
        found = first._own_contexts()
        for entry in retries:
            for position, context in zip(entry.positions, entry._own_contexts(), strict=True):
                found[position] = context
        return found

    def _own_contexts(self) -> list[Any]:
        found: list[Any] = [None] * len(self.labels)
        for operation in list(self.ledger.operations):
            context = None if operation.context is None else self.shown(operation.context)
            for row in operation.rows:
                found[row] = context
        return found

    def shown(self, value: Any) -> Any:
        """Return JSON *value* without secrets and signed URLs."""
        # Without a connection it is as in the file, with references in place of secrets.
        return self.execution.storable(value) if self.execution else without_references(value)

    def mask(self, text: str) -> str:
        """Return *text* without secrets."""
        return self.execution.mask(text) if self.execution else text
