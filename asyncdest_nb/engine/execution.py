"""One run on its way: prepare, submit, poll, until every operation is at rest.

A few submitters and a few pollers share the channel's pace; there is no task per
operation. What an answer means is decided in ``verdict``; here it is only done,
and always in this order: intent on disk, request, outcome on disk, ledger.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..destination import Action
from ..errors import AsyncDestError, HTTPError
from ..mapping import FieldMap
from ..operation import (
    POLLED,
    News,
    Operation,
    State,
    accepted,
    advanced,
    answered,
    finished,
    held,
    lost,
    poll_failed,
    rejected,
    replanned,
    submitted,
    unsure,
)
from ..responses import AsyncOperationResult
from ..schedule import Schedule
from ..store import StoredRow
from .channel import Asked, Channel
from .journal import Journal
from .ledger import Ledger
from .plan import Batch, Invalid, Prepared, Source, plan, prepare
from .verdict import (
    Accepted,
    Again,
    Finished,
    Rejected,
    Unsure,
    Verdict,
    describe,
    is_paced,
    read_answer,
    read_check,
    read_error,
    read_poll,
    read_result,
    read_step,
    without_harm,
)

PREPARE_SLICE = 200  # Rows prepared before others get the loop: about 5 ms.
TICK_SECONDS = 0.2  # How often the schedule and the listeners are looked after.
HEARTBEAT_TICKS = 25  # A screen that hears nothing for long has to doubt the kernel.
# A destination may not know an operation until a worker has picked it up. Only
# past both of these does "not found" mean that it is gone.
GRACE_SECONDS = 30.0
GRACE_POLLS = 3


@dataclass(frozen=True)
class Limits:
    """How much goes on at once; *batch_size* None = as many rows as the action takes."""

    batch_size: int | None = None
    submitters: int = 8
    pollers: int = 32


class Execution:
    """One run: its rows, where they go, and the ledger of what becomes of them."""

    def __init__(
        self,
        run: str,
        *,
        source: Source,
        action: Action,
        fields: FieldMap,
        channel: Channel,
        schedule: Schedule,
        journal: Journal,
        limits: Limits,
    ) -> None:
        self.ledger = Ledger(rows=len(source.rows))
        self._run = run
        self._source = source
        self._action = action
        self._fields = fields
        self._channel = channel
        self._schedule = schedule
        self._journal = journal
        self._limits = limits
        self._clock = channel.clock
        self._ids: dict[str, int] = {}  # Operation ids seen in this run, and whose they are.
        self._due: asyncio.Queue[list[int] | None] = asyncio.Queue(maxsize=1)
        self.prepared = 0  # Rows looked at so far.
        self.requests = 0  # HTTP requests so far.
        self.failure: Exception | None = None  # What ended the run before its time.

    async def run(self) -> None:
        """Bring every operation to rest, then say so to whoever waits.

        A failure of ours (the store) ends the run where it stands: what was not
        sent stays planned, and whoever waits gets the error.
        """
        publisher = asyncio.create_task(self._publish())
        failure: Exception | None = AsyncDestError("the session was closed before the run ended")
        try:
            await self._go()
            failure = None
        except* Exception as group:
            failure = _first(group)
        finally:
            publisher.cancel()
            self._end(failure)

    def _end(self, failure: Exception | None) -> None:
        self.failure = failure
        for operation in self.ledger.operations:
            if operation.state is State.SUBMITTING:
                text = "the run ended while it was being sent: it may or may not have been applied"
                self._put(held(unsure(operation, message=text)))
        self._journal.flush()
        self.ledger.tell(at_rest=True)
        if failure is None:
            self.ledger.rested.set_result(None)
        else:
            self.ledger.rested.set_exception(failure)

    def notices(self) -> list[str]:
        """Return sentences a person should see now."""
        total = len(self._source.rows)
        found = [str(self.failure) if self.failure else "", self._journal.failure]
        if not self.ledger.is_planned and not self.failure:
            found.append(f"preparing: {self.prepared:,} of {total:,} rows")
        if not self.ledger.rested.done():
            found.append(self._channel.notice())
        return [text for text in found if text]

    async def _go(self) -> None:
        batches = deque(await self._prepare())
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._limits.submitters, len(batches))):
                group.create_task(self._submit_all(batches))
            if self._action.poll is not None:
                group.create_task(self._hand_out())
                for _ in range(self._limits.pollers):
                    group.create_task(self._poll_all())

    async def _publish(self) -> None:
        for tick in itertools.count(1):
            await self._clock.sleep(TICK_SECONDS)
            self.ledger.tell(heartbeat=tick % HEARTBEAT_TICKS == 0)

    # Preparing

    async def _prepare(self) -> list[Batch]:
        good: list[Prepared] = []
        invalid: dict[int, str] = {}
        for row in prepare(self._source, action=self._action, fields=self._fields):
            if isinstance(row, Invalid):
                invalid[row.position] = row.reason
            else:
                good.append(row)
            self.prepared = row.position + 1
            if self.prepared % PREPARE_SLICE == 0:
                await asyncio.sleep(0)
        found = await self._check(good)
        if not isinstance(found, Rejected):
            invalid |= found
            good = [row for row in good if row.position not in found]
        batches, operations = plan(good, action=self._action, batch_size=self._limits.batch_size)
        self._record(good, invalid, operations)
        self.ledger.plan(operations, invalid=invalid)
        if isinstance(found, Rejected):
            await self._refuse(operations, found)
            return []
        return batches

    async def _check(self, rows: Sequence[Prepared]) -> dict[int, str] | Rejected:
        """Return by position why the destination's own check refuses rows, or why it refuses all.

        Nothing has been sent, so trouble on the way is only waited out.
        """
        if self._action.check is None or not rows:
            return {}
        payloads = [row.payload for row in rows]
        while (asked := await self._channel.ask(self._action.check, payload=payloads)).error:
            self.requests += len(asked.exchanges)
            verdict = without_harm(
                read_error(asked.error, asked.exchanges), asked.error, is_last=False
            )
            if isinstance(verdict, Rejected):
                return verdict
            self._hold_back(asked)
        self.requests += len(asked.exchanges)
        return read_check(asked.answer, rows)

    async def _refuse(self, operations: Sequence[Operation], why: Rejected) -> None:
        now = self._clock.wall()
        await self._keep(
            [
                rejected(submitted(each, now=now), message=why.message, code=why.code, now=now)
                for each in operations
            ]
        )

    def _record(
        self, good: Sequence[Prepared], invalid: dict[int, str], operations: Sequence[Operation]
    ) -> None:
        payloads = {row.position: row.text for row in good}
        rows = (
            StoredRow(position, label, payloads.get(position), invalid.get(position))
            for position, label in enumerate(self._source.labels)
        )
        store = self._journal.store
        with store.writing():
            store.add_run(
                self._run,
                destination=self._channel.destination.slug,
                action=self._action.title,
                created_at=self._clock.wall(),
            )
            store.add_rows(self._run, rows)
            store.put_operations(self._run, operations)

    # Submitting

    async def _submit_all(self, batches: deque[Batch]) -> None:
        while batches:
            batch = batches.popleft()
            while not await self._submit(batch):
                pass  # Not applied: the pace makes the same attempt wait for its turn.
            batch.rows.clear()

    async def _submit(self, batch: Batch) -> bool:
        """Take one step of a submission, once; say whether that settled it."""
        operations = [self.ledger.operations[number] for number in batch.operations]
        now = self._clock.wall()
        await self._keep([submitted(operation, now=now) for operation in operations])
        asked = await self._ask(batch)
        self.requests += len(asked.exchanges)
        verdicts = self._verdicts(batch, asked)
        judged = [
            self._judged(self.ledger.operations[number], verdict)
            for number, verdict in zip(batch.operations, verdicts, strict=True)
        ]
        try:
            await self._journal.keep(self._run, *judged)
        finally:  # What the destination said is so, whether or not the disk took it.
            for operation in judged:
                self.ledger.put(operation)
        self._start_polling(batch, asked.retry_after)
        if any(isinstance(verdict, Again) for verdict in verdicts):
            self._hold_back(asked)
        return all(operation.state is not State.PLANNED for operation in judged)

    def _hold_back(self, asked: Asked) -> None:
        if asked.error is not None and not is_paced(asked.error, asked.exchanges):
            self._channel.hold_back(asked.error)

    async def _keep(self, operations: Sequence[Operation]) -> None:
        """Make *operations* durable, then visible."""
        await self._journal.keep(self._run, *operations)
        for operation in operations:
            self.ledger.put(operation)

    def _verdicts(self, batch: Batch, asked: Asked) -> list[Verdict]:
        operations = [self.ledger.operations[number] for number in batch.operations]
        step, steps = operations[0].step, len(self._action.steps)
        if asked.error is not None:
            verdicts = [read_error(asked.error, asked.exchanges)] * len(operations)
        elif step:
            verdicts = [read_step(asked.answer, each, asked.exchanges) for each in operations]
        else:
            rows = [len(operation.rows) for operation in operations]
            verdicts = read_answer(
                asked.answer, action=self._action, rows=rows, exchanges=asked.exchanges
            )
        if not steps:
            return verdicts
        return [without_harm(each, asked.error, is_last=step == steps) for each in verdicts]

    async def _ask(self, batch: Batch) -> Asked:
        first = self.ledger.operations[batch.operations[0]]
        payloads = [row.payload for row in batch.rows]
        function, payload = self._action.call_for(payloads, self._limits.batch_size)
        contexts = []
        if first.step:
            function, contexts = self._action.steps[first.step - 1], [first.context or {}]
        return await self._channel.ask(
            function, payload=payload, contexts=contexts, scopes=[self._scope(batch.number)]
        )

    def _scope(self, batch: int) -> str:
        return f"{self._run}/{batch}"

    def _judged(self, operation: Operation, verdict: Verdict) -> Operation:
        now = self._clock.wall()
        match verdict:
            case Accepted(context, operation_id, message):
                return self._accepted(operation, context, operation_id, message)
            case Finished(result):
                return finished(operation, self._news(result), now=now)
            case Rejected(message, code):
                return rejected(operation, message=message, code=code, now=now)
            case Again(message):
                return replanned(operation, message=message)
            case Unsure(message):
                # No action can find out yet what became of it: the user decides.
                return held(unsure(operation, message=self._channel.mask(message)))

    def _accepted(
        self, operation: Operation, context: dict[str, Any], operation_id: str, message: str
    ) -> Operation:
        owner = self._ids.setdefault(operation_id, operation.number)
        if owner != operation.number:
            other = self._source.labels[self.ledger.operations[owner].rows[0]]
            text = f"accepted as {operation_id!r}, the id that row {other!r} was given before"
            return held(unsure(operation, message=text))
        text = self._channel.mask(message)
        if operation.step < len(self._action.steps):
            return advanced(operation, context=context, operation_id=operation_id, message=text)
        return accepted(
            operation,
            context=context,
            operation_id=operation_id,
            message=text,
            now=self._clock.wall(),
        )

    def _start_polling(self, batch: Batch, retry_after: float | None) -> None:
        now = self._clock.steady()
        for number in batch.operations:
            if self.ledger.operations[number].state in POLLED:
                self._schedule.accepted(number, now=now, retry_after=retry_after)

    # Polling

    async def _hand_out(self) -> None:
        """Hand due operations to the pollers, until all is at rest."""
        while not self.ledger.is_at_rest:
            while group := self._next_group():
                await self._due.put(group)
            await self._clock.sleep(self._until_due())
        for _ in range(self._limits.pollers):
            await self._due.put(None)

    def _next_group(self) -> list[int]:
        return self._schedule.due(self._clock.steady(), limit=self._action.poll_batch_size)

    def _until_due(self) -> float:
        at = self._schedule.next_at()
        left = TICK_SECONDS if at is None else at - self._clock.steady()
        return min(max(left, 0.0), TICK_SECONDS)

    async def _poll_all(self) -> None:
        while (group := await self._due.get()) is not None:
            await self._poll(group)

    async def _poll(self, numbers: Sequence[int]) -> None:
        assert self._action.poll is not None  # Without poll nothing is handed out.
        operations = [self.ledger.operations[number] for number in numbers]
        asked = await self._channel.ask(
            self._action.poll,
            contexts=[operation.context or {} for operation in operations],
            scopes=list(dict.fromkeys(self._scope(each.batch) for each in operations)),
        )
        self.requests += len(asked.exchanges)
        if asked.error is not None:
            self._poll_failed(operations, asked, describe(asked.error))
            return
        ids = [operation.operation_id or "" for operation in operations]
        results = read_poll(asked.answer, ids=ids, key=self._action.operation_id)
        if isinstance(results, str):
            self._poll_failed(operations, asked, results)
            return
        for operation, result in zip(operations, results, strict=True):
            self._poll_answered(operation, result, asked.retry_after)

    def _poll_answered(
        self, operation: Operation, result: AsyncOperationResult, retry_after: float | None
    ) -> None:
        changed = answered(operation, self._news(result), now=self._clock.wall())
        self._put(changed)
        if changed.is_final:
            self._schedule.finished(operation.number)
            return
        self._schedule.answered(
            operation.number,
            now=self._clock.steady(),
            progress=changed.progress,
            retry_after=retry_after,
        )

    def _poll_failed(self, operations: Sequence[Operation], asked: Asked, text: str) -> None:
        """Note a poll that said nothing about the operations; they stay as they are."""
        for operation in operations:
            changed = poll_failed(operation, message=text)
            if len(operations) == 1 and self._is_gone(changed, asked.error):
                changed = lost(changed, message=text, now=self._clock.wall())
                self._schedule.finished(operation.number)
            else:
                self._schedule.errored(
                    operation.number, now=self._clock.steady(), retry_after=asked.retry_after
                )
            self._put(changed)

    def _is_gone(self, operation: Operation, error: Exception | None) -> bool:
        if not isinstance(error, HTTPError) or error.status not in (404, 410):
            return False
        age = self._clock.wall() - (operation.accepted_at or 0.0)
        return age > GRACE_SECONDS and operation.poll_errors >= GRACE_POLLS

    def _news(self, result: AsyncOperationResult) -> News:
        return read_result(result, mask=self._channel.mask)

    def _put(self, operation: Operation) -> None:
        self._journal.note(self._run, operation)
        self.ledger.put(operation)


def _first(group: BaseException) -> Exception:
    """Return the first exception inside nested groups."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group if isinstance(group, Exception) else RuntimeError(str(group))
