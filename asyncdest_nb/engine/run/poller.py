"""The third part of a run: poll what was accepted, until its outcome is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial

from ...destination import Function
from ...operation import FINAL, POLLED, Operation, State, answered, lost, poll_failed
from ...responses import AsyncOperationResult, JSONObject
from ..channel.call import CallResult
from ..channel.poll_round import Part, polled
from ..channel.throttle import Turn
from .context import RunContext
from .groups import PollGroups

LOOK_SECONDS = 0.2  # How often the schedule is looked at, at least.
# A destination may not know an operation until a worker has picked it up. Only past these
# limits, and the missing_seconds of the action, does "not found" mean that it is gone.
GRACE_SECONDS = 30.0
GRACE_POLLS = 3
WORTH_A_NOTICE = 3  # Polls in a row that got no answer.
SETTLE_SECONDS = 0.05  # How long to wait if nothing is due after all.


class Poller:
    """Polls the operations of a run."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._choosing = asyncio.Lock()  # One poller after the other.
        self._groups = PollGroups(run)
        self._nap: asyncio.Future[None] | None = None  # The sleep of the poller that chooses.
        # Since when operations, or their results (True), are not found, by the steady clock.
        self._missing_since: dict[int, tuple[bool, float]] = {}

    async def poll_all(self) -> None:
        """Poll what is due, until all is at rest; several tasks share this."""
        while (chosen := await self._next()) is not None:
            numbers, turn = chosen
            # The user may have paused the run while a turn was waited for.
            if self._run.control.is_paused:
                await self._run.wait_until_resumed()
            try:
                await self._poll(numbers, turn)
            finally:
                turn.give_back()
            if self._run.ledger.is_at_rest:
                self.wake()

    def wake(self) -> None:
        """Have the poller that sleeps look at once: all may be at rest."""
        if self._nap is not None:
            self._nap.cancel()

    async def _sleep(self, seconds: float) -> None:
        self._nap = asyncio.ensure_future(self._run.clock.sleep(seconds))
        try:
            await asyncio.wait([self._nap])
        finally:
            self._nap.cancel()

    async def _next(self) -> tuple[list[int], Turn] | None:
        """Return the operations to be polled next, and the turn for it; None = all is at rest.

        Which they are is decided when a request may be sent: by then the answers to others
        may have shown that these can wait.
        """
        run = self._run
        async with self._choosing:
            while not run.ledger.is_at_rest:
                if run.control.is_paused:
                    await run.wait_until_resumed()
                if (seconds := self._seconds_until_due()) > 0:
                    await self._sleep(seconds)
                    continue
                turn = await self._turn()
                if group := self._groups.next():
                    return group, turn
                turn.give_back()
                await run.clock.sleep(SETTLE_SECONDS)
        return None

    async def _turn(self) -> Turn:
        channel = self._run.channel
        if self._groups.is_free:
            return Turn(channel.limiter, is_taken=False)
        return await channel.wait_for_turn(self._should_stop, is_poll=True)

    def _should_stop(self) -> bool:
        return self._run.ledger.is_at_rest or self._run.control.is_paused

    def _seconds_until_due(self) -> float:
        if self._groups.has_next:
            return 0.0
        at = self._run.schedule.next_at()
        left = LOOK_SECONDS if at is None else at - self._run.clock.steady()
        return min(max(left, 0.0), LOOK_SECONDS)

    async def _poll(self, numbers: Sequence[int], turn: Turn) -> None:
        run, group = self._run, self._still_open(numbers)
        if not group:
            return
        action = run.action
        assert action.poll is not None  # Without poll nobody chooses what is due.
        parts = await polled(
            [operation.context or {} for operation in group],
            poll=partial(self._ask, action.poll, group, turn),
            action=action,
            channel=run.channel,
            on_part=partial(self._apply, group),
        )
        self._set_apart(parts, group)
        self._groups.priced(parts, len(group))
        now = run.clock.steady()  # What is polled together stays together.
        for part in parts:
            self._reschedule(part, group, now=now)

    def _still_open(self, numbers: Sequence[int]) -> list[Operation]:
        """Return the operations that can still change, and forget the others."""
        found: list[Operation] = []
        for operation in self._run.ledger.select(numbers):
            if operation.state in POLLED:
                found.append(operation)
            else:
                self._run.schedule.finished(operation.number)
        return found

    def _ask(
        self,
        poll: Function,
        operations: Sequence[Operation],
        turn: Turn,
        contexts: Sequence[JSONObject],
    ) -> Awaitable[CallResult]:
        return self._run.ask(poll, operations, contexts=contexts, turn=turn, kind="poll")

    def _apply(self, group: Sequence[Operation], part: Part) -> None:
        now = self._run.clock.now()  # One object: 100,000 of them take 3 MB.
        for place, answer in zip(part.places, part.answers, strict=True):
            operation = self._run.ledger.operations[group[place].number]
            if isinstance(answer, str):
                self._apply_silence(operation, part, answer, now)
            else:
                self._apply_result(operation, answer, now)

    def _apply_result(self, operation: Operation, result: AsyncOperationResult, now: float) -> None:
        run, update = self._run, self._run.status_update(result)
        changed = answered(operation, update, now=now)
        if changed.state in FINAL and changed.state is not State.LOST:
            self._learn(operation, update.ended_at, now)
        run.writer.update(changed)
        run.problems.update(changed)
        self._groups.rejoin(operation.number)
        self._missing_since.pop(operation.number, None)

    def _learn(self, operation: Operation, ended_at: float | None, now: float) -> None:
        """Learn from the end of *operation*, at *ended_at* (Unix seconds, None = not stated)."""
        run = self._run
        run.tally.found_end(operation, now=now, ended_at=ended_at)
        # How long it takes until an operation is canceled says nothing about the others.
        if run.learner is not None and operation.state is not State.CANCELING:
            steady = run.clock.steady()
            at = None if ended_at is None else steady - max(0.0, now - ended_at)
            run.learner.ended(operation.number, now=steady, ended_at=at)

    def _apply_silence(self, operation: Operation, part: Part, text: str, now: float) -> None:
        """Count a poll without an answer about an operation, whose state stays as it is."""
        run, unanswered = self._run, self._run.problems.unanswered
        changed = poll_failed(operation, message=run.channel.mask(text))
        if self._is_gone(changed, part):
            changed = lost(changed, message=changed.message, now=now)
            unanswered.pop(operation.number, None)
        elif changed.poll_errors >= WORTH_A_NOTICE:
            unanswered[operation.number] = changed.message
        run.writer.update(changed)

    def _is_gone(self, operation: Operation, part: Part) -> bool:
        if part.status not in (404, 410):
            return False
        now, is_result = self._run.clock.steady(), part.knows_operation
        if self._missing_since.get(operation.number, (None, now))[0] is not is_result:
            self._missing_since[operation.number] = (is_result, now)
        missing = now - self._missing_since[operation.number][1]
        patience = max(GRACE_SECONDS, 0.0 if is_result else self._run.action.missing_seconds)
        return missing > patience and operation.poll_errors >= GRACE_POLLS

    def _set_apart(self, parts: Sequence[Part], operations: Sequence[Operation]) -> None:
        """From now on, poll operations alone that got no answer while others did.

        Otherwise they would spoil the next poll of the others too. The same if a poll gave no
        usable answer without an error: the function may have caught the 404 of one operation,
        and returned it for all of them.
        """
        unanswered = [part.unanswered for part in parts]
        if not any(unanswered):
            return
        has_answers = sum(map(len, unanswered)) < len(operations)
        for part, places in zip(parts, unanswered, strict=True):
            if has_answers or part.result.error is None:
                self._groups.set_apart(operations[place].number for place in places)

    def _reschedule(self, part: Part, group: Sequence[Operation], *, now: float) -> None:
        """Schedule the next polls, and forget what has ended."""
        schedule = self._run.schedule
        for place, answer in zip(part.places, part.answers, strict=True):
            number = group[place].number
            current = self._run.ledger.operations[number]
            if current.state in FINAL:
                schedule.finished(number)
            elif isinstance(answer, str):
                schedule.errored(number, now=now, retry_after=part.retry_after)
            else:
                schedule.answered(
                    number, now=now, progress=current.progress, retry_after=part.retry_after
                )
