"""The third part of a run: ask about what was accepted, until it is known how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..errors import HTTPError
from ..operation import Operation, answered, lost, poll_failed
from ..responses import AsyncOperationResult
from .channel import Asked
from .course import POLLERS, Course
from .verdict import describe, is_trouble, read_poll

LOOK_SECONDS = 0.2  # How often the schedule is looked at, at least.
# A destination may not know an operation until a worker has picked it up. Only
# past both of these does "not found" mean that it is gone.
GRACE_SECONDS = 30.0
GRACE_POLLS = 3
WORTH_A_NOTICE = 3  # Polls in a row that got no answer.
WORTH_PARTING = 3  # The same of a group: one of its operations may keep an answer from the others.


class Polling:
    """The operations of a run that are asked about."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._due: asyncio.Queue[list[int] | None] = asyncio.Queue(maxsize=1)
        self._apart: set[int] = set()  # Operations asked about one by one.
        # Since when operations are not found, by the steady clock.
        self._missing_since: dict[int, float] = {}

    async def hand_out(self) -> None:
        """Hand due operations to the pollers, until all is at rest."""
        while not self._course.ledger.is_at_rest:
            await self._course.until_resumed()
            while group := self._next_group():
                for part in self._parts(group):
                    await self._due.put(part)
            await self._course.channel.clock.sleep(self._until_due())
        for _ in range(POLLERS):
            await self._due.put(None)

    async def all(self) -> None:
        """Poll what is handed out; several of this share it."""
        while (group := await self._due.get()) is not None:
            # All that was due when the user paused the run has been handed out by now.
            await self._course.until_resumed()
            await self._poll(group)

    def _next_group(self) -> list[int]:
        course = self._course
        return course.schedule.due(course.steady, limit=course.action.poll_batch_size)

    def _parts(self, group: Sequence[int]) -> list[list[int]]:
        """Return the operations of *group* that are asked about together."""
        alone = [[number] for number in group if number in self._apart]
        together = [number for number in group if number not in self._apart]
        return [*alone, together] if together else alone

    def _until_due(self) -> float:
        at = self._course.schedule.next_at()
        left = LOOK_SECONDS if at is None else at - self._course.steady
        return min(max(left, 0.0), LOOK_SECONDS)

    async def _poll(self, numbers: Sequence[int]) -> None:
        course = self._course
        assert course.action.poll is not None  # Without poll nothing is handed out.
        operations = course.operations(numbers)
        contexts = [operation.context or {} for operation in operations]
        asked = await course.ask(course.action.poll, operations, contexts=contexts)
        operations = course.operations(numbers)  # They may have been canceled meanwhile.
        if asked.error is not None:
            self._failed(operations, asked, describe(asked.error))
            return
        ids = [course.id_of(operation) for operation in operations]
        results = read_poll(asked.answer, ids=ids, key=course.action.operation_id)
        if isinstance(results, str):
            self._failed(operations, asked, course.channel.mask(results))
            return
        now = course.steady  # What is asked about together stays together.
        for operation, result in zip(operations, results, strict=True):
            self._answered(operation, result, now=now, retry_after=asked.retry_after)

    def _answered(
        self,
        operation: Operation,
        result: AsyncOperationResult,
        *,
        now: float,
        retry_after: float | None,
    ) -> None:
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
            course.schedule.finished(operation.number)
            return
        course.schedule.answered(
            operation.number,
            now=now,
            progress=changed.progress,
            retry_after=retry_after,
        )

    def _failed(self, operations: Sequence[Operation], asked: Asked, text: str) -> None:
        """Note a poll that said nothing about the operations; they stay as they are."""
        course, now = self._course, self._course.steady
        for operation in operations:
            changed = poll_failed(operation, message=text)
            if len(operations) == 1 and self._is_gone(changed, asked.error):
                changed = lost(changed, message=text, now=course.wall)
                course.unanswered.pop(operation.number, None)
                course.schedule.finished(operation.number)
            else:
                if changed.poll_errors >= WORTH_PARTING and not is_trouble(asked.error):
                    self._apart.add(operation.number)
                if changed.poll_errors >= WORTH_A_NOTICE:
                    course.unanswered[operation.number] = text
                course.schedule.errored(operation.number, now=now, retry_after=asked.retry_after)
            course.put(changed)

    def _is_gone(self, operation: Operation, error: Exception | None) -> bool:
        if not isinstance(error, HTTPError) or error.status not in (404, 410):
            return False
        now = self._course.steady
        missing = now - self._missing_since.setdefault(operation.number, now)
        return missing > GRACE_SECONDS and operation.poll_errors >= GRACE_POLLS
