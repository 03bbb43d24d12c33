"""What a session remembers: one SQLite database, in memory or in a file.

A run has rows (what was to be sent), operations (what became of it) and state
(what a destination's functions keep). Only the engine's thread uses a store. A
write is durable when its transaction has ended: a file is in WAL mode with
synchronous=FULL, so it survives a killed process and a power cut.
"""

from __future__ import annotations

import json
import math
import os
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from .errors import StoreError
from .operation import Operation, RowOutcome, RowStatus, State

T = TypeVar("T")

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE holder (
    pid INTEGER NOT NULL,             -- the process that has the file open, or had last
    host TEXT NOT NULL,
    since REAL NOT NULL               -- Unix seconds
);
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    destination TEXT NOT NULL,        -- slug
    action TEXT NOT NULL,             -- slug
    title TEXT NOT NULL,
    settings TEXT NOT NULL,           -- JSON, without the secret ones
    batch_size INTEGER,               -- NULL = as many rows as the action takes
    created_at REAL NOT NULL          -- Unix seconds
);
CREATE TABLE row (
    run TEXT NOT NULL REFERENCES run,
    position INTEGER NOT NULL,        -- in the frame; labels may repeat
    label TEXT NOT NULL,
    payload TEXT,                     -- JSON as sent; NULL = invalid
    fault TEXT,                       -- why it is invalid; NULL = it is not
    PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE operation (
    run TEXT NOT NULL REFERENCES run,
    number INTEGER NOT NULL,
    rows TEXT NOT NULL,               -- JSON list of positions, in the order sent
    batch INTEGER NOT NULL,
    step INTEGER NOT NULL,            -- requests of its submission that are done
    state TEXT NOT NULL,
    operation_id TEXT,
    context TEXT,                     -- JSON
    progress REAL,                    -- percent
    message TEXT NOT NULL,
    error_code TEXT,
    result TEXT,                      -- JSON
    odd_status TEXT,
    polls INTEGER NOT NULL,
    poll_errors INTEGER NOT NULL,
    submitted_at REAL,                -- Unix seconds, as every time below
    accepted_at REAL,
    seen_at REAL,
    finished_at REAL,
    row_outcomes TEXT,                 -- JSON, one entry per row
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE state (
    scope TEXT NOT NULL,              -- '' = the session's own
    key TEXT NOT NULL,
    value TEXT NOT NULL,              -- JSON
    expires_at REAL,                  -- Unix seconds; NULL = never
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
"""

_COLUMNS = tuple(each.name for each in fields(Operation))
_OUTCOME = tuple(each.name for each in fields(RowOutcome))
_JSON_COLUMNS = frozenset({"rows", "context", "result", "row_outcomes"})
_VALUES_PER_STATEMENT = 5_000  # SQLite takes 32,766; long statements are slow to compile.


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as submitted: the slugs of what it was sent to, by settings without secrets.

    ``batch_size`` None = as many rows as the action takes; ``created_at`` is in Unix seconds.
    """

    id: str
    destination: str
    action: str
    title: str
    settings: dict[str, str]
    batch_size: int | None
    created_at: float


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as submitted: its payload as JSON text, or the fault that made it invalid."""

    position: int
    label: str
    payload: str | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class StateValue:
    """A kept value; ``expires_at`` is in Unix seconds, None = never."""

    scope: str
    key: str
    value: Any
    expires_at: float | None


class Store:
    """The database at *path*, or one in memory for None; one process has it at a time.

    Raises StoreError if it cannot be opened, is open in another process, or was
    written by a newer version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._name = str(path) if path else "the session's memory"
        with self._errors_named("open"):
            if path is not None:
                _create_private(path)
            self._lock = _locked(path)
            # Transactions begin and end where we say, not where the driver guesses.
            self._db = sqlite3.connect(
                path or ":memory:", check_same_thread=False, isolation_level=None
            )
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Close the database; what was written is in it."""
        self._db.close()
        if self._lock is not None:
            self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the writes inside one durable transaction: all of them or none."""
        with self._errors_named("write"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def add_run(self, run: StoredRun) -> None:
        """Add a run."""
        values = {**asdict(run), "settings": _dumps(run.settings)}
        self._insert("INSERT INTO run", tuple(values), [tuple(values.values())])

    def add_rows(self, run: str, rows: Iterable[StoredRow]) -> None:
        """Add rows of *run*."""
        columns = ("run", "position", "label", "payload", "fault")
        values = [(run, row.position, row.label, row.payload, row.fault) for row in rows]
        self._insert("INSERT INTO row", columns, values)

    def put_operations(self, run: str, operations: Iterable[Operation]) -> None:
        """Add operations of *run*, or replace them as they are now."""
        values = [(run, *_to_columns(each)) for each in operations]
        self._insert("INSERT OR REPLACE INTO operation", ("run", *_COLUMNS), values)

    def put_state(self, values: Iterable[StateValue]) -> None:
        """Keep state values, replacing those of the same scope and key."""
        columns = ("scope", "key", "value", "expires_at")
        rows = [(each.scope, each.key, _dumps(each.value), each.expires_at) for each in values]
        self._insert("INSERT OR REPLACE INTO state", columns, rows)

    def runs(self) -> list[StoredRun]:
        """Return all runs, the oldest first."""
        columns = [each.name for each in fields(StoredRun)]
        found = self._read(f"SELECT {', '.join(columns)} FROM run ORDER BY created_at, id")
        rows = [dict(zip(columns, values, strict=True)) for values in found]
        return [StoredRun(**{**row, "settings": json.loads(row["settings"])}) for row in rows]

    def rows(self, run: str) -> list[StoredRow]:
        """Return the rows of *run* by position."""
        query = "SELECT position, label, payload, fault FROM row WHERE run = ? ORDER BY position"
        return [StoredRow(*values) for values in self._read(query, run)]

    def operations(self, run: str) -> list[Operation]:
        """Return the operations of *run* by number."""
        query = f"SELECT {', '.join(_COLUMNS)} FROM operation WHERE run = ? ORDER BY number"
        return [_from_columns(values) for values in self._read(query, run)]

    def state(self, *, now: float) -> list[StateValue]:
        """Return the state that has not expired at *now* (Unix seconds); the rest is deleted."""
        with self.writing():
            self._db.execute("DELETE FROM state WHERE expires_at <= ?", (now,))
        rows = self._read("SELECT scope, key, value, expires_at FROM state")
        return [StateValue(scope, key, json.loads(value), at) for scope, key, value, at in rows]

    def _insert(self, verb: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows in few statements.

        Every statement gives up the interpreter's lock and has to win it back, up
        to 5 ms later while a cell computes: one a row would take half a minute for
        5,000 rows.
        """
        for some in _batched(rows, _VALUES_PER_STATEMENT // len(columns)):
            places = ", ".join([f"(?{', ?' * (len(columns) - 1)})"] * len(some))
            statement = f"{verb} ({', '.join(columns)}) VALUES {places}"
            self._db.execute(statement, [value for row in some for value in row])

    def _read(self, query: str, *values: Any) -> list[Any]:
        with self._errors_named("read"):
            return self._db.execute(query, values).fetchall()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._name} was written by a newer asyncdest_nb (schema {version}, this one "
                f"reads up to {SCHEMA_VERSION}): upgrade asyncdest_nb, or open another session"
            )
        if version == 0:
            script = f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            self._db.executescript(script)
        with self.writing():
            self._db.execute("DELETE FROM holder")
            holder = (os.getpid(), socket.gethostname(), time.time())
            self._db.execute("INSERT INTO holder VALUES (?, ?, ?)", holder)

    @contextmanager
    def _errors_named(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"cannot {doing} {self._name}: {error}") from error


def _batched(rows: Sequence[T], count: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), count):
        yield rows[start : start + count]


def _create_private(path: Path) -> None:
    """Create the file readable by its owner alone: it holds personal data."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _locked(path: Path | None) -> FileLock | None:
    """Return the lock of the file, which the system takes back from a process that dies."""
    if path is None:
        return None
    # Opened on one thread, closed on another.
    lock = FileLock(f"{path}.lock", mode=0o600, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise StoreError(
            f"{path} is open in {_holder(path)}: two at once would send and poll everything "
            "twice; close the session there, or shut down that kernel"
        ) from None
    return lock


def _holder(path: Path) -> str:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            pid, host, since = db.execute("SELECT pid, host, since FROM holder").fetchone()
    except (sqlite3.Error, TypeError):
        return "another process"
    at = datetime.fromtimestamp(since).astimezone().isoformat(" ", "seconds")
    return f"process {pid} on {host} since {at}"


def _dumps(value: Any) -> str:
    """Write *value* as JSON; what JSON cannot say is null, or text in its place.

    ASCII, because SQLite refuses the lone surrogates that an answer may hold.
    """
    try:
        return _json(value)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return _json(_finite(value))
    except (TypeError, ValueError, RecursionError) as error:
        # A function returned it as a result; losing that must not lose the row.
        return json.dumps(f"a {type(value).__name__} that is not JSON: {error}")


_json = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str).encode


def _finite(value: Any) -> Any:
    """Replace what JSON has no word for (NaN, infinities) by null, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def _to_columns(operation: Operation) -> list[Any]:
    values: list[Any] = [getattr(operation, name) for name in _COLUMNS]
    for index, name in enumerate(_COLUMNS):
        if name == "row_outcomes" and values[index] is not None:
            # Not asdict, which copies deeply: ten times the work, for jobs of 10,000 rows.
            values[index] = _dumps([_from_outcome(row) for row in values[index]])
        elif name in _JSON_COLUMNS and values[index] is not None:
            values[index] = _dumps(values[index])
    return values


def _from_columns(values: Iterable[Any]) -> Operation:
    found = dict(zip(_COLUMNS, values, strict=True))
    for name in _JSON_COLUMNS:
        if found[name] is not None:
            found[name] = json.loads(found[name])
    found["rows"] = tuple(found["rows"])
    found["state"] = State(found["state"])
    if found["row_outcomes"] is not None:
        found["row_outcomes"] = tuple(_to_outcome(row) for row in found["row_outcomes"])
    return Operation(**found)


def _from_outcome(row: RowOutcome) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _OUTCOME}


def _to_outcome(values: dict[str, Any]) -> RowOutcome:
    return RowOutcome(**{**values, "status": RowStatus(values["status"])})
