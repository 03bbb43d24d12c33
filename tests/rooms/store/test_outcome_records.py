"""Results of many rows in records of their own: memory, what is read back, and damage."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError
from asyncdest_nb.operation import Operation, RowOutcome, RowStatus, State
from asyncdest_nb.store import ExportedRuns, Store, write_export
from stored_runs import FULL, RUN, tables_of

COUNT = 3_010
TEXT = "x" * 2_000


def outcome(at: int) -> RowOutcome:
    if at % 30 == 0:
        return RowOutcome(RowStatus.FAILED, f"row {at}", "LIMIT", retryable=True)
    return RowOutcome(RowStatus.COMPLETED, "answered", result={"text": f"{at} {TEXT}"})


JOB = replace(
    FULL, number=0, rows=tuple(range(COUNT)), row_outcomes=tuple(map(outcome, range(COUNT)))
)


def written(store: Store, operation: Operation = JOB) -> None:
    with store.writing():
        store.add_run(RUN)
        store.put_operations("r", [operation])


@pytest.mark.parametrize("count", [1, 250, 251, 500, COUNT])
def test_the_outcomes_of_a_job_are_read_back_whatever_their_number(path: Path, count: int):
    outcomes = JOB.row_outcomes or ()
    job = replace(JOB, rows=tuple(range(count)), row_outcomes=outcomes[:count])
    store = Store(path)
    written(store, job)
    assert store.operations("r") == [job]
    write_export(store, ["r"], path.with_name("export"))
    store.close()
    exported = ExportedRuns(path.with_name("export"))
    assert exported.operations("r") == [job]
    exported.close()


def test_writing_results_takes_little_memory_beside_them():
    store = Store()
    text = sum(len(each.result["text"]) for each in JOB.row_outcomes or () if each.result)
    tracemalloc.start()
    written(store)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    assert peak < text / 3


def test_outcomes_that_change_replace_those_before():
    store = Store()
    outcomes = JOB.row_outcomes or ()
    written(store, replace(JOB, state=State.RUNNING, row_outcomes=tuple(reversed(outcomes))))
    with store.writing():
        store.put_operations("r", [JOB])
    assert store.operations("r") == [JOB]
    store.close()


def test_outcomes_without_results_stay_in_the_record_of_the_operation(path: Path):
    store = Store(path)
    done = (RowOutcome(RowStatus.COMPLETED),) * COUNT
    written(store, replace(JOB, state=State.COMPLETED, row_outcomes=done))
    store.close()
    assert tables_of(path)["outcomes"] == []


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM outcomes",
        "DELETE FROM outcomes WHERE place = 3",
        "UPDATE outcomes SET row_outcomes = '5' WHERE place = 3",
        "UPDATE outcomes SET row_outcomes = '{}' WHERE place = 3",
        "UPDATE outcomes SET row_outcomes = x'00' WHERE place = 3",
        "INSERT INTO outcomes SELECT run, number, 99, row_outcomes FROM outcomes WHERE place = 3",
    ],
)
def test_missing_or_damaged_records_are_an_error(damage: str):
    store = Store()
    written(store)
    store.database.execute(damage)
    with pytest.raises(StoreError):
        store.operations("r")
    store.close()


def test_nothing_of_the_results_of_a_forgotten_run_stays(path: Path):
    store = Store(path)
    written(store)
    store.forget(["r"])
    assert TEXT[:50].encode() not in b"".join(
        each.read_bytes() for each in path.parent.glob(f"{path.name}*")
    )
    store.close()
