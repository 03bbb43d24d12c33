"""Find out what became of a submission in doubt, in the way that its action declares.

An operation comes here as ``unknown`` and leaves as accepted, as planned (to be sent again,
the same attempt), or as held: then the user decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import RetryableError
from ...numerals import counted
from ...operation import Operation, State, replanned, unsure, withdrawn
from ..verdict.recovery import may_conflict_with_itself, read_found
from ..verdict.refusal import Division
from ..verdict.values import Rejected, Unsure, Verdict
from .apply import VerdictApplier
from .batches import Batch
from .context import RunContext
from .divider import BatchDivider

PATIENCE_SECONDS = 600.0  # How long it is tried, in addition to how long a list may lag behind.
LONGEST_SECONDS = 60.0  # Between two tries.
LONGEST_JOB_SECONDS = 26 * 3600.0  # A job that may be it has ended by then, and shows it.
TOO_LATE = "its key was first used too long ago for it to be sent again"


@dataclass
class _Doubt:
    """What is known of a batch in doubt; times are of the steady clock."""

    since: float
    sent_at: float  # The last time; that request may arrive late.
    promised_at: float = -math.inf  # When find last said that it will be known later.
    tries: int = 0
    refusal: Rejected | None = None  # The answer to the last try, if it was one.
    division: Division | None = None  # How it divides the batch, if it does.
    is_repeated: bool = False  # The last try repeated one that may have been applied.

    def is_over(self, now: float, patience: float) -> bool:
        """Whether it was tried for long enough, *patience* seconds after the last promise."""
        seconds = now - self.since
        return seconds > LONGEST_JOB_SECONDS or min(seconds, now - self.promised_at) > patience


class Reconciler:
    """Settles the batches of a run that may or may not have been applied."""

    def __init__(self, run: RunContext, applier: VerdictApplier, divider: BatchDivider) -> None:
        self._run = run
        self._applier = applier
        self._divider = divider
        self._doubts: dict[int, _Doubt] = {}

    def doubt_refusals(
        self,
        batch: Batch,
        operations: Sequence[Operation],
        verdicts: Sequence[Verdict],
        division: Division | None,
    ) -> list[Verdict]:
        """Return *verdicts* with refusals made unsure where an earlier request may be applied.

        A refusal of the repetition is no evidence about the first request. *division* is how
        the batch is divided once that is known not to be applied, None = it is not.
        """
        is_there = may_conflict_with_itself(verdicts, action=self._run.action)
        if not operations[0].in_doubt and not is_there:
            return list(verdicts)
        self._doubt(batch).sent_at = self._run.clock.steady()
        self._doubt(batch).is_repeated = operations[0].in_doubt
        self._doubt(batch).division = division
        found: list[Verdict] = []
        for verdict in verdicts:
            if isinstance(verdict, Rejected):
                self._doubt(batch).refusal = verdict
                again = "sent again, it was refused" if operations[0].in_doubt else "it was refused"
                verdict = Unsure(f"may have been applied; {again}: {verdict.message}")
            found.append(verdict)
        return found

    async def settle(self, batch: Batch) -> list[Batch]:
        """Take one step towards certainty; *batch* may still be unknown when this returns.

        Return its parts, if it turned out to be refused and was divided.
        """
        run, doubt = self._run, self._doubt(batch)
        operations = run.ledger.select(batch.operations)
        conclusive_at = self._conclusive_at(doubt, operations[0])
        run.problems.conclusive_at.update(dict.fromkeys(batch.operations, conclusive_at))
        await run.clock.sleep(self._delay(doubt, conclusive_at))
        doubt.tries += 1
        operations = run.ledger.select(batch.operations)
        if why := self._why_hopeless(doubt, operations[0]):
            await self._hold(operations, why)
        elif run.action.find is not None:
            return await self._find(batch, operations, doubt)
        else:
            await run.writer.write_durably(_to_repeat(operations))
        return []

    def _doubt(self, batch: Batch) -> _Doubt:
        now = self._run.clock.steady()
        return self._doubts.setdefault(batch.number, _Doubt(now, now))

    def _delay(self, doubt: _Doubt, conclusive_at: float) -> float:
        # The first try is immediate: most lost replies are no sign of a long outage.
        seconds = min(2.0 ** (doubt.tries - 1), LONGEST_SECONDS) if doubt.tries else 0.0
        left = conclusive_at - self._run.clock.steady()
        return min(seconds, left) if left > 0 else seconds

    def _why_hopeless(self, doubt: _Doubt, operation: Operation) -> str:
        """Return why nothing more can be found out; empty = it is worth a try."""
        run, action = self._run, self._run.action
        patience = PATIENCE_SECONDS + action.settle_seconds
        if doubt.is_over(run.clock.steady(), patience):
            return f"tried {counted(doubt.tries - 1, 'time')} to find out"
        if action.find is not None:
            return ""
        if run.control.is_canceling:
            return "canceled before that was known"
        if not run.can_send(operation):
            return "its payload was not kept, so it cannot be sent again"
        return TOO_LATE if run.is_too_late(operation) else ""

    async def _find(
        self, batch: Batch, operations: Sequence[Operation], doubt: _Doubt
    ) -> list[Batch]:
        run, action = self._run, self._run.action
        assert action.find is not None
        payloads = await run.payloads_of(batch)
        age = run.age_of(operations[0])
        result = await run.ask(action.find, operations, payload=payloads, age_seconds=age)
        rows = [len(each.rows) for each in operations]
        found = read_found(result.answer, result.error, result.exchanges, action=action, rows=rows)
        if isinstance(found, str):
            if isinstance(result.error, RetryableError):
                doubt.promised_at = run.clock.steady()
            message = run.channel.mask(found)
            await run.writer.write_durably([unsure(each, message=message) for each in operations])
        elif found is not None:
            retry_after = result.retry_after
            await self._applier.apply_verdicts(operations, found, retry_after=retry_after)
        elif run.clock.steady() >= self._conclusive_at(doubt, operations[0]):
            return await self._apply_not_found(batch, operations, doubt)
        return []

    def _conclusive_at(self, doubt: _Doubt, operation: Operation) -> float:
        """Return from when on "not found" is conclusive, by the steady clock.

        Then a late first request can no longer arrive, or would be rejected.
        """
        run, action = self._run, self._run.action
        is_sent_again = doubt.refusal is None and not run.control.is_canceling
        if action.recovery == "client_id" and is_sent_again and run.can_send(operation):
            return doubt.sent_at  # The repetition has the same id: a late first one is rejected.
        return doubt.sent_at + action.settle_seconds

    async def _apply_not_found(
        self, batch: Batch, operations: Sequence[Operation], doubt: _Doubt
    ) -> list[Batch]:
        run = self._run
        refusal, doubt.refusal = doubt.refusal, None
        if refusal is None and not run.can_send(operations[0]):
            refusal = Rejected("not applied, and not sent again: its payload was not kept", None)
        if refusal is not None and refusal.is_conflict and doubt.is_repeated:
            # It is not found, but is refused as a duplicate: one of the two answers is wrong.
            await self._hold(operations, "it was not found")
        elif refusal is not None and doubt.division is not None:
            return await self._divider.divide(batch, operations, doubt.division)
        elif refusal is not None:
            await self._applier.apply_verdicts(operations, [refusal] * len(operations))
        elif run.control.is_canceling:
            await run.writer.write_durably(
                [withdrawn(each, now=run.clock.now()) for each in operations]
            )
        else:
            await run.writer.write_durably(_to_repeat(operations))
        return []

    async def _hold(self, operations: Sequence[Operation], why: str) -> None:
        await self._run.writer.write_durably([self._run.held(each, why) for each in operations])


def _to_repeat(operations: Sequence[Operation]) -> list[Operation]:
    # Still in doubt: a first request that arrives late may be the one that is applied.
    return [replanned(each, message=each.message) for each in operations]


def is_unknown(operations: Sequence[Operation]) -> bool:
    """Whether *operations*, those of a batch, wait to be reconciled."""
    return any(each.state is State.UNKNOWN for each in operations)
