"""The tables that sessions and exported runs share: runs, their rows and their operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from ..operation import Operation
from . import columns, outcomes, slices
from .consistency import check_run
from .database import Database
from .values import StoredRow, StoredRun

T = TypeVar("T")


class RunTables:
    """Runs, their rows and their operations in a database.

    *is_packed*: it is in memory, and has payloads compressed. In a file everybody can read them.
    """

    def __init__(self, database: Database, *, is_packed: bool = False) -> None:
        self.database = database
        self._is_packed = is_packed

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
        self._add_records(run, source._records(slices.checked, "ORDER BY position", run))

    def _add_records(self, run: str, records: Iterable[Sequence[Any]]) -> None:
        kept = map(slices.packed, records) if self._is_packed else records
        values = [(run, *each) for each in kept]
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
        if at is not None:
            wanted = set(at)
            near = self._records_at(run, at)
            return [row for each in near for row in each if row.position in wanted]
        found = self._records(slices.to_rows, "ORDER BY position", run)
        return [row for each in found for row in each]

    def rows_around(self, run: str, at: Iterable[int]) -> list[StoredRow]:
        """Return the rows of *run* at these positions and all others of their records, in order."""
        return [row for each in self._records_at(run, at) for row in each]

    def _records_at(self, run: str, at: Iterable[int]) -> Iterator[list[StoredRow]]:
        """Yield the rows of each record that has one of these positions."""
        which, last = "AND position <= ? ORDER BY position DESC LIMIT 1", -1
        for position in sorted(map(int, set(at))):
            if position <= last:
                continue  # It is in the record before.
            for rows in self._records(slices.to_rows, which, run, position):
                if rows[-1].position >= position:
                    last = rows[-1].position
                    yield rows

    def _records(
        self, made: Callable[[Sequence[Any]], T], which: str, run: str, *values: Any
    ) -> list[T]:
        """Return what *made* returns for the columns of SLICE of some records of *run*."""
        query = f"SELECT {', '.join(slices.SLICE)} FROM row WHERE run = ? {which}"
        if self._is_packed:
            return self.database.read(
                lambda found: made(slices.unpacked(found)), query, run, *values
            )
        return self.database.read(made, query, run, *values)

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
