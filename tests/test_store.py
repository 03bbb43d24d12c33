"""The session's memory, against real SQLite files."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError
from asyncdest_nb.operation import Operation, RowOutcome, RowStatus, State
from asyncdest_nb.store import SCHEMA_VERSION, StateValue, Store, StoredRow, StoredRun

FULL = Operation(
    number=1,
    rows=(3, 1),
    batch=2,
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


def filled(store: Store) -> None:
    with store.writing():
        store.add_run(RUN)
        store.add_rows("r", [StoredRow(1, "b", None, "bad"), StoredRow(0, "a", '{"x":1}', None)])
        store.put_operations("r", [Operation(number=0, rows=(0,)), FULL])


def write_half(store: Store) -> None:
    with store.writing():
        store.put_operations("r", [Operation(number=7, rows=(7,))])
        store.add_run(RUN)


@pytest.mark.parametrize("in_file", [True, False])
def test_what_is_written_is_read_back_whole(tmp_path: Path, in_file: bool):
    store = Store(tmp_path / "deep" / "s.sqlite" if in_file else None)
    filled(store)
    assert store.runs() == [RUN]
    assert store.operations("r") == [Operation(number=0, rows=(0,)), FULL]
    assert store.rows("r") == [StoredRow(0, "a", '{"x":1}', None), StoredRow(1, "b", None, "bad")]
    store.close()


def test_a_reopened_file_holds_the_same(tmp_path: Path):
    first = Store(tmp_path / "s.sqlite")
    filled(first)
    first.close()
    again = Store(tmp_path / "s.sqlite")
    assert again.operations("r")[1] == FULL
    again.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path):
    store = Store(tmp_path / "s.sqlite")
    filled(store)
    with pytest.raises(StoreError, match="cannot write"):
        write_half(store)
    assert [each.number for each in store.operations("r")] == [0, 1]
    store.close()


def test_numbers_that_json_does_not_have_are_kept_as_null():
    store = Store()
    filled(store)
    odd = Operation(number=2, rows=(2,), result={"a": float("nan"), "b": [float("inf")], "c": {1}})
    with store.writing():
        store.put_operations("r", [odd])
    assert store.operations("r")[2].result == {"a": None, "b": [None], "c": "{1}"}
    store.close()


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        ({("a", 1): 2}, {"('a', 1)": 2}),
        (circular := [1], "a list that is not JSON: "),
    ],
)
def test_a_result_that_is_no_json_is_kept_as_far_as_it_can_be(result, kept):
    if result is circular:
        circular.append(circular)
    store = Store()
    filled(store)
    with store.writing():
        store.put_operations("r", [Operation(number=2, rows=(2,), result=result)])
    found = store.operations("r")[2].result
    assert found == kept or found.startswith(kept)
    store.close()


def test_expired_state_is_gone():
    store = Store()
    values = [StateValue("", "old", 1, 10.0), StateValue("r/0", "new", {"a": 1}, None)]
    with store.writing():
        store.put_state(values)
    assert store.state(now=10.0) == [values[1]]
    assert store.state(now=0.0) == [values[1]]
    store.close()


def test_the_file_is_for_its_owner_alone_and_survives_a_power_cut(tmp_path: Path):
    store = Store(tmp_path / "s.sqlite")
    assert stat.S_IMODE((tmp_path / "s.sqlite").stat().st_mode) == 0o600
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(StoreError, match="newer asyncdest_nb"):
        Store(path)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    path.write_text("dear diary, " * 1000)
    with pytest.raises(StoreError, match=r"cannot open .*s\.sqlite: file is not a database"):
        Store(path)
    assert path.read_text().startswith("dear diary")


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot open"):
        Store(tmp_path / "file" / "s.sqlite")
