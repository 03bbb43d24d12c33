"""The third part of a run: ask about what was accepted, until it is known how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from ...operation import Operation, answered, lost, poll_failed
from ...responses import AsyncOperationResult, JSONObject
from ..channel.channel import CallResult
from ..channel.poll_round import Part, polled
from ..verdict.poll import Answer
from .context import POLLERS, RunContext

LOOK_SECONDS = 0.2  # How often the schedule is looked at, at least.
# A destination may not know an operation until a worker has picked it up. Only
# past both of these does "not found" mean that it is gone.
GRACE_SECONDS = 30.0
GRACE_POLLS = 3
WORTH_A_NOTICE = 3  # Polls in a row that got no answer.
LOOKAHEAD = 1_000  # Operations that are put in groups at a time: some milliseconds.


class Poller:
    """The operations of a run that are asked about."""

    def __init__(self, course: RunContext) -> None:
        self._course = course
        self._due: asyncio.Queue[list[int] | None] = asyncio.Queue(maxsize=1)
        # Operations asked about one by one, until they get an answer again.
        self._apart: set[int] = set()
        # Since when operations are not found, by the steady clock.
        self._missing_since: dict[int, float] = {}

    async def hand_out(self) -> None:
        """Hand due operations to the pollers, until all is at rest."""
        course = self._course
        while not course.ledger.is_at_rest:
            await course.until_resumed()
            while due := course.schedule.due(course.steady, limit=LOOKAHEAD):
                for group in self._groups(due):
                    await self._due.put(group)
            await course.channel.clock.sleep(self._until_due())
        for _ in range(POLLERS):
            await self._due.put(None)

    async def all(self) -> None:
        """Poll what is handed out; several of this share it."""
        while (group := await self._due.get()) is not None:
            # All that was due when the user paused the run has been handed out by now.
            await self._course.until_resumed()
            await self._poll(group)

    def _groups(self, due: Sequence[int]) -> list[list[int]]:
        """Return those that are asked about together, in the order due: of one submission each."""
        course, size = self._course, self._course.action.poll_batch_size
        by_batch: dict[tuple[int, int], list[int]] = {}
        for operation in course.operations(due):
            alone = operation.number if operation.number in self._apart else -1
            by_batch.setdefault((operation.batch, alone), []).append(operation.number)
        return [
            numbers[at : at + size]
            for numbers in by_batch.values()
            for at in range(0, len(numbers), size)
        ]

    def _until_due(self) -> float:
        at = self._course.schedule.next_at()
        left = LOOK_SECONDS if at is None else at - self._course.steady
        return min(max(left, 0.0), LOOK_SECONDS)

    async def _poll(self, numbers: Sequence[int]) -> None:
        course, asked_about = self._course, self._course.operations(numbers)
        contexts = [operation.context or {} for operation in asked_about]
        ask = partial(self._ask, asked_about)
        parts: list[Part] = []
        async for part in polled(contexts, ask=ask, action=course.action, channel=course.channel):
            for operation, answer in zip(_of(part, asked_about), part.answers, strict=True):
                self._take(course.ledger.operations[operation.number], answer, part)
            parts.append(part)
        self._set_apart(parts, asked_about)
        now = course.steady  # What is asked about together stays together.
        for part in parts:
            self._ask_again(part, _of(part, asked_about), now=now)

    async def _ask(
        self, operations: Sequence[Operation], contexts: Sequence[JSONObject]
    ) -> CallResult:
        course = self._course
        assert course.action.poll is not None  # Without poll nothing is handed out.
        return await course.ask(course.action.poll, operations, contexts=contexts)

    def _take(self, operation: Operation, answer: Answer, part: Part) -> None:
        if isinstance(answer, str):
            self._failed(operation, part, answer)
        else:
            self._answered(operation, answer)

    def _answered(self, operation: Operation, result: AsyncOperationResult) -> None:
        course = self._course
        changed = answered(operation, course.news(result), now=course.wall)
        course.put(changed)
        self._apart.discard(operation.number)
        self._missing_since.pop(operation.number, None)
        course.unanswered.pop(operation.number, None)
        course.odd.pop(operation.number, None)
        if changed.odd_status is not None:
            course.odd[operation.number] = changed.odd_status
        if changed.is_final:
            course.not_canceled.pop(operation.number, None)

    def _failed(self, operation: Operation, part: Part, text: str) -> None:
        """Note a poll that said nothing about an operation, which stays as it is."""
        course = self._course
        changed = poll_failed(operation, message=course.channel.mask(text))
        if self._is_gone(changed, part):
            changed = lost(changed, message=changed.message, now=course.wall)
            course.unanswered.pop(operation.number, None)
        elif changed.poll_errors >= WORTH_A_NOTICE:
            course.unanswered[operation.number] = changed.message
        course.put(changed)

    def _is_gone(self, operation: Operation, part: Part) -> bool:
        if part.status not in (404, 410):
            return False
        now = self._course.steady
        missing = now - self._missing_since.setdefault(operation.number, now)
        return missing > GRACE_SECONDS and operation.poll_errors >= GRACE_POLLS

    def _set_apart(self, parts: Sequence[Part], operations: Sequence[Operation]) -> None:
        """Ask those alone from now on that got no answer where others did.

        They would keep the others from theirs again. And what a poll says of several without
        an error is not known to be meant for one of them, such as a 404 that it has caught.
        """
        has_answers = any(len(part.silent) < len(part.places) for part in parts)
        for part in parts:
            if has_answers or part.asked.error is None:
                self._apart |= {operations[place].number for place in part.silent}

    def _ask_again(self, part: Part, operations: Sequence[Operation], *, now: float) -> None:
        """Schedule what goes on, and forget what has ended."""
        schedule = self._course.schedule
        for operation, answer in zip(operations, part.answers, strict=True):
            number = operation.number
            current = self._course.ledger.operations[number]
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
