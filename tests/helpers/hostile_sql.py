"""SQL that spoils the file of a session or of an exported run, by the name of what it does."""

from __future__ import annotations

HUGE = 300 * 2**20  # bytes

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
    "row": "run position label payload fault digest size",
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
