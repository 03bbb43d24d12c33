"""Functions that answer at once, over real HTTP: what completes a row, and what does not."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import asyncdest_nb as ad
from one_action import destination, echo, submit, users
from raw_server import RawServer, answer


def test_a_synchronous_action_completes_its_rows_at_once(session):
    run = submit(session, destination(perform=echo), users("a", "b"))
    assert run.wait(timeout=10) == "completed"
    assert list(run.results()["result"]) == [{"seen": "a"}, {"seen": "b"}]


def test_a_plain_function_runs_in_a_thread_and_its_requests_block(session):
    threads = set()

    def perform(request: Any, data: Any) -> Any:
        threads.add(threading.current_thread().name)
        return request(f"{data.settings.endpoint}/x", method="POST", json={"a": 1})

    with RawServer(answer(200, {"id": 1})) as server:
        crm = session.connect(destination(perform=perform), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        assert run.wait(timeout=10) == "completed"
    assert run.results()["result"][0] == {"id": 1}
    assert "asyncdest-engine" not in threads


@pytest.mark.parametrize("kind", ["response", "its data", "contexts", "a context"])
def test_an_answer_that_only_accepts_completes_nothing(session, kind):
    async def perform(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json={})
        context = {"operation_id": "1"}
        answers = {"response": response, "its data": response.data, "contexts": [context]}
        return answers.get(kind, context)

    async def poll(request: Any, data: Any) -> Any:
        raise AssertionError("nobody can ask")

    status = 202 if kind in ("response", "its data") else 200
    with RawServer(answer(status, {"id": 1})) as server:
        crm = session.connect(destination(perform=perform, poll=poll), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 1
    assert "not an AsyncActionResponse" in run.results()["message"][0]


def test_a_multi_status_answers_row_by_row_and_a_hole_is_unknown(session):
    async def perform_batch(request: Any, data: Any) -> Any:
        answers = ad.MultiStatusResponse()
        answers.push_success(status=201, body={"id": 1})
        answers.push_error(status=422, errormessage="no such plan")
        return answers

    run = submit(session, destination(perform_batch=perform_batch), users("a", "b", "c"))
    assert run.wait(timeout=10) == "pending"
    results = run.results()
    assert list(results["status"]) == ["completed", "failed", "unknown"]
    assert results["error_code"][1] == "UNPROCESSABLE_ENTITY"


@pytest.mark.parametrize("holes", [0, 1, 2])
def test_a_multi_status_of_holes_alone_says_that_the_rows_are_missing(session, holes):
    async def perform_batch(request: Any, data: Any) -> Any:
        return ad.MultiStatusResponse(responses=[None] * holes)

    run = session.connect(destination(perform_batch=perform_batch)).submit(users("a", "b"), "act")
    run.wait(timeout=10)
    assert list(run.results()["status"]) == ["unknown", "unknown"]
    assert all("missing a response" in each for each in run.results()["message"])


def test_a_plain_function_may_return_a_coroutine_that_asks(session):
    async def ask(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/x", method="POST", json={})

    with RawServer(answer(200, {"id": 1})) as server:
        act = destination(perform=lambda request, data: ask(request, data))
        run = session.connect(act, endpoint=server.url).submit(users("a"), "act")
        assert run.wait(timeout=10) == "completed"


def test_a_result_that_is_no_json_does_not_stop_the_run(session):
    async def perform(request: Any, data: Any) -> Any:
        return {(1, 2): {3}}

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "completed"


def test_a_forgotten_return_is_no_success_where_there_is_something_to_poll(session):
    async def perform(request: Any, data: Any) -> Any:
        ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    run = submit(session, destination(perform=perform, poll=echo), users("a"))
    run.wait(timeout=10)
    assert run.counts["unknown"] == 1


def test_a_forgotten_await_is_made_up_for(session):
    async def perform(request: Any, data: Any) -> Any:
        return request(f"{data.settings.endpoint}/x", method="POST", json={})

    with RawServer(answer(200, {"id": 1})) as server:
        crm = session.connect(destination(perform=perform), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        assert run.wait(timeout=10) == "completed"
    assert run.results()["result"][0] == {"id": 1}
    assert len(server.arrived) == 1


async def _ask_and_go(request: Any, data: Any) -> Any:
    request("http://127.0.0.1:1/x", method="POST", json={})


async def _list_without_gathering(request: Any, data: Any) -> Any:
    return [request("http://127.0.0.1:1/x", method="POST", json={}) for _ in range(2)]


async def _yield_from_a_coroutine(request: Any, data: Any) -> Any:
    yield await request("http://127.0.0.1:1/x", method="POST", json={})


def _yield(request: Any, data: Any) -> Any:
    yield request("http://127.0.0.1:1/x", method="POST", json={})


@pytest.mark.parametrize(
    ("perform", "message"),
    [
        (_ask_and_go, "its request was not awaited"),
        (_list_without_gathering, "2 of its 2 requests were not awaited"),
        (_yield_from_a_coroutine, "it yields"),
        (_yield, "it yields"),
    ],
)
def test_a_function_that_never_sent_its_requests_completes_nothing(session, perform, message):
    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert message in run.results()["message"][0]
    assert run.results()["retryable"][0]


@pytest.mark.parametrize(
    ("body", "is_polled", "status"),
    [
        ("OK", False, "completed"),
        ("OK", True, "unknown"),  # An id is expected.
        ('{"id": 1', False, "unknown"),
        ("<h1>Log in</h1>", False, "unknown"),
    ],
)
def test_a_text_in_place_of_json_is_an_answer_and_a_page_or_half_of_json_is_none(
    session, body, is_polled, status
):
    async def perform(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/x", method="POST", json={})

    async def poll(request: Any, data: Any) -> Any:
        raise AssertionError("nobody can ask")

    more = {"poll": poll} if is_polled else {}
    with RawServer(answer(200, body, {"content-type": "application/json"})) as server:
        crm = session.connect(destination(perform=perform, **more), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        run.wait(timeout=10)
    assert list(run.results()["status"]) == [status]
    assert status == "unknown" or run.results()["result"][0] == body
