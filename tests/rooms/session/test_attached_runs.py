"""Runs that a repeated submit attaches to: their retries, labels, keys and polls; real HTTP."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.destinations import DESTINATIONS
from raw_server import RawServer, Writer, answer
from repeated_submit import ACCEPTED, FRAME, ONE, submit

example_async = DESTINATIONS["example-async"]


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
def test_rows_that_another_submit_has_sent_since_are_not_retried(tmp_path: Path, is_reopened: bool):
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


def test_rows_sent_again_on_purpose_and_refused_are_retried(session: ad.Session):
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


def test_an_attached_run_continues_with_the_new_key(session: ad.Session):
    accepted = answer(202, {"operations": [{"operation_id": "o-1"}]})
    expired, done = answer(401, {"message": "expired"}), answer(200, {"status": "completed"})

    async def by_key(writer: Writer) -> None:
        reply = done if "new-key" in str(server.arrived[-1].headers) else expired
        await reply(writer)

    with RawServer(accepted, by_key) as server:
        run = submit(session.connect("example-async", endpoint=server.url, api_key="old-key"), ONE)
        while not run.operations or not run.operations[0].poll_errors:
            run.wait(timeout=0.02)
        with pytest.warns(ad.AlreadySubmitted):
            submit(session.connect("example-async", endpoint=server.url, api_key="new-key"), ONE)
        assert run.wait(timeout=20) == "completed"
    assert "old-key" in str(server.arrived[0].headers)
    assert "new-key" in str(server.arrived[-1].headers)


def test_an_attached_run_continues_by_the_corrected_poll(session: ad.Session):
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
        assert len(server.arrived) == 1  # The second run waits as long as the first.
        for run in runs:
            run.cancel()
