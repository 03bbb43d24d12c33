"""The only room that awaits a destination: submit, poll, and keep what is known durable."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ..destination import Destination, Settings
from ..mapping import FieldMap
from ..store import StateValue, Store, StoredRow
from .channel import Asked, Channel
from .clock import Clock
from .course import Course, Limits
from .execution import Execution
from .journal import Journal
from .ledger import Ledger
from .plan import Invalid, Prepared, Source, batched, prepare
from .preparing import Preparing
from .resuming import Resuming
from .state import SessionState
from .verdict import read_check

__all__ = [
    "Asked",
    "Channel",
    "Clock",
    "Engine",
    "Execution",
    "Invalid",
    "Ledger",
    "Limits",
    "Prepared",
    "Source",
    "batched",
    "prepare",
    "read_check",
]


class Engine:
    """What the runs of one session share: the store, its one writer, and the state.

    *loop* is where everything here runs; *path* None keeps all in memory. Raises
    StoreError if the file cannot be opened.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        path: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._loop = loop
        self._clock = clock or Clock()
        self.store = Store(path)
        self.journal = Journal(self.store)
        self._state = SessionState(
            self.store.state(now=self._clock.wall()), clock=self._clock.wall, note=self._note
        )

    def channel(self, destination: Destination, settings: Settings, **options: Any) -> Channel:
        """Return the way to *destination*; nothing is sent yet."""
        return Channel(destination, settings, state=self._state, clock=self._clock, **options)

    def execution(self, run: str, *, fields: FieldMap, source: Source, **course: Any) -> Execution:
        """Return a run that is ready to go, of what a Course is made of; nothing is sent yet."""
        ledger = Ledger(rows=len(source.rows))
        found = Course(run, source=source, ledger=ledger, journal=self.journal, **course)
        return Execution(found, Preparing(found, fields))

    def resumption(self, run: str, **course: Any) -> Execution:
        """Return a run that is ready to go on; nothing is sent yet."""
        found = Course(run, journal=self.journal, **course)
        return Execution(found, Resuming(found))

    def remembered(self, run: str) -> tuple[Ledger, list[StoredRow]]:
        """Return what the store has of a run: its ledger, and its rows by position."""
        rows = self.store.rows(run)
        ledger = Ledger(rows=len(rows))
        invalid = {row.position: row.fault for row in rows if row.fault is not None}
        ledger.plan(self.store.operations(run), invalid=invalid)
        if ledger.is_at_rest:
            ledger.rested.set_result(None)
        return ledger, rows

    async def aclose(self) -> None:
        """Write what is noted and close the store."""
        self.journal.flush()
        self.store.close()

    def _note(self, value: StateValue) -> None:
        # Functions may keep state from a worker thread; the store has one writer.
        self._loop.call_soon_threadsafe(self.journal.note_state, value)
