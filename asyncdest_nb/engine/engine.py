"""What the runs of one session share: the store, its one writer, and the state."""

from __future__ import annotations

import asyncio
from array import array
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..destination import Action, Destination, Settings, secrets_of
from ..frame import RowSource
from ..mapping import FieldMap
from ..operation import latest_stamp
from ..request import Client, Relay, RelayTransport, Route, Transport
from ..schedule import Schedule
from ..store import (
    LEARNED_SCOPE,
    NoThread,
    RunTables,
    StateValue,
    Store,
    StoredRow,
    StoredRun,
    StoreThread,
    unchanged_rows,
    write_export,
)
from .channel.channel import Channel
from .channel.invoke import is_running
from .channel.masked import masked
from .channel.state import SessionState
from .clock import Clock, RunClock
from .journal import Journal
from .run.claims import Claims
from .run.context import RunContext
from .run.control import RunControl
from .run.execution import Execution
from .run.learned import LearnedDurations
from .run.ledger import Ledger
from .run.payloads import RunPayloads
from .run.preparer import EarlierRuns, Preparer
from .run.repeats import Repeats
from .run.resumer import Resumer, recoverable
from .run.row_keys import RowKeys
from .run.writer import LedgerWriter


class Engine:
    """What the runs of one session share: the store, its one writer, and the state.

    *loop* is where everything here runs; *path* None keeps all in memory. If the loop
    *has_threads* beside it, the file is written on one of its own. While
    another process has the file, ``store.holder`` names it, and nothing is written.
    Raises StoreError if the file cannot be opened.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        path: Path | None = None,
        has_threads: bool = True,
        keeps_payloads: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._loop = loop
        self._clock = clock or Clock()
        self._keeps_payloads = keeps_payloads
        self.channels: list[Channel] = []
        self._turns = defaultdict[str, asyncio.Lock](asyncio.Lock)  # By the scope of keys.
        self.store = Store(path)
        thread = StoreThread() if path is not None and has_threads else NoThread()
        self.journal = Journal(self.store, loop, thread=thread, is_in_memory=path is None)
        try:
            self.state, self.learned = self._read_state(), self._learned()
        except BaseException:  # Without this engine nobody would close the file.
            self.store.close()
            raise

    def take_over(self) -> bool:
        """Take the file over if its holder is gone; return whether it is ours now.

        To be called where the journal has the store used.
        """
        if self.store.holder:
            self.store.take_over()
            self.learned = self._learned()
            self.state = self._read_state()  # Whoever holds the file, it may have changed.
        return not self.store.holder

    @property
    def wall(self) -> float:
        """Unix seconds."""
        return self._clock.wall()

    def _read_state(self) -> SessionState:
        stored = self.store.state(now=self._clock.wall())
        kept = [each for each in stored if not each.scope.startswith(LEARNED_SCOPE)]
        note = None if self.journal.is_in_memory else self._save_state
        return SessionState(kept, clock=self._clock, note=note)

    def channel(
        self,
        destination: Destination,
        settings: Settings,
        *,
        requests_per_second: float | None,
        timeout_seconds: float,
        transport: Transport | None,
        route: Route | None,
    ) -> Channel:
        """Return a channel to *destination*, at the pace of others to the same; sends nothing."""
        try:
            found = Channel(
                destination,
                settings,
                state=self.state,
                requests_per_second=requests_per_second,
                timeout_seconds=timeout_seconds,
                transport=transport,
                route=route,
                clock=self._clock,
            )
        except Exception as error:  # Of what extend_request made of the settings.
            raise masked(error, Client(secrets=secrets_of(settings)).mask) from None
        for other in self.channels:
            found.join(other)
        self.channels.append(found)
        return found

    def relayed(self, channel: Channel, relay: Relay) -> Channel | None:
        """Return a channel like *channel* whose requests *relay* makes.

        None = it cannot, since *channel* has a transport or a route of its own.
        """
        if not channel.is_usual:
            return None
        self.channels.append(channel.sent_by(RelayTransport(relay, route=Route())))
        return self.channels[-1]

    def execution(
        self,
        record: StoredRun,
        *,
        source: RowSource,
        action: Action,
        fields: FieldMap,
        channel: Channel,
        schedule: Schedule,
        earlier: EarlierRuns | None = None,
        sender: Channel | None = None,
        keys: RowKeys | None = None,
        before: Sequence[tuple[str, Ledger]] = (),
    ) -> Execution:
        """Return a new run that is ready to start; nothing is sent yet.

        *before* are runs to the same destination, by id: a notice says how many rows equal
        rows that these have completed. *earlier* finds out whether its rows were submitted
        before, None = they were not.
        *keys* are those of its rows, None = they have none.
        *sender* sends its batches, None = *channel* does, which polls too.
        """
        run = self._context(
            record,
            source=source,
            action=action,
            channel=channel,
            schedule=schedule,
            ledger=Ledger(rows=source.count or 0),
        )
        run.sender = sender
        claims = None if keys is None else Claims(run, keys, self._turns[keys.scope])
        keeps = self._keeps_payloads
        preparer = Preparer(
            run,
            fields,
            keeps_payloads=keeps,
            earlier=earlier,
            claims=claims,
            repeats=Repeats(run, before),
        )
        return Execution(run, preparer)

    def resumption(
        self,
        record: StoredRun,
        *,
        source: RowSource,
        action: Action,
        channel: Channel,
        schedule: Schedule,
        ledger: Ledger,
    ) -> Execution:
        """Return a run that is ready to go on; nothing is sent yet."""
        run = self._context(
            record,
            source=source,
            action=action,
            channel=channel,
            schedule=schedule,
            ledger=ledger,
        )
        ledger.restore_secrets(run.writer.restore_secrets)
        is_open = recoverable(ledger.operations, record, run.action)
        if is_open or not ledger.is_at_rest or ledger.has_failed:
            ledger.reopen()
        return Execution(run, Resumer(run))

    def _context(
        self,
        record: StoredRun,
        *,
        source: RowSource,
        action: Action,
        channel: Channel,
        schedule: Schedule,
        ledger: Ledger,
    ) -> RunContext:
        self.learned.teach(schedule, destination=record.destination, action=record.action)
        latest = max(record.created_at, latest_stamp(ledger.operations))
        channel.access_token.ask_now()
        return RunContext(
            record,
            source=source,
            payloads=RunPayloads(
                record.id, self.journal, action.payload, is_in_order=not action.batch_keys
            ),
            action=action,
            channel=channel,
            schedule=schedule,
            ledger=ledger,
            writer=LedgerWriter(record.id, ledger=ledger, journal=self.journal, channel=channel),
            clock=RunClock(channel.clock, after=latest),
            control=RunControl.of(record),
            keep_learned=self.learned.keep,
            paused_before=channel.seconds_paused,
        )

    def _learned(self) -> LearnedDurations:
        stored = self.store.state(now=self._clock.wall())
        found = [each for each in stored if each.scope.startswith(LEARNED_SCOPE)]
        return LearnedDurations(found, note=self.journal.add_state)

    async def forget(self, runs: Sequence[str]) -> None:
        """Delete *runs*, and the state of their batches."""
        await self.journal.flush()
        await self.journal.use(lambda store: store.forget(runs))
        self.journal.drop(runs)
        self.state.forget(runs)

    async def claimed_keys(self, run: str) -> dict[int, bytes]:
        """Return by position the keys of those rows of *run* that were not completed."""
        await self.journal.flush()
        return await self.journal.use(lambda store: store.claimed_keys(run))

    async def known_payloads(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the payloads last completed under *keys*, of those of which they are known."""
        await self.journal.flush()
        return await self.journal.use(lambda store: store.known_payloads(keys))

    async def rows(self, run: str, positions: Sequence[int]) -> list[StoredRow]:
        """Return the stored rows of *run* at *positions*, in the order of the frame."""
        return await self.journal.use(lambda store: store.rows(run, at=positions))

    async def export(self, runs: Sequence[str], path: Path) -> None:
        """Write *runs* to a file of their own."""
        await self.journal.flush()
        # What a full disk has kept from the store belongs in the export too.
        newer = self.journal.pending()
        await self.journal.use(lambda store: write_export(store, runs, path, newer=newer))

    async def aclose(self) -> None:
        """Close the connections, write what is pending and close the store."""
        for channel in self.channels:
            await channel.aclose()
        await self.journal.aclose()

    def _save_state(self, value: StateValue) -> None:
        # Added at once, so that it is written no later than the outcome of the call that
        # stored it. A function may store state on a worker thread; only the loop's own
        # thread may set a timer.
        self.journal.add_state(value)
        if is_running(self._loop):
            self.journal.schedule_commit()
        else:
            self._loop.call_soon_threadsafe(self.journal.schedule_commit)


def load_ledger(store: RunTables, run: StoredRun) -> tuple[Ledger, list[StoredRow]]:
    """Return what *store* has of a run: its ledger, and its rows by position."""
    rows, operations = store.whole(run)
    invalid = {row.position: row.fault for row in rows if row.fault is not None}
    unchanged = array("q", unchanged_rows(run, rows))
    ledger = Ledger.from_disk(operations, rows=len(rows), invalid=invalid, unchanged=unchanged)
    return ledger, rows
