"""What an operation means for its rows, and operations for their run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .values import (
    FINAL,
    Operation,
    RowOutcome,
    RowStatus,
    RunStatus,
    State,
    StatusUpdate,
)

_ROW_STATUS = {
    State.COMPLETED: RowStatus.COMPLETED,
    State.FAILED: RowStatus.FAILED,
    State.REJECTED: RowStatus.FAILED,
    State.CANCELED: RowStatus.CANCELED,
    State.UNKNOWN: RowStatus.UNKNOWN,
    State.HELD: RowStatus.UNKNOWN,
    State.LOST: RowStatus.UNKNOWN,
}

# The states in which the rows of an operation are pending, unless they have outcomes of their own.
UNDECIDED = frozenset(State) - _ROW_STATUS.keys()


def row_status(state: State) -> RowStatus:
    """Return the status of the rows of an operation that has no outcome for each of them."""
    return _ROW_STATUS.get(state, RowStatus.PENDING)


def shown_status(state: State) -> str:
    """Return the word that people see for *state*.

    An operation that has ended has the word that its rows are counted by, or "partial" if
    those differ; before, the word is that of the state, and its rows are pending.
    """
    return str(_ROW_STATUS.get(state, state))


def row_statuses(operation: Operation) -> list[tuple[RowStatus, bool]]:
    """Return for each of its rows the status, and whether it may be sent again as it is."""
    whole = (row_status(operation.state), _was_never_applied(operation))
    if operation.row_outcomes is None:
        return [whole] * len(operation.rows)
    return [
        whole if _is_undecided(row) else (row.status, bool(row.retryable))
        for row in operation.row_outcomes
    ]


def row_tally(operation: Operation) -> Mapping[tuple[RowStatus, bool], int]:
    """Return how many of its rows have each of the ``row_statuses``."""
    if operation.row_outcomes is None:
        # As most jobs are on their way; they have thousands of rows.
        status = _ROW_STATUS.get(operation.state, RowStatus.PENDING)
        return {(status, _was_never_applied(operation)): len(operation.rows)}
    return Counter(row_statuses(operation))


def row_outcomes(operation: Operation) -> list[RowOutcome]:
    """Return the outcome of each of its rows, in their order."""
    whole = RowOutcome(
        status=row_status(operation.state),
        message=operation.message,
        error_code=operation.error_code,
        retryable=_was_never_applied(operation) or None,
        result=operation.result,
        progress=operation.progress,
        operation_id=operation.operation_id,
    )
    if operation.row_outcomes is None:
        return [whole] * len(operation.rows)
    return [
        whole
        if _is_undecided(row)
        else replace(row, progress=whole.progress, operation_id=whole.operation_id)
        for row in operation.row_outcomes
    ]


def _was_never_applied(operation: Operation) -> bool:
    """Whether it ended before the destination accepted it, so that it may be sent again."""
    if operation.accepted_at is not None:
        return False
    return operation.state is State.REJECTED or operation.state is State.CANCELED


def final_outcomes(operation: Operation, update: StatusUpdate) -> tuple[RowOutcome, ...] | None:
    """Return the outcomes of its rows after a final *update*; None = there are none per row.

    The update has an outcome for all of its rows, or for those that were not decided at the
    submit. What was decided then stays as it is.
    """
    before, count = operation.row_outcomes, len(operation.rows)
    if before is None:
        return _whole(update.rows, of=count)
    left = [at for at, row in enumerate(before) if _is_undecided(row)]
    given = update.rows
    if given is None:
        status = RowStatus.COMPLETED if update.status == "completed" else RowStatus.FAILED
        outcome = RowOutcome(status, update.message, update.error_code, result=update.result)
        given = (outcome,) * len(left)
    elif len(given) == count:
        given = tuple(given[at] for at in left)
    new = dict(zip(left, _whole(given, of=len(left)) or (), strict=True))
    return tuple(new.get(at, row) for at, row in enumerate(before))


def _is_undecided(row: RowOutcome) -> bool:
    """Whether a row was left to its job, and so has the state of the operation."""
    return row.status is RowStatus.PENDING


def _whole(rows: tuple[RowOutcome, ...] | None, *, of: int) -> tuple[RowOutcome, ...] | None:
    if rows is None or len(rows) == of:
        return rows
    # Nobody knows which rows a short or long list is about: all of them are unknown.
    message = f"the destination answered for {len(rows)} row{'s' * (len(rows) != 1)} of {of}"
    return (RowOutcome(RowStatus.UNKNOWN, message),) * of


def run_status(states: Iterable[State], *, good: int, invalid: int = 0) -> RunStatus:
    """Return the status of a run: pending while an operation is open or held.

    *good* rows are those completed or unchanged: if none is, a run that has ended is failed,
    also one of which every row is unknown. *invalid* rows count as failed.
    """
    found = set(states)
    if not found <= FINAL:
        return "pending"
    if found <= {State.COMPLETED} and not invalid:
        return "completed"
    return "partial" if good else "failed"


def counts_text(counts: Mapping[str, int]) -> str:
    """Return the counts that are not zero: "2 completed, 1 pending"; "no rows" if all are."""
    words = [f"{number:,} {word}" for word, number in counts.items() if number]
    return ", ".join(words) or "no rows"
