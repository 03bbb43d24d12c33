"""The tables that sessions and exported runs share: runs, their rows and their operations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ..operation import Operation
from . import columns
from .advice import damaged, errors_named
from .schema import transaction
from .values import StoredRow, StoredRun
from .whole import check_run

T = TypeVar("T")

_VALUES_PER_STATEMENT = 5_000  # SQLite takes 32,766; long statements are slow to compile.


class Tables:
    """Runs, their rows and their operations in a database; *name* is its name in errors."""

    _reading = "read"  # What errors say was being done.

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        self._db = db
        self._name = name

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the writes inside one durable transaction: all of them or none."""
        with errors_named("write", self._name), transaction(self._db):
            yield

    def add_run(self, run: StoredRun) -> None:
        """Add a run, whose rows and operations may be there already.

        Those of no run are not read; opening a file to write deletes them.
        """
        self._insert("INSERT INTO run", columns.RUN, [columns.from_run(run)])

    def put_standing(self, run: str, standing: str) -> None:
        """Keep what the user has said of *run*, see StoredRun."""
        self._db.execute("UPDATE run SET standing = ? WHERE id = ?", (standing, run))

    def add_rows(self, run: str, rows: Iterable[StoredRow]) -> None:
        """Add rows of *run*."""
        values = [(run, *columns.from_row(each)) for each in rows]
        self._insert("INSERT INTO row", ("run", *columns.ROW), values)

    def put_operations(self, run: str, operations: Iterable[Operation]) -> None:
        """Add operations of *run*, or replace them as they are now."""
        values = [(run, *columns.from_operation(each)) for each in operations]
        self._insert("INSERT OR REPLACE INTO operation", ("run", *columns.OPERATION), values)

    def runs(self) -> list[StoredRun]:
        """Return all runs in the order in which they were written: times may be of any clock."""
        query = f"SELECT {', '.join(columns.RUN)} FROM run ORDER BY rowid"
        return self._read(columns.to_run, query)

    def rows(self, run: str, *, at: Sequence[int] | None = None) -> list[StoredRow]:
        """Return the rows of *run* by position, None = all of them."""
        query = f"SELECT {', '.join(columns.ROW)} FROM row WHERE run = ?"
        if at is not None:
            query += f" AND position IN ({', '.join(str(int(each)) for each in at)})"
        query += " ORDER BY position"
        return self._read(columns.to_row, query, run)

    def operations(self, run: str) -> list[Operation]:
        """Return the operations of *run* by number."""
        query = f"SELECT {', '.join(columns.OPERATION)} FROM operation WHERE run = ?"
        return self._read(columns.to_operation, f"{query} ORDER BY number", run)

    def whole(self, run: StoredRun) -> tuple[list[StoredRow], list[Operation]]:
        """Return rows and operations of *run*; raises StoreError unless they fit each other."""
        rows, operations = self.rows(run.id), self.operations(run.id)
        with self.reading():
            check_run(run, rows, operations)
        return rows, operations

    def _insert(self, verb: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows in few statements.

        Every statement gives up the interpreter's lock and has to win it back, up
        to 5 ms later while a cell computes: one a row would take half a minute for
        5,000 rows.
        """
        for some in _batched(rows, _VALUES_PER_STATEMENT // len(names)):
            places = ", ".join([f"(?{', ?' * (len(names) - 1)})"] * len(some))
            statement = f"{verb} ({', '.join(names)}) VALUES {places}"
            self._db.execute(statement, [value for row in some for value in row])

    def _read(self, made: Callable[[Sequence[Any]], T], query: str, *values: Any) -> list[T]:
        with self.reading():
            return [made(each) for each in self._db.execute(query, values).fetchall()]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise what goes wrong inside, ValueError too, as a StoreError that names the file."""
        with errors_named(self._reading, self._name):
            try:
                yield
            except ValueError as error:
                # SQLite has no checksums: damage can look whole to it.
                raise damaged(self._name, str(error), doing=self._reading) from error


def _batched(rows: Sequence[T], count: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), count):
        yield rows[start : start + count]
