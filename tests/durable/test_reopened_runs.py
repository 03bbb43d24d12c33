"""Runs of a session that was closed and opened again, with real HTTP."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
import scripted_jobs
from example_rows import eager, people
from paths import DATA
from raw_server import RawServer, answer
from scripted_jobs import until_put_off

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


def test_a_run_that_has_ended_is_there_again_with_every_outcome(file: Path):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0.3, seed=1) as demo:
        with ad.Session(path=file) as session:
            frame = people(20)
            frame.iloc[3, 0] = None
            run = session.connect(demo).submit(frame, "asyncOperation", schedule=eager())
            assert run.wait(timeout=20) == "partial"
            before = run.results()
        with ad.Session(path=file) as session:
            (again,) = session.runs()
            assert (again.id, again.title, again.status) == (run.id, run.title, "partial")
            assert again.created_at == pytest.approx(run.created_at, abs=5)
            pd.testing.assert_frame_equal(again.results(), before, check_index_type=False)
            assert list(again.failed().index) == list(run.failed().index)
            assert again.notices == []
            with pytest.raises(ad.UsageError, match="connect"):
                again.retry()


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        (range(2), [0, 1]),
        ([20, -7], [20, -7]),
        ([7, 7], [7, 7]),
        (["07", "x"], ["07", "x"]),
        (pd.Index([1, None], dtype="Int64"), ["1", "(missing)"]),
        ([0.5, 1.0], ["0.5", "1"]),
    ],
)
def test_integer_labels_are_integers_again(file: Path, labels: Any, kept: list[Any]):
    frame = people(2).set_axis(pd.Index(labels), axis=0)
    with ad.simulate("example-async", duration_seconds=0.05) as demo, ad.Session(path=file) as own:
        own.connect(demo).submit(frame, "asyncOperation").wait(timeout=20)
    with ad.Session(path=file) as again:
        (run,) = again.runs()
        assert run.results().index.tolist() == kept
        assert list(run.results()["status"]) == ["completed"] * 2


def test_a_run_continues_after_a_connect_with_the_same_settings(file: Path):
    with ad.simulate("example-async", duration_seconds=1.5, failing=0, seed=1) as demo:
        with ad.Session(path=file) as session:
            run = session.connect(demo).submit(people(5), "asyncOperation", schedule=eager())
            while not (run.operations and all(each.polls for each in run.operations)):
                assert run.wait(timeout=0.05) == "pending"
        with ad.Session(path=file) as session:
            (again,) = session.runs()
            with pytest.raises(ad.UsageError, match=r"session\.connect"):
                again.wait()
            assert "session.connect" in again.notices[0]
            session.connect("example-async", endpoint="http://127.0.0.1:9")
            assert "session.connect" in again.notices[0]
            session.connect(demo)
            assert again.wait(timeout=20) == "completed"
            assert demo.requests["POST /operations/batch"] == {202: 1}
            assert set(again.results()["operation_id"]) == {
                each["operation_id"] for each in demo.operations
            }


def test_a_retry_after_a_restart_sends_the_same_payloads(file: Path):
    with RawServer(answer(400), answer(202, {"operations": [{"operation_id": "o-1"}]})) as server:
        with ad.Session(path=file) as session:
            crm = session.connect("example-async", endpoint=server.url)
            assert crm.submit(people(1), "asyncOperation").wait(timeout=10) == "failed"
        with ad.Session(path=file) as session:
            session.connect("example-async", endpoint=server.url)
            session.runs()[0].retry()
            while len(server.arrived) < 2:
                time.sleep(0.02)
    assert server.arrived[0].body == server.arrived[1].body


def test_a_retry_in_smaller_batches_goes_on_in_them_after_a_restart(file: Path):
    async def send(request: Any, data: Any) -> Any:
        rows = [each.user_id for each in data.payload]
        return await request(f"{data.settings.endpoint}/rows", method="POST", json=rows)

    def connect(session: ad.Session) -> ad.Connection:
        return scripted_jobs.connect(session, action, server.url)

    action = ad.Action(
        title="Act", payload=scripted_jobs.Payload, perform_batch=send, isolation_requests=0
    )
    with RawServer(answer(400, "no"), answer(200, {})) as server:
        with ad.Session(path=file) as session:
            run = scripted_jobs.submit(connect(session), ["a", "b", "c", "d", "e"])
            assert run.wait(timeout=10) == "failed"
            again = run.retry(batch_size=2)
            again.pause()
            while not again.operations:  # Only what is recorded survives.
                time.sleep(0.01)
        with ad.Session(path=file) as session:
            connect(session)
            again = session.runs()[1]
            again.resume()
            assert again.wait(timeout=10) == "completed"
    assert sorted(len(json.loads(each.body)) for each in server.arrived) == [1, 2, 2, 5]


def test_a_payload_that_fits_no_more_is_not_sent_after_a_restart(file: Path):
    class Before(ad.Payload):
        user_id: str = ad.field("User")

    class After(ad.Payload):
        user_id: int = ad.field("User")

    async def perform(request: Any, data: Any) -> Any:
        return await request("http://127.0.0.1:1/", method="POST", json={})

    def destination(payload: type[ad.Payload]) -> ad.Destination:
        act = ad.Action(title="Act", payload=payload, perform=perform)
        return ad.Destination(name="Test", slug="test", actions={"act": act})

    with ad.Session(path=file) as session:
        frame = pd.DataFrame({"user_id": ["a"]})
        run = session.connect(destination(Before)).submit(frame, "act")
        until_put_off(run, "cannot be reached")
    with ad.Session(path=file) as session:
        session.connect(destination(After))
        (run,) = session.runs()
        assert run.wait(timeout=10) == "failed"
        assert "does not fit" in run.results()["message"].iloc[0]


def test_rows_that_waited_out_a_pause_are_sent_after_a_restart(file: Path):
    later = answer(429, headers={"retry-after": "30"})
    taken = answer(202, {"operations": [{"operation_id": "o-1"}]})
    with RawServer(later, taken) as server:
        with ad.Session(path=file) as session:
            crm = session.connect("example-async", endpoint=server.url)
            run = crm.submit(people(1), "asyncOperation")
            until_put_off(run, "fewer requests")
        assert run.counts["unknown"] == 0
        with ad.Session(path=file) as session:
            session.connect("example-async", endpoint=server.url)
            (run,) = session.runs()
            while not run.operations[0].operation_id:
                run.wait(timeout=0.02)
    assert [each.target for each in server.arrived[:2]] == ["/operations/batch"] * 2


def test_a_session_of_the_first_schema_opens_and_continues(file: Path):
    shutil.copy(DATA / "session_v1.sqlite", file)
    with ad.Session(path=file) as session:
        assert [run.status for run in session.runs()] == ["partial", "partial", "pending"]
        first, jobs, going = session.runs()
        statuses = ["failed", "failed", "invalid", "failed", "completed"]
        assert list(first.results()["status"]) == statuses
        assert list(first.failed().index) == ["a", "b", "c", "d"]
        assert jobs.results()["result"].iloc[2] == {
            "sf__Id": "003yOxOKpCKFI6IQWX",
            "sf__Created": True,
        }
        ids = [each.operation_id for each in going.operations]
        assert len(ids) == 4
    with RawServer(answer(200, {"status": "completed", "message": "done"})) as server:
        move(file, to=server.url)
        with ad.Session(path=file) as session:
            session.connect("example-async", endpoint=server.url)
            run = session.run(going.id)
            assert run.wait(timeout=20) == "partial"  # A row is invalid.
            assert [each.operation_id for each in run.operations] == ids
        assert {each.method for each in server.arrived} == {"GET"}


def move(file: Path, *, to: str) -> None:
    """Let what was sent to an address of long ago have been sent *to* another one."""
    settings = json.dumps({"endpoint": to}, separators=(",", ":"))
    database = sqlite3.connect(file)
    with database:
        database.execute(
            "UPDATE run SET settings = ? WHERE destination = 'example-async'", (settings,)
        )
    database.close()
