"""A submission in doubt: find out what became of it, in the way that its action declares.

It comes here as ``unknown`` and leaves as accepted, as planned (to be sent again, the
same attempt), or as held: then the user is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...operation import Operation, State, held, replanned, unsure, withdrawn
from ..verdict.recovery import may_be_there, read_found
from ..verdict.values import Rejected, Unsure, Verdict
from .apply import Judging
from .batches import Batch
from .context import RunContext

PATIENCE_SECONDS = 600.0  # How long it is tried, not counting what a list may lag behind.
LONGEST_SECONDS = 60.0  # Between two tries.
TOO_LATE = "its key was first used too long ago for it to be sent again"


@dataclass
class _Doubt:
    """What is known of a batch in doubt; times are of the steady clock."""

    since: float
    sent_at: float  # The last time; what was sent then may come late.
    tries: int = 0
    refusal: Rejected | None = None  # Of the last time.
    is_repeated: bool = False  # The last time, after one that may have been applied.


class Reconciler:
    """The batches of a run of which nobody knows whether they were applied."""

    def __init__(self, course: RunContext, judging: Judging) -> None:
        self._course = course
        self._judging = judging
        self._doubts: dict[int, _Doubt] = {}

    def weighed(
        self, batch: Batch, operations: Sequence[Operation], verdicts: Sequence[Verdict]
    ) -> list[Verdict]:
        """Return *verdicts* on what may have been sent before, or is there by its id or key.

        A refusal of the repetition says nothing of the first.
        """
        is_there = may_be_there(verdicts, action=self._course.action)
        if not operations[0].in_doubt and not is_there:
            return list(verdicts)
        self._doubt(batch).sent_at = self._course.steady
        self._doubt(batch).is_repeated = operations[0].in_doubt
        found: list[Verdict] = []
        for verdict in verdicts:
            if isinstance(verdict, Rejected):
                self._doubt(batch).refusal = verdict
                again = "sent again, it was refused" if operations[0].in_doubt else "it was refused"
                verdict = Unsure(f"may have been applied; {again}: {verdict.message}")
            found.append(verdict)
        return found

    async def settle(self, batch: Batch) -> None:
        """Take one step towards certainty; *batch* may be unknown still when this returns."""
        course, doubt = self._course, self._doubt(batch)
        await course.channel.clock.sleep(self._delay(doubt))
        doubt.tries += 1
        operations = course.operations(batch.operations)
        if why := self._hopeless(doubt, operations[0]):
            await course.keep([held(each, message=f"{each.message}; {why}") for each in operations])
        elif course.action.find is not None:
            await self._find(batch, operations, doubt)
        else:
            await course.keep(_again(operations))

    def _doubt(self, batch: Batch) -> _Doubt:
        now = self._course.steady
        return self._doubts.setdefault(batch.number, _Doubt(now, now))

    def _delay(self, doubt: _Doubt) -> float:
        # At once the first time: most replies are lost on the way, not for minutes.
        return min(2.0 ** (doubt.tries - 1), LONGEST_SECONDS) if doubt.tries else 0.0

    def _hopeless(self, doubt: _Doubt, operation: Operation) -> str:
        """Say why nothing more can be found out; empty = something may."""
        course, action = self._course, self._course.action
        patience = PATIENCE_SECONDS + action.settle_seconds
        if course.steady - doubt.since > patience:
            return f"tried {doubt.tries - 1} times to find out"
        if action.find is not None:
            return ""
        if course.is_canceling:
            return "canceled before that was known"
        if not course.can_send(operation):
            return "its payload was not kept, so it cannot be sent again"
        return TOO_LATE if course.is_too_late(operation) else ""

    async def _find(self, batch: Batch, operations: Sequence[Operation], doubt: _Doubt) -> None:
        course, action = self._course, self._course.action
        assert action.find is not None
        payloads = [row.payload for row in batch.rows]
        asked = await course.ask(action.find, operations, payload=payloads)
        rows = [len(each.rows) for each in operations]
        found = read_found(asked.answer, asked.error, asked.exchanges, action=action, rows=rows)
        if isinstance(found, str):
            message = course.channel.mask(found)
            await course.keep([unsure(each, message=message) for each in operations])
        elif found is not None:
            await self._judging.take(operations, found, retry_after=asked.retry_after)
        elif self._is_certain(doubt, operations[0]):
            await self._not_there(operations, doubt)

    def _is_certain(self, doubt: _Doubt, operation: Operation) -> bool:
        """Say whether what is not there will not come late, or would be turned away if it did."""
        course, action = self._course, self._course.action
        is_sent_again = doubt.refusal is None and not course.is_canceling
        if action.recovery == "client_id" and is_sent_again and course.can_send(operation):
            return True  # It takes the place of a first request that is late.
        return course.steady - doubt.sent_at >= action.settle_seconds

    async def _not_there(self, operations: Sequence[Operation], doubt: _Doubt) -> None:
        course = self._course
        refusal, doubt.refusal = doubt.refusal, None
        if refusal is None and not course.can_send(operations[0]):
            refusal = Rejected("not applied, and not sent again: its payload was not kept", None)
        if refusal is not None and refusal.is_conflict and doubt.is_repeated:
            # It is not found, and is in the way: one of the two answers is wrong.
            await course.keep(
                [held(each, message=f"{each.message}; it was not found") for each in operations]
            )
        elif refusal is not None:
            await self._judging.take(operations, [refusal] * len(operations))
        elif course.is_canceling:
            await course.keep([withdrawn(each, now=course.wall) for each in operations])
        else:
            await course.keep(_again(operations))


def _again(operations: Sequence[Operation]) -> list[Operation]:
    # Still in doubt: a first request that comes late may have the better of the second.
    return [replanned(each, message=each.message) for each in operations]


def is_unknown(operations: Sequence[Operation]) -> bool:
    """Say whether *operations*, those of a batch, wait to be reconciled."""
    return any(each.state is State.UNKNOWN for each in operations)
