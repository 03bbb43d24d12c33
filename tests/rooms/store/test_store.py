"""The store, in memory and in real SQLite files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError
from asyncdest_nb.operation import Operation
from asyncdest_nb.store import StateValue, Store
from stored_runs import FULL, OPERATIONS, RETRY, ROWS, RUN, filled


def write_half(store: Store) -> None:
    with store.writing():
        store.put_operations("r", [Operation(number=7, rows=(7,))])
        store.add_run(RUN)


@pytest.mark.parametrize("in_file", [True, False])
def test_what_is_written_is_read_back_whole(tmp_path: Path, in_file: bool):
    store = Store(tmp_path / "deep" / "s.sqlite" if in_file else None)
    filled(store)
    assert store.holder == ""
    assert store.runs() == [RETRY, RUN]  # In the order written, whatever their times are.
    assert store.rows("r") == ROWS
    assert store.operations("r") == OPERATIONS
    assert store.operations("r")[1].in_doubt is True
    assert (store.rows("s"), store.operations("s")) == ([], [])
    store.close()


def test_a_reopened_file_holds_the_same(tmp_path: Path):
    first = Store(tmp_path / "s.sqlite")
    filled(first)
    first.close()
    again = Store(tmp_path / "s.sqlite")
    assert again.operations("r")[1] == FULL
    again.close()


def test_rows_of_an_unfinished_run_are_deleted_when_the_file_is_reopened(path: Path):
    store = Store(path)
    filled(store)
    with store.writing():
        store.add_rows("begun", ROWS)
        store.put_operations("begun", OPERATIONS)
    assert [run.id for run in store.runs()] == ["s", "r"]
    store.close()
    again = Store(path)
    assert (again.rows("begun"), again.operations("begun")) == ([], [])
    assert (again.rows("r"), again.operations("r")) == (ROWS, OPERATIONS)
    again.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path):
    store = Store(tmp_path / "s.sqlite")
    filled(store)
    with pytest.raises(StoreError, match="cannot write"):
        write_half(store)
    assert [each.number for each in store.operations("r")] == [0, 1]
    store.close()


def test_numbers_that_json_does_not_have_are_stored_as_null():
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
def test_a_result_that_is_not_json_is_stored_as_far_as_possible(result, kept):
    if result is circular:
        circular.append(circular)
    store = Store()
    filled(store)
    with store.writing():
        store.put_operations("r", [Operation(number=2, rows=(2,), result=result)])
    found = store.operations("r")[2].result
    assert found == kept or found.startswith(kept)
    store.close()


def test_expired_state_is_deleted():
    store = Store()
    values = [StateValue("", "old", 1, 10.0), StateValue("r/0", "new", {"a": 1}, None)]
    with store.writing():
        store.put_state(values)
    assert store.state(now=10.0) == [values[1]]
    assert store.state(now=0.0) == [values[1]]
    store.close()


def test_only_its_owner_can_read_the_file_and_it_survives_a_power_cut(tmp_path: Path):
    store = Store(tmp_path / "s.sqlite")
    assert stat.S_IMODE((tmp_path / "s.sqlite").stat().st_mode) == 0o600
    assert store.database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.database.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()
