"""The second part of a run: send its batches, step by step.

Always in this order: intent on disk, request, outcome on disk, ledger. The
room ``verdict`` decides what an answer means; this module acts on it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from ...errors import StoreError
from ...operation import Operation, State, replanned, submitted
from ...request import Effect
from ..channel.call import UNSENT, CallResult
from ..channel.throttle import Turn
from ..verdict.job_answer import unauthorized
from ..verdict.recovery import can_recover
from ..verdict.refusal import is_key_refused
from ..verdict.submission import (
    as_repeatable,
    as_unproven,
    read_answer,
    read_error,
    read_step,
)
from ..verdict.values import Accepted, Rejected, Resend, Unsure, Verdict
from .apply import VerdictApplier
from .batches import Batch
from .cancel import abandon, cancel
from .context import RunContext
from .divider import BatchDivider
from .reconciler import TOO_LATE, Reconciler, is_unknown

# How soon a submission notices that few enough operations are open.
ROOM_SECONDS = 0.2


class Submitter:
    """Sends the batches of a run."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._has_steps = bool(run.action.steps)
        self._applier = VerdictApplier(run)
        self._divider = BatchDivider(run, self._applier)
        self._reconciler = Reconciler(run, self._applier, self._divider)
        self._places = asyncio.Semaphore(run.submitters)  # Of submissions without an answer.

    async def send_all(self, batches: deque[Batch]) -> None:
        """Send batches until none is left; several tasks share them.

        If one task gets a StoreError, the others finish the request they have sent, then
        stop too.
        """
        try:
            while batches and not self._run.control.trouble:
                # The parts of a batch go next, and other tasks may take some of them.
                batches.extendleft(reversed(await self._send(batches.popleft())))
        except StoreError as error:
            self._run.control.trouble = error

    async def _send(self, batch: Batch) -> Sequence[Batch]:
        """Send a batch until its operations are settled; return its parts if it was divided."""
        run = self._run
        while not self._is_settled(batch) and not self._may_drop(batch):
            if run.control.trouble:
                return ()
            await self._wait_for_room(batch)
            await run.wait_until_resumed()
            if is_unknown(run.ledger.select(batch.operations)):
                parts: Sequence[Batch] = await self._reconciler.settle(batch)
            else:
                # Not applied, or one step of several: the rate limiter decides when.
                parts = await self._take_step(batch)
            if parts:
                return parts
        batch.payloads = None
        for number in batch.operations:
            if run.control.is_canceling:
                await cancel(run, number)
            (operation,) = run.ledger.select([number])
            if operation.state in (State.REJECTED, State.CANCELED):
                await abandon(run, operation)
        return ()

    async def _wait_for_room(self, batch: Batch) -> None:
        """Wait while as many operations are open as may be; what was begun goes on."""
        (first, *_) = self._run.ledger.select(batch.operations)
        while self._run.is_full and not (first.step or first.in_doubt or self._should_stop(batch)):
            await self._run.clock.sleep(ROOM_SECONDS)

    def _is_settled(self, batch: Batch) -> bool:
        operations = self._run.ledger.select(batch.operations)
        return not any(each.state in (State.PLANNED, State.UNKNOWN) for each in operations)

    def _may_drop(self, batch: Batch) -> bool:
        """Whether a canceled run may drop this batch: nothing in it is in doubt."""
        if not self._run.control.is_canceling:
            return False
        operations = self._run.ledger.select(batch.operations)
        # A last step in doubt is repeated first, and canceled then.
        return not (is_unknown(operations) or (self._has_steps and operations[0].in_doubt))

    def _should_stop(self, batch: Batch) -> bool:
        """Whether to drop a request that has no turn yet."""
        return self._may_drop(batch) or self._run.control.trouble is not None

    def _should_not_leave(self, batch: Batch) -> bool:
        """Whether to drop a request whose intent is on disk, and which still waits for its turn."""
        (first, *_) = self._run.ledger.select(batch.operations)
        return self._should_stop(batch) or self._run.is_too_late(first)

    async def _take_step(self, batch: Batch) -> Sequence[Batch]:
        """Take one step of a submission, once; return the parts of a batch that was divided."""
        async with self._places:
            taken = await self._send_step(batch)
        return () if taken is None else await self._apply(batch, *taken)

    async def _send_step(self, batch: Batch) -> tuple[Sequence[Operation], CallResult] | None:
        """Send one step of a submission; None = it was not to be sent."""

        # Before the intent is written: what waits for its turn is then known not to be sent.
        def should_stop() -> bool:
            return self._should_stop(batch)

        # Before the intent, too: a file that cannot be read leaves nothing in doubt.
        await self._run.payloads_of(batch)
        turn = await self._run.channel.wait_for_turn(should_stop)
        try:
            return None if should_stop() else await self._take_turn(turn, batch)
        finally:
            turn.give_back()

    async def _take_turn(
        self, turn: Turn, batch: Batch
    ) -> tuple[Sequence[Operation], CallResult] | None:
        """Take a step, whose first request uses *turn*."""
        if not await self._write_intent(batch):
            return None
        operations = self._run.ledger.select(batch.operations)
        try:
            return operations, await self._perform(batch, operations, turn=turn)
        except asyncio.CancelledError as error:
            # The session is closed: what still waits for its turn goes on after a restart.
            for each in operations if UNSENT in error.args else ():
                self._run.writer.update(replanned(each, message=each.message))
            raise

    async def _write_intent(self, batch: Batch) -> bool:
        """Write to disk that *batch* is being sent, or is held; return whether to send it."""
        run = self._run
        planned, now = run.ledger.select(batch.operations), run.clock.now()
        if run.is_too_late(planned[0]):
            await run.writer.write_durably([run.held(each, TOO_LATE) for each in planned])
            return False
        for each in planned:
            if each.submitted_at is None:
                run.clock.mark_sent(each.number)
        await run.writer.write_durably([submitted(each, now=now) for each in planned])
        return True

    async def _apply(
        self, batch: Batch, operations: Sequence[Operation], result: CallResult
    ) -> Sequence[Batch]:
        run, in_doubt = self._run, operations[0].in_doubt
        verdicts = self._verdicts(operations, result)
        run.problems.is_key_refused |= is_key_refused(verdicts, result.error, result.exchanges)
        if self._is_last(operations[0]):
            verdicts = [self._last_verdict(operations[0], verdicts[0], result)]
        if places := await self._renewed(operations, result):
            return await self._divider.separate(batch, operations, verdicts, places=places)
        found = self._divider.found(operations, verdicts, result)
        if found is not None and not in_doubt:
            return await self._divider.divide(batch, operations, found)
        recover = can_recover(verdicts, action=run.action, error=result.error, is_repeated=in_doubt)
        await self._applier.apply_verdicts(
            operations,
            self._reconciler.doubt_refusals(batch, operations, verdicts, found),
            retry_after=result.retry_after,
            can_recover=recover,
        )
        if any(isinstance(verdict, Resend) for verdict in verdicts) and not self._may_drop(batch):
            run.back_off(result)
        return ()

    async def _renewed(self, operations: Sequence[Operation], result: CallResult) -> list[int]:
        """Return the places of the rows that go again with a new access token, once.

        The multi-status refused them with a 401, and not the other rows of their batch.
        """
        channel, places = self._run.sender or self._run.channel, []
        if channel.destination.refresh_access_token is not None:
            places = self._unauthorized(operations, result)
        is_renewed = bool(places) and await channel.access_token.has_replaced(result.token)
        return places if is_renewed else []

    def _unauthorized(self, operations: Sequence[Operation], result: CallResult) -> list[int]:
        first, action = operations[0], self._run.action
        is_first = first.origin is None and not first.in_doubt and not action.steps
        if not is_first or action.operation_per == "batch" or self._run.control.is_canceling:
            return []
        is_certain = all(each.effect is not Effect.UNKNOWN for each in result.exchanges)
        if result.error is not None or result.is_bypassed or not is_certain:
            return []
        return [at for at in unauthorized(result.answer) if at < len(operations)]

    def _is_last(self, operation: Operation) -> bool:
        """Whether the step to take is the last of several."""
        return 0 < operation.step == len(self._run.action.steps)

    def _last_verdict(self, operation: Operation, verdict: Verdict, result: CallResult) -> Verdict:
        """Return the verdict on a last step.

        If it may have been applied, treat it as accepted; polling finds the outcome. A
        refusal after a lost reply refuses the repetition, and is no evidence about the first.
        """
        may_be = result.is_bypassed or any(
            each.effect is not Effect.NONE for each in result.exchanges
        )
        if isinstance(verdict, Resend):
            return replace(verdict, in_doubt=may_be)
        if isinstance(verdict, Rejected | Unsure) and (may_be or operation.in_doubt):
            return Accepted(operation.context or {}, verdict.message)
        return verdict

    async def _perform(
        self, batch: Batch, operations: Sequence[Operation], *, turn: Turn
    ) -> CallResult:
        action, first = self._run.action, operations[0]
        payloads = await self._run.payloads_of(batch)
        function, is_single = action.function_for(self._run.record.batch_size)
        payload = payloads.alone() if is_single else payloads
        contexts = []
        if first.step:
            function, contexts = action.steps[first.step - 1], [first.context or {}]
        return await self._run.ask(
            function,
            operations,
            payload=payload,
            contexts=contexts,
            should_stop=lambda: self._should_not_leave(batch),
            turn=turn,
            kind="submit",
        )

    def _verdicts(self, operations: Sequence[Operation], result: CallResult) -> list[Verdict]:
        action = self._run.action
        step, steps = operations[0].step, len(action.steps)
        if result.error is not None:
            verdict = read_error(result.error, result.exchanges, is_bypassed=result.is_bypassed)
            verdicts = [verdict] * len(operations)
        elif step:
            verdicts = [read_step(result.answer, each, result.exchanges) for each in operations]
        else:
            rows = [len(operation.rows) for operation in operations]
            verdicts = read_answer(
                result.answer, action=action, rows=rows, exchanges=result.exchanges
            )
        if result.is_bypassed and result.error is None:
            verdicts = [as_unproven(each) for each in verdicts]
        if not steps:
            return verdicts
        return [as_repeatable(each, result.error, is_last=step == steps) for each in verdicts]
