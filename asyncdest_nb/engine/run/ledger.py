"""What is known of one run, and who is called when that changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future

from ...operation import (
    SETTLED,
    UNDECIDED,
    Operation,
    RowOutcome,
    RowStatus,
    RunStatus,
    State,
    row_tally,
    run_status,
)
from .outcomes import RowOutcomes

Listener = Callable[[Sequence[int], bool], None]

_GOING = frozenset(State) - SETTLED
_log = logging.getLogger(__name__)


class Ledger:
    """The operations and rows of one run.

    Written on the engine's thread alone; other threads may read at any time,
    since operations are replaced whole. ``rested`` is done when nothing more
    happens by itself: every operation is final, or waits for the user.
    """

    def __init__(self, *, rows: int) -> None:
        self.operations: list[Operation] = []
        self.invalid: dict[int, str] = {}
        self.unchanged: Sequence[int] = ()  # Positions, in order.
        self.rested: Future[None] = Future()
        self._rows = rows
        self._is_planned = False
        self._has_references = False  # Contexts have references in place of secrets.
        # Replaced whole, like operations, so that no reader counts a row twice or not at all.
        self._tally = dict.fromkeys(RowStatus, 0)
        self._states = dict.fromkeys(State, 0)
        self._going = 0  # Operations that are not settled.
        self._retryable = 0
        self._changed: set[int] = set()
        self._listeners: list[Listener] = []

    @classmethod
    def from_disk(
        cls,
        operations: Iterable[Operation],
        *,
        rows: int,
        invalid: Mapping[int, str],
        unchanged: Sequence[int] = (),
    ) -> Ledger:
        """Return the ledger of a run that was stored, with its contexts as they are on disk."""
        ledger = cls(rows=rows)
        ledger.plan(operations, invalid=invalid, unchanged=unchanged)
        ledger._has_references = True
        if ledger.is_at_rest:
            ledger.rested.set_result(None)
        return ledger

    def restore_secrets(self, restored: Callable[[Operation], Operation]) -> None:
        """Put secrets back into contexts from disk, once, by *restored*."""
        if self._has_references:
            self.operations[:] = map(restored, self.operations)
            self._has_references = False

    @property
    def is_planned(self) -> bool:
        """Whether all rows have been prepared."""
        return self._is_planned

    @property
    def counts(self) -> dict[str, int]:
        """Rows per status; they always add up to the rows of the frame."""
        tally = self._tally
        counts = {str(status): tally[status] for status in RowStatus}
        # Rows not prepared yet, or in operations not planned yet.
        counts["pending"] += max(0, self._rows - sum(counts.values()))
        return counts

    @property
    def states(self) -> dict[State, int]:
        """Operations per state, without the states that no operation is in."""
        return {state: count for state, count in self._states.items() if count}

    def count_in(self, states: Iterable[State]) -> int:
        """Return how many operations are in one of these *states*."""
        return sum(map(self._states.__getitem__, states))

    @property
    def retryable(self) -> int:
        """How many rows may be sent again as they are."""
        return self._retryable

    @property
    def status(self) -> RunStatus:
        """The status of the run as a whole."""
        if not self._is_planned:
            return "pending"
        good = self._tally[RowStatus.COMPLETED] + self._tally[RowStatus.UNCHANGED]
        return run_status(self.states, good=good, invalid=len(self.invalid))

    def select(self, numbers: Iterable[int]) -> list[Operation]:
        """Return the operations of these *numbers* as they are now."""
        return [self.operations[number] for number in numbers]

    def plan(
        self,
        operations: Iterable[Operation],
        *,
        invalid: Mapping[int, str],
        unchanged: Sequence[int] = (),
        rows: int | None = None,
    ) -> None:
        """Set what the run consists of, once; *rows* None = as many as were expected."""
        self._rows = self._rows if rows is None else rows
        self.invalid, self.unchanged = dict(invalid), unchanged
        self.operations.extend(operations)
        self._count(self.operations)
        self._tally[RowStatus.INVALID] += len(self.invalid)
        self._tally[RowStatus.UNCHANGED] += len(self.unchanged)
        self._changed.update(range(len(self.operations)))
        self._is_planned = True

    def update(self, operation: Operation) -> None:
        """Replace an operation by what it is now; one with the next number is added."""
        if operation.number == len(self.operations):
            self._count([operation])
            self.operations.append(operation)
        else:
            before = self.operations[operation.number]
            # Most polls change nothing that is counted.
            if (
                operation.state is not before.state
                or operation.rows is not before.rows
                or operation.row_outcomes is not before.row_outcomes
            ):
                self._recount(before, operation)
            self.operations[operation.number] = operation
        self._changed.add(operation.number)

    @property
    def has_failed(self) -> bool:
        """Whether a failure of ours, such as a full disk, has ended the run early."""
        return self.rested.done() and self.rested.exception() is not None

    def reopen(self) -> None:
        """Make ``rested`` pending again, because a run at rest goes on."""
        if self.rested.done():
            self.rested = Future()

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing more happens by itself."""
        return self._is_planned and not self._going

    def outcomes(self) -> list[RowOutcome]:
        """Return what became of each row, by its position in the frame."""
        return self.frozen().at(range(self._rows))

    def frozen(self) -> RowOutcomes:
        """Return the outcomes of the rows as they are now, to be read in slices."""
        return RowOutcomes(self._rows, list(self.operations), dict(self.invalid), self.unchanged)

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call *listener* with the numbers of changed operations and whether all is at rest.

        It is called on the engine's thread, a few times a second at most, and every
        few seconds even if nothing changed. Returns a function that ends the calls.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def take_over(self, other: Ledger) -> None:
        """Call the listeners of *other* from now on, and end its rest with the own one."""
        self._listeners += other._listeners
        other._listeners = self._listeners
        self._changed.update(range(len(self.operations)))
        rested = other.rested
        self.rested.add_done_callback(lambda own: _copy(own, rested))
        self.notify(at_rest=self.rested.done())

    def notify(self, *, at_rest: bool = False, heartbeat: bool = False) -> None:
        """Call the listeners with what has changed since the last call.

        Without a change they are called only for a *heartbeat* and at the end.
        """
        if not (self._changed or at_rest or heartbeat):
            return
        changed, self._changed = sorted(self._changed), set()
        for listener in list(self._listeners):
            try:
                listener(changed, at_rest)
            except BaseException:  # A screen that fails must not stop the work.
                _log.exception("a listener of a run failed")

    def _recount(self, before: Operation, after: Operation) -> None:
        states = self._states.copy()
        states[before.state] -= 1
        states[after.state] += 1
        # Rows are pending until their operation ends, whatever its state is.
        are_pending = (
            before.rows is after.rows
            and before.row_outcomes is after.row_outcomes is None
            and before.state in UNDECIDED
            and after.state in UNDECIDED
        )
        if not are_pending:
            self._count_rows([(row_tally(after), 1), (row_tally(before), -1)])
        self._going += (after.state in _GOING) - (before.state in _GOING)
        self._states = states

    def _count(self, operations: Sequence[Operation]) -> None:
        states = self._states.copy()
        for operation in operations:
            states[operation.state] += 1
            self._going += operation.state in _GOING
        self._count_rows((row_tally(operation), 1) for operation in operations)
        self._states = states

    def _count_rows(
        self, changes: Iterable[tuple[Mapping[tuple[RowStatus, bool], int], int]]
    ) -> None:
        tally, retryable = self._tally.copy(), self._retryable
        for rows_in, by in changes:
            for (status, may_go_again), rows in rows_in.items():
                tally[status] += by * rows
                retryable += by * rows if may_go_again else 0
        self._tally, self._retryable = tally, retryable


def _copy(done: Future[None], other: Future[None]) -> None:
    error = done.exception()
    if error is None:
        other.set_result(None)
    else:
        other.set_exception(error)
