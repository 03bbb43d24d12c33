"""The third part of a run: poll what was accepted, until its outcome is known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from ...operation import Operation, answered, lost, poll_failed
from ...responses import AsyncOperationResult, JSONObject
from ..channel.call import CallResult
from ..channel.poll_round import Part, polled
from ..verdict.poll import Answer
from .context import POLLERS, RunContext

LOOK_SECONDS = 0.2  # How often the schedule is looked at, at least.
# A destination may not know an operation until a worker has picked it up. Only
# past both of these limits does "not found" mean that it is gone.
GRACE_SECONDS = 30.0
GRACE_POLLS = 3
WORTH_A_NOTICE = 3  # Polls in a row that got no answer.
LOOKAHEAD = 1_000  # Operations that are grouped at a time: some milliseconds.


class Poller:
    """Polls the operations of a run."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._due: asyncio.Queue[list[int] | None] = asyncio.Queue(maxsize=1)
        # Operations that are polled one by one, until they get an answer again.
        self._apart: set[int] = set()
        # Since when operations are not found, by the steady clock.
        self._missing_since: dict[int, float] = {}

    async def hand_out(self) -> None:
        """Hand due operations to the pollers, until all is at rest."""
        run = self._run
        while not run.ledger.is_at_rest:
            await run.wait_until_resumed()
            while due := run.schedule.due(run.clock.steady(), limit=LOOKAHEAD):
                for group in self._groups(due):
                    await self._due.put(group)
            await run.clock.sleep(self._seconds_until_due())
        for _ in range(POLLERS):
            await self._due.put(None)

    async def poll_all(self) -> None:
        """Poll what is handed out; several tasks share this."""
        while (group := await self._due.get()) is not None:
            # The user may have paused the run since the group was handed out.
            await self._run.wait_until_resumed()
            await self._poll(group)

    def _groups(self, due: Sequence[int]) -> list[list[int]]:
        """Return the groups to poll together, in the order due: each of one submission."""
        run, size = self._run, self._run.action.poll_batch_size
        by_batch: dict[tuple[int, int], list[int]] = {}
        for operation in run.ledger.select(due):
            alone = operation.number if operation.number in self._apart else -1
            by_batch.setdefault((operation.batch, alone), []).append(operation.number)
        return [
            numbers[at : at + size]
            for numbers in by_batch.values()
            for at in range(0, len(numbers), size)
        ]

    def _seconds_until_due(self) -> float:
        at = self._run.schedule.next_at()
        left = LOOK_SECONDS if at is None else at - self._run.clock.steady()
        return min(max(left, 0.0), LOOK_SECONDS)

    async def _poll(self, numbers: Sequence[int]) -> None:
        run, group = self._run, self._run.ledger.select(numbers)
        contexts = [operation.context or {} for operation in group]
        ask = partial(self._ask, group)
        parts: list[Part] = []
        async for part in polled(contexts, poll=ask, action=run.action, channel=run.channel):
            for operation, answer in zip(_of(part, group), part.answers, strict=True):
                self._apply(run.ledger.operations[operation.number], answer, part)
            parts.append(part)
        self._set_apart(parts, group)
        now = run.clock.steady()  # What is polled together stays together.
        for part in parts:
            self._reschedule(part, _of(part, group), now=now)

    async def _ask(
        self, operations: Sequence[Operation], contexts: Sequence[JSONObject]
    ) -> CallResult:
        run = self._run
        assert run.action.poll is not None  # Without poll nothing is handed out.
        return await run.ask(run.action.poll, operations, contexts=contexts)

    def _apply(self, operation: Operation, answer: Answer, part: Part) -> None:
        if isinstance(answer, str):
            self._apply_silence(operation, part, answer)
        else:
            self._apply_result(operation, answer)

    def _apply_result(self, operation: Operation, result: AsyncOperationResult) -> None:
        run = self._run
        changed = answered(operation, run.status_update(result), now=run.clock.now())
        run.writer.update(changed)
        run.problems.update(changed)
        self._apart.discard(operation.number)
        self._missing_since.pop(operation.number, None)

    def _apply_silence(self, operation: Operation, part: Part, text: str) -> None:
        """Count a poll without an answer about an operation, whose state stays as it is."""
        run, unanswered = self._run, self._run.problems.unanswered
        changed = poll_failed(operation, message=run.channel.mask(text))
        if self._is_gone(changed, part):
            changed = lost(changed, message=changed.message, now=run.clock.now())
            unanswered.pop(operation.number, None)
        elif changed.poll_errors >= WORTH_A_NOTICE:
            unanswered[operation.number] = changed.message
        run.writer.update(changed)

    def _is_gone(self, operation: Operation, part: Part) -> bool:
        if part.status not in (404, 410):
            return False
        now = self._run.clock.steady()
        missing = now - self._missing_since.setdefault(operation.number, now)
        return missing > GRACE_SECONDS and operation.poll_errors >= GRACE_POLLS

    def _set_apart(self, parts: Sequence[Part], operations: Sequence[Operation]) -> None:
        """From now on, poll operations alone that got no answer while others did.

        Otherwise they would spoil the next poll of the others too. The same if a poll gave no
        usable answer without an error: the function may have caught the 404 of one operation,
        and returned it for all of them.
        """
        has_answers = any(len(part.unanswered) < len(part.places) for part in parts)
        for part in parts:
            if has_answers or part.result.error is None:
                self._apart |= {operations[place].number for place in part.unanswered}

    def _reschedule(self, part: Part, operations: Sequence[Operation], *, now: float) -> None:
        """Schedule the next polls, and forget what has ended."""
        schedule = self._run.schedule
        for operation, answer in zip(operations, part.answers, strict=True):
            number = operation.number
            current = self._run.ledger.operations[number]
            if current.is_final:
                schedule.finished(number)
            elif isinstance(answer, str):
                schedule.errored(number, now=now, retry_after=part.retry_after)
            else:
                schedule.answered(
                    number, now=now, progress=current.progress, retry_after=part.retry_after
                )


def _of(part: Part, operations: Sequence[Operation]) -> list[Operation]:
    return [operations[place] for place in part.places]
