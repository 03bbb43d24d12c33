"""What the parts of one run share: its ledger, and the ways to the destination and to the disk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...destination import Action, Function
from ...errors import StoreError
from ...operation import Operation, RowOutcome, StatusUpdate
from ...responses import AsyncOperationResult, RowResult, clean_text
from ...schedule import Schedule
from ...store import StoredRun
from ..channel.channel import CallResult, Channel
from ..channel.state import submission_scope
from ..clock import Ages
from ..journal import Journal
from ..verdict.outcome import read_decided, read_result
from ..verdict.trouble import is_paced
from .batches import InputRows
from .ledger import Ledger

# How much goes on at once in a run; the pace of the host says how fast.
SUBMITTERS = 8
POLLERS = 32
PAUSE_SECONDS = 0.2  # How soon a paused run hears that it may go on.


@dataclass
class RunContext:
    """One run on its way; lives on the engine's loop."""

    record: StoredRun
    source: InputRows
    action: Action
    channel: Channel
    journal: Journal
    schedule: Schedule
    ledger: Ledger
    keeps_payloads: bool = True
    requests: int = 0  # HTTP requests so far.
    is_paused: bool = False  # Nothing is sent or asked until the user says so.
    is_canceling: bool = False  # Nothing more is sent, and what was sent is to be canceled.

    trouble: StoreError | None = None  # What ends the run: it could not be written.
    blank: set[int] = field(default_factory=set)  # Batches whose payloads were not kept.
    not_canceled: dict[int, str] = field(default_factory=dict)  # Refusals to cancel, by number.
    # Why the last polls of an operation got no answer, by its number.
    unanswered: dict[int, str] = field(default_factory=dict)
    odd: dict[int, str] = field(default_factory=dict)  # Words outside the contract, by number.

    def __post_init__(self) -> None:
        self.ages = Ages(self.channel.clock)  # Of what was sent.

    @property
    def run(self) -> str:
        """The id of the run."""
        return self.record.id

    @property
    def wall(self) -> float:
        """Unix seconds."""
        return self.channel.clock.wall()

    @property
    def steady(self) -> float:
        """Seconds of the clock of the schedule."""
        return self.channel.clock.steady()

    def operations(self, numbers: Sequence[int]) -> list[Operation]:
        """Return operations as they are now."""
        return [self.ledger.operations[number] for number in numbers]

    async def ask(
        self, function: Function, operations: Sequence[Operation] = (), **data: Any
    ) -> CallResult:
        """Call a destination's function about *operations* of one batch, with its state."""
        if operations:
            data["submission_id"] = self.submission_id(operations[0].batch)
            data["scope"] = submission_scope(self.run, operations[0].batch)
        asked = await self.channel.ask(function, **data)
        self.requests += len(asked.exchanges)
        return asked

    def ask_as(self, action: Action) -> None:
        """Poll and cancel by the functions of *action*, if its contexts stand for the same."""
        old = self.action
        is_same = (action.operation_per, action.operation_id) == (
            old.operation_per,
            old.operation_id,
        )
        # Without poll nobody hands anything out, and what was accepted is at rest.
        if is_same and action.poll is not None and old.poll is not None:
            self.action = replace(
                old,
                poll=action.poll,
                poll_batch_size=action.poll_batch_size,
                cancel=action.cancel,
            )

    def submission_id(self, batch: int) -> str:
        """Return the name of a submission, which is the same after a restart too."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"asyncdest_nb:{self.run}/{batch}"))

    def can_send(self, operation: Operation) -> bool:
        """Say whether its rows are at hand; a session may keep no payloads over a restart."""
        return operation.batch not in self.blank

    def is_too_late(self, operation: Operation) -> bool:
        """Say whether its idempotency key may be forgotten by now, so that it protects no more."""
        if not operation.in_doubt or self.action.recovery != "key":
            return False
        number, stamp = operation.number, operation.submitted_at or self.wall
        if not self.ages.are_known(number, stamp):
            return True
        # The steady clock may stand still while this machine sleeps; theirs does not.
        age = max(self.ages.of(number, stamp), self.wall - stamp)
        return age > self.action.key_seconds

    async def until_resumed(self) -> None:
        """Return when the user has not paused the run, or nothing more is to be sent or asked."""
        while self.is_paused and not self.ledger.is_at_rest and not self.trouble:
            await self.channel.clock.sleep(PAUSE_SECONDS)

    def hold_back(self, asked: CallResult) -> None:
        """Wait before the next request, unless the wire has taught the pace already."""
        if asked.error is not None and not is_paced(asked.error, asked.exchanges):
            self.channel.hold_back(asked.error)

    def news(self, result: AsyncOperationResult) -> StatusUpdate:
        """Translate a result, without secrets."""
        return read_result(result, mask=self.channel.mask, storable=self.channel.storable)

    def decided(self, rows: Sequence[RowResult | None]) -> list[RowOutcome]:
        """Translate what was decided of *rows* at once, without secrets."""
        return read_decided(rows, mask=self.channel.mask, storable=self.channel.storable)

    @property
    def control(self) -> str:
        """The user's word on the run, see StoredRun."""
        return "canceled" if self.is_canceling else "paused" if self.is_paused else "going"

    def stand(self) -> None:
        """Keep on disk what the user has said of the run, if that is there by now."""
        store = self.journal.store
        with store.writing():
            store.put_control(self.run, self.control)

    async def keep(self, operations: Sequence[Operation]) -> None:
        """Make *operations* durable, then visible; they stay what they were if that fails."""
        try:
            await self.journal.keep(self.run, *map(self._kept, operations))
        except StoreError:
            for each in self.operations([each.number for each in operations]):
                self.journal.note(self.run, self._kept(each))
            raise
        self._show(operations)

    async def keep_said(self, operations: Sequence[Operation]) -> None:
        """Make durable and visible what the destination said: it is so, whatever the disk does."""
        try:
            await self.journal.keep(self.run, *map(self._kept, operations))
        finally:
            self._show(operations)

    def put(self, operation: Operation) -> None:
        """Make *operation* visible, and durable soon."""
        self.journal.note(self.run, self._kept(operation))
        self.ledger.put(operation)

    def _kept(self, operation: Operation) -> Operation:
        """Return *operation* as it may be on disk: a signed URL in a context is for this process.

        After a restart its poll is refused, which is told; an id would have done better. A
        secret setting comes back, see ``recalled``.
        """
        context = self.channel.folded(operation.context)
        return operation if context == operation.context else replace(operation, context=context)

    def recalled(self, operation: Operation) -> Operation:
        """Return *operation* from disk with the context that the destination's code knows."""
        context = self.channel.unfolded(operation.context)
        return operation if context == operation.context else replace(operation, context=context)

    def id_of(self, operation: Operation) -> str:
        """Return the id that the destination knows it by; ``operation_id`` is masked."""
        return clean_text((operation.context or {}).get(self.action.operation_id))

    def _show(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            self.ledger.put(operation)
