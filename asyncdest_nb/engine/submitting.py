"""The second part of a run: send its batches, step by step.

Always in this order: intent on disk, request, outcome on disk, ledger. What an
answer means is decided in ``verdict``; here it is only done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
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
from ..request import Effect
from .canceling import abandon, cancel
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
        known = course.ledger.operations
        # Operation ids seen in this run, and whose they are.
        self._ids = {each.operation_id: each.number for each in known if each.operation_id}
        # Operations whose last step may have been applied.
        self._doubtful = {each.number for each in known if self._is_last(each)}

    async def all(self, batches: deque[Batch]) -> None:
        """Send batches until there are none; several of this share them."""
        while batches:
            batch = batches.popleft()
            while not self._may_stop(batch):
                # Not applied, or one step of several: the pace has the say when.
                if await self._step(batch):
                    break
            batch.rows.clear()
            for number in batch.operations:
                if self._course.is_canceling:
                    await cancel(self._course, number)
                await abandon(self._course, number)

    def _may_stop(self, batch: Batch) -> bool:
        """Say whether the run is canceled, and nothing of *batch* may have been applied yet."""
        # What may have been applied has to be settled, and is canceled then.
        return self._course.is_canceling and self._doubtful.isdisjoint(batch.operations)

    async def _step(self, batch: Batch) -> bool:
        """Take one step of a submission, once; say whether that settled it."""
        course = self._course
        # Before the intent is written: what waits out a pause is known not to be sent.
        await course.channel.until_open(lambda: self._may_stop(batch))
        if self._may_stop(batch):
            return True
        now = course.wall
        await course.keep(
            [submitted(each, now=now) for each in course.operations(batch.operations)]
        )
        operations = course.operations(batch.operations)
        asked = await self._ask(batch, operations, stops=lambda: self._may_stop(batch))
        verdicts = self._verdicts(operations, asked)
        if self._is_last(operations[0]):
            verdicts = [self._settled(operations[0], verdicts[0], asked)]
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
        if any(isinstance(verdict, Again) for verdict in verdicts) and not self._may_stop(batch):
            course.hold_back(asked)
        return all(operation.state is not State.PLANNED for operation in judged)

    def _is_last(self, operation: Operation) -> bool:
        """Say whether the last of several steps is the one to take."""
        return 0 < operation.step == len(self._course.action.steps)

    def _settled(self, operation: Operation, verdict: Verdict, asked: Asked) -> Verdict:
        """Return the verdict on a last step: once it may have been applied, its polls will tell.

        A refusal after a lost reply refuses the repetition, which says nothing of the first.
        """
        may_be = any(each.effect is not Effect.NONE for each in asked.exchanges)
        if isinstance(verdict, Again):
            self._doubtful.update({operation.number} if may_be else ())
            return verdict
        is_doubtful = may_be or operation.number in self._doubtful
        if isinstance(verdict, Rejected | Unsure) and is_doubtful:
            return Accepted(operation.context or {}, operation.operation_id or "", verdict.message)
        return verdict

    async def _ask(
        self, batch: Batch, operations: Sequence[Operation], *, stops: Callable[[], bool]
    ) -> Asked:
        action, first = self._course.action, operations[0]
        payloads = [row.payload for row in batch.rows]
        function, payload = action.call_for(payloads, self._course.limits.batch_size)
        contexts = []
        if first.step:
            function, contexts = action.steps[first.step - 1], [first.context or {}]
        return await self._course.ask(
            function, operations, payload=payload, contexts=contexts, stops=stops
        )

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
            case Rejected(message, code, is_proven):
                text = mask(message)
                return rejected(operation, message=text, code=code, now=now, is_proven=is_proven)
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
