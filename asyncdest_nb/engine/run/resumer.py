"""The first part of a run that goes on after a restart: read what the session's file has of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from ...destination import Action, WrittenPayloads, text_of
from ...operation import (
    POLLED,
    Operation,
    State,
    not_canceled,
    rejected,
    replanned,
    submitted,
    unsure,
)
from ...store import StoredRun
from .batches import Batch
from .context import RunContext

_OPEN = (State.PLANNED, State.UNKNOWN)
_INTERRUPTED = "interrupted while it was being sent"
_NOT_KEPT = "not sent: its payload was not kept over the restart"
_OTHER_PAYLOAD = "not sent: its payload does not fit the action as it is defined now"
_OTHER_ACTION = "not sent: the action as it is defined now does not send such a batch"


class Resumer:
    """From the stored operations of a run to the batches to send or to reconcile."""

    notice = "resuming"

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._recovery = recovery_of(run.record, run.action)

    async def batches(self) -> list[Batch]:
        """Return what is still to be sent; what was accepted is polled from now on."""
        run = self._run
        for operation in recoverable(run.ledger.operations, run.record, run.action):
            run.writer.update(unsure(operation, message=operation.message))
        for operation in run.ledger.operations:
            self._resume(operation)
        left = [each for each in run.ledger.operations if each.state in _OPEN]
        stored = await run.writer.read(lambda store: store.rows(run.id)) if left else []
        texts = {row.position: row.payload for row in stored}
        found = [self._batch(operations, texts) for operations in by_batch(left)]
        return [batch for batch in found if batch is not None]

    def _resume(self, operation: Operation) -> None:
        run = self._run
        if operation.state is State.CANCELING and run.control.is_canceling:
            # Nobody knows whether the destination was asked to cancel, so it is asked again.
            run.writer.update(not_canceled(operation, message=operation.message))
        if operation.state in POLLED:
            stamp = operation.accepted_at or operation.submitted_at or run.clock.now()
            age = run.clock.age(operation.number, stamp)
            run.schedule.accepted(operation.number, now=run.clock.steady() - age)
        elif (settled := self._settled(operation)) is not operation:
            run.writer.update(settled)

    def _settled(self, operation: Operation) -> Operation:
        """Return what is certain about an operation that was being sent, or is still to be sent."""
        if operation.state is State.SUBMITTING:
            operation = self._interrupted(operation)
        is_open = operation.in_doubt and operation.state in _OPEN
        return self._run.held(operation) if is_open and self._recovery == "none" else operation

    def _interrupted(self, operation: Operation) -> Operation:
        if self._recovery == "prepare_commit":
            # Each step may be repeated, and nothing is applied before the last.
            is_last = operation.step == len(self._run.action.steps)
            return replanned(operation, message=_INTERRUPTED, in_doubt=is_last)
        return unsure(operation, message=f"{_INTERRUPTED}: it may or may not have been applied")

    def _batch(self, operations: list[Operation], texts: Mapping[int, str | None]) -> Batch | None:
        stored = [texts[row] for each in operations for row in each.rows]
        numbers = [each.number for each in operations]
        if None in stored:
            return self._blank(operations, numbers)
        if self._has_other_shape(operations, rows=len(stored)):
            self._reject(operations, _OTHER_ACTION)
            return None
        model = self._run.action.payload
        payloads = WrittenPayloads(model, [text or "" for text in stored])
        if not _is_same(payloads):
            self._reject(operations, _OTHER_PAYLOAD)
            return None
        positions = [row for each in operations for row in each.rows]
        # The values are made again, of the texts, when the batch is sent.
        return Batch(operations[0].batch, positions, numbers, payloads.fresh())

    def _has_other_shape(self, operations: Sequence[Operation], *, rows: int) -> bool:
        action = self._run.action
        is_alone = action.perform_batch is None and rows > 1
        return is_alone or operations[0].step > len(action.steps)

    def _blank(self, operations: Sequence[Operation], numbers: Sequence[int]) -> Batch | None:
        """Return a batch that can be looked for but not be sent, if it is in doubt."""
        if operations[0].state is State.UNKNOWN:
            self._run.blank.add(operations[0].batch)
            empty = WrittenPayloads(self._run.action.payload, [])
            return Batch(operations[0].batch, [], numbers, empty)
        self._reject(operations, _NOT_KEPT)
        return None

    def _reject(self, operations: Sequence[Operation], message: str) -> None:
        """Reject what was never applied, and hold what is in doubt: neither can be sent."""
        writer, now = self._run.writer, self._run.clock.now()
        for each in operations:
            if each.in_doubt:
                writer.update(self._run.held(each, message))
            else:
                refused = submitted(each, now=now)
                writer.update(rejected(refused, message=message, code=None, now=now))


def by_batch(operations: Iterable[Operation]) -> Iterable[list[Operation]]:
    """Return *operations* by their batch; those of one that was divided may lie apart."""
    found: dict[int, list[Operation]] = {}
    for each in operations:
        found.setdefault(each.batch, []).append(each)
    return found.values()


def _is_same(payloads: WrittenPayloads) -> bool:
    """Whether stored payloads still fit their model, which does not change them.

    A validator that hashes or shifts a value would do so a second time.
    """
    try:
        return [text_of(each) for each in payloads.values()] == payloads.texts
    except ValidationError:
        return False


def recovery_of(record: StoredRun, action: Action) -> str:
    """Return how a submission in doubt is recovered: as the action declared it at submit."""
    if record.recovery is None:  # The first schema knew of nothing but steps.
        return "prepare_commit" if action.steps else "none"
    return action.recovery if action.recovery in (record.recovery, "natural") else "none"


def recoverable(
    operations: Sequence[Operation], record: StoredRun, action: Action
) -> list[Operation]:
    """Return held operations that *action* can find out about, of whole batches only."""
    is_over = recovery_of(record, action) in ("none", "prepare_commit")
    if is_over or record.control == "canceled":
        return []
    found: list[Operation] = []
    for batch in by_batch(operations):
        if all(each.state is State.HELD and each.in_doubt for each in batch):
            found += batch
    return found
