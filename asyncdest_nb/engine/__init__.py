"""The only room that awaits a destination: submit, poll, and keep what is known durable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..destination import Destination, Settings
from ..mapping import FieldMap
from ..store import RunTables, StateValue, Store, StoredRow, StoredRun, write_export
from .channel.channel import CallResult, Channel
from .channel.poll_round import polled_once
from .channel.state import SessionState, call_scope
from .clock import Clock
from .journal import Journal
from .run.batches import InputRows, Invalid, Prepared, batched, prepare
from .run.context import RunContext
from .run.execution import Execution
from .run.ledger import Ledger
from .run.preparer import Preparer
from .run.resumer import Resumer, doubtful_again
from .verdict.check import read_check
from .verdict.job_answer import contexts_in

__all__ = [
    "CallResult",
    "Channel",
    "Clock",
    "Engine",
    "Execution",
    "InputRows",
    "Invalid",
    "Ledger",
    "Prepared",
    "SessionState",
    "batched",
    "call_scope",
    "contexts_in",
    "polled_once",
    "prepare",
    "read_check",
    "remembered",
]


class Engine:
    """What the runs of one session share: the store, its one writer, and the state.

    *loop* is where everything here runs; *path* None keeps all in memory. While
    another process has the file, ``holder`` says which, and nothing is written.
    Raises StoreError if the file cannot be opened.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        path: Path | None = None,
        keeps_payloads: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._loop = loop
        self._clock = clock or Clock()
        self._keeps_payloads = keeps_payloads
        self.channels: list[Channel] = []
        self.store = Store(path)
        self.journal = Journal(self.store)
        try:
            self.state = self._read_state()
        except BaseException:  # Nobody else would let go of the file.
            self.store.close()
            raise

    def take_over(self) -> bool:
        """Say whether the file is ours by now, because whoever had it is gone."""
        if self.store.holder:
            self.store.take_over()
            self.state = self._read_state()  # As it is by now, whoever writes it.
        return not self.store.holder

    @property
    def wall(self) -> float:
        """Unix seconds."""
        return self._clock.wall()

    def _read_state(self) -> SessionState:
        kept = self.store.state(now=self._clock.wall())
        return SessionState(kept, clock=self._clock, note=self._note)

    def channel(self, destination: Destination, settings: Settings, **options: Any) -> Channel:
        """Return the way to *destination*; nothing is sent yet."""
        found = Channel(destination, settings, state=self.state, clock=self._clock, **options)
        for other in self.channels:
            found.join(other)
        self.channels.append(found)
        return found

    def execution(
        self, record: StoredRun, *, fields: FieldMap, source: InputRows, **course: Any
    ) -> Execution:
        """Return a run that is ready to go, of what a Course is made of; nothing is sent yet."""
        ledger = Ledger(rows=len(source.rows))
        found = self._course(record, source=source, ledger=ledger, **course)
        return Execution(found, Preparer(found, fields))

    def resumption(self, record: StoredRun, *, ledger: Ledger, **course: Any) -> Execution:
        """Return a run that is ready to go on; nothing is sent yet."""
        found = self._course(record, ledger=ledger, **course)
        if ledger.is_from_disk:
            ledger.operations[:] = map(found.recalled, ledger.operations)
            ledger.is_from_disk = False
        found.is_paused = record.control == "paused"
        found.is_canceling = record.control == "canceled"
        is_open = doubtful_again(ledger.operations, record, found.action)
        if is_open or not ledger.is_at_rest or ledger.has_failed:
            ledger.stir()
        return Execution(found, Resumer(found))

    def _course(self, record: StoredRun, **course: Any) -> RunContext:
        return RunContext(
            record, journal=self.journal, keeps_payloads=self._keeps_payloads, **course
        )

    async def forget(self, runs: Sequence[str]) -> None:
        """Delete *runs*, and the state of their batches."""
        self.journal.flush()
        self.store.forget(runs)
        self.state.forget(runs)

    async def rows(self, run: str, positions: Sequence[int]) -> list[StoredRow]:
        """Return what was to be sent of *run* at *positions*, in the order of the frame."""
        return self.store.rows(run, at=positions)

    async def export(self, runs: Sequence[str], path: Path) -> None:
        """Write *runs* to a file of their own."""
        self.journal.flush()
        # What could not be written, as to a full disk, is not to be missing.
        write_export(self.store, runs, path, newer=self.journal.noted())

    async def aclose(self) -> None:
        """Close the connections, write what is noted and close the store."""
        for channel in self.channels:
            await channel.aclose()
        self.journal.flush()
        self.store.close()

    def _note(self, value: StateValue) -> None:
        # At once, so that it is written no later than the outcome of the call that stored it.
        # Functions may keep state from a worker thread; a timer is the loop's own to set.
        self.journal.note_state(value)
        self._loop.call_soon_threadsafe(self.journal.due)


def remembered(store: RunTables, run: StoredRun) -> tuple[Ledger, list[StoredRow]]:
    """Return what *store* has of a run: its ledger, and its rows by position."""
    rows, operations = store.whole(run)
    ledger = Ledger(rows=len(rows))
    invalid = {row.position: row.fault for row in rows if row.fault is not None}
    ledger.plan(operations, invalid=invalid)
    ledger.is_from_disk = True
    if ledger.is_at_rest:
        ledger.rested.set_result(None)
    return ledger, rows
