"""The second part of a run: send its batches, step by step.

Always in this order: intent on disk, request, outcome on disk, ledger. The
room ``verdict`` decides what an answer means; this module acts on it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from ...destination import WrittenPayloads
from ...errors import StoreError
from ...operation import Operation, State, replanned, submitted
from ...request import Effect
from ...responses import JSONObject
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

_UNSENT = frozenset({State.PLANNED, State.UNKNOWN})
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
        while not _is_settled(operations := run.ledger.select(batch.operations)):
            if run.control.is_canceling and self._may_drop(operations):
                break
            if run.control.trouble:
                return ()
            if run.is_full:
                await self._wait_for_room(operations)
            if run.control.is_paused:
                await run.wait_until_resumed()
            if is_unknown(operations):
                parts: Sequence[Batch] = await self._reconciler.settle(batch)
            else:
                # Not applied, or one step of several: the rate limiter decides when.
                parts = await self._take_step(batch, operations)
            if parts:
                return parts
        batch.payloads = None
        for number in batch.operations:
            if run.control.is_canceling:
                await cancel(run, number)
            operation = run.ledger.operations[number]
            if operation.state in (State.REJECTED, State.CANCELED):
                await abandon(run, operation)
        return ()

    async def _wait_for_room(self, operations: Sequence[Operation]) -> None:
        """Wait while as many operations are open as may be; what was begun goes on."""
        run, is_begun = self._run, bool(operations[0].step or operations[0].in_doubt)
        while run.is_full and not is_begun and not self._should_stop(operations):
            await run.clock.sleep(ROOM_SECONDS)

    def _may_drop(self, operations: Sequence[Operation]) -> bool:
        """Whether a canceled run may drop the batch of *operations*: nothing in it is in doubt."""
        # A last step in doubt is repeated first, and canceled then.
        return not (is_unknown(operations) or (self._has_steps and operations[0].in_doubt))

    def _should_stop(self, operations: Sequence[Operation]) -> bool:
        """Whether to drop a request that has no turn yet."""
        control = self._run.control
        return control.trouble is not None or (control.is_canceling and self._may_drop(operations))

    async def _take_step(self, batch: Batch, operations: Sequence[Operation]) -> Sequence[Batch]:
        """Take one step of a submission, once; return the parts of a batch that was divided."""
        async with self._places:
            taken = await self._send_step(batch, operations)
        return () if taken is None else await self._apply(batch, *taken)

    async def _send_step(
        self, batch: Batch, operations: Sequence[Operation]
    ) -> tuple[Sequence[Operation], CallResult] | None:
        """Send one step of a submission; None = it was not to be sent."""

        # Before the intent is written: what waits for its turn is then known not to be sent.
        def should_stop() -> bool:
            return self._should_stop(operations)

        # Before the intent, too: a file that cannot be read leaves nothing in doubt.
        payloads = batch.payloads or await self._run.payloads_of(batch)
        turn = await self._run.channel.wait_for_turn(should_stop)
        try:
            sent = () if should_stop() else await self._write_intent(batch)
            if not sent:
                return None
            return sent, await self._perform(sent, payloads, turn=turn)
        except asyncio.CancelledError as error:
            # The session is closed: what still waits for its turn goes on after a restart.
            for each in self._run.ledger.select(batch.operations) if UNSENT in error.args else ():
                self._run.writer.update(replanned(each, message=each.message))
            raise
        finally:
            turn.give_back()

    async def _write_intent(self, batch: Batch) -> Sequence[Operation]:
        """Write to disk that *batch* is being sent, or is held; return what to send."""
        run = self._run
        planned, now = run.ledger.select(batch.operations), run.clock.now()
        if planned[0].in_doubt and run.is_too_late(planned[0]):
            await run.writer.write_durably([run.held(each, TOO_LATE) for each in planned])
            return ()
        for each in planned:
            if each.submitted_at is None:
                run.clock.mark_sent(each.number)
        sent = [submitted(each, now=now) for each in planned]
        await run.writer.write_durably(sent)
        return sent

    async def _apply(
        self, batch: Batch, operations: Sequence[Operation], result: CallResult
    ) -> Sequence[Batch]:
        verdicts = self._verdicts(operations, result)
        # As nearly all; what was in doubt before has more to it.
        is_accepted = {type(each) for each in verdicts} == {Accepted}
        if not is_accepted or operations[0].in_doubt:
            return await self._apply_others(batch, operations, verdicts, result)
        await self._applier.apply_verdicts(operations, verdicts, retry_after=result.retry_after)
        return ()

    async def _apply_others(
        self,
        batch: Batch,
        operations: Sequence[Operation],
        verdicts: list[Verdict],
        result: CallResult,
    ) -> Sequence[Batch]:
        run, in_doubt = self._run, operations[0].in_doubt
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
        is_dropped = run.control.is_canceling and self._may_drop(
            run.ledger.select(batch.operations)
        )
        if any(isinstance(verdict, Resend) for verdict in verdicts) and not is_dropped:
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

    def _perform(
        self, operations: Sequence[Operation], payloads: WrittenPayloads, *, turn: Turn
    ) -> Coroutine[Any, Any, CallResult]:
        run, action, first = self._run, self._run.action, operations[0]
        function, is_single = action.function_for(run.record.batch_size)
        contexts: Sequence[JSONObject] = ()
        if first.step:
            function, contexts = action.steps[first.step - 1], [first.context or {}]

        # Its intent is on disk, and it may still wait for its turn.
        def should_stop() -> bool:
            is_too_late = first.in_doubt and run.is_too_late(first)
            return is_too_late or self._should_stop(operations)

        return run.ask(
            function,
            operations,
            payload=payloads.alone() if is_single else payloads,
            contexts=contexts,
            should_stop=should_stop,
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


def _is_settled(operations: Sequence[Operation]) -> bool:
    """Whether there is nothing more to send of *operations*, those of a batch."""
    return _UNSENT.isdisjoint([each.state for each in operations])
