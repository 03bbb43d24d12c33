"""Files of sessions and exported runs that are damaged, forged, or no files at all.

A good one is made through the public API; each way to spoil it is a line below, by SQL or by
bytes. Nothing here knows how the package reads a file.
"""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd

import asyncdest_nb as ad

HUGE = 300 * 2**20  # bytes
PAGE = 4096


def make_export(path: Path) -> None:
    """Export a run, and one that retries rows of it."""
    with ad.Session() as session:
        _fill(session).export(path)


def make_session(path: Path) -> None:
    """Leave a session with a run, and one that retries rows of it."""
    with ad.Session(path=path) as session:
        _fill(session)


def _fill(session: ad.Session) -> ad.Run:
    class Payload(ad.Payload):
        user_id: str = ad.field("User ID")
        note: str = ad.field("Note")

    jobs: list[int] = []

    async def perform_batch(request: object, data: ad.ActionData) -> ad.AsyncActionResponse:
        jobs.append(len(data.payload))
        if len(jobs) == 1:
            raise ValueError("not today")
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": f"job-{len(jobs)}"}])

    async def poll(request: object, data: ad.ActionData) -> ad.AsyncPollResponse:
        (context,) = data.async_contexts
        size = jobs[int(context["operation_id"].removeprefix("job-")) - 1]
        rows = [ad.RowResult(status="completed", result={"id": at}) for at in range(size)]
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", rows=rows)])

    act = ad.Action(
        title="Act",
        payload=Payload,
        perform_batch=perform_batch,
        poll=poll,
        batch_size=4,
        operation_per="batch",
    )
    crm = session.connect(ad.Destination(name="Test", slug="test", actions={"act": act}))
    users = [f"u-{number}" for number in range(10)]
    run = crm.submit(pd.DataFrame({"user_id": [*users[:9], None], "note": "x" * 600}), "act")
    run.wait(timeout=30)
    again = run.retry()
    again.wait(timeout=30)
    return again


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
RUN = "id, destination, action, title, settings, batch_size, created_at"
FORGED = "SELECT id, destination, action, title, settings, batch_size, created_at FROM run"


def instead(table: str, query: str) -> str:
    """Put a view in the place of a table."""
    return f"ALTER TABLE {table} RENAME TO old_{table}; CREATE VIEW {table} AS {query}"


def generated(table: str, column: str, expression: str) -> str:
    return f"ALTER TABLE {table} DROP COLUMN {column}; " + (
        f"ALTER TABLE {table} ADD COLUMN {column} TEXT AS ({expression}) VIRTUAL"
    )


def deep(depth: int, ends: str = "[]") -> str:
    return f"replace(hex(zeroblob({depth})), '00', '{ends[0]}') || " + (
        f"replace(hex(zeroblob({depth})), '00', '{ends[1]}')"
    )


ROWS = "(SELECT count(*) FROM row WHERE run = id)"

# What SQL makes of a file, by name. A session's only where it begins with "session".
SQL: dict[str, str] = {
    # The schema
    "endless view for runs": instead("run", f"{ENDLESS} SELECT r.* FROM old_run AS r, n"),
    "endless view for rows": instead("row", f"{ENDLESS} SELECT r.* FROM old_row AS r, n"),
    "endless view for operations": instead(
        "operation", f"{ENDLESS} SELECT o.* FROM old_operation AS o, n"
    ),
    "view of itself": instead("row", "SELECT * FROM row"),
    "view that is right": instead("row", "SELECT * FROM old_row"),
    "another view": "CREATE VIEW v AS SELECT 1",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END",
    "endless trigger": f"CREATE TRIGGER t BEFORE DELETE ON row BEGIN SELECT count(*) FROM "
    f"({ENDLESS} SELECT i FROM n); END",
    "index": "CREATE INDEX i ON row (label)",
    "index on an expression": "CREATE INDEX i ON row (length(randomblob(900000000)))",
    "generated label": generated("row", "fault", "printf('%.*c', 100000000, 'x')"),
    "generated message": generated("operation", "odd_status", "hex(zeroblob(100000000))"),
    "check": "ALTER TABLE row RENAME TO old; CREATE TABLE row (run TEXT, position INTEGER, "
    "label TEXT, payload TEXT, fault TEXT, digest TEXT, "
    "CHECK (length(hex(zeroblob(400000000))) > 0), PRIMARY KEY (run, position)) WITHOUT ROWID; "
    "DROP TABLE old",
    "virtual table": "DROP TABLE row; CREATE VIRTUAL TABLE row USING fts5(run, position, label, "
    "payload, fault, digest)",
    "no table of rows": "DROP TABLE row",
    "no table of operations": "DROP TABLE operation",
    "no column": "ALTER TABLE row DROP COLUMN payload",
    "a column more": "ALTER TABLE run ADD COLUMN extra TEXT",
    "other type": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = "
    "replace(sql, 'label TEXT', 'label BLOB') WHERE name = 'row'",
    "schema that is no SQL": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'x' "
    "WHERE name = 'row'",
    "schema that is a number": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 7 "
    "WHERE name = 'row'",
    "tables on one page": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = "
    "(SELECT rootpage FROM sqlite_master WHERE name = 'run') WHERE name = 'row'",
    "root page beyond the end": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = "
    "99999 WHERE name = 'row'",
    "hidden check": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, "
    "'label TEXT NOT NULL', 'label TEXT DEFAULT ''--'' CHECK (length(hex(zeroblob(400000000))))')"
    " WHERE name = 'row'",
    "version 0": "PRAGMA user_version = 0",
    "negative version": "PRAGMA user_version = -5",
    "version of tomorrow": "PRAGMA user_version = 2147483647",
    "version before": "PRAGMA user_version = 1",
    "version before that": "PRAGMA user_version = 2",
    # What is too large
    "message of 300 MB": f"UPDATE operation SET message = CAST(zeroblob({HUGE}) AS TEXT) WHERE "
    "number = 0 AND run = (SELECT max(run) FROM row)",
    "label of 300 MB": f"UPDATE row SET label = CAST(zeroblob({HUGE}) AS TEXT) WHERE "
    "position = 0 AND run = (SELECT max(run) FROM row)",
    "thousands of runs": f"{ENDLESS} INSERT INTO run ({RUN}) SELECT 'r' || i, 'd', 'a', 't', "
    "'{}', NULL, 1 FROM n LIMIT 20000; UPDATE run SET retry_of = 'r1' WHERE id = 'r0'",
    "long line of retries": f"{ENDLESS} INSERT INTO run ({RUN}, retry_of, positions) SELECT "
    "'r' || i, 'd', 'a', 't', '{}', NULL, 1, 'r' || (i - 1), '[]' FROM n LIMIT 5000",
    "fields beyond number": "UPDATE row SET payload = (WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL "
    "SELECT i + 1 FROM n WHERE i < 30000) SELECT json_group_object(position || '-' || i, 1) FROM n)"
    ", fault = NULL",
}

# Values in the place of others: a column, what is put there by SQL, and whether it can be right.
ODD = {
    "a blob": "x'00a5ff'",
    "text that is none": "CAST(x'a5ff80' AS TEXT)",
    "an empty text": "''",
    "a word": "'word'",
    "a number": "7",
    "a negative number": "-7",
    "the largest number": "9223372036854775807",
    "infinity": "9e999",
    "a fraction": "0.5",
    "nothing": "NULL",
    "deep JSON": deep(2000),
    "deeper JSON": deep(200_000),
    "deep objects": "replace(hex(zeroblob(3000)), '00', '{\"a\":') || '1' || "
    "replace(hex(zeroblob(3000)), '00', '}')",
    "a JSON list": "'[1,2,3]'",
    "a JSON object": '\'{"status":"completed"}\'',
    "JSON that is none": "'[1,'",
    "JSON with NaN": "'[NaN,Infinity,1e999]'",
    "a number of 5,000 digits": "replace(hex(zeroblob(2500)), '0', '9')",
    "null": "'null'",
}
COLUMNS = {
    "run": "id destination action title settings batch_size created_at retry_of positions digest "
    "deadline_seconds recovery standing has_integer_labels",
    "row": "run position label payload fault digest",
    "operation": "run number rows batch step state operation_id context progress message "
    "error_code result odd_status polls poll_errors submitted_at accepted_at seen_at finished_at "
    "row_outcomes in_doubt is_overdue",
}


def odd_values(value: str) -> dict[str, str]:
    """Return the SQL that puts an odd *value* into each column."""
    return {
        f"{table}.{column}": f"UPDATE OR REPLACE {table} SET {column} = {ODD[value]}"
        for table, columns in COLUMNS.items()
        for column in columns.split()
    }


# What does not fit together.
SQL |= {
    "a run that retries itself": "UPDATE run SET retry_of = id",
    "a ring of two": "UPDATE run SET retry_of = "
    "(SELECT max(id) FROM run AS other WHERE other.id != run.id)",
    "a retry of nothing": "UPDATE run SET retry_of = 'nobody'",
    "a retry of rows that are not there": "UPDATE run SET positions = '[99999999]' WHERE positions "
    "IS NOT NULL",
    "a retry of all rows": "UPDATE run SET positions = NULL",
    "a retry of a row twice": "UPDATE run SET positions = '[0,0,0,0]' WHERE positions IS NOT NULL",
    "rows from 1": "UPDATE row SET position = position + 1000",
    "negative rows": "UPDATE row SET position = position - 1000",
    "a row less": "DELETE FROM row WHERE position = 1",
    "no rows": "DELETE FROM row",
    "rows of nobody": "UPDATE row SET run = 'nobody'",
    "a row that is not there": "UPDATE operation SET rows = '[99999999]'",
    "a negative row": "UPDATE operation SET rows = '[-1]'",
    "a huge row": "UPDATE operation SET rows = '[1000000000000000000000000000]'",
    "a row that is no number": "UPDATE operation SET rows = '[\"0\"]'",
    "a row that is true": "UPDATE operation SET rows = '[true]'",
    "a row that is a fraction": "UPDATE operation SET rows = '[0.0]'",
    "a row twice": "UPDATE operation SET rows = '[0,0,0,0]'",
    "rows of two operations": "UPDATE operation SET rows = '[0,1,2,3]'",
    "operations without rows": "UPDATE operation SET rows = '[]'",
    "an operation less": "DELETE FROM operation WHERE number = 0",
    "no operations": "DELETE FROM operation",
    "operations from 1000": "UPDATE operation SET number = number + 1000",
    "negative operations": "UPDATE operation SET number = -1 - number",
    "an outcome too few": 'UPDATE operation SET row_outcomes = \'[{"status":"completed"}]\'',
    "outcomes of no kind": "UPDATE operation SET row_outcomes = '[1,2,3,4]'",
    "an outcome with more": "UPDATE operation SET rows = '[0]', row_outcomes = "
    '\'[{"status":"completed","x":1}]\'',
    "accepted without a name": "UPDATE operation SET state = 'accepted', operation_id = NULL",
    "running without a context": "UPDATE operation SET state = 'running', context = NULL",
    "batches mixed": "UPDATE operation SET batch = 10 - number",
    "labels that are no integers": "UPDATE run SET has_integer_labels = 1; UPDATE row SET label = "
    "'x' || label",
    "labels of 5,000 digits": "UPDATE run SET has_integer_labels = 1; UPDATE row SET label = "
    "replace(hex(zeroblob(2500)), '0', '9')",
    "labels of 100 digits": "UPDATE run SET has_integer_labels = 1; UPDATE row SET label = "
    "replace(hex(zeroblob(50)), '0', '9')",
    "the same label": "UPDATE row SET label = 'x'",
    "payloads that are texts": "UPDATE row SET payload = '\"x\"'",
    "payloads with odd values": 'UPDATE row SET payload = \'{"user_id":[{}],"":1e300,"note":'
    "123456789012345678901234567890}' WHERE position % 2",
    "settings that are lists": "UPDATE run SET settings = '{\"a\":[1]}'",
    "no runs": "DELETE FROM run",
    "the year 9999": "UPDATE run SET created_at = 253402300799",
    "the end of time": "UPDATE run SET created_at = 1e300",
}

SESSION_SQL = {
    "session: endless view for holder": instead(
        "holder", f"{ENDLESS} SELECT h.* FROM old_holder AS h, n"
    ),
    "session: endless view for state": instead(
        "state", f"{ENDLESS} SELECT s.* FROM old_state AS s, n"
    ),
    "session: endless view for clock": instead(
        "clock", f"{ENDLESS} SELECT c.* FROM old_clock AS c, n"
    ),
    "session: state of any kind": "INSERT INTO state VALUES (x'00', x'01', x'02', 'never')",
    "session: state that is no JSON": "INSERT INTO state VALUES ('s', 'k', '{', NULL)",
    "session: state that is deep": f"INSERT INTO state VALUES ('s', 'k', {deep(100_000)}, NULL)",
    "session: state of 300 MB": f"INSERT INTO state VALUES ('s', 'k', zeroblob({HUGE}), NULL)",
    "session: a clock of any kind": "DELETE FROM clock; INSERT INTO clock VALUES ('now', x'00')",
    "session: a clock without end": "DELETE FROM clock; INSERT INTO clock VALUES (9e999, NULL)",
    "session: a holder of any kind": "DELETE FROM holder; "
    "INSERT INTO holder VALUES ('me', x'00', 9e999)",
    "session: no table of state": "DROP TABLE state",
    "session: no holder": "DROP TABLE holder",
}


def apply(path: Path, script: str) -> bool:
    """Change the file at *path* by SQL; False = this SQLite cannot, or it changes nothing."""
    before = path.read_bytes()
    try:
        with closing(sqlite3.connect(path)) as database:
            database.executescript(script)
            database.commit()
    except (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.DatabaseError):
        # The constraints of the table do not let it in; what came before may have been done.
        pass
    return path.read_bytes() != before


def _at(offset: int, data: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content[:offset] + data + content[offset + len(data) :]


def _ring(content: bytes) -> bytes:
    """Let the second page be an inner page of a tree whose branches all lead to itself."""
    cells = 300
    header = struct.pack(">BHHHBI", 5, 0, cells, PAGE - cells * 5, 0, 2)
    pointers = b"".join(struct.pack(">H", PAGE - (at + 1) * 5) for at in range(cells))
    body = (struct.pack(">I", 2) + b"\x01") * cells
    page = (header + pointers).ljust(PAGE - len(body), b"\0") + body
    return content[:PAGE] + page + content[2 * PAGE :]


# What is done to the bytes of a file.
BYTES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "one byte": lambda content: b"S",
    "the header alone": lambda content: content[:100],
    "half": lambda content: content[: len(content) // 2],
    "a page less": lambda content: content[:-PAGE],
    "a byte less": lambda content: content[:-1],
    "a byte more": lambda content: content + b"x",
    "zeros after it": lambda content: content + b"\0" * 10 * PAGE,
    "zeros": lambda content: b"\0" * len(content),
    "text": lambda content: b"dear diary\n" * 1000,
    "a zip": lambda content: b"PK\x03\x04" + content,
    "page size 0": _at(16, b"\0\0"),
    "page size 1": _at(16, b"\0\1"),
    "page size 512": _at(16, b"\2\0"),
    "page size 3": _at(16, b"\0\3"),
    "a WAL that is not there": _at(18, b"\2\2"),
    "no WAL": _at(18, b"\1\1"),
    "a format of tomorrow": _at(18, b"\x09\x09"),
    "reserved bytes": _at(20, b"\xff"),
    "fractions": _at(21, b"\0\0\0"),
    "more pages than there are": _at(28, b"\x7f\xff\xff\xff"),
    "a list of free pages that is a ring": _at(32, b"\0\0\0\2\0\0\0\x09"),
    "a schema format of tomorrow": _at(44, b"\0\0\0\x09"),
    "a huge cache": _at(48, b"\x7f\xff\xff\xff"),
    "vacuum": _at(52, b"\0\0\0\3\0\0\0\1\0\0\0\1"),
    "UTF-16": _at(56, b"\0\0\0\2"),
    "UTF-16 the other way": _at(56, b"\0\0\0\3"),
    "an encoding of nobody": _at(56, b"\0\0\0\x09"),
    "a ring of pages": _ring,
    "the first page as every page": lambda content: content[:PAGE] * (len(content) // PAGE),
    "pages the other way round": lambda content: (
        content[:PAGE]
        + b"".join(content[at : at + PAGE] for at in range(len(content) - PAGE, PAGE - 1, -PAGE))
    ),
}


def flipped(content: bytes, seed: int) -> bytes:
    """Change some bytes of *content*, few or many, near each other or far."""
    chance = random.Random(seed)
    found = bytearray(content)
    center, span = chance.randrange(len(found)), chance.choice([64, 4096, len(found)])
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        at = (center + chance.randrange(span)) % len(found)
        found[at] = chance.choice(
            [0, 0xFF, found[at] ^ (1 << chance.randrange(8)), chance.randrange(256)]
        )
    return bytes(found)


def make_pipe(path: Path) -> None:
    """Put a named pipe at *path*, that nobody writes."""
    os.mkfifo(path)


def socket_at(path: Path) -> socket.socket:
    """Listen at *path*."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    return listening
