"""A SQLite connection with the name that its errors show."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from .advice import damaged, errors_named
from .schema import transaction

T = TypeVar("T")

_VALUES_PER_STATEMENT = 5_000  # SQLite takes 32,766; a statement of these is 400 kB of memory.


class Database:
    """An open SQLite database; *name* and *reading* are for error messages.

    *reading* is the verb for what this process does with it: "read" or "load".
    """

    def __init__(self, connection: sqlite3.Connection, name: str, *, reading: str = "read") -> None:
        self.connection = connection
        self.name = name
        self._reading = reading

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement; raises sqlite3.Error."""
        return self.connection.execute(statement, values)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def insert(self, verb: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows in few statements.

        Every statement gives up the interpreter's lock and has to win it back, up
        to 5 ms later while a cell computes: one a row would take half a minute for
        5,000 rows. Compiled statements are kept, so there are few sizes of them.
        """
        for some in _batched(rows, _VALUES_PER_STATEMENT // len(names)):
            places = ", ".join([f"(?{', ?' * (len(names) - 1)})"] * len(some))
            statement = f"{verb} ({', '.join(names)}) VALUES {places}"
            self.execute(statement, [value for row in some for value in row])

    def read(self, made: Callable[[Sequence[Any]], T], query: str, *values: Any) -> list[T]:
        """Return what *made* returns for each row of *query*; raises StoreError."""
        with self.reading():
            return [made(each) for each in self.execute(query, values).fetchall()]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise errors inside, ValueError too, as a StoreError that names the file."""
        with errors_named(self._reading, self.name):
            try:
                yield
            except ValueError as error:
                # SQLite has no checksums: it may not notice damage.
                raise damaged(self.name, str(error), doing=self._reading) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the writes inside one durable transaction: all of them or none."""
        with errors_named("write", self.name), transaction(self.connection):
            yield


def _batched(rows: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Yield *rows* in parts of at most *most*, whose sizes have three significant binary digits.

    So up to 217 operations are at most three parts, and there are 26 sizes of them.
    """
    start, left = 0, len(rows)
    while left:
        count = min(left, most)
        zeros = max(0, count.bit_length() - 3)
        count = count >> zeros << zeros
        yield rows[start : start + count]
        start, left = start + count, left - count
