"""The second part of a run: send its batches, step by step.

Always in this order: intent on disk, request, outcome on disk, ledger. What an
answer means is decided in ``verdict``; here it is only done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from ..operation import (
    POLLED,
    Operation,
    State,
    accepted,
    advanced,
    finished,
    held,
    rejected,
    replanned,
    submitted,
    unsure,
)
from .canceling import cancel
from .channel import Asked
from .course import Course
from .plan import Batch
from .verdict import (
    Accepted,
    Again,
    Finished,
    Rejected,
    Unsure,
    Verdict,
    read_answer,
    read_error,
    read_step,
    without_harm,
)


class Submitting:
    """The batches of a run on their way out."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._ids: dict[str, int] = {}  # Operation ids seen in this run, and whose they are.

    async def all(self, batches: deque[Batch]) -> None:
        """Send batches until there are none; several of this share them."""
        while batches:
            batch = batches.popleft()
            while not self._may_stop(batch):
                # Not applied, or one step of several: the pace has the say when.
                if await self._step(batch):
                    break
            batch.rows.clear()
            if self._course.is_canceling:
                for number in batch.operations:
                    await cancel(self._course, number)

    def _may_stop(self, batch: Batch) -> bool:
        """Say whether the run is canceled, and nothing of *batch* may have been applied yet."""
        (first,) = self._course.operations(batch.operations[:1])
        # The last step may have been tried: it has to be settled, and canceled then.
        is_last = first.step > 0 and first.step == len(self._course.action.steps)
        return self._course.is_canceling and not is_last

    async def _step(self, batch: Batch) -> bool:
        """Take one step of a submission, once; say whether that settled it."""
        course = self._course
        now = course.wall
        await course.keep(
            [submitted(each, now=now) for each in course.operations(batch.operations)]
        )
        operations = course.operations(batch.operations)
        asked = await self._ask(batch, operations)
        verdicts = self._verdicts(operations, asked)
        judged = [
            self._judged(operation, verdict)
            for operation, verdict in zip(operations, verdicts, strict=True)
        ]
        await course.keep_said(judged)
        for operation in judged:
            if operation.state in POLLED:
                course.schedule.accepted(
                    operation.number, now=course.steady, retry_after=asked.retry_after
                )
        if any(isinstance(verdict, Again) for verdict in verdicts):
            course.hold_back(asked)
        return all(operation.state is not State.PLANNED for operation in judged)

    async def _ask(self, batch: Batch, operations: Sequence[Operation]) -> Asked:
        action, first = self._course.action, operations[0]
        payloads = [row.payload for row in batch.rows]
        function, payload = action.call_for(payloads, self._course.limits.batch_size)
        contexts = []
        if first.step:
            function, contexts = action.steps[first.step - 1], [first.context or {}]
        return await self._course.ask(function, operations, payload=payload, contexts=contexts)

    def _verdicts(self, operations: Sequence[Operation], asked: Asked) -> list[Verdict]:
        action = self._course.action
        step, steps = operations[0].step, len(action.steps)
        if asked.error is not None:
            verdicts = [read_error(asked.error, asked.exchanges)] * len(operations)
        elif step:
            verdicts = [read_step(asked.answer, each, asked.exchanges) for each in operations]
        else:
            rows = [len(operation.rows) for operation in operations]
            verdicts = read_answer(
                asked.answer, action=action, rows=rows, exchanges=asked.exchanges
            )
        if not steps:
            return verdicts
        return [without_harm(each, asked.error, is_last=step == steps) for each in verdicts]

    def _judged(self, operation: Operation, verdict: Verdict) -> Operation:
        now, mask = self._course.wall, self._course.channel.mask
        match verdict:
            case Accepted(context, operation_id, message):
                return self._accepted(operation, context, operation_id, mask(message))
            case Finished(result):
                return finished(operation, self._course.news(result), now=now)
            case Rejected(message, code):
                return rejected(operation, message=mask(message), code=code, now=now)
            case Again(message):
                return replanned(operation, message=mask(message))
            case Unsure(message):
                # No action can find out yet what became of it: the user decides.
                return held(unsure(operation, message=mask(message)))

    def _accepted(
        self, operation: Operation, context: dict[str, Any], operation_id: str, message: str
    ) -> Operation:
        course = self._course
        owner = self._ids.setdefault(operation_id, operation.number)
        if owner != operation.number:
            other = course.source.labels[course.ledger.operations[owner].rows[0]]
            text = f"accepted as {operation_id!r}, the id that row {other!r} was given before"
            return held(unsure(operation, message=text))
        news = {"context": context, "operation_id": operation_id, "message": message}
        if operation.step < len(course.action.steps):
            return advanced(operation, **news)  # type: ignore[arg-type]  # three values, three types
        return accepted(operation, **news, now=course.wall)  # type: ignore[arg-type]
