"""The transitions of an operation: each takes one and returns it as it is afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .rows import final_outcomes
from .values import Operation, RowOutcome, RowStatus, State, StatusUpdate, changed

_ENDS = frozenset({State.COMPLETED, State.PARTIAL, State.FAILED, State.CANCELED})
_NEXT: dict[State, frozenset[State]] = {
    # A planned operation in doubt, which was to be sent again, is held by a cancel.
    State.PLANNED: frozenset({State.SUBMITTING, State.CANCELED, State.HELD}),
    # A synchronous action, or one the destination answers at once, ends here.
    State.SUBMITTING: _ENDS | {State.ACCEPTED, State.REJECTED, State.PLANNED, State.UNKNOWN},
    # An operation that was found after a lost reply may have ended already.
    State.UNKNOWN: _ENDS
    | {State.ACCEPTED, State.REJECTED, State.PLANNED, State.HELD, State.UNKNOWN},
    State.HELD: frozenset({State.UNKNOWN, State.REJECTED, State.LOST}),
    State.ACCEPTED: _ENDS | {State.RUNNING, State.CANCELING, State.LOST},
    State.RUNNING: _ENDS | {State.RUNNING, State.CANCELING, State.LOST},
    State.CANCELING: _ENDS | {State.CANCELING, State.RUNNING, State.LOST},
}


def _moved(operation: Operation, to: State, **changes: Any) -> Operation:
    if operation.is_final:
        return operation
    if to not in _NEXT[operation.state]:
        raise AssertionError(f"operation {operation.number}: {operation.state} cannot become {to}")
    return changed(operation, state=to, **changes)


def submitted(operation: Operation, *, now: float) -> Operation:
    """Note that its request is about to be sent."""
    return _moved(operation, State.SUBMITTING, submitted_at=operation.submitted_at or now)


def replanned(operation: Operation, *, message: str, in_doubt: bool = False) -> Operation:
    """Plan to send its request again as the same attempt.

    It was not applied; or it may have been (*in_doubt*), and repeating it is harmless.
    """
    in_doubt = in_doubt or operation.in_doubt
    return _moved(operation, State.PLANNED, message=message, in_doubt=in_doubt)


def advanced(
    operation: Operation, *, context: dict[str, Any], operation_id: str, message: str
) -> Operation:
    """Note that a step of its submission is done and gave it an id; the next step may go."""
    return _moved(
        operation,
        State.PLANNED,
        context=context,
        operation_id=operation_id,
        step=operation.step + 1,
        message=message,
    )


def divided(
    operation: Operation, rows: Sequence[int], *, number: int, batch: int, message: str
) -> Operation:
    """Return the operation that sends *rows* in a new submission, *batch*.

    They are those of *operation*, or a part of them. Its submission was refused as a whole, and
    provably not applied.
    """
    if State.PLANNED not in _NEXT[operation.state]:
        raise AssertionError(f"operation {operation.number}: {operation.state} is not divided")
    return Operation(
        number=number,
        rows=tuple(rows),
        batch=batch,
        origin=operation.batch if operation.origin is None else operation.origin,
        is_overdue=operation.is_overdue,
        message=message,
    )


def decided(operation: Operation, rows: Sequence[RowOutcome]) -> Operation:
    """Note the outcomes of its *rows* that were decided at once; pending = left to the job."""
    return changed(operation, row_outcomes=tuple(rows))


def rejected(
    operation: Operation, *, message: str, code: str | None, now: float, is_proven: bool = True
) -> Operation:
    """Note that its request was refused and never applied.

    *is_proven*: the requests prove it; otherwise only the action's code claims it.
    """
    claimed = RowOutcome(RowStatus.FAILED, message, code)
    return _moved(
        operation,
        State.REJECTED,
        message=message,
        error_code=code,
        row_outcomes=None if is_proven else (claimed,) * len(operation.rows),
        finished_at=now,
    )


def withdrawn(operation: Operation, *, now: float) -> Operation:
    """Cancel it before it is sent: nothing of it was ever applied."""
    return _moved(operation, State.CANCELED, message="canceled before it was sent", finished_at=now)


def canceling(operation: Operation) -> Operation:
    """Note that the destination is asked to cancel it; polling finds out how it ends."""
    return _moved(operation, State.CANCELING, message="canceling")


def not_canceled(operation: Operation, *, message: str) -> Operation:
    """Note that the destination refused to cancel it: it goes on."""
    return _moved(operation, State.RUNNING, message=message)


def unsure(operation: Operation, *, message: str) -> Operation:
    """Note that its request was sent and nobody knows whether it was applied."""
    return _moved(operation, State.UNKNOWN, message=message, in_doubt=True)


def held(operation: Operation, *, message: str | None = None) -> Operation:
    """Hold it for the user, who decides: nothing can find out whether it was applied."""
    return _moved(operation, State.HELD, message=message or operation.message)


def resolved(operation: Operation, *, applied: bool, now: float) -> Operation:
    """End a held operation as the user decided.

    If it was *applied* its rows stay unknown, since nobody knows how it ended. If it was
    not, it may be sent again.
    """
    if applied:
        return lost(operation, message="applied, as you said; nobody knows how it ended", now=now)
    message = "not applied, as you said"
    return _moved(operation, State.REJECTED, message=message, in_doubt=False, finished_at=now)


def overdue(operation: Operation) -> Operation:
    """Note that the user's deadline has passed, which changes nothing else."""
    return operation if operation.is_final else changed(operation, is_overdue=True)


def accepted(
    operation: Operation, *, context: dict[str, Any], operation_id: str, message: str, now: float
) -> Operation:
    """Note that the destination took it and gave it an id."""
    return _moved(
        operation,
        State.ACCEPTED,
        context=context,
        operation_id=operation_id,
        message=message,
        accepted_at=now,
    )


def answered(operation: Operation, update: StatusUpdate, *, now: float) -> Operation:
    """Apply the *update* of a poll: the only way an accepted operation completes or fails."""
    if operation.is_final:
        return operation
    seen = {
        "polls": operation.polls + 1,
        "poll_errors": 0,
        "seen_at": now,
        "progress": operation.progress if update.progress is None else update.progress,
        "odd_status": update.odd_status,
    }
    if update.status != "pending":
        return finished(operation, update, now=now, **seen)
    seen["message"] = update.message or operation.message
    if not update.more:
        text = f"the destination gives no further status: {seen['message']}"
        return lost(changed(operation, **seen), message=text, now=now)
    state = State.CANCELING if operation.state is State.CANCELING else State.RUNNING
    return _moved(operation, state, **seen)


def finished(operation: Operation, update: StatusUpdate, *, now: float, **seen: Any) -> Operation:
    """Apply a final *update*, with its outcome per row where there is one.

    A row that was decided before keeps its outcome. *seen* are further fields that a poll changes.
    """
    rows = final_outcomes(operation, update)
    return _moved(
        operation,
        _end(update, rows),
        message=update.message or operation.message,
        error_code=update.error_code,
        result=update.result,
        row_outcomes=rows,
        finished_at=now,
        **seen,
    )


def _end(update: StatusUpdate, rows: Sequence[RowOutcome] | None) -> State:
    if rows is None:
        return State.COMPLETED if update.status == "completed" else State.FAILED
    statuses = {row.status for row in rows}
    if statuses <= {RowStatus.COMPLETED}:
        return State.COMPLETED
    if statuses == {RowStatus.CANCELED}:
        return State.CANCELED
    return State.FAILED if statuses <= {RowStatus.FAILED, RowStatus.CANCELED} else State.PARTIAL


def poll_failed(operation: Operation, *, message: str) -> Operation:
    """Note a poll without an answer: it states nothing about the operation."""
    if operation.is_final:
        return operation
    return changed(
        operation,
        polls=operation.polls + 1,
        poll_errors=operation.poll_errors + 1,
        message=message,
    )


def lost(operation: Operation, *, message: str, now: float) -> Operation:
    """Note that the destination no longer knows it: final, and its rows unknown."""
    return _moved(operation, State.LOST, message=message, finished_at=now)
