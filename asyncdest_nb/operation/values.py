"""The states of operations and rows, and the values that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any, Literal, TypeVar, dataclass_transform

T = TypeVar("T")

Status = Literal["pending", "completed", "failed"]
RunStatus = Literal["pending", "completed", "failed", "partial"]


@dataclass_transform(frozen_default=True)
def value(kind: type[T]) -> type[T]:
    """Make *kind* a dataclass that is frozen for the type checker, and never changed.

    Frozen at run time too, a transition would take four times as long.
    """
    return dataclass(slots=True, unsafe_hash=True)(kind)


class State(StrEnum):
    """The state of an operation."""

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
SETTLED = FINAL | {State.HELD}  # Nothing more happens unless the user decides.


class RowStatus(StrEnum):
    """The status of a row.

    ``unknown``: it may or may not have been applied. ``unchanged``: it was not sent, since it
    equals what was completed last under its key.
    """

    PENDING = "pending"
    COMPLETED = "completed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    INVALID = "invalid"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


@value
class RowOutcome:
    """What became of one row. ``retryable`` None = not stated."""

    status: RowStatus
    message: str = ""
    error_code: str | None = None
    retryable: bool | None = None
    result: Any = None
    progress: float | None = None  # percent
    operation_id: str | None = None


@value
class StatusUpdate:
    """What the destination stated about an operation.

    ``status`` pending with ``more`` False: no further update will come. ``rows`` has one
    outcome per row of the operation; None = nothing was stated per row.
    """

    status: Status
    more: bool = False
    progress: float | None = None  # percent
    message: str = ""
    error_code: str | None = None
    result: Any = None
    odd_status: str | None = None
    rows: tuple[RowOutcome, ...] | None = None
    ended_at: float | None = None  # Unix seconds, by the destination's clock; None = not stated


@value
class Operation:
    """One operation of a run; ``number`` is its position there.

    ``rows`` are positions in the frame, in the order of the payloads sent;
    ``batch`` numbers the submission that carries it; ``origin`` is the one that it was planned
    in, if that was refused as a whole and divided, None = it was not. ``step`` counts the
    requests of its submission that are done. ``in_doubt``: a request of it may have been
    applied, though no answer states it; a refusal of the next one does not undo that.
    ``is_overdue``: it was not done by the user's deadline, which ends nothing.
    ``progress`` is in percent, None = not reported. ``poll_errors`` counts the
    polls that failed since the last one that was answered. Times are Unix
    seconds, None = not yet. ``row_outcomes`` has an entry per row, None = nothing was
    stated per row; a row whose entry is pending has the state of the operation.
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
    origin: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in FINAL

    @property
    def status(self) -> Status:
        """The status in the contract: pending, completed or failed."""
        if self.state in (State.COMPLETED, State.PARTIAL):
            return "completed"
        return "failed" if self.is_final else "pending"


_PLACES = {each.name: place for place, each in enumerate(fields(Operation))}
_values = attrgetter(*_PLACES)


def changed(operation: Operation, **changes: Any) -> Operation:
    """Return *operation* with *changes*; ``dataclasses.replace`` takes more than twice as long."""
    values = list(_values(operation))
    for name, each in changes.items():
        values[_PLACES[name]] = each
    return Operation(*values)


def latest_stamp(operations: Iterable[Operation]) -> float:
    """Return when anything happened last to *operations*, in Unix seconds; 0 = nothing did."""
    return max(
        (
            stamp
            for each in operations
            for stamp in (each.submitted_at, each.accepted_at, each.seen_at, each.finished_at)
            if stamp is not None
        ),
        default=0.0,
    )


def is_refusal_claimed(operation: Operation) -> bool:
    """Whether only the action's code claims that it was refused; no request proves it."""
    return operation.state is State.REJECTED and operation.row_outcomes is not None
