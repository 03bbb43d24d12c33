"""Whose state a destination's function reads: runs and single calls, without a network."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from stateful_actions import (
    EAGER,
    READ,
    STORE,
    Payload,
    Settings,
    destination,
    poll_what_was_stored,
    read,
    run_of,
    store,
    store_and_accept,
    value_read,
    values_read,
    wait_until,
)


def test_a_later_submission_of_the_same_run_reads_what_an_earlier_one_stored(session):
    # One after the other: the second begins when the first has stored.
    first = asyncio.Event()

    async def perform(request: Any, data: Any) -> Any:
        if data.payload.user_id == "b":
            await first.wait()
        answer = await store(request, data)
        first.set()
        return answer

    crm = session.connect(destination(perform=perform))
    assert values_read(run_of(crm, "a", "b")) == [None, "a"]


def test_a_later_run_of_the_same_connection_reads_the_latest(session):
    crm = session.connect(STORE)
    assert values_read(run_of(crm, "a")) == [None]
    assert values_read(run_of(crm, "b")) == ["a"]
    assert values_read(run_of(crm, "c")) == ["b"]


def test_poll_reads_the_state_of_its_own_submission_though_others_stored_later(session):
    gate = threading.Event()

    async def poll(request: Any, data: Any) -> Any:
        await asyncio.to_thread(gate.wait, 60)
        return await poll_what_was_stored(request, data)

    crm = session.connect(destination(perform=store_and_accept, poll=poll))
    frame = pd.DataFrame({"user_id": ["a", "b", "c"]})
    run = crm.submit(frame, "act", schedule=SquareRoot(**EAGER))
    wait_until(lambda: run.operations and all(each.accepted_at for each in run.operations))
    crm.execute_action("act", {"user_id": "somebody else"})
    gate.set()
    run.wait(timeout=20)
    assert values_read(run) == ["a", "b", "c"]


def test_execute_poll_reads_what_its_execute_action_stored(session):
    act = destination(perform=store_and_accept, poll=poll_what_was_stored)
    crm = session.connect(act)
    first, second = (crm.execute_action("act", {"user_id": each}) for each in ("a", "b"))
    answers = [crm.execute_poll("act", each).answer.results[0].result for each in (first, second)]
    assert answers == [{"found": "a"}, {"found": "b"}]
    # Contexts alone do not show which call submitted them.
    polled = crm.execute_poll("act", [{"operation_id": "a"}])
    assert polled.answer.results[0].result == {"found": "b"}
    assert values_read(run_of(session.connect(READ), "x")) == ["b"]


def test_the_steps_of_an_executed_batch_are_one_submission(session):
    seen = []

    async def perform_batch(request: Any, data: Any) -> Any:
        seen.append(data.submission_id)
        data.state_context.set_response_context("user", "of the batch")
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    async def step(request: Any, data: Any) -> None:
        seen.append(data.submission_id)
        seen.append(data.state_context.get_request_context("user"))

    act = destination(perform_batch=perform_batch, steps=[step], poll=read, operation_per="batch")
    executed = session.connect(act).execute_batch("act", [{"user_id": "a"}])
    crm = session.connect(act)
    crm.execute_poll("act", executed)
    assert seen == [seen[0], seen[0], "of the batch"]


def test_a_run_and_single_calls_read_from_each_other(session):
    crm = session.connect(STORE)
    assert value_read(crm) is None
    assert values_read(run_of(crm, "a")) == ["anyone"]
    assert value_read(crm) == "a"


def test_a_retry_reads_what_the_run_before_it_stored(session):
    is_down = [True]

    async def perform(request: Any, data: Any) -> Any:
        answer = await store(request, data)
        if is_down and is_down.pop():
            raise ad.IntegrationError("not today", "DOWN", 400)
        return answer

    run = run_of(session.connect(destination(perform=perform)), "a")
    assert run.status == "failed"
    again = run.retry()
    again.wait(timeout=20)
    assert values_read(again) == ["a"]


@pytest.mark.parametrize(
    ("slug", "settings"),
    [
        pytest.param("other", {}, id="another destination"),
        pytest.param("test", {"endpoint": "https://two.example"}, id="other settings"),
    ],
)
def test_another_connection_does_not_read_state(session, slug, settings):
    run_of(session.connect(STORE), "a")
    assert value_read(session.connect(STORE)) == "a"
    assert value_read(session.connect(destination(slug=slug, perform=read), **settings)) is None


def test_the_same_connection_with_another_api_key_reads_state(session):
    run_of(session.connect(STORE, api_key="the-first-of-the-keys"), "a")
    assert value_read(session.connect(READ, api_key="another-key-of-the-user")) == "a"
    assert value_read(session.connect(READ)) == "a"


def test_the_options_of_requests_may_use_state(session):
    def extend_request(data: Any) -> dict[str, Any]:
        count = data.state_context.get_request_context("count") or 0
        data.state_context.set_response_context("count", count + 1)
        return {"headers": {"x-count": str(count)}}

    async def count(request: Any, data: Any) -> Any:
        return {"found": data.state_context.get_request_context("count")}

    act = ad.Action(title="Act", payload=Payload, perform=count)
    counting = ad.Destination(
        name="T", slug="t", settings=Settings, actions={"act": act}, extend_request=extend_request
    )
    session.connect(counting)
    assert value_read(session.connect(counting)) == 2


def test_a_preview_reads_the_state_and_stores_nothing(session):
    async def perform(request: Any, data: Any) -> Any:
        answer = await store(request, data)
        await request(f"https://one.example/{answer['found']}", method="POST", json={})

    run_of(session.connect(STORE), "a")
    preview = session.connect(destination(perform=perform)).preview(
        pd.DataFrame({"user_id": ["b"]}), "act"
    )
    assert preview.first_request.url == "https://one.example/a"
    assert value_read(session.connect(READ)) == "a"
