"""The first part of a run that goes on after a restart: what a session's file says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby

from pydantic import ValidationError

from ..destination import Action
from ..operation import (
    POLLED,
    Operation,
    State,
    held,
    rejected,
    replanned,
    submitted,
    unsure,
)
from .course import Course
from .plan import Batch, Prepared

_KILLED = "the kernel ended while it was being sent"
_NOT_KEPT = "not sent: its payload was not kept over the restart"


class Resuming:
    """From the operations of a run to the batches that are to be sent or to be reconciled."""

    notice = "resuming"

    def __init__(self, course: Course) -> None:
        self._course = course

    async def batches(self) -> list[Batch]:
        """Return what is still to be sent; what was accepted is asked about from now on."""
        course = self._course
        for operation in course.ledger.operations:
            if operation.state is State.SUBMITTING:
                course.put(self._interrupted(operation))
            elif operation.state in POLLED:
                course.schedule.accepted(operation.number, now=course.steady)
        for operation in doubtful_again(course.ledger.operations, course.action):
            course.put(unsure(operation, message=operation.message))
        todo = [
            each
            for each in course.ledger.operations
            if each.state in (State.PLANNED, State.UNKNOWN)
        ]
        stored = course.journal.store.rows(course.run) if todo else []
        texts = {row.position: row.payload for row in stored}
        groups = [list(each) for _, each in groupby(todo, key=lambda each: each.batch)]
        found = [self._batch(operations, texts) for operations in groups]
        return [batch for batch in found if batch is not None]

    def _interrupted(self, operation: Operation) -> Operation:
        recovery = self._course.action.recovery
        if recovery == "prepare_commit":
            # Each step may be repeated, and nothing is applied before the last.
            is_last = operation.step == len(self._course.action.steps)
            return replanned(operation, message=_KILLED, in_doubt=is_last)
        doubt = unsure(operation, message=f"{_KILLED}: it may or may not have been applied")
        return held(doubt) if recovery == "none" else doubt

    def _batch(self, operations: list[Operation], texts: Mapping[int, str | None]) -> Batch | None:
        kept = [texts[row] for each in operations for row in each.rows]
        numbers = range(operations[0].number, operations[-1].number + 1)
        if None in kept:
            return self._blank(operations, numbers)
        try:
            rows = [self._row(row, texts[row] or "") for each in operations for row in each.rows]
        except ValidationError:
            for each in operations:
                self._misfit(
                    each, "not sent: its payload does not fit the action as it is defined now"
                )
            return None
        return Batch(operations[0].batch, rows, numbers)

    def _blank(self, operations: Sequence[Operation], numbers: range) -> Batch | None:
        """Return a batch that can be asked about but not be sent, if it is in doubt."""
        if operations[0].state is State.UNKNOWN:
            self._course.blank.add(operations[0].batch)
            return Batch(operations[0].batch, [], numbers)
        for each in operations:
            self._misfit(each, _NOT_KEPT)
        return None

    def _row(self, position: int, text: str) -> Prepared:
        payload = self._course.action.payload.model_validate(json.loads(text))
        return Prepared(position, payload, text, len(text.encode()))

    def _misfit(self, operation: Operation, message: str) -> None:
        now = self._course.wall
        if operation.in_doubt:
            doubt = operation
            if doubt.state is State.PLANNED:
                doubt = unsure(submitted(doubt, now=now), message=doubt.message)
            self._course.put(held(doubt, message=f"{operation.message}; {message}"))
        else:
            refused = submitted(operation, now=now)
            self._course.put(rejected(refused, message=message, code=None, now=now))


def doubtful_again(operations: Sequence[Operation], action: Action) -> list[Operation]:
    """Return held operations that *action* can find out about, of whole batches only."""
    if action.recovery in ("none", "prepare_commit"):
        return []
    found: list[Operation] = []
    for _, group in groupby(operations, key=lambda each: each.batch):
        batch = list(group)
        if all(each.state is State.HELD and each.in_doubt for each in batch):
            found += batch
    return found
