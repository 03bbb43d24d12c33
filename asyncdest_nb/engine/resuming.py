"""The first part of a run that goes on after a restart: what a session's file says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby

from pydantic import ValidationError

from ..operation import POLLED, Operation, State, held, rejected, replanned, submitted, unsure
from .course import Course
from .plan import Batch, Prepared

_KILLED = "the kernel ended while it was being sent"


class Resuming:
    """From the operations of a run to the batches that are still to be sent."""

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
        planned = [each for each in course.ledger.operations if each.state is State.PLANNED]
        stored = course.journal.store.rows(course.run) if planned else []
        texts = {row.position: row.payload or "null" for row in stored}
        groups = [list(each) for _, each in groupby(planned, key=lambda each: each.batch)]
        found = [self._batch(operations, texts) for operations in groups]
        return [batch for batch in found if batch is not None]

    def _interrupted(self, operation: Operation) -> Operation:
        if self._course.action.steps:
            # Each step may be repeated, and nothing is applied before the last.
            return replanned(operation, message=_KILLED)
        return held(unsure(operation, message=f"{_KILLED}: it may or may not have been applied"))

    def _batch(self, operations: list[Operation], texts: Mapping[int, str]) -> Batch | None:
        try:
            rows = [self._row(row, texts[row]) for each in operations for row in each.rows]
        except ValidationError:
            for each in operations:
                self._misfit(each)
            return None
        numbers = [each.number for each in operations]
        return Batch(operations[0].batch, rows, range(numbers[0], numbers[-1] + 1))

    def _row(self, position: int, text: str) -> Prepared:
        payload = self._course.action.payload.model_validate(json.loads(text))
        return Prepared(position, payload, text, len(text.encode()))

    def _misfit(self, operation: Operation) -> None:
        now, operation = self._course.wall, submitted(operation, now=self._course.wall)
        message = "its payload does not fit the action as it is defined now"
        if operation.step:  # The last step may have been applied.
            self._course.put(held(unsure(operation, message=message)))
        else:
            message = f"not sent: {message}"
            self._course.put(rejected(operation, message=message, code=None, now=now))
