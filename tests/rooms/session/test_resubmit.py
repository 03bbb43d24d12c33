"""Cells that run twice: the same frame submitted again, over real HTTP, also after a restart."""

from __future__ import annotations

import sys
import threading
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.destinations.example_async import example_async
from asyncdest_nb.portal import Portal
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer

ACCEPTED = answer(202, {"operations": [{"operation_id": "o-1"}, {"operation_id": "o-2"}]})
FRAME = pd.DataFrame({"user_id": ["u-1", "u-2"], "operation_type": "sync_profile"}, index=["a", 7])
ONE = FRAME.iloc[:1]


def submit(crm: ad.Connection, frame: pd.DataFrame = FRAME, **options: Any) -> ad.Run:
    eager = SquareRoot(minimum=0.05, cost=0.01)
    return crm.submit(frame, "asyncOperation", **{"schedule": eager, **options})


def test_the_same_frame_is_not_sent_twice_and_says_so(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        run = submit(session.connect(demo))
        with pytest.warns(ad.AlreadySubmitted, match=r"again=True") as caught:
            same = submit(session.connect(demo), FRAME.copy())
        assert caught[0].filename == __file__
        assert same is run
        assert run.wait(timeout=20) == "completed"
        assert "repeated" in run.notices[0]
        assert session.runs() == [run]
        assert len(demo.operations) == 2


def test_the_same_frame_from_two_threads_at_once_is_sent_once(session: ad.Session):
    at_once = threading.Barrier(4)
    interval = sys.getswitchinterval()

    def send(crm: ad.Connection) -> ad.Run:
        at_once.wait(timeout=10)
        return submit(crm)

    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        crm = session.connect(demo)
        sys.setswitchinterval(1e-5)
        try:
            with warnings.catch_warnings(), ThreadPoolExecutor(4) as threads:
                warnings.simplefilter("ignore", ad.AlreadySubmitted)
                runs = list(threads.map(send, [crm] * 4))
        finally:
            sys.setswitchinterval(interval)
        assert {run.id for run in runs} == {runs[0].id}
        assert runs[0].wait(timeout=20) == "completed"
        assert len(demo.operations) == 2


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_submit_that_is_interrupted_and_repeated_sends_once(
    session: ad.Session, monkeypatch: pytest.MonkeyPatch, is_begun: bool
):
    start = Portal.start

    def interrupted(self: Portal, work: Any) -> Any:
        if is_begun:
            start(self, work)
        else:
            work.close()
        raise KeyboardInterrupt  # As the stop button does it: in the middle of something.

    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        crm = session.connect(demo)
        with monkeypatch.context() as patch:
            patch.setattr(Portal, "start", interrupted)
            with pytest.raises(KeyboardInterrupt):
                submit(crm)
        with pytest.warns(ad.AlreadySubmitted):
            run = submit(crm)
        assert run.wait(timeout=20) == "completed"
        assert len(demo.operations) == 2


def test_again_sends_it_again(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        runs = [submit(session.connect(demo), again=True) for _ in range(2)]
        assert [run.wait(timeout=20) for run in runs] == ["completed"] * 2
        assert Counter(each["payload"]["user_id"] for each in demo.operations) == Counter(
            {"u-1": 2, "u-2": 2}
        )


@pytest.mark.parametrize(
    "change",
    [
        {"frame": FRAME.assign(user_id=["u-1", "u-3"])},
        {"frame": FRAME.iloc[:1]},
        {"mapping": {"operation_type": "process_data"}},
        {"data": {"plan": "pro"}},
    ],
    ids=["a value", "a row less", "the mapping", "a constant"],
)
def test_what_differs_is_sent(session: ad.Session, change: dict[str, Any]):
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        crm = session.connect(demo)
        runs = {submit(crm, **change), submit(crm)}
        assert len(runs) == 2
        for run in runs:
            run.wait(timeout=20)


@pytest.mark.parametrize(
    "change",
    [
        {"frame": FRAME.set_axis(["x", "y"])},
        {"frame": FRAME.assign(status=["completed", "failed"])},
        {"batch_size": 1},
    ],
    ids=["labels", "a column nothing reads", "the batches"],
)
def test_what_comes_to_the_same_payloads_is_the_same(session: ad.Session, change: dict[str, Any]):
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        crm = session.connect(demo)
        run = submit(crm)
        with pytest.warns(ad.AlreadySubmitted):
            assert submit(crm, **change) is run
        run.wait(timeout=20)
        assert run.results().index.tolist() == change.get("frame", FRAME).index.tolist()


def test_a_failed_second_submit_does_not_hide_the_first(session: ad.Session):
    done, refused = answer(202, {"operations": [{"operation_id": "o-1"}]}), answer(401)
    finished = answer(200, {"status": "completed"})
    with RawServer(done, finished, refused) as server:
        crm = session.connect("example-async", endpoint=server.url)
        first = submit(crm, ONE)
        assert first.wait(timeout=20) == "completed"
        assert submit(crm, ONE, again=True).wait(timeout=20) == "failed"
        with pytest.warns(ad.AlreadySubmitted):
            assert submit(crm, ONE) is first


def test_another_account_is_another_submit(session: ad.Session):
    quick = {"duration_seconds": 0.1}
    with ad.simulate("example-async", **quick) as one, ad.simulate("example-async", **quick) as two:
        runs = {submit(session.connect(each)) for each in (one, two)}
        assert len(runs) == 2
        for run in runs:
            run.wait(timeout=20)


def test_a_run_of_which_nothing_was_applied_is_sent_again(session: ad.Session):
    with RawServer(answer(401), ACCEPTED) as server:
        first = submit(session.connect("example-async", endpoint=server.url, api_key="wrong"))
        assert first.wait(timeout=10) == "failed"
        second = submit(session.connect("example-async", endpoint=server.url, api_key="right"))
        assert second is not first
        while not second.operations or not second.operations[0].operation_id:
            second.wait(timeout=0.02)


class Row(ad.Payload):
    user_id: str = ad.field("User ID")


def connected(session: ad.Session, server: RawServer) -> ad.Connection:
    """Connect to a destination that answers at once."""

    async def perform(request: Any, data: Any) -> Any:
        return await request(f"{server.url}/rows", method="POST", json={})

    act = ad.Action(title="Act", payload=Row, perform=perform)
    return session.connect(ad.Destination(name="Test", slug="test", actions={"act": act}))


def sent(crm: ad.Connection, **options: Any) -> ad.Run:
    run = crm.submit(ONE[["user_id"]], "act", **options)
    run.wait(timeout=20)
    return run


@pytest.mark.parametrize("is_reopened", [False, True])
def test_what_another_submit_has_sent_since_is_not_retried(tmp_path: Path, is_reopened: bool):
    refused, done = answer(400), answer(200, {})
    path = tmp_path / "session.sqlite"
    with RawServer(refused, refused, done) as server, ExitStack() as stack:
        crm = connected(stack.enter_context(ad.Session(path=path)), server)
        first, second = (sent(crm) for _ in range(2))
        assert first is not second
        assert first.retryable == second.retryable == 1
        if is_reopened:
            stack.close()
            session = stack.enter_context(ad.Session(path=path))
            connected(session, server)
            first, second = (session.run(each.id) for each in (first, second))
        retry = first.retry()
        assert retry.wait(timeout=20) == "completed"
        with pytest.raises(ad.UsageError, match=f"went again as <Run {retry.id}"):
            second.retry()
        assert len(server.arrived) == 3


def test_what_is_sent_again_on_purpose_and_refused_is_retried(session: ad.Session):
    with RawServer(answer(200, {}), answer(400), answer(200, {})) as server:
        crm = connected(session, server)
        assert sent(crm).status == "completed"
        again = sent(crm, again=True)
        assert again.retryable == 1
        assert again.retry().wait(timeout=20) == "completed"


def test_a_cell_that_runs_again_after_a_restart_attaches_with_the_labels_of_the_frame(
    tmp_path: Path,
):
    file = tmp_path / "session.sqlite"
    with ad.simulate("example-async", duration_seconds=0.6, failing=0) as demo:
        with ad.Session(path=file) as session:
            run = submit(session.connect(demo))
            while not run.operations or not all(each.operation_id for each in run.operations):
                run.wait(timeout=0.02)
        with ad.Session(path=file) as session:
            crm = session.connect(demo)
            assert session.run(run.id).results().index.tolist() == ["a", "7"]
            with pytest.warns(ad.AlreadySubmitted):
                same = submit(crm)
            assert same.id == run.id
            assert same.wait(timeout=20) == "completed"
            assert same.results().index.tolist() == ["a", 7]
        assert len(demo.operations) == 2


def test_it_attaches_to_the_latest_retry(session: ad.Session):
    refused = ad.RowResult(status="failed", retryable=True)
    with RawServer() as server:
        crm = session.connect(half_refusing(server.url, refused))
        frame = pd.DataFrame({"user_id": ["good", "bad"]})
        run = crm.submit(frame, "act")
        run.wait(timeout=10)
        retry = run.retry()
        retry.wait(timeout=10)
        with pytest.warns(ad.AlreadySubmitted):
            assert crm.submit(frame, "act") is retry
        assert list(retry.results()["status"]) == ["completed", "failed"]


def half_refusing(url: str, refused: ad.RowResult) -> ad.Destination:
    class Payload(ad.Payload):
        user_id: str = ad.field("User")

    async def perform(request: Any, data: Any) -> Any:
        await request(f"{url}/", method="POST", json=data.payload.as_json())
        row = refused if data.payload.user_id == "bad" else ad.RowResult(status="completed")
        return ad.AsyncActionResponse(async_contexts=[{}], rows=[row])

    async def poll(request: Any, data: Any) -> Any:
        raise AssertionError("nothing is to be asked about")

    action = ad.Action(title="Act", payload=Payload, perform=perform, poll=poll)
    return ad.Destination(name="Test", slug="test", actions={"act": action})


def test_nothing_is_said_of_a_frame_that_is_new(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.1) as demo, warnings.catch_warnings():
        warnings.simplefilter("error")
        submit(session.connect(demo)).wait(timeout=20)


def test_a_run_that_is_attached_to_goes_on_with_the_new_key(session: ad.Session):
    accepted = answer(202, {"operations": [{"operation_id": "o-1"}]})
    expired, done = answer(401, {"message": "expired"}), answer(200, {"status": "completed"})
    with RawServer(accepted, expired, expired, done) as server:
        run = submit(session.connect("example-async", endpoint=server.url, api_key="old-key"), ONE)
        while not run.operations or not run.operations[0].poll_errors:
            run.wait(timeout=0.02)
        with pytest.warns(ad.AlreadySubmitted):
            submit(session.connect("example-async", endpoint=server.url, api_key="new-key"), ONE)
        assert run.wait(timeout=20) == "completed"
    assert "old-key" in str(server.arrived[0].headers)
    assert "new-key" in str(server.arrived[-1].headers)


def test_a_run_that_is_attached_to_goes_on_by_the_corrected_poll(session: ad.Session):
    async def mistaken(_request: Any, _data: Any) -> Any:
        return {}["status"]

    def connect(poll: Any, **polling: Any) -> ad.Connection:
        action = replace(example_async.actions["asyncOperation"], poll=poll, **polling)
        corrected = replace(example_async, actions={"asyncOperation": action})
        return session.connect(corrected, endpoint=demo.endpoint)

    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        run = submit(connect(mistaken, poll_batch_size=2))
        while not run.operations or not run.operations[0].poll_errors:
            run.wait(timeout=0.02)
        assert "mistaken, line" in run.results()["message"].iloc[0]
        with pytest.warns(ad.AlreadySubmitted):
            submit(connect(example_async.actions["asyncOperation"].poll))
        assert run.wait(timeout=20) == "completed"
        assert len(demo.operations) == 2


@pytest.mark.parametrize("change", [{"operation_id": "id"}, {"poll": None}])
def test_a_poll_that_asks_about_something_else_is_not_taken(
    session: ad.Session, change: dict[str, Any]
):
    with ad.simulate("example-async", duration_seconds=0.5, failing=0) as demo:
        run = submit(session.connect(demo))
        action = replace(example_async.actions["asyncOperation"], **change)
        other = replace(example_async, actions={"asyncOperation": action})
        with pytest.warns(ad.AlreadySubmitted):
            submit(session.connect(other, endpoint=demo.endpoint))
        assert run.wait(timeout=20) == "completed"


def test_connections_to_one_account_share_its_pace(session: ad.Session):
    later = answer(429, headers={"retry-after": "30"})
    with RawServer(later, ACCEPTED) as server:
        runs = []
        for frame in (FRAME, ONE):
            crm = session.connect("example-async", endpoint=server.url)
            runs.append(submit(crm, frame))
            while "asking again" not in str(runs[-1].notices):
                runs[-1].wait(timeout=0.02)
        assert len(server.arrived) == 1  # The second one waits as the first was told to.
        for run in runs:
            run.cancel()
