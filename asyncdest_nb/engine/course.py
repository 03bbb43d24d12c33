"""What the parts of one run share: its ledger, and the ways to the destination and to the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..destination import Action, Function
from ..operation import News, Operation
from ..responses import AsyncOperationResult
from ..schedule import Schedule
from .channel import Asked, Channel
from .journal import Journal
from .ledger import Ledger
from .plan import Source
from .verdict import is_paced, read_result


@dataclass(frozen=True)
class Limits:
    """How much goes on at once; *batch_size* None = as many rows as the action takes."""

    batch_size: int | None = None
    submitters: int = 8
    pollers: int = 32


@dataclass
class Course:
    """One run on its way; lives on the engine's loop."""

    run: str
    title: str
    source: Source
    action: Action
    channel: Channel
    journal: Journal
    schedule: Schedule
    limits: Limits
    ledger: Ledger
    requests: int = 0  # HTTP requests so far.
    is_canceling: bool = False  # Nothing more is sent, and what was sent is to be canceled.

    not_canceled: dict[int, str] = field(default_factory=dict)  # Refusals to cancel, by number.
    # Why the last polls of an operation got no answer, by its number.
    unanswered: dict[int, str] = field(default_factory=dict)

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
    ) -> Asked:
        """Call a destination's function about *operations*, with the state of their batches."""
        scopes = dict.fromkeys(f"{self.run}/{operation.batch}" for operation in operations)
        asked = await self.channel.ask(function, scopes=list(scopes), **data)
        self.requests += len(asked.exchanges)
        return asked

    def hold_back(self, asked: Asked) -> None:
        """Wait before the next request, unless the wire has taught the pace already."""
        if asked.error is not None and not is_paced(asked.error, asked.exchanges):
            self.channel.hold_back(asked.error)

    def news(self, result: AsyncOperationResult) -> News:
        """Translate a result, with its texts masked."""
        return read_result(result, mask=self.channel.mask)

    async def keep(self, operations: Sequence[Operation]) -> None:
        """Make *operations* durable, then visible."""
        await self.journal.keep(self.run, *operations)
        self._show(operations)

    async def keep_said(self, operations: Sequence[Operation]) -> None:
        """Make durable and visible what the destination said: it is so, whatever the disk does."""
        try:
            await self.journal.keep(self.run, *operations)
        finally:
            self._show(operations)

    def put(self, operation: Operation) -> None:
        """Make *operation* visible, and durable soon."""
        self.journal.note(self.run, operation)
        self.ledger.put(operation)

    def _show(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            self.ledger.put(operation)
