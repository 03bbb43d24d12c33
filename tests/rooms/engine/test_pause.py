"""Paused runs, and the details of one operation: over real HTTP on loopback."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot

KEY = "key-0123456789-abcdef"
FRAME = pd.DataFrame(
    {"user_id": ["u-1", "u-2"], "operation_type": "sync_profile"}, index=["a", "b"]
)


def submit(crm: ad.Connection, frame: pd.DataFrame = FRAME) -> ad.Run:
    return crm.submit(frame, "asyncOperation", schedule=SquareRoot(minimum=0.05, cost=0.01))


def test_a_paused_run_sends_nothing_and_goes_on_when_it_is_resumed(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.5, failing=0) as demo:
        run = submit(session.connect(demo))
        while not run.operations or not all(each.polls for each in run.operations):
            run.wait(timeout=0.02)
        run.pause()
        assert run.is_paused
        assert run.wait(timeout=0.5) == "pending"  # Requests on their way are answered by now.
        requests = run.stats["requests"]
        assert run.wait(timeout=1) == "pending"
        assert run.stats["requests"] == requests
        assert run.notices == ["paused, until run.resume(); 2 operations continue on Example Async"]
        run.resume()
        assert run.wait(timeout=20) == "completed"


def test_operations_that_were_due_at_the_pause_are_not_polled(session: ad.Session):
    many = pd.concat([FRAME] * 300, ignore_index=True)
    many["user_id"] += many.index.astype(str)
    with ad.simulate("example-async", duration_seconds=60, latency_seconds=0.2) as demo:
        run = submit(session.connect(demo), many)
        while not any(each.polls for each in run.operations):
            run.wait(timeout=0.02)
        run.pause()
        run.wait(timeout=1)  # Requests on their way are answered by now.
        requests = run.stats["requests"]
        run.wait(timeout=1)
        assert run.stats["requests"] == requests
        run.cancel()


def test_a_paused_run_can_be_canceled(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.3, failing=0) as demo:
        run = submit(session.connect(demo))
        run.pause()
        run.cancel()
        assert not run.is_paused
        run.rested.result(timeout=20)


def test_a_canceled_run_can_be_paused(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=60) as demo:
        run = submit(session.connect(demo))
        while not run.operations or not all(each.polls for each in run.operations):
            run.wait(timeout=0.02)
        run.cancel()
        run.pause()
        run.wait(timeout=0.5)  # Requests on their way are answered by now.
        requests = run.requests
        run.wait(timeout=1)
        assert run.is_paused
        assert run.requests == requests
        run.resume()
        while run.requests == requests:
            run.wait(timeout=0.02)


def test_a_run_that_ends_while_it_is_paused_has_ended(session: ad.Session):
    is_asked, release = threading.Event(), threading.Event()

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "o-1"}])

    def poll(request: Any, data: Any) -> Any:
        is_asked.set()
        release.wait(timeout=10)
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    action = ad.Action(title="Send", payload=ad.Payload, perform=perform, poll=poll)
    crm = session.connect(ad.Destination(name="Crm", slug="crm", actions={"send": action}))
    run = crm.submit(pd.DataFrame(index=[0]), "send")
    assert is_asked.wait(timeout=10)
    run.pause()
    assert run.wait(timeout=1) == "pending"  # By now the run has noticed the pause.
    release.set()
    assert run.wait(timeout=10) == "completed"
    assert run.is_at_rest


def test_details_have_all_that_is_known_of_an_operation(tmp_path: Path):
    file = tmp_path / "session.sqlite"
    with ad.simulate("example-async", duration_seconds=0.1, failing=0, api_key=KEY) as demo:
        with ad.Session(path=file) as session:
            run = submit(session.connect(demo))
            run.wait(timeout=20)
            details = run.details(1)
        with ad.Session(path=file) as session:
            again = session.run(run.id).details(1)
    assert again == details
    assert details["state"] == "completed"
    assert details["operation_id"] == run.operations[1].operation_id
    assert details["submitted_at"] <= details["accepted_at"] <= details["finished_at"]
    (row,) = details["rows"]
    assert (row["label"], row["status"]) == ("b", "completed")
    assert row["payload"] == {"user_id": "u-2", "operation_type": "sync_profile"}
    assert KEY not in json.dumps(details)


def test_a_run_nobody_is_connected_to_cannot_be_paused(tmp_path: Path):
    file = tmp_path / "session.sqlite"
    with (
        ad.simulate("example-async", duration_seconds=30) as demo,
        ad.Session(path=file) as session,
    ):
        submit(session.connect(demo))
    with ad.Session(path=file) as session:
        for run in session.runs():
            with pytest.raises(ad.UsageError, match="connect"):
                run.pause()
