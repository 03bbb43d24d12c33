"""The first part of a run that goes on after a restart: what a session's file says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby

from pydantic import ValidationError

from ...destination import Action
from ...operation import (
    POLLED,
    Operation,
    State,
    held,
    not_canceled,
    rejected,
    replanned,
    submitted,
    unsure,
)
from ...store import StoredRun
from .batches import Batch, Prepared, text_of
from .context import RunContext

_OPEN = (State.PLANNED, State.UNKNOWN)
_KILLED = "interrupted while it was being sent"
_NOT_KEPT = "not sent: its payload was not kept over the restart"
_OTHER_PAYLOAD = "not sent: its payload does not fit the action as it is defined now"
_OTHER_ACTION = "not sent: the action as it is defined now does not send such a batch"


class Resumer:
    """From the operations of a run to the batches that are to be sent or to be reconciled."""

    notice = "resuming"

    def __init__(self, course: RunContext) -> None:
        self._course = course
        self._recovery = recovery_of(course.record, course.action)

    async def batches(self) -> list[Batch]:
        """Return what is still to be sent; what was accepted is asked about from now on."""
        course = self._course
        again = doubtful_again(course.ledger.operations, course.record, course.action)
        for operation in again:
            course.put(unsure(operation, message=operation.message))
        for operation in course.ledger.operations:
            if operation.state is State.CANCELING and course.is_canceling:
                # Whether that was asked nobody knows; it is asked again.
                course.put(not_canceled(operation, message=operation.message))
            if operation.state in POLLED:
                course.schedule.accepted(operation.number, now=course.steady)
            elif (settled := self._settled(operation)) is not operation:
                course.put(settled)
        left = [each for each in course.ledger.operations if each.state in _OPEN]
        stored = course.journal.store.rows(course.run) if left else []
        texts = {row.position: row.payload for row in stored}
        groups = [list(each) for _, each in groupby(left, key=lambda each: each.batch)]
        found = [self._batch(operations, texts) for operations in groups]
        return [batch for batch in found if batch is not None]

    def _settled(self, operation: Operation) -> Operation:
        """Return what is sure of an operation that was on its way, or still is to be sent."""
        if operation.state is State.SUBMITTING:
            operation = self._interrupted(operation)
        is_open = operation.in_doubt and operation.state in _OPEN
        return held(operation) if is_open and self._recovery == "none" else operation

    def _interrupted(self, operation: Operation) -> Operation:
        if self._recovery == "prepare_commit":
            # Each step may be repeated, and nothing is applied before the last.
            is_last = operation.step == len(self._course.action.steps)
            return replanned(operation, message=_KILLED, in_doubt=is_last)
        return unsure(operation, message=f"{_KILLED}: it may or may not have been applied")

    def _batch(self, operations: list[Operation], texts: Mapping[int, str | None]) -> Batch | None:
        kept = [texts[row] for each in operations for row in each.rows]
        numbers = range(operations[0].number, operations[-1].number + 1)
        if None in kept:
            return self._blank(operations, numbers)
        if self._has_other_shape(operations, rows=len(kept)):
            self._misfit(operations, _OTHER_ACTION)
            return None
        try:
            rows = [self._row(row, texts[row] or "") for each in operations for row in each.rows]
        except (ValidationError, _OtherPayload):
            self._misfit(operations, _OTHER_PAYLOAD)
            return None
        return Batch(operations[0].batch, rows, numbers)

    def _has_other_shape(self, operations: Sequence[Operation], *, rows: int) -> bool:
        action = self._course.action
        is_alone = action.perform_batch is None and rows > 1
        return is_alone or operations[0].step > len(action.steps)

    def _blank(self, operations: Sequence[Operation], numbers: range) -> Batch | None:
        """Return a batch that can be asked about but not be sent, if it is in doubt."""
        if operations[0].state is State.UNKNOWN:
            self._course.blank.add(operations[0].batch)
            return Batch(operations[0].batch, [], numbers)
        self._misfit(operations, _NOT_KEPT)
        return None

    def _row(self, position: int, text: str) -> Prepared:
        payload = self._course.action.payload.model_validate(json.loads(text))
        if text_of(payload) != text:
            # A validator that hashes or shifts a value would do so a second time.
            raise _OtherPayload
        return Prepared(position, payload, text, len(text.encode()))

    def _misfit(self, operations: Sequence[Operation], message: str) -> None:
        course, now = self._course, self._course.wall
        for each in operations:
            if each.in_doubt:
                course.put(held(each, message=f"{each.message}; {message}"))
            else:
                refused = submitted(each, now=now)
                course.put(rejected(refused, message=message, code=None, now=now))


class _OtherPayload(Exception):
    """A payload that its own model does not leave as it is."""


def recovery_of(record: StoredRun, action: Action) -> str:
    """Say what can be found out about what was submitted: as the action declared it then."""
    if record.recovery is None:  # The first schema knew of nothing but steps.
        return "prepare_commit" if action.steps else "none"
    return action.recovery if action.recovery in (record.recovery, "natural") else "none"


def doubtful_again(
    operations: Sequence[Operation], record: StoredRun, action: Action
) -> list[Operation]:
    """Return held operations that *action* can find out about, of whole batches only."""
    is_over = recovery_of(record, action) in ("none", "prepare_commit")
    if is_over or record.control == "canceled":
        return []
    found: list[Operation] = []
    for _, group in groupby(operations, key=lambda each: each.batch):
        batch = list(group)
        if all(each.state is State.HELD and each.in_doubt for each in batch):
            found += batch
    return found
