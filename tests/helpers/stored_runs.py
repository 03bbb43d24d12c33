"""Runs that a test writes to a store itself, and a disk that is full for it."""

from __future__ import annotations

from asyncdest_nb.operation import Operation
from asyncdest_nb.store import Store, StoredRow, StoredRun


def write(store: Store, run: str = "r", *, length: int = 10) -> None:
    with store.writing():
        store.add_run(StoredRun(run, "crm", "upsert", "Upsert to CRM", {}, None, 1.0))
        rows = [StoredRow(at, "a", "x" * 1000, None) for at in range(length)]
        store.add_rows(run, rows)
        store.put_operations(run, [Operation(number=0, rows=tuple(range(length)))])


def ids(store: Store) -> list[str]:
    return [run.id for run in store.runs()]


def fill_disk(store: Store, *, pages_left: int = 0) -> None:
    """Let SQLite find the disk full, as it would tell us (SQLITE_FULL)."""
    (count,) = store.database.execute("PRAGMA page_count").fetchone()
    store.database.execute(f"PRAGMA max_page_count = {count + pages_left}")


def make_room(store: Store) -> None:
    store.database.execute("PRAGMA max_page_count = 1000000")
