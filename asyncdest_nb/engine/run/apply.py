"""From verdicts to operations: write down what an answer means, and poll what was accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from ..verdict.refusal import refused_rows
from ..verdict.values import Accepted, Finished, Rejected, Resend, Unsure, Verdict
from .context import RunContext

# The message about a batch may list all its ids, and is stored with each of its operations.
MESSAGE = 500  # characters


class VerdictApplier:
    """Applies verdicts on submissions to the operations of a run."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        known = run.ledger.operations
        # Operation ids seen in this run, and the numbers of their operations.
        self._ids = {run.id_of(each): each.number for each in known if each.context}

    async def apply_verdicts(
        self,
        operations: Sequence[Operation],
        verdicts: Sequence[Verdict],
        *,
        planned: Sequence[Operation] = (),
        retry_after: float | None = None,
        can_recover: bool = False,
    ) -> None:
        """Write down what *verdicts* make of *operations*, and poll what was accepted.

        What is in doubt is held for the user, unless it *can_recover*. *planned* are others
        that are written down with them, in the same transaction.
        """
        run = self._run
        # A batch has one message for all its operations.
        mask = cache(run.channel.mask) if len(operations) > 1 else run.channel.mask
        stamp = run.clock.now()
        changed = [
            self._applied(operation, verdict, mask, now=stamp, can_recover=can_recover)
            for operation, verdict in zip(operations, verdicts, strict=True)
        ]
        written = changed
        if planned:  # New numbers come last.
            written = sorted([*changed, *planned], key=lambda each: each.number)
        await run.writer.write_best_effort(written)
        now = run.clock.steady()  # What was accepted together is polled together.
        for operation in changed:
            if operation.state in POLLED:
                run.schedule.accepted(operation.number, now=now, retry_after=retry_after)

    def _applied(
        self,
        operation: Operation,
        verdict: Verdict,
        mask: Callable[[str], str],
        *,
        now: float,
        can_recover: bool,
    ) -> Operation:
        match verdict:
            case Accepted(context, message, rows):
                if rows:
                    operation = decided(operation, self._run.row_outcomes(rows))
                return self._accepted(operation, context, _cut(mask(message)), now=now)
            case Finished(result):
                return finished(operation, self._run.status_update(result), now=now)
            case Rejected() if (named := refused_rows(verdict)) is not None:
                return finished(operation, self._run.status_update(named), now=now)
            case Rejected(message, code, is_proven):
                text = mask(message)
                return rejected(operation, message=text, code=code, now=now, is_proven=is_proven)
            case Resend(message, in_doubt):
                return replanned(operation, message=mask(message), in_doubt=in_doubt)
            case Unsure(message):
                doubt = unsure(operation, message=mask(message))
                return doubt if can_recover else self._run.held(doubt)

    def _accepted(
        self, operation: Operation, context: dict[str, Any], message: str, *, now: float
    ) -> Operation:
        run = self._run
        own = run.id_in(context)
        operation_id = run.channel.storable(own)
        owner = self._ids.setdefault(own, operation.number)
        if owner != operation.number:
            other = run.source.labels[run.ledger.operations[owner].rows[0]]
            text = f"accepted as {operation_id!r}, the id that row {other!r} was given before"
            return held(unsure(operation, message=text))
        changes = {"context": context, "operation_id": operation_id, "message": message}
        if operation.step < len(run.action.steps):
            return advanced(operation, **changes)
        return accepted(operation, **changes, now=now)


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE else f"{message[: MESSAGE - 1]}…"
