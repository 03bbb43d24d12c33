"""Session files on disk: how they are recognized and opened."""

from __future__ import annotations

import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import psutil

from ..errors import StoreError
from .advice import damaged
from .disk import warn_of_network
from .holder import holder_name, read_holder, require_closed, write_holder
from .place import make_private, require_file
from .schema import SCHEMA_VERSION, Kind, create, kind_of, migrate, transaction
from .shape import odd_entry, odd_table

_START_SECONDS = 1.0  # How long a holder may take to create or migrate its tables.
# The largest row that is read. An answer has at most 192 MiB, and is saved with others of its
# job; parsed, it takes up to thirty times as much memory.
_MOST_CELL_BYTES = 256 * 2**20
# How long reading a file may take, plus one second per MB.
_OPENING_SECONDS = 10.0
_BYTES_PER_SECOND = 1e6
# How long a write waits for another program that has locked the file. Requests wait, too: there
# is no intent without a write, and a run whose write fails ends.
LOCKED_MILLISECONDS = 30_000
_STEPS = 10_000  # Instructions of SQLite between two checks of the clock: about 0.1 ms.


def holder_of(file: Path) -> str:
    """Return the process that has the file open, as far as it is known."""
    try:
        with closing(_connected(file, "mode=ro")) as db:
            _version_of(db, file, {Kind.SESSION})
            pid, host, since = read_holder(db)
    except (sqlite3.Error, StoreError, ValueError):
        return "another process"
    if host == socket.gethostname() and not psutil.pid_exists(pid):
        return "another process"  # It has the lock, and has not written its row yet.
    return holder_name(pid, host, since)


def open_in_memory() -> sqlite3.Connection:
    """Return a new session's database in memory."""
    db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    create(db)
    return db


def open_for_writing(file: Path) -> sqlite3.Connection:
    """Open a session's file whose lock we have, migrate it, and write our row as its holder.

    Raises StoreError if it is damaged, newer, or not a session's; nothing was written then.
    """
    db = _connected(file, "mode=rw")
    try:
        version = _version_of(db, file, {Kind.SESSION, Kind.EMPTY})
        _check(db, file)
        is_remote = warn_of_network(file)
        if version == 0:
            create(db)
        else:
            migrate(db, version, check=partial(_check_tables, db, file))
            require_closed(db, file)
        make_private(file)
        _make_durable(db, is_remote=is_remote)
        _delete_unfinished_runs(db)
        write_holder(db)
        _remove_time_limit(db)
        db.execute(f"PRAGMA busy_timeout = {LOCKED_MILLISECONDS}")
    except BaseException:
        db.close()
        raise
    return db


def open_for_reading(file: Path, holder: str) -> sqlite3.Connection:
    """Open a session's file for reading while *holder* writes it."""
    until = time.monotonic() + _START_SECONDS
    while not _size(file):
        if time.monotonic() > until:
            raise StoreError(
                f"{file} is missing, but {holder} has the session open: put the file back, or "
                "close the session there, or shut down that kernel"
            )
        time.sleep(0.02)
    db = _connected(file, "mode=ro")
    try:
        while (version := _version_of(db, file, {Kind.SESSION, Kind.EMPTY})) != SCHEMA_VERSION:
            if time.monotonic() > until:
                raise StoreError(
                    f"{file} is open in {holder} by another version of asyncdest_nb (schema "
                    f"{version}, this one reads {SCHEMA_VERSION}): close the session there, or "
                    "use the same version here"
                )
            time.sleep(0.02)
        _check_tables(db, file)
        _remove_time_limit(db)
    except BaseException:
        db.close()
        raise
    return db


def open_export(path: Path) -> sqlite3.Connection:
    """Open exported runs for reading; nothing is written, not even beside the file."""
    require_file(path)
    os.close(os.open(path, os.O_RDONLY))  # Its errors are clearer than those of SQLite.
    db = _connected(path.resolve(), "mode=ro&immutable=1")
    try:
        version = _version_of(db, path, {Kind.EXPORT})
        if version < SCHEMA_VERSION:
            raise StoreError(f"{path} was exported by an older asyncdest_nb (schema {version})")
        _check(db, path, doing="load")
        _check_tables(db, path, doing="load")
        _remove_time_limit(db)
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def new_export(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield the database of an export, which is moved to *path* if all goes well."""
    part = _new_part(path)
    try:
        with closing(_connected(part, "mode=rw")) as db:
            # A file that fails is deleted: a journal beside it would be left over.
            db.execute("PRAGMA journal_mode = MEMORY")
            db.execute("PRAGMA synchronous = FULL")
            create(db, is_export=True)
            yield db
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _new_part(path: Path) -> Path:
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    except OSError as error:
        error.filename = str(path)  # The user does not know the temporary name.
        raise
    os.close(descriptor)
    return Path(name)


def _connected(file: Path, options: str) -> sqlite3.Connection:
    # We begin and end transactions, not the driver.
    db = sqlite3.connect(
        f"{file.absolute().as_uri()}?{options}",
        uri=True,
        check_same_thread=False,
        isolation_level=None,
    )
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_CELL_BYTES)
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")
    # A damaged tree whose branches share their leaves would take practically for ever.
    until = time.monotonic() + _OPENING_SECONDS + _size(file) / _BYTES_PER_SECOND
    db.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    return db


def _remove_time_limit(db: sqlite3.Connection) -> None:
    """Remove the time limit once the file is known to be undamaged."""
    db.set_progress_handler(None, 0)


def _version_of(db: sqlite3.Connection, file: Path, expected: set[Kind]) -> int:
    """Return the schema version of the file, 0 = it is empty; raises StoreError for other kinds."""
    doing = "load" if Kind.EXPORT in expected else "read"
    (application_id,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    query = "SELECT DISTINCT tbl_name FROM sqlite_master LIMIT 100"
    tables = sorted(str(name) for (name,) in db.execute(query))
    kind = kind_of(application_id, version, set(tables))
    if kind not in expected:
        raise StoreError(_refusal(file, kind, tables))
    if version > SCHEMA_VERSION:
        other = ", or open another session" if Kind.SESSION in expected else ""
        raise StoreError(
            f"{file} was written by a newer asyncdest_nb (schema {version}, this one "
            f"reads up to {SCHEMA_VERSION}): upgrade asyncdest_nb{other}"
        )
    if version < 1 and kind is not Kind.EMPTY:
        raise damaged(str(file), f"schema {version}", doing=doing)
    if odd := odd_entry(db):
        raise damaged(str(file), f"{odd} is not written by asyncdest_nb", doing=doing)
    return int(version)


def _check_tables(db: sqlite3.Connection, file: Path, *, doing: str = "read") -> None:
    if odd := odd_table(db, is_export=doing == "load"):
        raise damaged(str(file), f"{odd} does not have the columns it must have", doing=doing)


def _refusal(file: Path, kind: Kind, tables: list[str]) -> str:
    if kind is Kind.EXPORT:
        return f"{file} is an exported run: read it with asyncdest_nb.load({str(file)!r})"
    if kind in (Kind.SESSION, Kind.EMPTY) and _is_open_session(file.resolve()):
        return (
            f"{file} is the file of an open session, not an exported run: Run.export writes a file "
            f"to load, and asyncdest_nb.Session(path={str(file)!r}) shows what is in this one"
        )
    if kind is Kind.SESSION:
        return (
            f"{file} is a session's file, not an exported run: open it with "
            f"asyncdest_nb.Session(path={str(file)!r})"
        )
    found = f"with the tables {', '.join(tables[:5])}" if tables else "without tables"
    return (
        f"{file} is a SQLite database of another program, {found}; nothing was written to it. "
        "Give another name or path"
    )


def _check(db: sqlite3.Connection, file: Path, *, doing: str = "read") -> None:
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise damaged(str(file), " ".join(found.split()), doing=doing)
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (page_size,) = db.execute("PRAGMA page_size").fetchone()
    missing = pages * page_size - file.stat().st_size
    # SQLite reads a truncated last page as zeros. Pages in the WAL are not missing.
    if missing > 0 and not _size(Path(f"{file}-wal")):
        raise damaged(str(file), f"its last {missing:,} bytes are missing", doing=doing)


def _is_open_session(file: Path) -> bool:
    """Whether the latest writes are still in a WAL, as they are while a session is open."""
    return bool(_size(Path(f"{file}-wal"))) and Path(f"{file}.lock").exists()


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _make_durable(db: sqlite3.Connection, *, is_remote: bool) -> None:
    # A WAL needs shared memory, which a network file system does not have. Without a WAL a
    # commit deletes the journal, so the directory must be synced too.
    db.execute(f"PRAGMA journal_mode = {'DELETE' if is_remote else 'WAL'}")
    db.execute(f"PRAGMA synchronous = {'EXTRA' if is_remote else 'FULL'}")
    db.execute("PRAGMA secure_delete = ON")
    # The store moves the WAL into the file, see Store.writing; it is shorter again after that.
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("PRAGMA journal_size_limit = 0")


def has_wal(db: sqlite3.Connection) -> bool:
    """Whether the database has a WAL, as it has on a local disk."""
    return bool(db.execute("PRAGMA journal_mode").fetchone() == ("wal",))


def _delete_unfinished_runs(db: sqlite3.Connection) -> None:
    """Delete the rows of runs whose own row was never committed."""
    with transaction(db):
        for table in ("row", "operation", "outcomes", "claim"):
            db.execute(f"DELETE FROM {table} WHERE run NOT IN (SELECT id FROM run)")
