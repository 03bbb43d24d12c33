"""Runs that a test writes into a store, the tables of a file, and a full disk."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

from asyncdest_nb.operation import Operation, RowOutcome, RowStatus, State
from asyncdest_nb.store import StateValue, Store, StoredRow, StoredRun

FULL = Operation(
    number=1,
    rows=(3, 1),
    batch=2,
    step=1,
    in_doubt=True,
    is_overdue=True,
    state=State.PARTIAL,
    operation_id="op-é😀",
    context={"operation_id": "op", "nested": [1, None]},
    progress=12.5,
    message="half \ud800 done".encode("utf-8", "backslashreplace").decode(),
    error_code="E1",
    result={"text": "lone \ud800 surrogate"},
    odd_status="exploded",
    polls=4,
    poll_errors=1,
    submitted_at=1.0,
    accepted_at=2.0,
    seen_at=3.0,
    finished_at=4.0,
    row_outcomes=(
        RowOutcome(RowStatus.COMPLETED, result={"id": 1}),
        RowOutcome(RowStatus.FAILED, "locked", "LOCK", retryable=True),
    ),
)
RUN = StoredRun("r", "crm", "upsert", "Upsert to CRM", {"endpoint": "https://x"}, 10, 1.0)
RETRY = replace(
    RUN, id="s", created_at=2.0, retry_of="r", positions=(3, 1), digest="d", deadline_seconds=0.5
)
ROWS = [
    StoredRow(0, "a", '{"x":1}', None),
    StoredRow(1, "b", None, "bad"),
    StoredRow(2, "b", None, None, "5e88"),
]
OPERATIONS = [Operation(number=0, rows=(0,)), FULL]


def filled(store: Store) -> None:
    with store.writing():
        store.add_run(RETRY)
        store.add_run(RUN)
        store.add_rows("r", reversed(ROWS))
        store.put_operations("r", OPERATIONS)


def tables_of(path: Path) -> dict[str, list[tuple]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for (name,) in found}


def version_of(path: Path) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (application_id,) = database.execute("PRAGMA application_id").fetchone()
        return version, application_id


SECRET = "ada@example.com"


def write_run(store: Store, run: str, **changes) -> None:
    operation = replace(FULL, number=0, result={"email": SECRET + run})
    states = changes.pop("states", [State.COMPLETED])
    with store.writing():
        store.add_run(replace(RUN, id=run, **changes))
        store.add_rows(
            run, [StoredRow(at, "a", f'"{SECRET}{run}{at}"' * (at % 9), None) for at in range(300)]
        )
        store.put_operations(
            run, [replace(operation, number=at, state=state) for at, state in enumerate(states)]
        )
        store.put_state([StateValue(f"{run}/0", "k", SECRET + run, None)])


def write(store: Store, run: str = "r", *, length: int = 10) -> None:
    with store.writing():
        store.add_run(StoredRun(run, "crm", "upsert", "Upsert to CRM", {}, None, 1.0))
        rows = [StoredRow(at, "a", "x" * 1000, None) for at in range(length)]
        store.add_rows(run, rows)
        store.put_operations(run, [Operation(number=0, rows=tuple(range(length)))])


def ids(store: Store) -> list[str]:
    return [run.id for run in store.runs()]


def fill_disk(store: Store, *, pages_left: int = 0) -> None:
    """Make SQLite raise SQLITE_FULL, as on a full disk."""
    (count,) = store.database.execute("PRAGMA page_count").fetchone()
    store.database.execute(f"PRAGMA max_page_count = {count + pages_left}")


def make_room(store: Store) -> None:
    store.database.execute("PRAGMA max_page_count = 1000000")
