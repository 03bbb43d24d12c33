"""Runs that are canceled: real HTTP to scripted servers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer, reset
from scripted_jobs import (
    BUSY,
    CREATED,
    GOOD,
    LEFT,
    OK,
    STEPS,
    Payload,
    abort,
    close,
    connect,
    create,
    done,
    job,
    requested,
    submit,
)


def until_canceled(*rows: ad.RowResult) -> Any:
    """Return a poll that ends with *rows* once /jobs/…/cancel was answered, and that cancel."""
    asked_for: list[str] = []

    async def cancel(request: Any, data: Any) -> Any:
        await abort(request, data)
        asked_for.append(data.async_contexts[0]["operation_id"])

    async def poll(request: Any, data: Any) -> Any:
        ended = ad.AsyncOperationResult(status="failed", rows=list(rows))
        pending = ad.AsyncOperationResult(status="pending", message="on it")
        return ad.AsyncPollResponse.of([ended if asked_for else pending])

    return {"poll": poll, "cancel": cancel}


def wait_for(run: ad.Run, state: str) -> None:
    while run.operations[0].state != state if run.operations else True:
        assert run.wait(timeout=0.02) == "pending"


def test_a_canceled_job_ends_as_the_destination_says(session):
    with RawServer(CREATED, OK, OK, answer(503), OK) as server:
        run = submit(connect(session, job(**until_canceled(GOOD, LEFT)), server.url), ["a", "b"])
        wait_for(run, "running")
        run.cancel()
        assert run.wait(timeout=20) == "partial"
        # A cancel that fails is repeated: canceling twice has no more effect than once.
        assert requested(server) == [*STEPS, *["POST /jobs/j-1/cancel"] * 2]
    assert list(run.results()["status"]) == ["completed", "canceled"]


def test_a_refusal_to_cancel_is_shown_and_the_polls_go_on(session):
    done_now: list[bool] = []

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if done_now else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    with RawServer(CREATED, OK, OK, answer(400, {"error": "too late"})) as server:
        action = job(cancel=abort, poll=poll)
        run = submit(connect(session, action, server.url), ["a"])
        wait_for(run, "running")
        run.cancel()
        while not any("too late" in each for each in run.notices):
            run.wait(timeout=0.02)
        wait_for(run, "running")
        done_now.append(True)
        assert run.wait(timeout=10) == "completed"


def test_what_was_not_sent_yet_is_canceled_here(session):
    with RawServer(CREATED, BUSY) as server:
        run = submit(connect(session, job(cancel=abort), server.url), ["a"], batch_size=1)
        while len(server.arrived) < 2:
            run.wait(timeout=0.02)
        run.cancel()
        assert run.wait(timeout=20) == "failed"
        assert requested(server) == [*STEPS[:2], "POST /jobs/j-1/cancel"]
    results = run.results()
    assert list(results["status"]) == ["canceled"]
    assert "before it was sent" in results["message"][0]


def test_a_request_that_waits_for_its_turn_is_not_sent_any_more(session):
    later = answer(429, headers={"retry-after": "30"})
    with RawServer(later, CREATED) as server:
        action = ad.Action(title="Act", payload=Payload, perform=create, poll=done)
        # So slow that none of the others has left when the first is answered.
        crm = connect(session, action, server.url, requests_per_second=0.1)
        run = submit(crm, ["a", "b", "c"])
        while not server.arrived:
            run.wait(timeout=0.02)
        run.wait(timeout=0.2)
        arrived = len(server.arrived)
        run.cancel()
        assert run.wait(timeout=10) == "failed"
        assert len(server.arrived) == arrived
    assert set(run.results()["status"]) == {"canceled"}


def test_a_run_can_be_canceled_by_a_listener_but_not_after_its_session(session):
    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(**until_canceled(LEFT)), server.url), ["a"])
        run.on_change(lambda numbers, at_rest: None if at_rest else run.cancel())
        assert run.wait(timeout=20) == "failed"
        other = submit(connect(session, job(poll=until_canceled()["poll"]), server.url), ["a"])
        session.close()
        with pytest.raises(ad.UsageError, match="this session is closed: it was in memory"):
            other.cancel()


def test_a_last_step_in_doubt_is_settled_before_it_is_canceled(session):
    with RawServer(CREATED, OK, reset, reset, OK, OK) as server:
        run = submit(connect(session, job(**until_canceled(LEFT)), server.url), ["a"])
        while len(server.arrived) < 3:
            run.wait(timeout=0.02)
        run.cancel()
        assert run.wait(timeout=20) == "failed"
        assert requested(server) == [*STEPS, STEPS[2], STEPS[2], "POST /jobs/j-1/cancel"]


def test_a_last_step_that_was_not_tried_is_not_tried_after_a_cancel(session):
    holding = threading.Event()

    def slow(request: Any, data: Any) -> None:
        holding.wait()

    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(steps=(slow, close), cancel=abort), server.url), ["a"])
        while not server.arrived:
            run.wait(timeout=0.02)
        run.cancel()
        holding.set()
        assert run.wait(timeout=10) == "failed"
        assert requested(server) == [STEPS[0], "POST /jobs/j-1/cancel"]
    assert run.operations[0].state == "canceled"


def test_a_destination_that_cannot_cancel_is_named_and_polled_on(session):
    done_now: list[bool] = []

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if done_now else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(poll=poll), server.url), ["a"])
        wait_for(run, "running")
        run.cancel()
        (notice,) = run.notices
        assert notice == "Test cannot cancel: 1 operation goes on there; nothing more is sent"
        done_now.append(True)
        assert run.wait(timeout=10) == "completed"


def test_a_run_that_never_ends_can_be_canceled_and_forgotten(session):
    async def poll(request: Any, data: Any) -> Any:
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="pending")])

    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(poll=poll), server.url), ["a"])
        wait_for(run, "running")
        with pytest.raises(ad.UsageError, match="still going: cancel it or wait for it first"):
            session.forget(run)
        run.cancel()
        while "cannot cancel" not in str(run.notices):
            run.wait(timeout=0.02)
        session.forget(run)
        assert session.runs() == []
        with pytest.raises(ad.AsyncDestError, match=r"results\(\) has what is known"):
            run.wait()


def test_canceling_what_has_ended_changes_nothing(session):
    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(cancel=abort), server.url), ["a"])
        assert run.wait(timeout=10) == "completed"
        run.cancel()
        assert run.status == "completed"
