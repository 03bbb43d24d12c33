"""Submits of many rows: they return before a row is read, and are compared behind."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.session import connection
from one_action import Payload, Settings, destination, echo, submit, users

RELEASE_SECONDS = 5.0


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every frame as one of many rows."""
    monkeypatch.setattr(connection, "QUICK_ROWS", 0)


class Cell(dict[str, Any]):
    """An object in a cell that is read only once it may be."""

    released = threading.Event()
    reads: ClassVar[list[bool]] = []

    def items(self) -> Any:
        self.reads.append(self.released.wait(RELEASE_SECONDS))
        return super().items()


class Nested(ad.Payload):
    user_id: dict[str, Any] = ad.field("User ID")


class Counted:
    """An action that counts the users it was sent."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def destination(self, **action: Any) -> ad.Destination:
        """Return a destination that counts."""

        async def perform_batch(request: Any, data: Any) -> Any:
            self.sent.update(each.user_id for each in data.payload)

        return destination(perform_batch=perform_batch, **action)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_submit_returns_before_a_row_is_read(session: ad.Session, many: None):
    Cell.released.clear()
    Cell.reads.clear()
    act = ad.Action(title="Act", payload=Nested, perform=echo)
    nested = ad.Destination(name="T", slug="t", settings=Settings, actions={"act": act})
    run = submit(session, nested, pd.DataFrame({"user_id": [Cell(id="a"), Cell(id="b")]}))
    Cell.released.set()
    assert run.wait(timeout=20) == "completed"
    assert Cell.reads
    assert all(Cell.reads)


def test_an_error_of_use_is_raised_by_submit_itself(session: ad.Session, many: None):
    with pytest.raises(ad.UnknownName, match="usr"):
        submit(session, destination(perform=echo), users("a"), columns={"user_id": "usr"})
    with pytest.raises(ad.MappingError, match="required field 'user_id'"):
        submit(session, destination(perform=echo), pd.DataFrame({"other": ["a"]}))
    with pytest.raises(ad.FrameError):
        session.connect(destination(perform=echo)).submit([1], "act")
    assert session.runs() == []


def test_the_same_rows_become_the_earlier_run(tmp_path: Path, many: None, counted: Counted):
    path = tmp_path / "session.sqlite"
    with ad.Session(path=path) as session:
        act = counted.destination()
        first = submit(session, act, users("a", "b"))
        assert first.wait(timeout=20) == "completed"
        seen: list[tuple[list[int], bool]] = []
        again = submit(session, act, users("a", "b"))
        again.on_change(lambda numbers, at_rest: seen.append((list(numbers), at_rest)))
        ended: list[ad.Run] = []
        again.when_done(ended.append)
        assert again.wait(timeout=20) == "completed"
        again.wait_until_compared()
        assert again.id == first.id
        assert "the submit that was repeated has sent nothing" in again.notices[0]
        assert list(again.results()["status"]) == ["completed"] * 2
        assert session.runs() == [first]
        assert counted.sent == {"a": 1, "b": 1}
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT DISTINCT run FROM row").fetchall() == [(first.id,)]


def test_a_monitor_of_rows_that_were_sent_shows_the_earlier_run(
    session: ad.Session, many: None, counted: Counted
):
    act = counted.destination()
    assert submit(session, act, users("a", "b")).wait(timeout=20) == "completed"
    Cell.released.clear()
    seen: list[tuple[list[int], bool]] = []
    ended = threading.Event()
    again = submit(session, act, users("a", "b"))
    again.on_change(lambda numbers, at_rest: seen.append((list(numbers), at_rest)))
    again.when_done(lambda run: ended.set())
    assert ended.wait(20)
    again.wait_until_compared()
    assert len(again.operations) == 2
    assert not seen or seen[-1] == ([0, 1], True)


def test_other_rows_and_those_sent_on_purpose_are_sent(
    session: ad.Session, many: None, counted: Counted
):
    act = counted.destination()
    runs = [
        submit(session, act, users("a", "b")),
        submit(session, act, users("a", "c")),
        submit(session, act, users("a", "b"), again=True),
    ]
    assert [run.wait(timeout=20) for run in runs] == ["completed"] * 3
    assert len({run.id for run in runs}) == 3
    assert counted.sent == {"a": 3, "b": 2, "c": 1}


def test_the_same_rows_from_threads_at_once_are_sent_once(
    session: ad.Session, many: None, counted: Counted
):
    act = counted.destination()
    crm = session.connect(act)
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda _: crm.submit(users("a", "b"), "act"), range(4)))
    assert [run.wait(timeout=20) for run in runs] == ["completed"] * 4
    assert len({run.id for run in runs}) == 1
    assert counted.sent == {"a": 1, "b": 1}
    assert len(session.runs()) == 1


def test_rows_are_recognised_whether_they_were_many_or_few(
    session: ad.Session, monkeypatch: pytest.MonkeyPatch, counted: Counted
):
    act = counted.destination()
    first = submit(session, act, users("a", "b"))
    first.wait(timeout=20)
    monkeypatch.setattr(connection, "QUICK_ROWS", 0)
    late = submit(session, act, users("a", "b"))
    late.wait(timeout=20)
    assert late.id == first.id
    assert counted.sent == {"a": 1, "b": 1}


def test_changes_of_the_frame_after_submit_are_not_sent(session: ad.Session, many: None):
    sent: list[str] = []
    may_read = threading.Event()

    async def perform(request: Any, data: Any) -> Any:
        sent.append(data.payload.user_id)

    class Patient(Payload):
        @classmethod
        def model_validate(cls, *given: Any, **named: Any) -> Any:
            may_read.wait(RELEASE_SECONDS)
            return super().model_validate(*given, **named)

    frame = users("a", "b")
    act = ad.Action(title="Act", payload=Patient, perform=perform)
    waiting = ad.Destination(name="T", slug="t", settings=Settings, actions={"act": act})
    run = submit(session, waiting, frame)
    frame.loc[:, "user_id"] = "changed"
    may_read.set()
    assert run.wait(timeout=20) == "completed"
    assert sorted(sent) == ["a", "b"]


def test_a_session_that_is_closed_while_rows_are_read_ends_the_run(many: None):
    session = ad.Session()
    run = submit(session, destination(perform=echo), users(*range(500_000)))
    session.close()
    with pytest.raises(
        ad.AsyncDestError, match="closed while the rows of the run were prepared: nothing was sent"
    ):
        run.wait(timeout=20)
    run.wait_until_compared()
