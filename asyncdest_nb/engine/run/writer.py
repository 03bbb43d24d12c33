"""The writer of one run: its operations go to disk by the journal, and to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

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

    @property
    def is_in_memory(self) -> bool:
        """Whether there is no file to write to."""
        return self._journal.is_in_memory

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

        Raises StoreError if that fails; nothing was written then.
        """
        await self._journal.transact(work, self._run_id, operations)

    async def write_durably(self, operations: Sequence[Operation]) -> None:
        """Write *operations* to disk, then to the ledger; the ledger is unchanged if that fails.

        Raises StoreError if they cannot be written.
        """
        try:
            await self._journal.write_durably(self._run_id, *map(self.replace_secrets, operations))
        except StoreError:
            for each in operations:
                self._write_soon(self._ledger.operations[each.number])
            raise
        self._show(operations)

    async def write_best_effort(self, operations: Sequence[Operation]) -> None:
        """Write what the destination answered: it holds, and is shown, if the disk fails too."""
        try:
            await self._journal.write_durably(self._run_id, *map(self.replace_secrets, operations))
        finally:
            self._show(operations)

    def update(self, operation: Operation) -> None:
        """Write *operation* to the ledger now, and to disk soon."""
        self._write_soon(operation)
        self._ledger.update(operation)

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
        context = self.channel.replace_secrets(operation.context)
        return operation if context == operation.context else replace(operation, context=context)

    def restore_secrets(self, operation: Operation) -> Operation:
        """Return *operation* from disk with the context that the destination's code expects."""
        context = self.channel.restore_secrets(operation.context)
        return operation if context == operation.context else replace(operation, context=context)

    def _write_soon(self, operation: Operation) -> None:
        self._journal.write_soon(self._run_id, self.replace_secrets(operation))

    def _show(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            self._ledger.update(operation)
