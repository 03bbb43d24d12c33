"""The writer of one run: its operations go to disk by the journal, and to the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import compress
from operator import not_
from typing import Any, TypeVar

from ...errors import StoreError
from ...operation import Operation
from ...store import Store
from ..channel.channel import Channel
from ..journal import Journal
from .control import RunControl
from .ledger import Ledger

T = TypeVar("T")


class LedgerWriter:
    """Write the operations of run *run_id* to disk and to its ledger.

    ``channel`` knows the secrets that are not to be on disk.
    """

    def __init__(self, run_id: str, *, ledger: Ledger, journal: Journal, channel: Channel) -> None:
        self.channel = channel
        self._run_id = run_id
        self._ledger = ledger
        self._journal = journal
        self.is_in_memory = journal.is_in_memory  # There is no file to write to.
        # In memory, by number: 1 = the store has it as the ledger has it; and contexts that had
        # secrets. They are found at once, since those of single calls are not known for long.
        self._stored = bytearray()
        self._hidden: dict[int, Any] = {}

    @property
    def failure(self) -> str:
        """Why the last commit failed; empty = it did not."""
        return self._journal.failure

    async def read(self, work: Callable[[Store], T]) -> T:
        """Return what *work* reads from the store, on the store's thread."""
        return await self._journal.use(work)

    async def transact(
        self, work: Callable[[Store], object], *, operations: Sequence[Operation] = ()
    ) -> None:
        """Have *work* write to the store on its thread, after *operations*, in one transaction.

        Without a file, the ledger alone has the operations, until the store is asked for them.
        Raises StoreError if that fails; nothing was written then.
        """
        if operations and self.is_in_memory:
            self._journal.leave(self._run_id, self._unstored)
            operations = ()
        await self._journal.transact(work, self._run_id, operations)

    async def write_durably(self, operations: Sequence[Operation]) -> None:
        """Write *operations* to disk, then to the ledger; the ledger is unchanged if that fails.

        Raises StoreError if they cannot be written.
        """
        try:
            await self._write(operations)
        except StoreError:
            for each in operations:
                self._write_soon(self._ledger.operations[each.number])
            raise
        self._show(operations)

    async def write_best_effort(self, operations: Sequence[Operation]) -> None:
        """Write what the destination answered: it holds, and is shown, if the disk fails too."""
        try:
            await self._write(operations)
        finally:
            self._show(operations)

    def update(self, operation: Operation) -> None:
        """Write *operation* to the ledger now, and to disk soon."""
        self._write_soon(operation)
        self._show([operation])

    async def flush(self) -> None:
        """Write to the store now what ``update`` has left for later."""
        await self._journal.flush()

    async def flush_to_disk(self) -> None:
        """Write now what ``update`` has left for later, if the store is a file."""
        await self._journal.flush_to_disk()

    async def save_control(self, control: RunControl) -> None:
        """Save pause and cancel, if the run is already recorded."""
        decision = control.decision
        await self.transact(lambda store: store.put_control(self._run_id, decision))

    def replace_secrets(self, operation: Operation) -> Operation:
        """Return *operation* as it may be on disk: without secrets, and without signed URLs.

        A secret setting becomes a reference, see ``restore_secrets``. A signed URL is lost: after a
        restart the poll is refused, and the run shows that. Destinations should store an id,
        not a signed URL.
        """
        if operation.context is None:
            return operation
        context = self.channel.replace_secrets(operation.context)
        return operation if context == operation.context else replace(operation, context=context)

    def restore_secrets(self, operation: Operation) -> Operation:
        """Return *operation* from disk with the context that the destination's code expects."""
        context = self.channel.restore_secrets(operation.context)
        return operation if context == operation.context else replace(operation, context=context)

    def _write(self, operations: Sequence[Operation]) -> Awaitable[None]:
        if self.is_in_memory:
            return self._journal.give_turn()
        written = [self.replace_secrets(each) for each in operations]
        return self._journal.write_durably(self._run_id, written)

    def _write_soon(self, operation: Operation) -> None:
        if not self.is_in_memory:
            self._journal.write_soon(self._run_id, self.replace_secrets(operation))

    def _show(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            if self.is_in_memory:
                self._leave(operation)
            self._ledger.update(operation)

    def _leave(self, operation: Operation) -> None:
        """Leave *operation* to the ledger, which has one before it, until the store is read."""
        number, known = operation.number, self._ledger.operations
        self._journal.leave(self._run_id, self._unstored)
        if self._stored and number < len(self._stored):
            self._stored[number] = 0
        if number < len(known) and known[number].context is operation.context:
            return  # As most that is written: it has one context all its life.
        stored = self.replace_secrets(operation)
        if stored is operation:
            self._hidden.pop(number, None)
        else:
            self._hidden[number] = stored.context

    def _unstored(self) -> list[Operation]:
        """Return the operations that the store has not got as they are now; it gets them next."""
        operations, stored = self._ledger.operations, self._stored
        self._stored = bytearray(b"\1") * len(operations)
        stored.extend(bytes(len(operations) - len(stored)))
        return [*map(self._storable, compress(operations, map(not_, stored)))]

    def _storable(self, operation: Operation) -> Operation:
        number = operation.number
        if number in self._hidden:
            return replace(operation, context=self._hidden[number])
        return self.replace_secrets(operation)
