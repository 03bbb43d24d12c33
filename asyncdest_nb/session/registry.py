"""What a session holds: its runs, those of before a restart, and the engine they go by."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..engine import Engine, Execution
from ..errors import StoreError, UsageError, warn
from ..portal import call, portal, require_other_thread, tell, wait_async
from ..store import DAY_SECONDS, Store, StoredRow, StoreWarning
from .run import Run
from .stored import reopen


@dataclass(frozen=True)
class Options:
    """What a session keeps, see Session."""

    keep_payloads: bool
    keep_days: float | None


class Shared:
    """What a session holds; those of one file in one process hold the same."""

    def __init__(self, path: Path | None, options: Options) -> None:
        self._options = options
        self._pid = os.getpid()
        self._path = path
        engine = Engine(portal().loop, path=path, keeps_payloads=options.keep_payloads)
        self.engine = engine
        self.going: dict[Run, asyncio.Task[None]] = {}  # Changed on the engine's thread alone.
        self.is_open = True
        # Two threads that submit the same rows at once, or connect, start a run once.
        self.starting = threading.Lock()
        try:
            self.read()
        except BaseException:
            engine.store.close()
            raise

    def read(self) -> None:
        """Read the runs of the file; those that are too old are deleted."""
        store = self.engine.store
        self._forget_older(store)
        self.reopened = reopen(store)
        self.runs = [each.run for each in self.reopened]
        for run in self.runs:
            self.own(run)

    def _forget_older(self, store: Store) -> None:
        if store.holder:
            return
        days = math.inf if self._options.keep_days is None else self._options.keep_days
        try:
            now = self.engine.wall
            believed = store.believed(now, keep_days=days)
            store.forget_older(believed - days * DAY_SECONDS)
            doubtful = store.older(now - days * DAY_SECONDS)
        except StoreError as error:
            # A full disk is no reason to lose sight of the runs that are still going.
            warn(f"old runs could not be deleted: {error}", StoreWarning, stacklevel=4)
            return
        if doubtful:
            warn(_leap(doubtful, now, believed, days), StoreWarning, stacklevel=4)

    def require_same(self, options: Options) -> None:
        """Raise UsageError if it was opened with others than these *options*."""
        if options != self._options:
            raise UsageError(
                f"this session is open here already, with {self._options}: close that one first, "
                f"or open it without {options}"
            )

    def is_at(self, path: Path) -> bool:
        """Say whether it is what a session at *path* holds."""
        if self._path is None:
            return False
        is_same = os.path.realpath(path) == os.path.realpath(self._path)
        return is_same or self.engine.store.is_at(path)

    @property
    def is_own(self) -> bool:
        """Whether it was opened in this process, not in the one that this is a fork of."""
        return self._pid == os.getpid()

    def require_open(self) -> None:
        """Raise UsageError if the session was closed, or is that of another process."""
        if not self.is_own:
            raise UsageError(
                f"this session is that of process {self._pid}, which goes on with it, and this one "
                "is a fork of that: open another session here"
            )
        if not self.is_open:
            what = "open it again" if self._path else "it was in memory, so make a new one"
            raise UsageError(f"this session is closed: {what}, and connect in that one")

    def own(self, run: Run) -> None:
        """Let *run* know who can save it, and who else goes on with it."""
        run._save, run._look, run._require_open = self.export, self.rows, self.require_open
        if holder := self.engine.store.holder:
            run._detach(f"the session is open in {holder}, which goes on with it")

    def refresh(self) -> None:
        """Take the file over if whoever had it is gone; else see how far it has come there."""
        # On the engine's thread, like all that uses the store: SQLite crashes if one thread
        # closes what another reads. And of several that ask at once one takes it over.
        if self.engine.store.holder:
            call(self._refresh())

    async def _refresh(self) -> None:
        if self.engine.store.holder:
            self.engine.take_over()
            self.read()

    def start(self, run: Run) -> None:
        """Take in a new *run*, and let it go."""
        self.own(run)
        self.runs.append(run)
        self.go(run)

    def unfinished(self) -> list[str]:
        """Say of each run that has not ended what becomes of it when the session does."""
        return [
            f"the session ends before {run}: what was not sent never will be, and nobody asks "
            "about the rest. Call run.wait() first, or give the session a name"
            for run in self.runs
            if run.status == "pending" and not run.is_at_rest
        ]

    def go(self, run: Run) -> None:
        """Let *run* go, or go on, unless it does already."""
        assert run._execution is not None  # It is connected.
        portal().start(self._go(run, run._execution))

    async def _go(self, run: Run, execution: Execution) -> None:
        # No stop button interrupts the engine's thread. What one interrupts may be done again,
        # and two at once would send everything twice.
        task = asyncio.current_task()
        assert task is not None  # It runs in one.
        if not (run.is_at_rest or execution.has_begun):
            self.going[run] = task
            await execution.execute()

    def known(self, digest: str) -> Run | None:
        """Return the latest retry of the run of *digest*, if any of it is or may be applied."""
        for run in reversed(self.runs):
            latest = run._chain()[-1]
            if run._record.digest == digest and latest._may_be_applied:
                return latest
        return None

    def sent_since(self, run: Run) -> Run | None:
        """Return what has sent the rows of *run* after it, but for its retries; None = nothing."""
        own = run._chain()
        for other in reversed(self.runs[self.runs.index(run) + 1 :]):
            name = other._chain()[0]._record.digest
            is_same = name is not None and name == own[0]._record.digest
            if is_same and other not in own and other._may_be_applied:
                return other
        return None

    def rows(self, run: str, positions: Sequence[int]) -> list[StoredRow]:
        """Return what was to be sent of *run* at *positions*, in the order of the frame."""
        self.require_open()
        return call(self.engine.rows(run, positions))

    def export(self, runs: Sequence[str], path: Path) -> None:
        """Write *runs* to a file of their own."""
        self.require_open()
        call(self.engine.export(runs, path))

    def forget(self, runs: Sequence[Run]) -> None:
        """Drop *runs*, here and in the file; what is canceled and goes on there is let go."""
        require_other_thread()
        for run in runs:
            if run._execution and not (run.is_at_rest or run._execution.is_canceling):
                raise UsageError(f"{run} is still going: cancel it or wait for it first")
        call(self._stop(runs))
        call(self.engine.forget([run.id for run in runs]))
        self.runs = [run for run in self.runs if run not in runs]
        for run in runs:
            self.going.pop(run, None)
        self.reopened = [each for each in self.reopened if each.run not in runs]

    async def _stop(self, runs: Sequence[Run]) -> None:
        """Let *runs* come to a stop where they stand."""
        going = [run for run in runs if run in self.going and not run.is_at_rest]
        for run in going:
            self.going[run].cancel()
        # They write their last word before they are deleted, or the store closes.
        for run in going:
            await wait_async(run.rested, timeout=5)

    def close(self) -> None:
        """Stop the runs where they stand, then close the connections and the store."""
        # Not by call: half closed, it would have the file for as long as this process lives.
        tell(self._aclose())

    async def _aclose(self) -> None:
        self.is_open = False
        await self._stop(list(self.going))
        await self.engine.aclose()


def _leap(runs: Sequence[str], now: float, believed: float, keep_days: float) -> str:
    today, last = (time.strftime("%Y-%m-%d", time.localtime(each)) for each in (now, believed))
    return (
        f"not deleted, though older than {keep_days:g} days by this machine's clock: runs "
        f"{', '.join(runs)}. It says {today}, and this session was last open on {last}: if the "
        "clock is wrong, set it right. If it is right, they are deleted when the session is "
        "opened on another day, or by session.forget(run)"
    )
