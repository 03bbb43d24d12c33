"""From verdicts to operations: make durable what an answer means, and go on from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from ...operation import (
    POLLED,
    Operation,
    accepted,
    advanced,
    decided,
    finished,
    held,
    rejected,
    replanned,
    unsure,
)
from ..verdict.values import Accepted, Finished, Rejected, Resend, Unsure, Verdict
from .context import RunContext

# What is said of a batch may list the ids of it all, and is kept with each of its operations.
MESSAGE = 500  # characters


class Judging:
    """What becomes of the operations of a run by what is answered to their submission."""

    def __init__(self, course: RunContext) -> None:
        self._course = course
        known = course.ledger.operations
        # Operation ids seen in this run, and whose they are.
        self._ids = {course.id_of(each): each.number for each in known if each.context}

    async def take(
        self,
        operations: Sequence[Operation],
        verdicts: Sequence[Verdict],
        *,
        retry_after: float | None = None,
        can_recover: bool = False,
    ) -> None:
        """Make durable what *verdicts* make of *operations*, and ask about what was accepted.

        What is in doubt is held for the user, unless it *can_recover*.
        """
        course = self._course
        mask = cache(course.channel.mask)  # What is said of a batch is the same for all of it.
        judged = [
            self._judged(operation, verdict, mask, can_recover=can_recover)
            for operation, verdict in zip(operations, verdicts, strict=True)
        ]
        await course.keep_said(judged)
        now = course.steady  # What was accepted together is asked about together.
        for operation in judged:
            if operation.state in POLLED:
                course.schedule.accepted(operation.number, now=now, retry_after=retry_after)

    def _judged(
        self,
        operation: Operation,
        verdict: Verdict,
        mask: Callable[[str], str],
        *,
        can_recover: bool,
    ) -> Operation:
        now = self._course.wall
        match verdict:
            case Accepted(context, message, rows):
                operation = decided(operation, self._course.decided(rows)) if rows else operation
                return self._accepted(operation, context, _cut(mask(message)))
            case Finished(result):
                return finished(operation, self._course.news(result), now=now)
            case Rejected(message, code, is_proven):
                text = mask(message)
                return rejected(operation, message=text, code=code, now=now, is_proven=is_proven)
            case Resend(message, in_doubt):
                return replanned(operation, message=mask(message), in_doubt=in_doubt)
            case Unsure(message):
                doubt = unsure(operation, message=mask(message))
                return doubt if can_recover else held(doubt)

    def _accepted(self, operation: Operation, context: dict[str, Any], message: str) -> Operation:
        course = self._course
        own = course.id_of(replace(operation, context=context))
        operation_id = course.channel.storable(own)
        owner = self._ids.setdefault(own, operation.number)
        if owner != operation.number:
            other = course.source.labels[course.ledger.operations[owner].rows[0]]
            text = f"accepted as {operation_id!r}, the id that row {other!r} was given before"
            return held(unsure(operation, message=text))
        news = {"context": context, "operation_id": operation_id, "message": message}
        if operation.step < len(course.action.steps):
            return advanced(operation, **news)
        return accepted(operation, **news, now=course.wall)


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE else f"{message[: MESSAGE - 1]}…"
