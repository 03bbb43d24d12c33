"""Submits of what has changed, against a server on loopback that stores what it gets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.store import Store
from row_shelf import RowShelf, connect, eager
from stateful_actions import DAY


@pytest.fixture
def server() -> Iterator[RowShelf]:
    with RowShelf() as server:
        yield server


@pytest.fixture
def crm(session: ad.Session, server: RowShelf) -> ad.Connection:
    return connect(session, server)


def frame(**rows: Any) -> pd.DataFrame:
    return pd.DataFrame({"id": list(rows), "value": list(rows.values())})


def start(crm: ad.Connection, rows: pd.DataFrame, **options: Any) -> ad.Run:
    keys = {"key": "id", "changed_only": True}
    return crm.submit(rows, "put", schedule=eager(), **{**keys, **options})


def put(crm: ad.Connection, rows: pd.DataFrame, **options: Any) -> list[str]:
    """Submit rows of what has changed, and return their statuses."""
    run = start(crm, rows, **options)
    run.wait(timeout=20)
    return list(run.results()["status"])


def test_only_rows_with_another_payload_are_sent(crm: ad.Connection, server: RowShelf):
    assert put(crm, frame(a="1", b="1")) == ["completed", "completed"]
    server.take_arrived()
    run = start(crm, frame(c="1", b="2", a="1"))
    assert run.wait(timeout=20) == "completed"
    assert list(run.results()["status"]) == ["completed", "completed", "unchanged"]
    assert server.take_arrived() == [("c", "1"), ("b", "2")]
    assert run.counts["unchanged"] == run.stats.unchanged == 1
    assert list(run.unchanged) == [2]
    assert len(run.failed()) == run.retryable == 0
    run.raise_for_failed()
    assert "1 unchanged" in repr(run)


def test_a_run_of_unchanged_rows_is_completed_and_makes_no_request(
    crm: ad.Connection, server: RowShelf
):
    put(crm, frame(a="1"))
    run = start(crm, frame(a="1"))
    assert run.wait(timeout=20) == run.status == "completed"
    assert run.stats.requests == 0
    assert list(run.results()["message"]) == ["not sent: equal to what was completed last"]


def test_a_value_that_comes_back_is_sent_again(crm: ad.Connection, server: RowShelf):
    for value in ("1", "2", "1"):
        assert put(crm, frame(a=value)) == ["completed"]
    assert server.stored == {"a": "1"}
    assert put(crm, frame(a="1")) == ["unchanged"]


@pytest.mark.parametrize("fails", ["fails", "fails_but_stores"])
def test_a_row_that_failed_is_sent_again_and_so_is_what_was_there_before(
    crm: ad.Connection, server: RowShelf, fails: str
):
    put(crm, frame(a="1", b="1"))
    getattr(server, fails).add("a")
    assert put(crm, frame(a="2", b="1")) == ["failed", "unchanged"]
    getattr(server, fails).clear()
    assert put(crm, frame(a="1", b="1")) == ["completed", "unchanged"]
    assert server.stored == {"a": "1", "b": "1"}


def test_a_row_in_doubt_is_sent_again(session: ad.Session, server: RowShelf):
    crm = connect(session, server, recovery="none")
    put(crm, frame(a="1"))
    server.meets.append("lost after")
    assert put(crm, frame(a="2")) == ["unknown"]
    assert put(crm, frame(a="1")) == ["completed"]
    assert server.stored == {"a": "1"}


def test_a_canceled_row_is_sent_again(crm: ad.Connection, server: RowShelf):
    put(crm, frame(a="1"))
    run = start(crm, frame(a="2"), batch_size=1)
    run.pause()
    run.cancel()
    run.wait(timeout=20)
    was_sent = bool([row for row in server.take_arrived() if row == ("a", "2")])
    assert list(run.results()["status"]) == ["completed" if was_sent else "canceled"]
    assert put(crm, frame(a="1")) == ["completed"]


def test_rows_that_are_on_their_way_are_sent_again_and_not_known_afterwards(
    crm: ad.Connection, server: RowShelf
):
    server.is_done = False
    first = start(crm, frame(a="1", b="1"))
    second = start(crm, frame(a="1", c="1"))
    assert first is not second
    server.is_done = True
    assert first.wait(timeout=20) == second.wait(timeout=20) == "completed"
    assert put(crm, frame(a="1", b="1", c="1")) == ["completed", "unchanged", "unchanged"]
    assert put(crm, frame(a="1", b="1", c="1")) == ["unchanged"] * 3


def test_the_same_rows_while_they_are_on_their_way_are_the_same_run(
    crm: ad.Connection, server: RowShelf
):
    server.is_done = False
    first = start(crm, frame(a="1"))
    with pytest.warns(ad.AlreadySubmitted):
        assert start(crm, frame(a="1")) is first
    between = start(crm, frame(a="2"))
    third = start(crm, frame(a="1"))
    assert third not in (first, between)
    server.is_done = True
    assert third.wait(timeout=20) == "completed"


@pytest.mark.parametrize("option", [{"changed_only": False}, {"again": True}])
def test_all_rows_are_sent_if_that_is_said(
    crm: ad.Connection, server: RowShelf, option: dict[str, Any]
):
    put(crm, frame(a="1", b="1"))
    assert put(crm, frame(a="1", b="1"), **option) == ["completed", "completed"]
    assert put(crm, frame(a="1", b="1")) == ["unchanged", "unchanged"]


def test_a_retry_of_failed_rows_makes_them_known(crm: ad.Connection, server: RowShelf):
    server.meets += ["refused"] * 3  # Together, and each row alone.
    run = start(crm, frame(a="1", b="1"))
    run.wait(timeout=20)
    assert run.retryable == 2
    assert run.retry(schedule=eager()).wait(timeout=20) == "completed"
    assert put(crm, frame(a="1", b="1")) == ["unchanged", "unchanged"]


def test_a_retry_after_a_restart_knows_the_keys_of_its_rows(tmp_path: Path, server: RowShelf):
    path, rows = tmp_path / "s.sqlite", frame(a="1", b="1").set_index("id", drop=False)
    rows.index.name = "customer"
    with ad.Session(path=path) as session:
        server.meets += ["refused"] * 3
        start(connect(session, server), rows, key="customer").wait(timeout=20)
    with ad.Session(path=path) as session:
        crm = connect(session, server)
        (run,) = session.runs()
        assert run.retry(schedule=eager()).wait(timeout=20) == "completed"
        assert put(crm, rows, key="customer") == ["unchanged", "unchanged"]


def test_what_is_known_survives_a_restart_and_the_end_of_old_runs(tmp_path: Path, server: RowShelf):
    path = tmp_path / "s.sqlite"
    with ad.Session(path=path) as session:
        put(connect(session, server), frame(a="1"))
        put(connect(session, server), frame(a="1"))
        labels = [list(run.results().index) for run in session.runs()]
    with ad.Session(path=path) as session:
        assert [list(run.results().index) for run in session.runs()] == labels
        statuses = [list(run.results()["status"]) for run in session.runs()]
        assert statuses == [["completed"], ["unchanged"]]
        assert put(connect(session, server), frame(a="1")) == ["unchanged"]
    with closing(Store(path)) as store:
        assert len(store.forget_older(time.time() + DAY)) == 3
    with ad.Session(path=path) as session:
        assert session.runs() == []
        assert put(connect(session, server), frame(a="1")) == ["unchanged"]


def test_a_forgotten_run_is_sent_again(session: ad.Session, crm: ad.Connection):
    put(crm, frame(a="1"))
    session.forget(session.runs()[0].id)
    assert put(crm, frame(a="1")) == ["completed"]


def test_an_exported_run_has_its_unchanged_rows(tmp_path: Path, crm: ad.Connection):
    put(crm, frame(a="1", b="1"))
    run = start(crm, frame(a="2", b="1"))
    run.wait(timeout=20)
    run.export(tmp_path / "run.sqlite")
    loaded = ad.load(tmp_path / "run.sqlite")
    assert list(loaded.results()["status"]) == ["completed", "unchanged"]
    assert loaded.counts == run.counts


def test_rows_without_a_key_and_rows_of_one_key_are_invalid(crm: ad.Connection, server: RowShelf):
    rows = pd.DataFrame(
        {"id": list("abcdef"), "value": "1", "key": ["x", None, "y", "x", "", "x"]},
        index=["r0", "r1", "r2", "r3", "r4", "r5"],
    )
    run = start(crm, rows, key="key")
    assert run.wait(timeout=20) == "partial"
    assert server.take_arrived() == [("c", "1")]
    assert run.key_column == "key"
    messages = dict(zip(run.results().index, run.results()["message"], strict=True))
    assert messages["r1"] == messages["r4"] == "its key is missing: key"
    assert messages["r3"] == "its key is not unique: key is the same in rows r0, r5"


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (frame(a="1").assign(number=[1001]), "number"),
        (frame(a="1").assign(x=[1], y=["z"]), ["y", "x"]),
        (frame(a="1").set_index(pd.MultiIndex.from_tuples([(1, "b")], names=["n", "m"])), "m"),
        (frame(a="1").rename(columns={"id": "user"}), "id"),
    ],
    ids=["an integer", "two columns", "a level", "a field"],
)
def test_a_key_is_columns_levels_of_the_index_or_a_field(
    crm: ad.Connection, rows: pd.DataFrame, key: Any
):
    options = {"columns": {"id": "user"}} if "user" in rows else {}
    assert put(crm, rows, key=key, **options) == ["completed"]
    assert put(crm, rows, key=key, **options) == ["unchanged"]
    reordered = key[::-1] if isinstance(key, list) else [key]
    assert put(crm, rows, key=reordered, **options) == ["unchanged"]


def test_a_key_is_compared_as_text(crm: ad.Connection):
    assert put(crm, frame(a="1").assign(number=[1001]), key="number") == ["completed"]
    assert put(crm, frame(a="1").assign(number=["1001"]), key="number") == ["unchanged"]
    assert put(crm, frame(a="1").assign(number=[1001.0]), key="number") == ["unchanged"]


def test_another_endpoint_is_another_account(session: ad.Session, crm: ad.Connection):
    put(crm, frame(a="1"))
    with RowShelf() as other:
        assert put(connect(session, other), frame(a="1")) == ["completed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": None}, "needs key="),
        ({"key": "nope"}, "no column or field for the key 'nope'"),
        ({"key": []}, "give the name of a column"),
        ({"key": 7}, "give the name of a column"),
        ({"changed_only": 1}, "changed_only is 1"),
    ],
)
def test_a_mistake_is_raised_before_anything_is_sent(
    crm: ad.Connection, server: RowShelf, options: dict[str, Any], words: str
):
    with pytest.raises(ad.UsageError, match=words):
        start(crm, frame(a="1"), **options)
    with pytest.raises(ad.UsageError, match="all rows at once"):
        start(crm, iter([frame(a="1")]))  # type: ignore[arg-type]
    assert server.arrived == []


def test_a_preview_says_what_is_unchanged(crm: ad.Connection, server: RowShelf):
    put(crm, frame(a="1", b="1"))
    server.take_arrived()
    rows = frame(a="1", b="2", c="1")
    found = crm.preview(rows, "put", key="id", changed_only=True)
    assert list(found.unchanged) == [0]
    assert list(found.payloads) == [1, 2]
    assert repr(found).startswith("2 rows in 1 batch, 1 unchanged, 0 invalid")
    assert server.take_arrived() == []
    assert list(crm.preview(rows, "put").payloads) == [0, 1, 2]


def test_a_session_that_keeps_no_payloads_knows_what_has_changed(tmp_path: Path, server: RowShelf):
    path = tmp_path / "s.sqlite"
    for statuses in (["completed", "completed"], ["unchanged", "unchanged"]):
        with ad.Session(path=path, keep_payloads=False) as session:
            assert put(connect(session, server), frame(a="1", b="1")) == statuses
    with ad.Session(path=path, keep_payloads=False) as session:
        assert list(session.runs()[1].results()["status"]) == ["unchanged", "unchanged"]


def test_more_rows_than_submit_compares_are_compared_too(
    crm: ad.Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("asyncdest_nb.session.connection.QUICK_ROWS", 1)
    rows = frame(a="1", b="1", c="1", d="1")
    assert put(crm, rows) == ["completed"] * 4
    rows.loc[2, "value"] = "2"
    assert put(crm, rows) == ["unchanged", "unchanged", "completed", "unchanged"]
