"""What a session remembers: one SQLite database, in memory or in a file.

A run has rows (what was to be sent), operations (what became of it) and state
(what a destination's functions keep). Only the engine's thread uses a store. A
write is durable when its transaction has ended: a file is in WAL mode with
synchronous=FULL, so it survives a killed process and a power cut (on a network
file system as far as that keeps its word, with a StoreWarning).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from ..errors import StoreError, UnknownName, UsageError
from ..operation import FINAL, Operation
from . import columns, file, holder, place
from .advice import errors_named
from .disk import StoreWarning
from .place import Place
from .retention import DAY_SECONDS, GAP_SECONDS, Belief, forgettable
from .schema import SCHEMA_VERSION
from .tables import Tables
from .values import LATEST, StateValue, StoredRow, StoredRun
from .whole import check_retries, check_retry, check_width

__all__ = [
    "DAY_SECONDS",
    "LATEST",
    "SCHEMA_VERSION",
    "StateValue",
    "Store",
    "StoreWarning",
    "StoredRow",
    "StoredRun",
    "check_retries",
    "check_retry",
    "check_width",
    "read_export",
]


class Store(Tables):
    """The database at *path*, or one in memory for None; one process writes it at a time.

    ``holder`` says who else has the file open; what that process has written so far can
    be read then. Empty = it is ours. Raises StoreError if it cannot be opened, is
    damaged or not a session's, or was written by a newer version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.holder = ""
        self._lock: FileLock | None = None
        self._place: Place | None = None  # None = in memory, or not ours to write.
        name = str(path) if path else "the session's memory"
        with errors_named("open", name):
            super().__init__(self._opened(path), name)

    def _opened(self, path: Path | None) -> sqlite3.Connection:
        if path is None:
            return file.opened_in_memory()
        self._file = place.prepared(path)
        return self._taken() or self._held()

    def _taken(self) -> sqlite3.Connection | None:
        """Return the file opened for writing, or None if somebody else has its lock."""
        lock = holder.locked(self._file)
        if lock is None:
            return None
        try:
            place.make(self._file)
            db = file.opened_for_writing(self._file)
        except BaseException:
            lock.release()
            raise
        self._lock, self.holder = lock, ""
        self._place = Place(self.path or self._file, self._file, is_remote=not file.has_wal(db))
        return db

    def _held(self) -> sqlite3.Connection:
        self.holder = file.holder_of(self._file)
        return file.opened_for_reading(self._file, self.holder)

    def take_over(self) -> bool:
        """Say whether the file is ours to write by now: its holder may have ended.

        Raises StoreError if it ended and the file cannot be opened for writing; what
        could be read before can still be read then.
        """
        if not self.holder:
            return True
        with errors_named("open", self._name):
            db = self._taken()
            if db is None:
                self.holder = file.holder_of(self._file)
                return False
            self._db.close()
            self._db = db
            return True

    def close(self) -> None:
        """Close the database; what was written is in it."""
        if self._place is not None:
            with suppress(StoreError, sqlite3.Error):
                self._place.require()
                holder.signed_off(self._db)
        self._db.close()
        if self._lock is not None:
            self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the writes inside one durable transaction: all of them or none.

        Raises StoreError if somebody else has the file open.
        """
        if self.holder:
            raise StoreError(
                f"{self._name} is open in {self.holder}: two at once would send and poll "
                "everything twice; close the session there, or shut down that kernel"
            )
        is_whole = False
        try:
            with super().writing():
                yield
                self.require_in_place()
                is_whole = True
        finally:
            if self._place and is_whole:
                self._place.note_written()

    def require_in_place(self) -> None:
        """Raise StoreError if the file was removed, moved away, replaced or overwritten."""
        if self._place is not None:
            self._place.require()

    def is_at(self, path: Path) -> bool:
        """Say whether *path* leads to the file that is open here, or did when it was opened."""
        return self._place is not None and self._place.is_at(path)

    def put_state(self, values: Iterable[StateValue]) -> None:
        """Keep state values, replacing those of the same scope and key."""
        rows = [columns.from_state(each) for each in values]
        self._insert("INSERT OR REPLACE INTO state", columns.STATE, rows)

    def state(self, *, now: float) -> list[StateValue]:
        """Return the state that has not expired at *now* (Unix seconds).

        The rest is deleted, unless somebody else has the file open, or *now* is in doubt.
        """
        if not self.holder:
            sure = min(now, self._belief(now).at(now, gap=GAP_SECONDS).believed)
            with self.writing():
                self._db.execute("DELETE FROM state WHERE expires_at <= ?", (sure,))
        query = f"SELECT {', '.join(columns.STATE)} FROM state"
        condition = "WHERE expires_at IS NULL OR expires_at > ?"
        return self._read(columns.to_state, f"{query} {condition}", now)

    def forget(self, runs: Sequence[str]) -> None:
        """Delete *runs* with all that belongs to them, so that nothing of it stays in the file.

        Raises StoreError if that fails: they are gone then, or there as a whole, and
        forgetting them again is right.
        """
        with self.writing():
            for run in runs:
                self._db.execute("DELETE FROM row WHERE run = ?", (run,))
                self._db.execute("DELETE FROM operation WHERE run = ?", (run,))
                self._db.execute("DELETE FROM state WHERE instr(scope, ?) = 1", (f"{run}/",))
                named = "DELETE FROM state WHERE instr(scope, ?) = 1 AND instr(value, ?) = 1"
                self._db.execute(named, (LATEST, f'"{run}/'))
                self._db.execute("DELETE FROM run WHERE id = ?", (run,))
        with errors_named("write", self._name):
            self._scrub()

    def _scrub(self) -> None:
        """Write the file anew from what is in it.

        Deleting is not enough, with secure_delete neither: where SQLite has moved rows
        from page to page, copies of them stay (1 row in 300 did).
        """
        self._db.execute("VACUUM")
        busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if self._place:
            self._place.note_written()
        if busy:
            raise StoreError(
                f"{self._name}-wal may still hold what was forgotten, because another process "
                "reads it: forget it again when that one is done"
            )

    def believed(self, now: float, *, keep_days: float) -> float:
        """Return what time it is for sure, if the clock says *now* (Unix seconds).

        That is *now*, or when the file was opened last, if that is too long ago to be true.
        """
        gap = min(GAP_SECONDS, keep_days * DAY_SECONDS)
        belief = self._belief(now).at(now, gap=gap)
        with self.writing():
            self._db.execute("DELETE FROM clock")
            self._db.execute("INSERT INTO clock VALUES (?, ?)", (belief.believed, belief.doubted))
        return belief.believed

    def _belief(self, now: float) -> Belief:
        found = self._read(columns.to_belief, "SELECT believed, doubted FROM clock LIMIT 1")
        return found[0] if found else Belief(now)

    def older(self, than: float) -> list[str]:
        """Return the ids of the ended runs that were created before *than* (Unix seconds).

        Runs that retry each other are old together, once all of them are old and ended.
        """
        ended = ", ".join(f"'{state}'" for state in sorted(FINAL))
        query = f"SELECT DISTINCT run FROM operation WHERE state NOT IN ({ended})"
        going = self._read(lambda values: str(values[0]), query)
        return forgettable(self.runs(), going, than=than)

    def forget_older(self, than: float) -> list[str]:
        """Forget the runs that are ``older`` *than*; return their ids."""
        forgotten = self.older(than)
        if forgotten:
            self.forget(forgotten)
        return forgotten

    def export(
        self,
        runs: Sequence[str],
        path: Path,
        *,
        newer: Mapping[str, Sequence[Operation]] | None = None,
    ) -> None:
        """Write *runs* with their rows and operations to a new file, for its owner alone.

        *newer* are operations by run as they are by now, where the file is behind.
        Raises UsageError if *path* is there already or a run is not, and StoreError if
        it cannot be written: nothing is left at *path* then.
        """
        if os.path.lexists(path):
            raise UsageError(f"{path} is there already: give another path, or move it away first")
        known = {run.id: run for run in self.runs()}
        for run in runs:
            if run not in known:
                raise UnknownName.of("run", run, known)
        with errors_named("export to", str(path)), file.new_export(path) as db:
            exported = Tables(db, str(path))
            with exported.writing():
                for run in dict.fromkeys(runs):
                    exported.add_run(known[run])
                    exported.add_rows(run, self.rows(run))
                    exported.put_operations(run, self.operations(run))
                    exported.put_operations(run, newer.get(run, ()) if newer else ())


class _Exported(Store):
    """Runs in a file of their own, to be read alone."""

    _reading = "load"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.holder = ""
        self._lock = None
        self._place = None
        with errors_named(self._reading, str(path)):
            Tables.__init__(self, file.opened_export(path), str(path))

    def take_over(self) -> bool:
        return False

    @contextmanager
    def writing(self) -> Iterator[None]:
        raise StoreError(f"{self._name} is an exported run: it can only be read")
        yield

    def state(self, *, now: float) -> list[StateValue]:
        return []


def read_export(path: Path) -> Store:
    """Return the runs that were exported to *path*, to be read.

    Nothing is locked or written, and ``state`` is empty. Raises StoreError if it is
    not such a file, or damaged.
    """
    return _Exported(path)
