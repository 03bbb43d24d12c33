"""The tables that sessions and exported runs share: runs, their rows and their operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..operation import Operation
from . import columns, outcomes, slices
from .consistency import check_run
from .database import Database
from .values import StoredRow, StoredRun


class RunTables:
    """Runs, their rows and their operations in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the writes inside one durable transaction: all of them or none."""
        with self.database.writing():
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise errors inside, ValueError too, as a StoreError that names the file."""
        with self.database.reading():
            yield

    def add_run(self, run: StoredRun) -> None:
        """Add a run; its rows and operations may be there already.

        Nobody reads rows and operations of a run that was not added; opening a file
        for writing deletes them.
        """
        self.database.insert("INSERT INTO run", columns.RUN, [columns.from_run(run)])

    def put_control(self, run: str, control: str) -> None:
        """Save whether the user paused or canceled *run*, see StoredRun."""
        self.database.execute("UPDATE run SET standing = ? WHERE id = ?", (control, run))

    def put_notified(self, run: str) -> None:
        """Save that the notice of the end of *run* is about to be posted."""
        self.database.execute("UPDATE run SET notified = 1 WHERE id = ?", (run,))

    def add_rows(self, run: str, rows: Iterable[StoredRow]) -> None:
        """Add rows of *run*, a record for each."""
        self._add_records(run, map(slices.from_row, rows))

    def add_slice(
        self,
        run: str,
        first: int,
        *,
        labels: Sequence[str],
        payloads: Sequence[str | None],
        faults: Mapping[int, str],
    ) -> None:
        """Add the rows of *run* from position *first* on, in as few records as possible.

        *payloads* are the JSON texts of these rows, without line breaks; None = the row has
        none. *faults* say by position in the run why rows are invalid; those of other rows
        may be among them.
        """
        found = slices.from_slice(first, labels=labels, payloads=payloads, faults=faults)
        self._add_records(run, found)

    def drop_rows(self, run: str) -> None:
        """Delete the rows of a run that was not added."""
        self.database.execute("DELETE FROM row WHERE run = ?", (run,))

    def copy_rows(self, run: str, source: RunTables) -> None:
        """Add the rows of *run* as *source* has them; raises StoreError if they are damaged."""
        query = f"SELECT {', '.join(slices.SLICE)} FROM row WHERE run = ?"
        self._add_records(run, source.database.read(slices.checked, query, run))

    def _add_records(self, run: str, records: Iterable[Sequence[Any]]) -> None:
        values = [(run, *each) for each in records]
        self.database.insert("INSERT INTO row", ("run", *slices.SLICE), values)

    def put_operations(self, run: str, operations: Iterable[Operation]) -> None:
        """Add operations of *run*, or replace those with the same numbers."""
        changed = list(operations)
        values = [(run, *columns.from_operation(each)) for each in changed]
        statement = "INSERT OR REPLACE INTO operation"
        self.database.insert(statement, ("run", *columns.OPERATION), values)
        for each in changed:
            for at, text in enumerate(outcomes.records_of(each.row_outcomes)):
                statement = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?)"
                self.database.execute(statement, (run, each.number, at, text))

    def runs(self) -> list[StoredRun]:
        """Return all runs in the order in which they were written: clocks may have changed."""
        query = f"SELECT {', '.join(columns.RUN)} FROM run ORDER BY rowid"
        return self.database.read(columns.to_run, query)

    def rows(self, run: str, *, at: Sequence[int] | None = None) -> list[StoredRow]:
        """Return the rows of *run* by position; *at* None = all of them."""
        query = f"SELECT {', '.join(slices.SLICE)} FROM row WHERE run = ?"
        if at is not None:
            return self._rows_at(query, run, at)
        found = self.database.read(slices.to_rows, f"{query} ORDER BY position", run)
        return [row for each in found for row in each]

    def _rows_at(self, query: str, run: str, at: Sequence[int]) -> list[StoredRow]:
        query += " AND position <= ? ORDER BY position DESC LIMIT 1"
        found: list[StoredRow] = []
        near: dict[int, StoredRow] = {}  # The rows of the record that was read last.
        for position in sorted(map(int, set(at))):
            if position not in near:
                records = self.database.read(slices.to_rows, query, run, position)
                near = {row.position: row for each in records for row in each}
            if position in near:
                found.append(near[position])
        return found

    def operations(self, run: str) -> list[Operation]:
        """Return the operations of *run* by number."""
        query = f"SELECT {', '.join(columns.OPERATION)} FROM operation WHERE run = ?"
        made = partial(columns.to_operation, records=partial(self._records_of, run))
        return self.database.read(made, f"{query} ORDER BY number", run)

    def _records_of(self, run: str, number: int) -> Iterator[Any]:
        """Yield the records of the outcomes of an operation, one at a time."""
        query = "SELECT row_outcomes FROM outcomes WHERE run = ? AND number = ? ORDER BY place"
        yield from map(columns.to_record, self.database.execute(query, (run, number)))

    def whole(self, run: StoredRun) -> tuple[list[StoredRow], list[Operation]]:
        """Return rows and operations of *run*; raises StoreError unless they fit each other."""
        rows, operations = self.rows(run.id), self.operations(run.id)
        with self.reading():
            check_run(run, rows, operations)
        return rows, operations
