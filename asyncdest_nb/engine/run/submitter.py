"""The second part of a run: send its batches, step by step.

Always in this order: intent on disk, request, outcome on disk, ledger. What an
answer means is decided in ``verdict``; here it is only done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from ...errors import StoreError
from ...operation import Operation, State, held, replanned, submitted
from ...request import Effect
from ..channel.call import UNSENT
from ..channel.channel import CallResult
from ..channel.throttle import Turn
from ..verdict.recovery import can_recover
from ..verdict.submission import (
    read_answer,
    read_error,
    read_step,
    without_harm,
    without_proof,
)
from ..verdict.values import Accepted, Rejected, Resend, Unsure, Verdict
from .apply import Judging
from .batches import Batch
from .cancel import abandon, cancel
from .context import RunContext
from .reconciler import TOO_LATE, Reconciler, is_unknown


class Submitter:
    """The batches of a run on their way out."""

    def __init__(self, course: RunContext) -> None:
        self._course = course
        self._has_steps = bool(course.action.steps)
        self._judging = Judging(course)
        self._reconciling = Reconciler(course, self._judging)

    async def all(self, batches: deque[Batch]) -> None:
        """Send batches until there are none; several of this share them.

        A StoreError of one stops all, each when its own request is answered.
        """
        try:
            while batches and not self._course.trouble:
                await self._one(batches.popleft())
        except StoreError as error:
            self._course.trouble = error

    async def _one(self, batch: Batch) -> None:
        while not self._is_settled(batch) and not self._may_stop(batch):
            if self._course.trouble:
                return
            await self._course.until_resumed()
            if is_unknown(self._course.operations(batch.operations)):
                await self._reconciling.settle(batch)
            else:
                # Not applied, or one step of several: the pace has the say when.
                await self._step(batch)
        batch.rows.clear()
        for number in batch.operations:
            if self._course.is_canceling:
                await cancel(self._course, number)
            await abandon(self._course, number)

    def _is_settled(self, batch: Batch) -> bool:
        operations = self._course.operations(batch.operations)
        return not any(each.state in (State.PLANNED, State.UNKNOWN) for each in operations)

    def _may_stop(self, batch: Batch) -> bool:
        """Say whether the run is canceled, and it need not be settled first what is applied."""
        operations = self._course.operations(batch.operations)
        # Of steps in doubt the last is repeated, and is canceled then.
        is_open = is_unknown(operations) or (self._has_steps and operations[0].in_doubt)
        return self._course.is_canceling and not is_open

    def _must_stop(self, batch: Batch) -> bool:
        """Say whether a request that waits for its turn is not to leave any more."""
        (first, *_) = self._course.operations(batch.operations)
        course = self._course
        return self._may_stop(batch) or course.is_too_late(first) or course.trouble is not None

    async def _step(self, batch: Batch) -> None:
        """Take one step of a submission, once."""
        course = self._course

        # Before the intent is written: what waits for its turn is known not to be sent.
        def stops() -> bool:
            return self._may_stop(batch) or course.trouble is not None

        turn = await course.channel.turn(stops)
        try:
            if not stops():
                await self._step_in(turn, batch)
        finally:
            turn.give_back()

    async def _step_in(self, turn: Turn, batch: Batch) -> None:
        """Take a step, of which the first request has its *turn*."""
        course, action = self._course, self._course.action
        planned, now = course.operations(batch.operations), course.wall
        if course.is_too_late(planned[0]):
            await course.keep(
                [held(each, message=f"{each.message}; {TOO_LATE}") for each in planned]
            )
            return
        for each in planned:
            if each.submitted_at is None:
                course.ages.begin(each.number)
        await course.keep([submitted(each, now=now) for each in planned])
        operations = course.operations(batch.operations)
        try:
            asked = await self._ask(
                batch, operations, stops=lambda: self._must_stop(batch), turn=turn
            )
        except asyncio.CancelledError as error:
            # The session is closed: what still waits for its turn goes on after a restart.
            for each in operations if UNSENT in error.args else ():
                course.put(replanned(each, message=each.message))
            raise
        verdicts = self._verdicts(operations, asked)
        if self._is_last(operations[0]):
            verdicts = [self._settled(operations[0], verdicts[0], asked)]
        in_doubt = operations[0].in_doubt
        recover = can_recover(verdicts, action=action, error=asked.error, is_repeated=in_doubt)
        await self._judging.take(
            operations,
            self._reconciling.weighed(batch, operations, verdicts),
            retry_after=asked.retry_after,
            can_recover=recover,
        )
        if any(isinstance(verdict, Resend) for verdict in verdicts) and not self._may_stop(batch):
            course.hold_back(asked)

    def _is_last(self, operation: Operation) -> bool:
        """Say whether the last of several steps is the one to take."""
        return 0 < operation.step == len(self._course.action.steps)

    def _settled(self, operation: Operation, verdict: Verdict, asked: CallResult) -> Verdict:
        """Return the verdict on a last step: once it may have been applied, its polls will tell.

        A refusal after a lost reply refuses the repetition, which says nothing of the first.
        """
        may_be = asked.is_bypassed or any(
            each.effect is not Effect.NONE for each in asked.exchanges
        )
        if isinstance(verdict, Resend):
            return replace(verdict, in_doubt=may_be)
        if isinstance(verdict, Rejected | Unsure) and (may_be or operation.in_doubt):
            return Accepted(operation.context or {}, verdict.message)
        return verdict

    async def _ask(
        self,
        batch: Batch,
        operations: Sequence[Operation],
        *,
        stops: Callable[[], bool],
        turn: Turn,
    ) -> CallResult:
        action, first = self._course.action, operations[0]
        payloads = [row.payload for row in batch.rows]
        function, payload = action.call_for(payloads, self._course.record.batch_size)
        contexts = []
        if first.step:
            function, contexts = action.steps[first.step - 1], [first.context or {}]
        return await self._course.ask(
            function,
            operations,
            payload=payload,
            contexts=contexts,
            stops=stops,
            turn=turn,
        )

    def _verdicts(self, operations: Sequence[Operation], asked: CallResult) -> list[Verdict]:
        action = self._course.action
        step, steps = operations[0].step, len(action.steps)
        if asked.error is not None:
            verdict = read_error(asked.error, asked.exchanges, is_bypassed=asked.is_bypassed)
            verdicts = [verdict] * len(operations)
        elif step:
            verdicts = [read_step(asked.answer, each, asked.exchanges) for each in operations]
        else:
            rows = [len(operation.rows) for operation in operations]
            verdicts = read_answer(
                asked.answer, action=action, rows=rows, exchanges=asked.exchanges
            )
        if asked.is_bypassed and asked.error is None:
            verdicts = [without_proof(each) for each in verdicts]
        if not steps:
            return verdicts
        return [without_harm(each, asked.error, is_last=step == steps) for each in verdicts]
