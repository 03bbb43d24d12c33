"""Polls of several operations at once, by functions that a user writes: a real HTTP server.

The server is written from the wire of the customer's document, and the functions are the
document's own, translated line by line, where a test does not say otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from status_server import StatusServer, done

EAGER = {"minimum": 0.05, "cost": 0.001}
USERS = ("a", "b", "c", "d", "e", "f", "g")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


async def perform_batch(request: Any, data: Any) -> Any:
    body = {"operations": [payload.as_json() for payload in data.payload]}
    url = f"{data.settings.endpoint}/operations/batch"
    response = await request(url, method="POST", json=body)
    contexts = [{"operation_id": each} for each in response.data["operation_ids"]]
    return {"isAsync": True, "asyncContexts": contexts}


async def poll(request: Any, data: Any) -> Any:
    """Ask like the document's poll: nothing is caught."""
    results = []
    for context in data.async_contexts:
        url = f"{data.settings.endpoint}/operations/{context['operation_id']}"
        response = await request(url)
        status = response.data["status"]
        results.append(
            {
                "status": "completed" if status == "completed" else "pending",
                "progress": response.data.get("progress") or 0,
                "message": f"Operation {context['operation_id']} is {status}",
                "shouldContinuePolling": status != "completed",
                "context": context,
            }
        )
    pending = sum(each["status"] == "pending" for each in results)
    return {
        "results": results,
        "overallStatus": "pending" if pending > 0 else "completed",
        "shouldContinuePolling": pending > 0,
    }


async def catching_poll(request: Any, data: Any) -> Any:
    """Ask like the original's poll: a GET that fails is a failed result."""
    results = []
    for context in data.async_contexts:
        url = f"{data.settings.endpoint}/operations/{context['operation_id']}"
        try:
            response = await request(url)
        except Exception as error:
            why = {"code": "POLLING_ERROR", "message": str(error)}
            results.append({"status": "failed", "message": str(error), "error": why})
            results[-1] |= {"shouldContinuePolling": False, "context": context}
        else:
            results.append({"status": response.data["status"], "context": context})
    return {"results": results, "overallStatus": "partial", "shouldContinuePolling": False}


def destination(poll: Any = poll, **action: Any) -> ad.Destination:
    act = ad.Action(
        title="Act", payload=Payload, **{"perform_batch": perform_batch, "poll": poll, **action}
    )
    return ad.Destination(
        name="Test",
        slug="test",
        settings=Settings,
        actions={"act": act},
        requests_per_second=1000,
    )


@pytest.fixture
def session() -> Iterator[ad.Session]:
    with ad.Session() as session:
        yield session


@pytest.fixture
def server() -> Iterator[StatusServer]:
    with StatusServer() as server:
        yield server


def submit(
    session: ad.Session, server: StatusServer, act: ad.Destination, *users: str, **options: Any
) -> ad.Run:
    frame = pd.DataFrame({"user_id": list(users or USERS)})
    crm = session.connect(act, endpoint=server.url)
    return crm.submit(frame, "act", schedule=SquareRoot(**EAGER), **options)


def wait_until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def standing(run: ad.Run) -> dict[str, str]:
    return dict(zip(USERS, run.results()["status"], strict=False))


def but_for(bad: str, status: int = 500, body: Any = b"no JSON at all <<<") -> Any:
    """Return how all operations stand that are done, but for that of one user."""

    def stands(operation_id: str) -> tuple[int, Any]:
        return (status, body) if operation_id == f"op-{bad}" else done(operation_id)

    return stands


# One GET that fails


@pytest.mark.parametrize(
    ("ask", "bad", "status"),
    [
        (poll, "a", 400),
        (poll, "a", 500),
        (poll, "d", 404),
        (poll, "d", 502),
        (poll, "g", 410),
        (poll, "g", 200),
        (catching_poll, "a", 503),
        (catching_poll, "d", 404),
        (catching_poll, "g", 200),
    ],
)
def test_a_get_that_fails_keeps_its_answer_from_no_other(session, server, ask, bad, status):
    server.stands = but_for(bad, status)
    run = submit(session, server, destination(ask, poll_batch_size=7))
    wait_until(lambda: list(standing(run).values()).count("completed") == len(USERS) - 1)
    assert standing(run)[bad] == "pending"
    # As soon as it is asked about: not many polls later.
    assert max(each.polls for each in run.operations if each.state == "completed") <= 2
    wait_until(lambda: run.operations[USERS.index(bad)].poll_errors >= 2)
    server.stands = done
    assert run.wait(timeout=60) == "completed"


def test_only_those_that_got_no_answer_are_asked_about_again(session, server):
    server.stands = but_for("c", 404)
    run = submit(session, server, destination(poll_batch_size=7))
    wait_until(lambda: run.operations and run.operations[2].poll_errors >= 3)
    times = {each: server.asked.count(f"op-{each}") for each in USERS}
    assert times["c"] >= 3
    # The call of all, and at most one for each time that the group was halved.
    assert max(times[each] for each in USERS if each != "c") <= 4
    server.stands = done
    assert run.wait(timeout=60) == "completed"


def test_two_that_fail_are_alone_and_the_others_together_from_then_on(session, server):
    groups = []

    async def noting(request: Any, data: Any) -> Any:
        groups.append("".join(each["operation_id"][-1] for each in data.async_contexts))
        return await poll(request, data)

    is_over = []

    def stands(operation_id: str) -> tuple[int, Any]:
        if not is_over and operation_id in ("op-b", "op-f"):
            return 400, b"?"
        return 200, {"status": "completed" if is_over else "processing"}

    server.stands = stands
    run = submit(session, server, destination(noting))
    wait_until(lambda: groups.count("acdeg") >= 2 and "b" in groups and "f" in groups)
    assert groups[0] == "abcdefg"
    is_over.append(True)
    assert run.wait(timeout=60) == "completed"


def test_a_poll_that_fails_before_it_asks_anything_ends_nothing(session, server):
    async def mistaken(request: Any, data: Any) -> Any:
        raise KeyError("status")

    run = submit(session, server, destination(mistaken))
    wait_until(lambda: [each.poll_errors >= 2 for each in run.operations] == [True] * 7)
    assert set(standing(run).values()) == {"pending"}
    assert "mistaken, line" in run.results()["message"][0]
    run.cancel()


# Results that do not fit


def results_of(make: Callable[[list[Any]], list[Any]]) -> Any:
    async def ask(request: Any, data: Any) -> Any:
        results = [{"status": "completed", "context": each} for each in data.async_contexts]
        return {"results": make(results), "overallStatus": "pending"}

    return ask


def without_context(results: list[Any]) -> list[Any]:
    return [{"status": each["status"]} for each in results]


def where(user: str, change: Callable[[Any], list[Any]]) -> Callable[[list[Any]], list[Any]]:
    """Return what puts other results in the place of one user's."""

    def make(results: list[Any]) -> list[Any]:
        return [
            new
            for each in results
            for new in (change(each) if each["context"]["operation_id"] == f"op-{user}" else [each])
        ]

    return make


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda result: [], id="none"),
        pytest.param(lambda result: [None], id="None"),
        pytest.param(lambda result: ["done"], id="a text"),
        pytest.param(lambda result: [{**result, "rows": 17}], id="not in the contract"),
        pytest.param(lambda result: [{**result, "rows": 17}] * 2, id="twice not in the contract"),
        pytest.param(lambda result: [result, {**result, "status": "failed"}], id="two that differ"),
        pytest.param(
            lambda result: [{**result, "context": {"operation_id": "op-x"}}], id="somebody else's"
        ),
    ],
)
def test_a_result_that_cannot_be_read_costs_only_its_own_operation(session, server, change):
    run = submit(session, server, destination(results_of(where("c", change)), poll_batch_size=7))
    wait_until(lambda: run.operations and run.operations[2].poll_errors >= 2)
    found = standing(run)
    assert found.pop("c") == "pending"
    assert set(found.values()) == {"completed"}
    run.cancel()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda results: results * 2, id="each twice"),
        pytest.param(lambda results: results[::-1], id="another order"),
        pytest.param(without_context, id="in order, without contexts"),
        pytest.param(
            lambda results: [*results, {"status": "failed", "context": {"operation_id": "op-x"}}],
            id="one more than asked about",
        ),
    ],
)
def test_results_are_laid_where_they_belong(session, server, make):
    run = submit(session, server, destination(results_of(make), poll_batch_size=7))
    assert run.wait(timeout=60) == "completed"
    assert {each.polls for each in run.operations} == {1}


def test_fewer_results_without_contexts_are_laid_on_nobody_and_asked_for_apart(session, server):
    def make(results: list[Any]) -> list[Any]:
        return without_context(results)[1:] if len(results) > 1 else without_context(results)

    run = submit(session, server, destination(results_of(make), poll_batch_size=7))
    assert run.wait(timeout=60) == "completed"
    assert {each.polls for each in run.operations} == {1}


# Which operations are asked about together


def test_a_poll_has_operations_of_one_submission_and_by_default_several(session, server):
    groups = []

    async def noting(request: Any, data: Any) -> Any:
        ids = tuple(each["operation_id"] for each in data.async_contexts)
        groups.append((ids, data.state_context.get_request_context("first"), data.submission_id))
        return await poll(request, data)

    async def storing(request: Any, data: Any) -> Any:
        data.state_context.set_response_context("first", data.payload[0].user_id)
        return await perform_batch(request, data)

    act = destination(noting, perform_batch=storing)
    run = submit(session, server, act, *map(str, range(60)), batch_size=3)
    assert run.wait(timeout=60) == "completed"
    assert max(len(ids) for ids, _, _ in groups) == 3
    for ids, first, _ in groups:
        number = int(first)
        assert set(ids) <= {f"op-{each}" for each in range(number, number + 3)}
    assert len({name for _, _, name in groups}) == 20


@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_group_is_no_larger_than_the_action_says(session, server, size):
    sizes = []

    async def noting(request: Any, data: Any) -> Any:
        sizes.append(len(data.async_contexts))
        return await poll(request, data)

    act = destination(noting, poll_batch_size=size)
    run = submit(session, server, act, *map(str, range(30)))
    assert run.wait(timeout=60) == "completed"
    assert max(sizes) == min(size, 30)
    assert sum(sizes) == 30


# A look without a run


def contexts(*users: str) -> list[dict[str, str]]:
    return [{"operation_id": f"op-{each}"} for each in users]


@pytest.mark.parametrize("status", [404, 500, 200])
def test_execute_poll_shows_the_context_whose_get_fails_in_its_own_place(session, server, status):
    server.stands = but_for("b", status)
    crm = session.connect(destination(), endpoint=server.url)
    executed = crm.execute_poll("act", contexts("a", "b", "c"))
    assert executed.error is None
    answer = executed.answer
    assert [each.context for each in answer.results] == contexts("a", "b", "c")
    assert [each.status for each in answer.results] == ["completed", "failed", "completed"]
    assert answer.results[1].error.code == "POLLING_ERROR"
    why = "not subscriptable" if status == 200 else f"answered {status}"
    assert why in answer.results[1].message
    assert answer.should_continue_polling
    assert [each.url.rpartition("-")[2] for each in executed.exchanges].count("b") >= 2


def test_execute_poll_asks_a_host_that_is_down_only_until_that_is_known(session, server):
    server.stands = lambda operation_id: (500, b"out of order")
    crm = session.connect(destination(), endpoint=server.url)
    executed = crm.execute_poll("act", contexts(*map(str, range(50))))
    assert executed.answer is None
    assert "answered 500" in str(executed.error)
    assert len(executed.exchanges) <= 5


def test_execute_poll_calls_poll_once_where_that_has_an_answer(session, server):
    crm = session.connect(destination(), endpoint=server.url)
    executed = crm.execute_poll("act", contexts("a", "b"))
    assert executed.answer["overallStatus"] == "completed"
    assert len(executed.exchanges) == 2


def test_the_example_destination_shows_it_in_its_own_place_too(session, server):
    server.stands = but_for("b", 404)
    crm = session.connect("example-async", endpoint=server.url)
    for given in (contexts("a", "b", "c"), contexts("b")):
        found = crm.execute_poll("asyncOperation", given)
        assert found.error is None
        codes = {each.context["operation_id"]: each.error for each in found.answer.results}
        assert codes.pop("op-b").code == "POLLING_ERROR"
        assert set(codes.values()) <= {None}
