"""Runs in a file of their own: written once, and only read afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError, UnknownName, UsageError
from ..operation import Operation
from . import file
from .advice import errors_named
from .database import Database
from .tables import RunTables


def write_export(
    store: RunTables,
    runs: Sequence[str],
    path: Path,
    *,
    newer: Mapping[str, Sequence[Operation]] | None = None,
) -> None:
    """Write *runs* of *store* with their rows and operations to a new file.

    Only its owner can read the file. *newer* are operations by run that replace those of
    the store, which may not be up to date. Raises UsageError if something is at *path*
    already, UnknownName for a run that the store does not have, and StoreError if the
    file cannot be written: nothing is left at *path* then.
    """
    if os.path.lexists(path):
        raise UsageError(f"{path} already exists: give another path, or move it away first")
    known = {run.id: run for run in store.runs()}
    for run in runs:
        if run not in known:
            raise UnknownName.of("run", run, known)
    with errors_named("export to", str(path)), file.new_export(path) as connection:
        exported = RunTables(Database(connection, str(path)))
        with exported.writing():
            for run in dict.fromkeys(runs):
                exported.add_run(known[run])
                exported.copy_rows(run, store)
                exported.put_operations(run, store.operations(run))
                exported.put_operations(run, newer.get(run, ()) if newer else ())


class ExportedRuns(RunTables):
    """The runs that were exported to *path*, only to be read; nothing is locked or written.

    Raises StoreError if there is no such file, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        with errors_named("load", str(path)):
            connection = file.open_export(path)
        super().__init__(Database(connection, str(path), reading="load"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Raise StoreError."""
        raise StoreError(f"{self.database.name} is an exported run: it can only be read")
        yield

    def close(self) -> None:
        """Close the file."""
        self.database.close()
