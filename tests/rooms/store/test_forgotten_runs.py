"""Deleted runs: no copy stays in the file, and chains of retries stay together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from asyncdest_nb.operation import State
from asyncdest_nb.store import StateValue, Store, StoredRow
from stored_runs import RUN, SECRET, ids, write_run


def all_bytes(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def test_nothing_of_a_forgotten_run_stays_in_the_file(path: Path):
    store = Store(path)
    for run in ("b7", "a1", "c3", "a10", "xa1"):
        write_run(store, run)
    with store.writing():
        store.put_state([StateValue("", "own", "kept", None)])
    before = store.rows("c3"), store.operations("c3")
    assert b"com" + b"a1" in all_bytes(path)
    store.forget(["a1", "b7", "nobody"])
    assert ids(store) == ["c3", "a10", "xa1"]
    assert {value.scope for value in store.state(now=0.0)} == {"", "a10/0", "c3/0", "xa1/0"}
    assert (store.rows("c3"), store.operations("c3")) == before
    assert (store.rows("a1"), store.operations("a1")) == ([], [])
    found = all_bytes(path)
    assert found.count((SECRET + "b7").encode()) == 0
    assert found.count((SECRET + "a1").encode()) == found.count((SECRET + "a10").encode()) > 0
    store.close()


def test_no_copies_remain_of_deleted_rows_that_sqlite_had_moved(path: Path):
    store = Store(path)
    runs = [f"{number * 7919 % 1000:03}x" for number in range(12)]
    with store.writing():
        for run in runs:
            store.add_run(replace(RUN, id=run))
        for at in range(300):
            for run in runs:
                payload = f"{SECRET}{run}" + "-" * ((at * 37 + len(runs)) % 700)
                store.add_rows(run, [StoredRow(at, "a", payload, None)])
    store.forget(runs[:6])
    found = all_bytes(path)
    assert [found.count((SECRET + run).encode()) for run in runs] == [0] * 6 + [300] * 6
    store.close()


def test_runs_are_forgotten_once_they_are_old_and_ended():
    store = Store()
    write_run(store, "old", created_at=10.0)
    write_run(store, "empty", created_at=10.0, states=[])
    write_run(store, "held", created_at=10.0, states=[State.COMPLETED, State.HELD])
    write_run(store, "young", created_at=20.0)
    assert store.forget_older(20.0) == ["old", "empty"]
    assert ids(store) == ["held", "young"]
    assert store.forget_older(20.0) == []
    store.close()


def test_a_chain_of_retries_is_kept_while_one_run_is_new_or_unfinished():
    store = Store()
    write_run(store, "a", created_at=1.0)
    write_run(store, "a1", created_at=2.0, retry_of="a")
    write_run(store, "a2", created_at=30.0, retry_of="a1")
    write_run(store, "b", created_at=3.0)
    write_run(store, "b1", created_at=4.0, retry_of="b", states=[State.RUNNING])
    write_run(store, "b2", created_at=5.0, retry_of="b")
    write_run(store, "c", created_at=7.0)
    write_run(store, "c1", created_at=6.0, retry_of="c")  # The clock was put back.
    write_run(store, "d1", created_at=8.0, retry_of="forgotten")
    assert store.forget_older(20.0) == ["c", "c1", "d1"]
    assert ids(store) == ["a", "a1", "a2", "b", "b1", "b2"]
    store.close()
