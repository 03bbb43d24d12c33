"""Operations and the pure transitions between their states.

An operation is what one context stands for: one row, or one job of N rows.

    planned -> submitting -> accepted -> running -> completed | partial | failed | canceled
                 |- rejected   refused: never applied
                 |- planned    known not sent, or throttled: the same attempt, later;
                 |             or one step of a submission is done, and the next may go
                 `- unknown    sent? nobody knows -> accepted | planned | held,
                               or an end that the destination states
    held -> unknown                          its action can find out more by now
    held -> rejected | lost                  by the user's word: not applied, or applied
    planned -> canceled                      by the user, before it was sent
    accepted | running -> canceling          by the user; running again if that is refused
    accepted | running | canceling -> lost   the destination no longer knows it

Only the destination's word makes ``completed | partial | failed``, and ``canceled``
of what it took. Final is final: a transition of a final operation returns it
unchanged. What happens to *us* (a failed poll, an odd word) is a field, never a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

Status = Literal["pending", "completed", "failed"]
RunStatus = Literal["pending", "completed", "failed", "partial"]


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
    # Planned in doubt, to be sent again, it may be held by a cancel.
    State.PLANNED: frozenset({State.SUBMITTING, State.CANCELED, State.HELD}),
    # A synchronous action, or one the destination answers at once, ends here.
    State.SUBMITTING: _ENDS | {State.ACCEPTED, State.REJECTED, State.PLANNED, State.UNKNOWN},
    # What was looked for and found may have ended already.
    State.UNKNOWN: _ENDS
    | {State.ACCEPTED, State.REJECTED, State.PLANNED, State.HELD, State.UNKNOWN},
    State.HELD: frozenset({State.UNKNOWN, State.REJECTED, State.LOST}),
    State.ACCEPTED: _ENDS | {State.RUNNING, State.CANCELING, State.LOST},
    State.RUNNING: _ENDS | {State.RUNNING, State.CANCELING, State.LOST},
    State.CANCELING: _ENDS | {State.CANCELING, State.RUNNING, State.LOST},
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
class StatusUpdate:
    """What the destination said of an operation.

    ``status`` pending with ``more`` False: it will say no more. ``rows`` has one
    outcome per row of the operation; None = no word per row.
    """

    status: Status
    more: bool = False
    progress: float | None = None  # percent
    message: str = ""
    error_code: str | None = None
    result: Any = None
    odd_status: str | None = None
    rows: tuple[RowOutcome, ...] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a run; ``number`` is its position there.

    ``rows`` are positions in the frame, in the order of the payloads sent;
    ``batch`` numbers the submission that carries it, ``step`` counts the requests
    of that submission that are done. ``in_doubt``: a request of it may have been
    applied, though nobody has said so; a refusal of the next one does not undo that.
    ``is_overdue``: it was not done by the user's deadline, which ends nothing.
    ``progress`` is in percent, None = not reported. ``poll_errors`` counts the
    polls that failed since the last one that was answered. Times are Unix
    seconds, None = not yet. ``row_outcomes`` has an entry per row, None = the
    destination said nothing per row; an entry that is pending is of a row that
    stands where the operation does.
    """

    number: int
    rows: tuple[int, ...]
    batch: int = 0
    step: int = 0
    in_doubt: bool = False
    is_overdue: bool = False
    state: State = State.PLANNED
    operation_id: str | None = None
    context: dict[str, Any] | None = field(default=None, repr=False)  # It may hold a signed URL.
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
    row_outcomes: tuple[RowOutcome, ...] | None = None

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


def replanned(operation: Operation, *, message: str, in_doubt: bool = False) -> Operation:
    """Say that its request will be sent again as the same attempt.

    It was not applied; or it may have been (*in_doubt*), and repeating it is harmless.
    """
    in_doubt = in_doubt or operation.in_doubt
    return _moved(operation, State.PLANNED, message=message, in_doubt=in_doubt)


def advanced(
    operation: Operation, *, context: dict[str, Any], operation_id: str, message: str
) -> Operation:
    """Say that a step of its submission is done and has named it; the next one may go."""
    return _moved(
        operation,
        State.PLANNED,
        context=context,
        operation_id=operation_id,
        step=operation.step + 1,
        message=message,
    )


def decided(operation: Operation, rows: Sequence[RowOutcome]) -> Operation:
    """Note what was decided of its *rows* at once; those that are pending are left to the job."""
    return replace(operation, row_outcomes=tuple(rows))


def rejected(
    operation: Operation, *, message: str, code: str | None, now: float, is_proven: bool = True
) -> Operation:
    """Say that its request was refused: never applied, as the wire proves or its code claims."""
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
    """Say that it will not be sent, and nothing of it was ever applied."""
    return _moved(operation, State.CANCELED, message="canceled before it was sent", finished_at=now)


def canceling(operation: Operation) -> Operation:
    """Say that the destination is asked to cancel it; how it ends, a poll will say."""
    return _moved(operation, State.CANCELING, message="canceling")


def not_canceled(operation: Operation, *, message: str) -> Operation:
    """Say that the destination would not cancel it: it goes on."""
    return _moved(operation, State.RUNNING, message=message)


def unsure(operation: Operation, *, message: str) -> Operation:
    """Say that its request left and nobody knows what became of it."""
    return _moved(operation, State.UNKNOWN, message=message, in_doubt=True)


def held(operation: Operation, *, message: str | None = None) -> Operation:
    """Say that nothing can find out what became of it: the user decides."""
    return _moved(operation, State.HELD, message=message or operation.message)


def resolved(operation: Operation, *, applied: bool, now: float) -> Operation:
    """Take the user's word for what was held: final, and not a word of the destination's.

    What was applied stays unknown, since nobody said how it ended. What was not may go again.
    """
    if applied:
        return lost(operation, message="applied, as you said; how it ended nobody knows", now=now)
    message = "not applied, as you said"
    return _moved(operation, State.REJECTED, message=message, in_doubt=False, finished_at=now)


def overdue(operation: Operation) -> Operation:
    """Note that the user's deadline has passed: it says nothing about the operation."""
    return operation if operation.is_final else replace(operation, is_overdue=True)


def accepted(
    operation: Operation, *, context: dict[str, Any], operation_id: str, message: str, now: float
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


def answered(operation: Operation, news: StatusUpdate, *, now: float) -> Operation:
    """Apply what a poll said: the only way an accepted operation completes or fails."""
    if operation.is_final:
        return operation
    seen = replace(
        operation,
        polls=operation.polls + 1,
        poll_errors=0,
        seen_at=now,
        progress=operation.progress if news.progress is None else news.progress,
        message=news.message or operation.message,
        odd_status=news.odd_status,
    )
    if news.status != "pending":
        return finished(seen, news, now=now)
    if not news.more:
        return lost(seen, message=f"the destination will say no more: {seen.message}", now=now)
    return _moved(seen, State.CANCELING if seen.state is State.CANCELING else State.RUNNING)


def finished(operation: Operation, news: StatusUpdate, *, now: float) -> Operation:
    """Apply a final word, with its outcome per row where there is one.

    What was decided of a row before stays as it is.
    """
    rows = _laid(operation, news)
    return _moved(
        operation,
        _ending(news, rows),
        message=news.message or operation.message,
        error_code=news.error_code,
        result=news.result,
        row_outcomes=rows,
        finished_at=now,
    )


def _laid(operation: Operation, news: StatusUpdate) -> tuple[RowOutcome, ...] | None:
    """Lay the outcomes of *news* on the rows of *operation*, None = there are none per row.

    They are of all its rows, or of those that were left to the job.
    """
    before, count = operation.row_outcomes, len(operation.rows)
    if before is None:
        return _whole(news.rows, of=count)
    left = [at for at, row in enumerate(before) if _is_left(row)]
    said = news.rows
    if said is None:
        status = RowStatus.COMPLETED if news.status == "completed" else RowStatus.FAILED
        said = (RowOutcome(status, news.message, news.error_code, result=news.result),) * len(left)
    elif len(said) == count:
        said = tuple(said[at] for at in left)
    new = dict(zip(left, _whole(said, of=len(left)) or (), strict=True))
    return tuple(new.get(at, row) for at, row in enumerate(before))


def _is_left(row: RowOutcome) -> bool:
    """Say whether a row was left to its job: it stands where that does."""
    return row.status is RowStatus.PENDING


def _whole(rows: tuple[RowOutcome, ...] | None, *, of: int) -> tuple[RowOutcome, ...] | None:
    if rows is None or len(rows) == of:
        return rows
    # A short or long list cannot be laid on the rows: none of them is known.
    message = f"the destination answered for {len(rows)} rows of {of}"
    return (RowOutcome(RowStatus.UNKNOWN, message),) * of


def _ending(news: StatusUpdate, rows: Sequence[RowOutcome] | None) -> State:
    if rows is None:
        return State.COMPLETED if news.status == "completed" else State.FAILED
    statuses = {row.status for row in rows}
    if statuses <= {RowStatus.COMPLETED}:
        return State.COMPLETED
    if statuses == {RowStatus.CANCELED}:
        return State.CANCELED
    return State.FAILED if statuses <= {RowStatus.FAILED, RowStatus.CANCELED} else State.PARTIAL


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


def is_refusal_claimed(operation: Operation) -> bool:
    """Say whether it was refused by the word of the action's code alone, not as the wire proves."""
    return operation.state is State.REJECTED and operation.row_outcomes is not None


def row_status(state: State) -> RowStatus:
    """Return where the rows of an operation stand, unless it has a word for each."""
    return _ROW_STATUS.get(state, RowStatus.PENDING)


def row_standings(operation: Operation) -> list[tuple[RowStatus, bool]]:
    """Return for each of its rows where it stands, and whether it may be sent again as it is."""
    own = (row_status(operation.state), was_never_applied(operation))
    if operation.row_outcomes is None:
        return [own] * len(operation.rows)
    return [
        own if _is_left(row) else (row.status, bool(row.retryable))
        for row in operation.row_outcomes
    ]


def row_outcomes(operation: Operation) -> list[RowOutcome]:
    """Return the outcome of each of its rows, in their order."""
    whole = RowOutcome(
        status=row_status(operation.state),
        message=operation.message,
        error_code=operation.error_code,
        retryable=was_never_applied(operation) or None,
        result=operation.result,
        progress=operation.progress,
        operation_id=operation.operation_id,
    )
    if operation.row_outcomes is None:
        return [whole] * len(operation.rows)
    return [
        whole
        if _is_left(row)
        else replace(row, progress=whole.progress, operation_id=whole.operation_id)
        for row in operation.row_outcomes
    ]


def was_never_applied(operation: Operation) -> bool:
    """Say whether it has ended before the destination took it, so that it may go again."""
    ended = operation.state in (State.REJECTED, State.CANCELED)
    return ended and operation.accepted_at is None


def run_status(states: Iterable[State], *, invalid: int = 0) -> RunStatus:
    """Sum up a run: pending while anything is open or held, *invalid* rows are not good."""
    found = set(states)
    if not found <= FINAL:
        return "pending"
    if found <= {State.COMPLETED} and not invalid:
        return "completed"
    return "partial" if found & {State.COMPLETED, State.PARTIAL} else "failed"


def counted(counts: Mapping[str, int]) -> str:
    """Say the counts that are not zero: "2 completed, 1 pending"; "no rows" when all are."""
    words = [f"{number:,} {word}" for word, number in counts.items() if number]
    return ", ".join(words) or "no rows"
