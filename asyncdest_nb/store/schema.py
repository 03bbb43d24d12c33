"""The tables of a session's file, the migrations of older files, and the ids that mark a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

SCHEMA_VERSION = 9

# In the header of the file, where file(1) and SQLite's own tools show them.
SESSION_ID = 0x61736E73  # "asns"
EXPORT_ID = 0x61736E65  # "asne"

RUN_TABLES = (
    """
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    destination TEXT NOT NULL,        -- slug
    action TEXT NOT NULL,             -- slug
    title TEXT NOT NULL,
    settings TEXT NOT NULL,           -- JSON, without the secret ones
    batch_size INTEGER,               -- NULL = as many rows as the action takes
    created_at REAL NOT NULL,         -- Unix seconds
    retry_of TEXT,                    -- the run whose rows these are; NULL = none
    positions TEXT,                   -- JSON list, see StoredRun; NULL = all of them
    digest TEXT,                      -- of what was submitted; NULL = unknown
    deadline_seconds REAL,            -- NULL = none
    recovery TEXT,                    -- as its action declared; NULL = unknown
    standing TEXT NOT NULL DEFAULT 'going',   -- as the user asked: going, paused or canceled
    has_integer_labels INTEGER NOT NULL DEFAULT 0,   -- 0 or 1
    notified INTEGER NOT NULL DEFAULT 0,      -- 0 or 1
    key TEXT                          -- JSON list of names, see StoredRun; NULL = none
)""",
    """
CREATE TABLE row (
    run TEXT NOT NULL REFERENCES run,
    position INTEGER NOT NULL,        -- in the frame; labels may repeat
    label TEXT NOT NULL,
    payload TEXT,                     -- JSON as sent; NULL = invalid, unchanged, or not saved
    fault TEXT,                       -- why it is invalid; NULL = it is not
    digest TEXT,                      -- SHA-256 of a payload that is not saved, in hex
    size INTEGER,                     -- rows from position on, see slices.py; NULL = one row
    PRIMARY KEY (run, position)
) WITHOUT ROWID""",
    """
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
    row_outcomes TEXT,                -- JSON, see outcomes.py
    in_doubt INTEGER NOT NULL DEFAULT 0,      -- 0 or 1
    is_overdue INTEGER NOT NULL DEFAULT 0,    -- 0 or 1
    origin INTEGER,                   -- the batch that was divided; NULL = none was
    PRIMARY KEY (run, number)
) WITHOUT ROWID""",
    """
CREATE TABLE outcomes (
    run TEXT NOT NULL REFERENCES run,
    number INTEGER NOT NULL,          -- of the operation
    place INTEGER NOT NULL,           -- among these records of the operation
    row_outcomes TEXT NOT NULL,       -- JSON, see outcomes.py
    PRIMARY KEY (run, number, place)
) WITHOUT ROWID""",
)
SESSION_TABLES = (
    """
CREATE TABLE holder (
    pid INTEGER NOT NULL,             -- the process that has the file open, or had last
    host TEXT NOT NULL,
    since REAL NOT NULL               -- Unix seconds
)""",
    """
CREATE TABLE clock (
    believed REAL NOT NULL,           -- Unix seconds, see ClockBelief
    doubted REAL                      -- NULL = no time is in doubt
)""",
    """
CREATE TABLE state (
    scope TEXT NOT NULL,              -- see StateValue
    key TEXT NOT NULL,
    value TEXT NOT NULL,              -- JSON
    expires_at REAL,                  -- Unix seconds; NULL = never
    PRIMARY KEY (scope, key)
) WITHOUT ROWID""",
    """
CREATE TABLE claim (
    run TEXT NOT NULL REFERENCES run,
    position INTEGER NOT NULL,
    key BLOB NOT NULL,                -- a digest, as below; see keyed.py
    payload BLOB NOT NULL,
    is_open INTEGER NOT NULL DEFAULT 1,       -- 0 or 1
    PRIMARY KEY (run, position)
) WITHOUT ROWID""",
    """
CREATE TABLE known (
    key BLOB PRIMARY KEY NOT NULL,
    payload BLOB,                     -- as completed last; NULL = not known
    run TEXT NOT NULL,                -- that claimed the key last; it may be deleted
    claims INTEGER NOT NULL,          -- that are open
    is_shared INTEGER NOT NULL        -- 0 or 1: whether there were several at a time
) WITHOUT ROWID""",
)

# From each version to the next; the last leads to SCHEMA_VERSION.
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE run ADD COLUMN retry_of TEXT",
        "ALTER TABLE run ADD COLUMN positions TEXT",
        "ALTER TABLE run ADD COLUMN digest TEXT",
        "ALTER TABLE run ADD COLUMN deadline_seconds REAL",
        "ALTER TABLE run ADD COLUMN recovery TEXT",
        "ALTER TABLE run ADD COLUMN standing TEXT NOT NULL DEFAULT 'going'",
        "ALTER TABLE row ADD COLUMN digest TEXT",
        "ALTER TABLE operation ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE operation ADD COLUMN is_overdue INTEGER NOT NULL DEFAULT 0",
        # Schema 1 had no column for what is in doubt.
        "UPDATE operation SET in_doubt = 1 WHERE state IN ('unknown', 'held')",
    ),
    2: ("ALTER TABLE run ADD COLUMN has_integer_labels INTEGER NOT NULL DEFAULT 0",),
    3: (
        "CREATE TABLE clock (believed REAL NOT NULL, doubted REAL)",
        "INSERT INTO clock (believed) SELECT since FROM holder",
    ),
    4: ("ALTER TABLE run ADD COLUMN notified INTEGER NOT NULL DEFAULT 0",),
    # The rows of older runs stay as they are: a record each.
    5: ("ALTER TABLE row ADD COLUMN size INTEGER",),
    6: ("ALTER TABLE operation ADD COLUMN origin INTEGER",),
    7: (
        "ALTER TABLE run ADD COLUMN key TEXT",
        "CREATE TABLE claim (run TEXT NOT NULL REFERENCES run, position INTEGER NOT NULL, "
        "key BLOB NOT NULL, payload BLOB NOT NULL, is_open INTEGER NOT NULL DEFAULT 1, "
        "PRIMARY KEY (run, position)) WITHOUT ROWID",
        "CREATE TABLE known (key BLOB PRIMARY KEY NOT NULL, payload BLOB, run TEXT NOT NULL, "
        "claims INTEGER NOT NULL, is_shared INTEGER NOT NULL) WITHOUT ROWID",
    ),
    # The outcomes of older runs stay in the record of their operation.
    8: (
        "CREATE TABLE outcomes (run TEXT NOT NULL REFERENCES run, number INTEGER NOT NULL, "
        "place INTEGER NOT NULL, row_outcomes TEXT NOT NULL, "
        "PRIMARY KEY (run, number, place)) WITHOUT ROWID",
    ),
}


class Kind(Enum):
    """What kind of SQLite database a file is."""

    EMPTY = "empty"
    SESSION = "session"
    EXPORT = "export"
    FOREIGN = "foreign"


def kind_of(application_id: int, version: int, tables: set[str]) -> Kind:
    """Return what kind of database has this header and these tables."""
    if application_id == SESSION_ID:
        return Kind.SESSION
    if application_id == EXPORT_ID:
        return Kind.EXPORT
    if application_id == 0 and version == 1 and {"holder", "run"} <= tables:
        return Kind.SESSION  # Schema 1 had no application id.
    is_empty = application_id == version == 0 and not tables
    return Kind.EMPTY if is_empty else Kind.FOREIGN


def create(db: sqlite3.Connection, *, is_export: bool = False) -> None:
    """Create the tables of the newest schema."""
    with transaction(db):
        for statement in RUN_TABLES if is_export else RUN_TABLES + SESSION_TABLES:
            db.execute(statement)
        _mark(db, EXPORT_ID if is_export else SESSION_ID)


def migrate(db: sqlite3.Connection, version: int, *, check: Callable[[], None]) -> None:
    """Migrate a session's tables of *version* to the newest schema: completely or not at all.

    *check* raises if they do not have the newest schema afterwards.
    """
    if version == SCHEMA_VERSION:
        check()
        return
    with transaction(db):
        for older in range(version, SCHEMA_VERSION):
            for statement in MIGRATIONS[older]:
                db.execute(statement)
        check()
        _mark(db, SESSION_ID)


def _mark(db: sqlite3.Connection, application_id: int) -> None:
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute(f"PRAGMA application_id = {application_id}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Make the writes inside one durable transaction: all of them or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # After some errors, such as a full disk, SQLite has already rolled back.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
