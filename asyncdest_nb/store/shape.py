"""Whether the schema of a database is one that this package writes.

A file may come from anybody. A view in place of a table may return rows without end, and a
trigger, a constraint or a generated column runs the expressions of its author. So no row of a
file is read before its schema is known to have none of these.
"""

from __future__ import annotations

import re
import sqlite3
from functools import cache

from .schema import MIGRATIONS, RUN_TABLES, SESSION_TABLES, create

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^]]*\]|--[^\n]*|\w+""")
_MOST_ENTRIES = 100


def odd_entry(db: sqlite3.Connection) -> str:
    """Return the name of an entry that no file of ours has; empty = none."""
    query = "SELECT type, name, sql FROM sqlite_master LIMIT ?"
    for kind, name, sql in db.execute(query, (_MOST_ENTRIES,)).fetchall():
        is_ours = kind == "table" and isinstance(sql, str) and _words(sql) <= _KNOWN
        is_key = kind == "index" and sql is None and str(name).startswith("sqlite_autoindex_")
        if not (is_ours or is_key):
            return f"{kind} {name!r}"[:100]
    return ""


def odd_table(db: sqlite3.Connection, *, is_export: bool) -> str:
    """Return the name of a table without the columns of the newest schema; empty = none."""
    for table, columns in _tables(is_export).items():
        if _columns(db, table) != columns:
            return f"table {table!r}"
    return ""


def _words(sql: str) -> set[str]:
    """Return the words of a statement, also those in quotes, without its comments."""
    tokens = [token for token in _TOKEN.findall(sql.lower()) if not token.startswith("--")]
    return {word for token in tokens for word in re.findall(r"\w+", token) or [token]}


@cache
def _tables(is_export: bool) -> dict[str, set[tuple[object, ...]]]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        create(db, is_export=is_export)
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: _columns(db, name) for (name,) in names}
    finally:
        db.close()


def _columns(db: sqlite3.Connection, table: str) -> set[tuple[object, ...]]:
    """Return name, type, NOT NULL, default, place in the key and hidden of each column."""
    return {row[1:] for row in db.execute(f"PRAGMA table_xinfo({table})")}


_SCHEMA = [*RUN_TABLES, *SESSION_TABLES, *(each for some in MIGRATIONS.values() for each in some)]
_KNOWN = frozenset[str]().union(
    *(_words(each) for each in _SCHEMA if each.split()[0] in ("CREATE", "ALTER"))
)
