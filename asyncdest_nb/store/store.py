"""A session's database: runs with their rows and operations, and the state of destinations."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import StoreError
from ..operation import FINAL, Operation
from . import columns, file, holder, keyed
from .access import Access, SessionFile
from .advice import errors_named
from .database import Database
from .place import Place
from .retention import DAY_SECONDS, GAP_SECONDS, ClockBelief, forgettable
from .tables import RunTables
from .values import LATEST_SCOPE, StateValue

_WAL_BYTES = 4 * 2**20  # SQLite's own limit is 1,000 pages, too.


class Store(RunTables):
    """The database at *path*, or one in memory for None; one process writes it at a time.

    Where another process has the file open, this one can read what that one has written
    so far. Raises StoreError if the file cannot be opened, is damaged, is no session's
    file, or was written by a newer version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._file = SessionFile(path) if path else None
        self._access = self._file.open() if self._file else _in_memory()
        super().__init__(self._access.database, is_packed=path is None)
        self._has_claims: dict[str, bool] = {}  # By run: whether its rows claim keys.
        # The user's thread asks for the place of the file while another writes.
        self._in_place = threading.RLock()

    @property
    def holder(self) -> str:
        """Which other process has the file open for writing; empty = this one may write."""
        return self._access.holder

    def take_over(self) -> bool:
        """Open the file for writing if its holder has ended; return whether it is open so.

        Raises StoreError if the holder ended and the file cannot be opened for writing;
        it can still be read then.
        """
        if self.holder and self._file:
            before, self._access = self._access, self._file.reopen(self._access)
            self.database = self._access.database
            if self.database is not before.database:
                before.database.close()
        return not self.holder

    def close(self) -> None:
        """Close the database; what was written is in it."""
        if self._access.place is not None:
            with suppress(StoreError, sqlite3.Error):
                self._access.place.require()
                holder.delete_holder(self.database.connection)
        self.database.close()
        if self._access.lock is not None:
            self._access.lock.release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the writes inside one durable transaction: all of them or none.

        Raises StoreError if another process has the file open.
        """
        if self.holder:
            raise StoreError(
                f"{self.database.name} is open in {self.holder}: two processes at once would send "
                "and poll everything twice; close the session there, or shut down that kernel"
            )
        with self._in_place:
            with super().writing():
                yield
                self.require_in_place()
            if self._access.place is not None and self._access.place.wal_bytes >= _WAL_BYTES:
                self._move_wal(self._access.place)

    def _move_wal(self, place: Place) -> None:
        """Write what the WAL has into the file itself.

        SQLite would do so within a commit. But a commit must not change the file: whatever
        another program does to the file meanwhile would pass for its work.
        """
        with suppress(sqlite3.Error, StoreError):  # All is in the WAL, and stays there.
            place.require()
            self.database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            place.note_written()

    def require_in_place(self) -> None:
        """Raise StoreError if the file was removed, moved away, replaced or overwritten."""
        with self._in_place:
            if self._access.place is not None:
                self._access.place.require()

    def is_at(self, path: Path) -> bool:
        """Whether *path* leads to the file that is open here, or did when it was opened."""
        return self._access.place is not None and self._access.place.is_at(path)

    def put_operations(self, run: str, operations: Iterable[Operation]) -> None:
        """Add or replace operations, and note what they mean for the keys of their rows."""
        changed = list(operations)
        super().put_operations(run, changed)
        if run not in self._has_claims:
            self._has_claims[run] = keyed.has_claims(self.database, run)
        if self._has_claims[run]:
            keyed.note(self.database, run, changed)

    def stage_claims(self, run: str, claims: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Write which keys rows of *run* will claim, and with what: position, key, payload.

        These have no effect before ``claim_keys``, and are deleted with a run that was not added.
        """
        self._has_claims[run] = True
        keyed.stage(self.database, run, claims)

    def claim_keys(self, run: str) -> None:
        """Let the rows of *run* claim their keys, with the row of the run in one transaction."""
        keyed.activate(self.database, run)

    def known_payloads(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the payloads last completed under *keys*, of those of which they are known."""
        return keyed.known(self.database, keys)

    def claimed_keys(self, run: str) -> dict[int, bytes]:
        """Return by position the keys of those rows of *run* that were not completed."""
        return keyed.keys_of(self.database, run)

    def put_state(self, values: Iterable[StateValue]) -> None:
        """Save state values, replacing those of the same scope and key."""
        rows = [columns.from_state(each) for each in values]
        self.database.insert("INSERT OR REPLACE INTO state", columns.STATE, rows)

    def state(self, *, now: float) -> list[StateValue]:
        """Return the state that has not expired at *now* (Unix seconds), or is of open operations.

        The rest is deleted, unless another process has the file open, or *now* is in doubt.
        Expired state of an open operation stays: without it, a poll would read the state of
        another submission.
        """
        ended = ", ".join(f"'{state}'" for state in sorted(FINAL))
        going = f"SELECT run || '/' || batch FROM operation WHERE state NOT IN ({ended})"
        if not self.holder:
            sure = min(now, self._belief(now).at(now, gap=GAP_SECONDS).believed)
            with self.writing():
                self.database.execute(
                    f"DELETE FROM state WHERE expires_at <= ? AND scope NOT IN ({going})", (sure,)
                )
        query = f"SELECT {', '.join(columns.STATE)} FROM state"
        condition = f"WHERE expires_at IS NULL OR expires_at > ? OR scope IN ({going})"
        return self.database.read(columns.to_state, f"{query} {condition}", now)

    def forget(self, runs: Sequence[str], *, keeps_known: bool = False) -> None:
        """Delete *runs* with their rows, operations and state; no copy stays in the file.

        *keeps_known* = the digests stay of what they completed last under the keys of rows.
        Raises StoreError if that fails: then either all or none of it is deleted, and the
        same call can be repeated.
        """
        with self.writing():
            for run in runs:
                self._delete(run)
                keyed.drop(self.database, run, keeps_known=keeps_known)
        with errors_named("write", self.database.name), self._in_place:
            self._rewrite_file()

    def _delete(self, run: str) -> None:
        delete = self.database.execute
        delete("DELETE FROM row WHERE run = ?", (run,))
        delete("DELETE FROM operation WHERE run = ?", (run,))
        delete("DELETE FROM outcomes WHERE run = ?", (run,))
        delete("DELETE FROM state WHERE instr(scope, ?) = 1", (f"{run}/",))
        named = "DELETE FROM state WHERE instr(scope, ?) = 1 AND instr(value, ?) = 1"
        delete(named, (LATEST_SCOPE, f'"{run}/'))
        delete("DELETE FROM run WHERE id = ?", (run,))

    def _rewrite_file(self) -> None:
        """Write the file anew, without what was deleted.

        Deleting is not enough, even with secure_delete: where SQLite has moved rows
        from page to page, copies of them stay (1 row in 300 did).
        """
        self.database.execute("VACUUM")
        busy, *_ = self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if self._access.place:
            self._access.place.note_written()
        if busy:
            raise StoreError(
                f"{self.database.name}-wal may still hold what was forgotten, because another "
                "process reads it: forget it again when that process has finished"
            )

    def believed(self, now: float, *, keep_days: float) -> float:
        """Return the time (Unix seconds) by which old runs may be deleted.

        That is *now*, or the time of an earlier opening if *now* is so much later that
        the clock may be wrong.
        """
        gap = min(GAP_SECONDS, keep_days * DAY_SECONDS)
        belief = self._belief(now).at(now, gap=gap)
        with self.writing():
            self.database.execute("DELETE FROM clock")
            values = (belief.believed, belief.doubted)
            self.database.execute("INSERT INTO clock VALUES (?, ?)", values)
        return belief.believed

    def _belief(self, now: float) -> ClockBelief:
        query = "SELECT believed, doubted FROM clock LIMIT 1"
        found = self.database.read(columns.to_belief, query)
        return found[0] if found else ClockBelief(now)

    def older(self, than: float) -> list[str]:
        """Return the ids of the ended runs that were created before *than* (Unix seconds).

        A run and its retries are returned together, once all of them are old and ended.
        """
        ended = ", ".join(f"'{state}'" for state in sorted(FINAL))
        query = f"SELECT DISTINCT run FROM operation WHERE state NOT IN ({ended})"
        going = self.database.read(lambda values: str(values[0]), query)
        return forgettable(self.runs(), going, than=than)

    def forget_older(self, than: float) -> list[str]:
        """Forget the runs that are ``older`` *than*; return their ids.

        What they completed under the keys of rows stays known.
        """
        forgotten = self.older(than)
        if forgotten:
            self.forget(forgotten, keeps_known=True)
        return forgotten


def _in_memory() -> Access:
    return Access(Database(file.open_in_memory(), "the session's memory"))
