"""Divide a batch that was refused as a whole, so that the rows at fault stand alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, count

from ...numerals import counted
from ...operation import Operation, divided, submitted
from ..channel.call import CallResult
from ..verdict.refusal import Division, division
from ..verdict.values import Rejected, Verdict
from .apply import VerdictApplier
from .batches import Batch
from .cancel import abandon
from .context import RunContext

# It stays the message of an operation that ends without one of its own.
_MESSAGE = "sent again in a smaller batch, since the one before was refused"
_REQUESTS = 2  # Submissions that a division leads to at most: one for each half.


class BatchDivider:
    """Divides the batches of a run, within the bound that its action states.

    A division makes one batch more of those that began as one, so that the operations on disk
    tell how many there were, also after a restart.
    """

    def __init__(self, run: RunContext, applier: VerdictApplier) -> None:
        self._run = run
        self._applier = applier
        self._most = run.action.isolation_requests or 0
        known = run.ledger.operations
        parts = {(each.origin, each.batch) for each in known if each.origin is not None}
        self._parts = Counter(origin for origin, _ in parts)  # By the batch that was divided.
        self._numbers = count(max((each.batch for each in known), default=0) + 1)
        self._dividing = asyncio.Lock()  # New operations get the numbers that follow.

    def found(
        self, operations: Sequence[Operation], verdicts: Sequence[Verdict], result: CallResult
    ) -> Division | None:
        """Return how to divide a batch with these *verdicts*; None = they hold as they are.

        It may be divided once no earlier request of it can have been applied.
        """
        if result.is_bypassed or self._run.control.is_canceling:
            return None
        return division(verdicts, [len(each.rows) for each in operations], result.exchanges)

    async def divide(
        self, batch: Batch, operations: Sequence[Operation], found: Division
    ) -> list[Batch]:
        """Write down the parts of *batch*, and return them to be sent; named rows have failed.

        There are none if it may not be divided any more: then its rows fail as it did.
        """
        if not self._may_divide(operations[0]):
            bounded = [_bounded(each, self._most) for each in found.refused]
            await self._applier.apply_verdicts(operations, bounded)
            return []
        async with self._dividing:
            own = chain([operations[0].number], count(len(self._run.ledger.operations)))
            parts = [self._part(operations, each, next(own)) for each in found.parts]
            named = self._part(operations, found.named, next(own)) if found.named else []
            self._count(operations[0], len(parts) + bool(named))
            now = self._run.clock.now()
            await self._applier.apply_verdicts(
                [submitted(each, now=now) for each in named],
                _named(found.refused, named),
                planned=[*chain(*parts)],
            )
        await abandon(self._run, operations[0])
        return [_batch(batch, *each) for each in zip(found.parts, parts, strict=True)]

    async def separate(
        self,
        batch: Batch,
        operations: Sequence[Operation],
        verdicts: Sequence[Verdict],
        *,
        places: Sequence[int],
    ) -> list[Batch]:
        """Write down *verdicts* but of the rows at *places*; return the batch that has these."""
        async with self._dividing:
            part = self._part(operations, places, operations[0].number)
            self._count(operations[0], 1)
            others = [at for at in range(len(operations)) if at not in places]
            await self._applier.apply_verdicts(
                [operations[at] for at in others],
                [verdicts[at] for at in others],
                planned=part,
            )
        return [_batch(batch, places, part)]

    def _may_divide(self, operation: Operation) -> bool:
        """Whether the batch of *operation* may be divided, or once more."""
        divisions = max(0, self._parts[_origin(operation)] - 1)
        return _REQUESTS * (divisions + 1) <= self._most

    def _part(
        self, operations: Sequence[Operation], places: Sequence[int], own: int
    ) -> list[Operation]:
        """Return the operations of a new batch that has the rows at *places*.

        A job gets the number *own*, the operations of rows keep theirs.
        """
        number = next(self._numbers)
        if self._run.action.operation_per == "row":
            some = [operations[at] for at in places]
            return [
                divided(each, each.rows, number=each.number, batch=number, message=_MESSAGE)
                for each in some
            ]
        (job,) = operations
        rows = [job.rows[at] for at in places]
        return [divided(job, rows, number=own, batch=number, message=_MESSAGE)]

    def _count(self, operation: Operation, parts: int) -> None:
        """Count the *parts* that the batch of *operation* was divided into."""
        origin = _origin(operation)
        self._parts[origin] += parts if operation.origin is None else parts - 1


def _origin(operation: Operation) -> int:
    """Return the number of the batch that its rows were planned in."""
    return operation.batch if operation.origin is None else operation.origin


def _bounded(refused: Rejected, most: int) -> Rejected:
    """Return the verdict on what may not be divided after *most* more requests."""
    if not most:
        return refused
    are = "is" if most == 1 else "are"
    enough = f"{counted(most, 'more request')} {are} not enough to find all rows at fault"
    text = f"{enough}, so it was refused as a whole"
    return replace(refused, message=f"{refused.message}; {text}")


def _named(refused: Sequence[Rejected], operations: Sequence[Operation]) -> list[Verdict]:
    """Return the verdicts on *operations*, which have the rows that the refusal names."""
    rows = (row for each in refused for row in each.named if row is not None)
    return [replace(refused[0], named=[next(rows) for _ in each.rows]) for each in operations]


def _batch(whole: Batch, places: Sequence[int], operations: Sequence[Operation]) -> Batch:
    """Return the batch of *operations*, which have the rows of *whole* at *places*."""
    return Batch(
        operations[0].batch,
        [whole.positions[at] for at in places],
        [each.number for each in operations],
        None if whole.payloads is None else whole.payloads.at(places),
    )
