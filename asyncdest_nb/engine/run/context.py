"""What the parts of one run share: what is sent where, when, and how far it has come."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from hashlib import sha1
from typing import Any

from ...destination import Action, Function, WrittenPayloads
from ...frame import RowSource
from ...operation import POLLED, Operation, RowOutcome, StatusUpdate, held
from ...responses import AsyncOperationResult, JSONObject, RowResult, clean_text
from ...schedule import OPEN_SECONDS, LearningSchedule, Schedule
from ...store import StoredRun
from ..channel.call import CallResult
from ..channel.channel import Channel
from ..channel.state import submission_scope
from ..channel.throttle import ShouldStop, Turn
from ..clock import RunClock
from ..verdict.outcome import read_decided, read_result
from ..verdict.trouble import is_seen_by_limiter
from .batches import Batch
from .control import RunControl
from .ledger import Ledger
from .payloads import RunPayloads
from .problems import OperationProblems
from .tally import Kind, RunTally
from .writer import LedgerWriter

# How many requests of a run are on their way at most; the rate limiter sets the speed. A
# submission counts from its turn to its answer, which includes the commit of its intent: on a
# disk of 20 ms a commit, 8 would send 200 rows a second and 48 send 1,200. Polls keep some of
# the 64 connections for themselves, whatever the submissions wait for.
SUBMITTERS = 48
POLLERS = 32
# Of batches of more rows fewer are on their way, but not less than these.
FEWEST_SUBMITTERS = 8
_ROWS_ON_THEIR_WAY = 2_000
_NAMESPACE = uuid.NAMESPACE_URL.bytes
_VARIANTS = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
PAUSE_SECONDS = 0.2  # How soon a paused run notices that it may go on.


@dataclass
class RunContext:
    """One run on its way; lives on the engine's loop."""

    record: StoredRun
    source: RowSource
    payloads: RunPayloads
    action: Action
    channel: Channel
    schedule: Schedule
    ledger: Ledger
    writer: LedgerWriter
    clock: RunClock
    control: RunControl = field(default_factory=RunControl)
    problems: OperationProblems = field(default_factory=OperationProblems)
    keep_learned: Callable[[RunContext], None] = lambda run: None
    tally: RunTally = field(default_factory=RunTally)
    paused_before: float = 0.0  # Seconds that its channel was throttled before it began.
    sender: Channel | None = None  # Sends the batches; None = ``channel`` does.
    blank: set[int] = field(default_factory=set)  # Batches whose payloads were not kept.
    repeated: int = 0  # Rows that equal completed ones of earlier runs.

    @property
    def submitters(self) -> int:
        """How many submissions may be on their way at once."""
        action, rows = self.action, 1
        if action.perform_batch is not None:
            rows = min(self.record.batch_size or action.batch_size, action.batch_size)
        return max(FEWEST_SUBMITTERS, min(SUBMITTERS, _ROWS_ON_THEIR_WAY // rows))

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.record.id

    @cached_property
    def learner(self) -> LearningSchedule | None:
        """The schedule, if it learns; whether it does takes long to find out."""
        return self.schedule if isinstance(self.schedule, LearningSchedule) else None

    async def ask(
        self,
        function: Function,
        operations: Sequence[Operation] = (),
        *,
        payload: Any = None,
        contexts: Sequence[JSONObject] = (),
        should_stop: ShouldStop = lambda: False,
        turn: Turn | None = None,
        kind: Kind = "other",
        age_seconds: float | None = None,
    ) -> CallResult:
        """Call a destination's function about *operations* of one batch, with its state.

        Its requests count as *kind*. The rest is as for ``Channel.call``.
        """
        batch, run_id = operations[0].batch if operations else None, self.record.id
        channel = self.sender if kind == "submit" else None
        result = await (channel or self.channel).call(
            function,
            payload=payload,
            contexts=contexts,
            submission_id="" if batch is None else submission_id(run_id, batch),
            scope=None if batch is None else submission_scope(run_id, batch),
            age_seconds=age_seconds,
            should_stop=should_stop,
            turn=turn,
        )
        self.tally.requests[kind] += len(result.exchanges)
        return result

    def use(self, channel: Channel, action: Action) -> None:
        """Send by *channel* from now on; poll and cancel as *action* does, if it fits.

        It fits if its contexts stand for the same operations.
        """
        self.channel = self.writer.channel = channel
        self.sender = None  # It has the key from before.
        old = self.action
        is_same = (action.operation_per, action.operation_id) == (
            old.operation_per,
            old.operation_id,
        )
        # Without poll nothing is polled, and what was accepted is at rest.
        if is_same and action.poll is not None and old.poll is not None:
            self.action = replace(
                old,
                poll=action.poll,
                poll_batch_size=action.poll_batch_size,
                cancel=action.cancel,
            )

    async def payloads_of(self, batch: Batch) -> WrittenPayloads:
        """Return the payloads of *batch*, which are at hand from now on until it is sent."""
        if batch.payloads is None:
            batch.payloads = await self.payloads.of(batch.positions)
        return batch.payloads

    @property
    def seconds_throttled(self) -> float:
        """For how long its channel was paused since it began."""
        return max(0.0, self.channel.seconds_paused - self.paused_before)

    @property
    def is_full(self) -> bool:
        """Whether as many operations are open as may be: more are sent as these end."""
        if self.action.poll is None:
            return False
        is_open, operations = self.ledger.count_in(POLLED), self.ledger.operations
        submissions = operations[-1].batch + 1 if operations else 1
        rate, per_request = self.channel.limiter.rate, len(operations) / submissions
        if is_open < OPEN_SECONDS * rate * per_request:
            return False  # Most runs never have more, and this is looked at for each request.
        limit = self.tally.open_limit.at(self.clock.now(), rate=rate, per_request=per_request)
        return is_open >= limit

    def can_send(self, operation: Operation) -> bool:
        """Whether its rows are at hand; a session may keep no payloads over a restart."""
        return operation.batch not in self.blank

    def is_too_late(self, operation: Operation) -> bool:
        """Whether its idempotency key may have expired, so that it protects no more."""
        if not operation.in_doubt or self.action.recovery != "key":
            return False
        age = self.age_of(operation)
        return age is None or age > self.action.key_seconds

    def age_of(self, operation: Operation) -> float | None:
        """Return how many seconds ago *operation* was first sent; None = that is not known."""
        number, stamp = operation.number, operation.submitted_at or self.clock.wall()
        if not self.clock.is_age_known(number, stamp):
            return None
        # The steady clock may stand still while this machine sleeps; the destination's does not.
        return max(self.clock.age(number, stamp), self.clock.wall() - stamp)

    def held(self, operation: Operation, why: str = "") -> Operation:
        """Return *operation* held for the user, who reads *why*, and what the action says of it."""
        note, message = self.action.held_note, operation.message
        texts = (message, why, note if note not in message else "")
        return held(operation, message="; ".join(filter(None, texts)))

    async def wait_until_resumed(self) -> None:
        """Wait while the user has paused the run, unless it has ended."""
        while self.control.is_paused and not self.ledger.is_at_rest and not self.control.trouble:
            await self.clock.sleep(PAUSE_SECONDS)

    def back_off(self, result: CallResult) -> None:
        """Back off for an error that the rate limiter has not seen."""
        if result.error is not None and not is_seen_by_limiter(result.error, result.exchanges):
            self.channel.back_off(result.error)

    def status_update(self, result: AsyncOperationResult) -> StatusUpdate:
        """Translate what a poll returned for one operation, without secrets."""
        return read_result(result, mask=self.channel.mask, storable=self.channel.storable)

    def row_outcomes(self, rows: Sequence[RowResult | None]) -> list[RowOutcome]:
        """Translate what was decided about *rows* at once, without secrets."""
        return read_decided(rows, mask=self.channel.mask, storable=self.channel.storable)

    def id_of(self, operation: Operation) -> str:
        """Return the operation id as the destination knows it; ``operation_id`` is masked."""
        return self.id_in(operation.context or {})

    def id_in(self, context: JSONObject) -> str:
        """Return the operation id in *context*."""
        return clean_text(context.get(self.action.operation_id))


@lru_cache(4_096)  # A poll has that of the submission.
def submission_id(run_id: str, batch: int) -> str:
    """Return the id of a submission, which is the same after a restart.

    It is ``uuid.uuid5`` of the URL namespace, made in a third of the time.
    """
    name = f"asyncdest_nb:{run_id}/{batch}".encode()
    digits = sha1(_NAMESPACE + name, usedforsecurity=False).hexdigest()
    low, high = f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}", f"{digits[17:20]}-{digits[20:32]}"
    return f"{low}-{_VARIANTS[digits[16]]}{high}"
