"""What a store knows of keys after claims and outcomes, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from asyncdest_nb.operation import (
    Operation,
    RowOutcome,
    RowStatus,
    StatusUpdate,
    accepted,
    finished,
    held,
    resolved,
    submitted,
    unsure,
    withdrawn,
)
from asyncdest_nb.store import Store
from stored_runs import RUN

KEY, OTHER = b"k" * 16, b"o" * 16
OLD, NEW = b"p" * 16, b"n" * 16


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(None)
    yield store
    store.close()


def claim(store: Store, run: str, payload: bytes, *, keys: tuple[bytes, ...] = (KEY,)) -> None:
    with store.writing():
        store.stage_claims(run, [(at, key, payload) for at, key in enumerate(keys)])
        store.add_run(replace(RUN, id=run, key=("id",)))
        store.claim_keys(run)


def sent(rows: tuple[int, ...] = (0,)) -> Operation:
    return submitted(Operation(0, rows), now=1.0)


def ended(status: str = "completed", rows: tuple[RowOutcome, ...] | None = None) -> Operation:
    operation = sent(tuple(range(len(rows or (0,)))))
    operation = accepted(operation, context={}, operation_id="o", message="", now=1.0)
    return finished(operation, StatusUpdate(status, rows=rows), now=2.0)


def complete(store: Store, run: str, payload: bytes) -> None:
    claim(store, run, payload)
    store.put_operations(run, [ended()])


def known(store: Store) -> dict[bytes, bytes]:
    return store.known_payloads([KEY, OTHER])


def test_a_payload_is_known_once_its_row_is_completed(store: Store):
    claim(store, "a", OLD)
    assert known(store) == {}
    store.put_operations("a", [sent()])
    assert known(store) == {}
    store.put_operations("a", [ended()])
    assert known(store) == {KEY: OLD}
    store.put_operations("a", [ended()])  # As when a commit is repeated.
    assert known(store) == {KEY: OLD}


def test_each_row_of_a_job_counts_for_its_own_key(store: Store):
    outcomes = (RowOutcome(RowStatus.FAILED), RowOutcome(RowStatus.COMPLETED))
    claim(store, "a", OLD, keys=(KEY, OTHER))
    store.put_operations("a", [ended(rows=outcomes)])
    assert known(store) == {OTHER: OLD}
    assert store.claimed_keys("a") == {0: KEY}


@pytest.mark.parametrize(
    "end",
    [
        ended("failed"),
        withdrawn(Operation(0, (0,)), now=1.0),
        held(unsure(sent(), message="lost")),
        resolved(held(unsure(sent(), message="lost")), applied=True, now=1.0),
        unsure(sent(), message="lost"),
        sent(),
    ],
    ids=["failed", "canceled", "held", "lost", "unknown", "on its way"],
)
def test_any_end_but_completed_forgets_what_was_known(store: Store, end: Operation):
    complete(store, "a", OLD)
    claim(store, "b", NEW)
    store.put_operations("b", [end])
    assert known(store) == {}


def test_claims_without_their_run_change_nothing(store: Store):
    complete(store, "a", OLD)
    with store.writing():
        store.stage_claims("b", [(0, KEY, NEW)])
    assert known(store) == {KEY: OLD}


@pytest.mark.parametrize("first", ["a", "b"])
def test_nothing_is_known_of_a_key_that_two_runs_sent_at_the_same_time(store: Store, first: str):
    claim(store, "a", OLD)
    claim(store, "b", NEW)
    for run in ("a", "b") if first == "a" else ("b", "a"):
        store.put_operations(run, [ended()])
        assert known(store) == {}
    complete(store, "c", NEW)
    assert known(store) == {KEY: NEW}


def test_a_held_row_is_in_nobodys_way(store: Store):
    claim(store, "a", OLD)
    store.put_operations("a", [held(unsure(sent(), message="lost"))])
    complete(store, "b", NEW)
    assert known(store) == {KEY: NEW}
    store.put_operations("a", [resolved(held(unsure(sent(), message="")), applied=False, now=2.0)])
    assert known(store) == {KEY: NEW}


def test_a_held_row_that_goes_on_makes_its_key_unknown(store: Store):
    claim(store, "a", OLD)
    doubt = unsure(sent(), message="lost")
    store.put_operations("a", [held(doubt)])
    complete(store, "b", NEW)
    store.put_operations("a", [doubt])
    assert known(store) == {}
    store.put_operations("a", [replace(ended(), in_doubt=True)])
    assert known(store) == {}
    complete(store, "c", NEW)
    assert known(store) == {KEY: NEW}


def test_a_forgotten_run_takes_along_what_is_known_by_it(store: Store):
    complete(store, "a", OLD)
    store.forget(["a"])
    assert known(store) == {}


def test_an_old_run_is_deleted_and_what_is_known_by_it_stays(store: Store):
    complete(store, "a", OLD)
    assert store.forget_older(RUN.created_at + 1) == ["a"]
    assert known(store) == {KEY: OLD}


def test_a_run_that_is_forgotten_on_its_way_claims_nothing_any_more(store: Store):
    claim(store, "a", OLD)
    store.forget(["a"])
    complete(store, "b", NEW)
    assert known(store) == {KEY: NEW}


def test_claims_of_a_run_that_was_never_recorded_are_deleted(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    with closing(Store(path)) as store:
        complete(store, "a", OLD)
        with store.writing():
            store.stage_claims("b", [(0, KEY, NEW)])
    with closing(Store(path)) as store:
        assert known(store) == {KEY: OLD}
        assert store.database.execute("SELECT count(*) FROM claim").fetchone() == (0,)
