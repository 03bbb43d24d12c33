"""The state that functions keep between calls, in memory and in a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import asyncdest_nb as ad
from one_action import destination, echo, submit, users


def test_poll_of_a_batch_reads_the_state_that_perform_of_that_batch_keeps(session):
    async def perform(request: Any, data: Any) -> Any:
        user = data.payload.user_id
        data.state_context.set_response_context("secret word", f"of {user}", {"hour": 24})
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": user}])

    async def poll(request: Any, data: Any) -> Any:
        word = data.state_context.get_request_context("secret word")
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", result=word)])

    run = submit(session, destination(perform=perform, poll=poll), users("a", "b", "c"))
    assert run.wait(timeout=10) == "completed"
    assert list(run.results()["result"]) == ["of a", "of b", "of c"]


def test_state_survives_the_session_unless_it_has_expired(tmp_path: Path):
    async def perform(request: Any, data: Any) -> Any:
        state = data.state_context
        found = {key: state.get_request_context(key) for key in ("kept", "short")}
        state.set_response_context("kept", 1)
        state.set_response_context("short", 2, {"second": 0.01})
        return found

    act = destination(perform=perform)
    found = []
    for _ in range(2):
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            crm = session.connect(act)
            found.append(crm.execute_action("act", {"user_id": "a"}).answer)
            time.sleep(0.02)  # The short one expires.
    assert found == [{"kept": None, "short": None}, {"kept": 1, "short": None}]


@pytest.mark.parametrize(
    ("value", "ttl", "problem"),
    [
        ({1, 2}, None, "must be JSON"),
        (1, {"week": 1}, "unit of time 'week'"),
        (1, {"hour": float("nan")}, "nan is no number of hours from 0 up"),
        (1, {"hour": -1}, "-1 is no number of hours from 0 up"),
        (1, {"hour": "1"}, "'1' is no number of hours from 0 up"),
    ],
)
def test_state_that_cannot_be_kept_is_refused(session, value, ttl, problem):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context("key", value, ttl)

    executed = session.connect(destination(perform=perform)).execute_action("act", {"user_id": "a"})
    assert problem in str(executed.error)


@pytest.mark.parametrize("key", [("user", 1), 17, None, "half \ud83d"])
def test_a_state_whose_key_no_file_takes_is_refused_and_leaves_the_session_whole(session, key):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context(key, 1)

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert "the key of a state" in run.results()["message"][0]
    assert submit(session, destination(perform=echo), users("a")).wait(timeout=10) == "completed"
