"""Submissions of several requests: real HTTP to scripted servers."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer, reset
from scripted_jobs import (
    BAD,
    BUSY,
    CREATED,
    GATEWAY,
    GOOD,
    OK,
    STEPS,
    abort,
    answering,
    close,
    connect,
    create,
    job,
    requested,
    submit,
    upload,
)


def test_a_submission_takes_its_steps_in_order_with_the_same_rows(session):
    with RawServer(CREATED, OK, OK) as server:
        run = submit(connect(session, job(), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "completed"
        assert requested(server) == STEPS
        assert json.loads(server.arrived[1].body) == ["a", "b"]
    assert list(run.results()["operation_id"]) == ["j-1", "j-1"]


def test_the_id_is_on_disk_before_the_next_step(tmp_path: Path):
    seen: list[Any] = []

    async def look(request: Any, data: Any) -> None:
        with sqlite3.connect(tmp_path / "s.sqlite") as file:
            seen.extend(file.execute("SELECT state, step, operation_id FROM operation"))
        file.close()

    with ad.Session(path=tmp_path / "s.sqlite") as session, RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(steps=(look, close)), server.url), ["a"])
        run.wait(timeout=10)
    assert seen == [("submitting", 1, "j-1")]


@pytest.mark.parametrize("trouble", [BUSY, GATEWAY, reset, answer(500), answer(429), answer(408)])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_step_that_fails_for_a_while_is_repeated_alone(session, trouble, at):
    script = [CREATED, OK, OK]
    script.insert(at, trouble)
    with RawServer(*script) as server:
        run = submit(connect(session, job(), server.url), ["a", "b"])
        assert run.wait(timeout=20) == "completed"
        assert requested(server) == [*STEPS[:at], *[STEPS[at]] * 2, *STEPS[at + 1 :]]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_refused_step_means_that_nothing_was_applied(session, at):
    script = [*[CREATED, OK, OK][:at], answer(400, {"error": "no such list"})]
    with RawServer(*script) as server:
        run = submit(connect(session, job(), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "failed"
        assert requested(server) == STEPS[: at + 1]
    row = run.results().iloc[0]
    assert row["error_code"] == "400"
    assert "no such list" in row["message"]


def test_a_bug_after_the_last_step_is_settled_by_polls_and_an_earlier_one_is_a_failure(session):
    async def buggy(request: Any, data: Any) -> Any:
        response = await close(request, data)
        return response.data["missing"]

    outcomes = {}
    for name, steps in {"last": (upload, buggy), "earlier": (buggy, close)}.items():
        with RawServer(CREATED, OK, OK) as server:
            run = submit(connect(session, job(steps=steps), server.url), ["a"])
            run.wait(timeout=10)
            outcomes[name] = run.results().iloc[0]
    assert outcomes["last"]["status"] == "completed"
    assert outcomes["earlier"]["status"] == "failed"
    assert "not submitted" in outcomes["earlier"]["message"]


@pytest.mark.parametrize("refusal", [answer(400), answer(401), answer(404), answer(409)])
@pytest.mark.parametrize("trouble", [reset, answer(500), answer(503)])
def test_a_refusal_after_a_lost_reply_to_the_last_step_is_settled_by_polls(
    session, trouble, refusal
):
    with RawServer(CREATED, OK, trouble, refusal) as server:
        run = submit(connect(session, job(poll=answering(GOOD, BAD)), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "partial"
        assert requested(server) == [*STEPS, STEPS[2]]


def test_a_step_that_is_answered_with_a_page_is_not_done(session):
    page = answer(200, "<html>please log in</html>", {"content-type": "text/html"})
    with RawServer(CREATED, page) as server:
        run = submit(connect(session, job(), server.url), ["a"])
        assert run.wait(timeout=10) == "failed"
        assert "HTML page" in run.results()["message"][0]
    with RawServer(CREATED, OK, page) as server:
        run = submit(connect(session, job(), server.url), ["a"])
        assert run.wait(timeout=10) == "completed"


def test_a_refused_submission_is_canceled_at_the_destination(session):
    with RawServer(CREATED, answer(400), OK) as server:
        run = submit(connect(session, job(cancel=abort), server.url), ["a"])
        assert run.wait(timeout=10) == "failed"
        assert requested(server) == [*STEPS[:2], "POST /jobs/j-1/cancel"]


def test_an_answer_without_an_id_before_the_last_step_is_a_failure(session):
    async def nameless(request: Any, data: Any) -> Any:
        await create(request, data)
        return ad.AsyncActionResponse(async_contexts=[{}])

    with RawServer(CREATED) as server:
        run = submit(connect(session, job(perform_batch=nameless), server.url), ["a"])
        assert run.wait(timeout=10) == "failed"


def test_execute_batch_takes_the_steps_too(session):
    with RawServer(CREATED, OK, OK) as server:
        crm = connect(session, job(), server.url)
        executed = crm.execute_batch("act", [{"user_id": "a"}])
        assert [each.method for each in executed.exchanges] == ["POST", "PUT", "PATCH"]
        assert crm.execute_poll("act", executed).answer.overall_status == "completed"


def test_execute_batch_stops_without_an_id_and_takes_one_batch_key(session):
    async def nameless(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": None}])

    action = job(perform_batch=nameless, batch_keys=("list_id",))
    crm = connect(session, action, "http://127.0.0.1:1")
    assert crm.execute_batch("act", [{"user_id": "a"}]).exchanges == []
    for wrong in ([], [{"user_id": "a"}, {"user_id": "b", "list_id": "l"}]):
        with pytest.raises(ad.UsageError, match="give 1 or more, all with the same list_id"):
            crm.execute_batch("act", wrong)


def test_steps_need_a_job_and_a_poll():
    for wrong in ({"operation_per": "row"}, {"poll": None}, {"perform_batch": None}):
        with pytest.raises(ad.UsageError, match="steps"):
            job(**{"perform": create, **wrong})
