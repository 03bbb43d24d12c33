"""Operations and the pure transitions between their states.

An operation is what one context stands for: one row, or one job of N rows.

    planned -> submitting -> accepted -> running -> completed | partial | failed | canceled
                 |- rejected   refused: never applied
                 |- planned    known not sent, or throttled: the same attempt, later
                 `- unknown    sent? nobody knows -> accepted | planned | held
    accepted | running | canceling -> lost   the destination no longer knows it

Only the destination's word makes ``completed | partial | failed | canceled``, and
final is final: a transition of a final operation returns it unchanged. What
happens to *us* (a failed poll, an odd word) is a field, never a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .responses import AsyncOperationResult, JSONObject, OverallStatus, RowResult, Status


class State(StrEnum):
    """Where an operation stands."""

    PLANNED = "planned"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    RUNNING = "running"
    CANCELING = "canceling"
    UNKNOWN = "unknown"
    HELD = "held"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    LOST = "lost"


FINAL = frozenset(
    {State.COMPLETED, State.PARTIAL, State.FAILED, State.CANCELED, State.REJECTED, State.LOST}
)
POLLED = frozenset({State.ACCEPTED, State.RUNNING, State.CANCELING})
RESTING = FINAL | {State.HELD}  # Nothing more happens by itself.

_ENDS = frozenset({State.COMPLETED, State.PARTIAL, State.FAILED, State.CANCELED})
_NEXT: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.SUBMITTING}),
    # A synchronous action, or one the destination answers at once, ends here.
    State.SUBMITTING: _ENDS | {State.ACCEPTED, State.REJECTED, State.PLANNED, State.UNKNOWN},
    State.UNKNOWN: frozenset({State.ACCEPTED, State.PLANNED, State.HELD}),
    State.HELD: frozenset({State.ACCEPTED, State.PLANNED}),
    State.ACCEPTED: _ENDS | {State.RUNNING, State.CANCELING, State.LOST},
    State.RUNNING: _ENDS | {State.RUNNING, State.CANCELING, State.LOST},
    State.CANCELING: _ENDS | {State.CANCELING, State.LOST},
}


class RowStatus(StrEnum):
    """Where a row stands. ``unknown``: it may or may not have been applied."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    INVALID = "invalid"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


_ROW_STATUS = {
    State.COMPLETED: RowStatus.COMPLETED,
    State.FAILED: RowStatus.FAILED,
    State.REJECTED: RowStatus.FAILED,
    State.CANCELED: RowStatus.CANCELED,
    State.UNKNOWN: RowStatus.UNKNOWN,
    State.HELD: RowStatus.UNKNOWN,
    State.LOST: RowStatus.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row. ``retryable`` None = the destination did not say."""

    status: RowStatus
    message: str = ""
    error_code: str | None = None
    retryable: bool | None = None
    result: Any = None
    progress: float | None = None  # percent
    operation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a run; ``number`` is its position there.

    ``rows`` are positions in the frame, in the order of the payloads sent.
    ``progress`` is in percent, None = not reported. ``poll_errors`` counts the
    polls that failed since the last one that was answered. Times are Unix
    seconds, None = not yet. ``row_results`` has an entry per row, None = the
    destination said nothing per row.
    """

    number: int
    rows: tuple[int, ...]
    state: State = State.PLANNED
    operation_id: str | None = None
    context: JSONObject | None = None
    progress: float | None = None
    message: str = ""
    error_code: str | None = None
    result: Any = None
    odd_status: str | None = None
    polls: int = 0
    poll_errors: int = 0
    submitted_at: float | None = None
    accepted_at: float | None = None
    seen_at: float | None = None
    finished_at: float | None = None
    row_results: tuple[RowResult, ...] | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in FINAL

    @property
    def status(self) -> Status:
        """The contract's word: pending, completed or failed."""
        if self.state in (State.COMPLETED, State.PARTIAL):
            return "completed"
        return "failed" if self.is_final else "pending"


def _moved(operation: Operation, to: State, **changes: Any) -> Operation:
    if operation.is_final:
        return operation
    if to not in _NEXT[operation.state]:
        raise AssertionError(f"operation {operation.number}: {operation.state} cannot become {to}")
    return replace(operation, state=to, **changes)


def submitted(operation: Operation, *, now: float) -> Operation:
    """Say that its request is about to leave."""
    return _moved(operation, State.SUBMITTING, submitted_at=operation.submitted_at or now)


def replanned(operation: Operation, *, message: str) -> Operation:
    """Say that its request was not applied and will be sent again as the same attempt."""
    return _moved(operation, State.PLANNED, message=message)


def rejected(operation: Operation, *, message: str, code: str | None, now: float) -> Operation:
    """Say that its request was refused: never applied."""
    return _moved(operation, State.REJECTED, message=message, error_code=code, finished_at=now)


def unsure(operation: Operation, *, message: str) -> Operation:
    """Say that its request left and nobody knows what became of it."""
    return _moved(operation, State.UNKNOWN, message=message)


def held(operation: Operation) -> Operation:
    """Say that nothing can find out what became of it: the user decides."""
    return _moved(operation, State.HELD)


def accepted(
    operation: Operation, *, context: JSONObject, operation_id: str, message: str, now: float
) -> Operation:
    """Say that the destination took it and named it."""
    return _moved(
        operation,
        State.ACCEPTED,
        context=context,
        operation_id=operation_id,
        message=message,
        accepted_at=now,
    )


def answered(operation: Operation, result: AsyncOperationResult, *, now: float) -> Operation:
    """Apply what a poll said: the only way an accepted operation completes or fails.

    Pending without "go on polling" is the destination's word that no more news
    will come: the operation is lost, its rows unknown.
    """
    seen: dict[str, Any] = {
        "polls": operation.polls + 1,
        "poll_errors": 0,
        "seen_at": now,
        "message": result.message or operation.message,
        "odd_status": result.odd_status,
    }
    if result.progress is not None:
        seen["progress"] = result.progress
    if result.status == "pending" and result.should_continue_polling:
        to = State.CANCELING if operation.state is State.CANCELING else State.RUNNING
        return _moved(operation, to, **seen)
    if result.status == "pending":
        seen["message"] = f"the destination will say no more of it: {result.message}"
        return _moved(operation, State.LOST, finished_at=now, **seen)
    return finished(_seen(operation, seen), result, now=now)


def _seen(operation: Operation, changes: dict[str, Any]) -> Operation:
    return operation if operation.is_final else replace(operation, **changes)


def finished(operation: Operation, result: AsyncOperationResult, *, now: float) -> Operation:
    """Apply a final word, with its outcome per row where there is one."""
    rows = _whole(result.rows, of=len(operation.rows))
    error = result.error
    return _moved(
        operation,
        _ending(result, rows),
        message=(error.message if error and error.message else result.message) or operation.message,
        error_code=error.code if error else None,
        result=result.result,
        row_results=rows,
        finished_at=now,
    )


def _whole(rows: list[RowResult] | None, *, of: int) -> tuple[RowResult, ...] | None:
    if rows is None:
        return None
    if len(rows) == of:
        return tuple(rows)
    # A short or long list cannot be laid on the rows: none of them is known.
    message = f"the destination answered for {len(rows)} rows of {of}"
    return (RowResult(status="unknown", message=message),) * of


def _ending(result: AsyncOperationResult, rows: Sequence[RowResult] | None) -> State:
    if rows is None:
        return State.COMPLETED if result.status == "completed" else State.FAILED
    good = sum(row.status == "completed" for row in rows)
    if good == len(rows):
        return State.COMPLETED
    none_good = good == 0 and all(row.status == "failed" for row in rows)
    return State.FAILED if none_good else State.PARTIAL


def poll_failed(operation: Operation, *, message: str) -> Operation:
    """Note a poll that got no answer: it says nothing about the operation."""
    if operation.is_final:
        return operation
    return replace(
        operation,
        polls=operation.polls + 1,
        poll_errors=operation.poll_errors + 1,
        message=message,
    )


def lost(operation: Operation, *, message: str, now: float) -> Operation:
    """Say that the destination no longer knows it: final, and its rows unknown."""
    return _moved(operation, State.LOST, message=message, finished_at=now)


def row_outcomes(operation: Operation) -> list[RowOutcome]:
    """Return the outcome of each of its rows, in their order."""
    if operation.row_results is not None:
        return [_from_row_result(operation, row) for row in operation.row_results]
    return [_from_operation(operation)] * len(operation.rows)


def _from_row_result(operation: Operation, row: RowResult) -> RowOutcome:
    return RowOutcome(
        status=RowStatus(row.status),
        message=row.error.message if row.error and row.error.message else row.message,
        error_code=row.error.code if row.error else None,
        retryable=row.retryable,
        result=row.result,
        progress=operation.progress,
        operation_id=operation.operation_id,
    )


def _from_operation(operation: Operation) -> RowOutcome:
    return RowOutcome(
        status=_ROW_STATUS.get(operation.state, RowStatus.PENDING),
        message=operation.message,
        error_code=operation.error_code,
        result=operation.result,
        progress=operation.progress,
        operation_id=operation.operation_id,
    )


def run_status(states: Iterable[State], *, invalid: int = 0) -> OverallStatus:
    """Sum up a run: pending while anything is open or held, *invalid* rows are not good."""
    found = set(states)
    if not found <= FINAL:
        return "pending"
    if found <= {State.COMPLETED} and not invalid:
        return "completed"
    return "partial" if found & {State.COMPLETED, State.PARTIAL} else "failed"
