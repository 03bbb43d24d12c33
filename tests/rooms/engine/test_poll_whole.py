"""What a poll returns for the whole: runs by a user's functions against a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import asyncdest_nb as ad
from polled_operations import contexts, destination, statuses, submit, wait_until
from status_server import StatusServer


@pytest.fixture
def server() -> Iterator[StatusServer]:
    with StatusServer() as server:
        yield server


def returns(**answer: Any) -> Any:
    async def ask(request: Any, data: Any) -> Any:
        return answer

    return ask


NO_RESULTS = [
    pytest.param({"results": []}, id="an empty list"),
    pytest.param({"results": None}, id="None"),
    pytest.param({}, id="no list"),
    pytest.param({"results": [None, None]}, id="a list of nothing"),
]


@pytest.mark.parametrize("results", NO_RESULTS)
@pytest.mark.parametrize("more", [{"shouldContinuePolling": False}, {}])
def test_failed_without_results_fails_all_that_was_polled(session, server, results, more):
    poll = returns(**results, **more, overallStatus="failed", message="all was rolled back")
    run = submit(session, server, destination(poll))
    assert run.wait(timeout=60) == "failed"
    found = run.results()
    assert set(found["status"]) == {"failed"}
    assert set(found["message"]) == {"all was rolled back"}
    # It was accepted, so it is not sent again by default.
    assert not found["retryable"].fillna(False).any()
    assert {each.polls for each in run.operations} == {1}
    assert server.posts == 1


@pytest.mark.parametrize("results", NO_RESULTS)
@pytest.mark.parametrize(
    "overall", [{}, *({"overallStatus": each} for each in ("pending", "partial", "completed"))]
)
def test_no_more_polling_without_results_ends_all_that_was_polled_as_unknown(
    session, server, results, overall
):
    poll = returns(**results, **overall, shouldContinuePolling=False, message="ask the support")
    run = submit(session, server, destination(poll))
    run.wait(timeout=60)
    # Not completed either: that is also the sum of no results at all.
    assert run.counts["unknown"] == len(run.operations)
    assert all("ask the support" in each for each in run.results()["message"])
    assert {each.polls for each in run.operations} == {1}


@pytest.mark.parametrize(
    "poll",
    [
        returns(results=[], overallStatus="pending", shouldContinuePolling=True),
        returns(results=[], shouldContinuePolling=True),
        returns(results=[], overallStatus="completed", shouldContinuePolling=True),
        returns(results=[]),
        returns(message="a message"),
    ],
)
def test_no_results_and_no_end_goes_on(session, server, poll):
    run = submit(session, server, destination(poll))
    wait_until(lambda: run.operations and run.operations[0].poll_errors >= 2)
    assert set(statuses(run).values()) == {"pending"}
    run.cancel()


def test_a_poll_that_ignores_a_failed_request_ends_nothing(session, server):
    async def careless(request: Any, data: Any) -> Any:
        results = []
        for context in data.async_contexts:
            url = f"{data.settings.endpoint}/operations/{context['operation_id']}"
            response = await request(url, throw_http_errors=False)
            if response.status == 200:
                results.append({"status": response.data["status"], "context": context})
        pending = any(each["status"] == "pending" for each in results)
        return {
            "results": results,
            "overallStatus": "pending" if pending else "completed",
            "shouldContinuePolling": pending,
        }

    server.status_of = lambda operation_id: (502, b"")
    run = submit(session, server, destination(careless), "a")
    wait_until(lambda: run.operations and run.operations[0].poll_errors >= 2)
    server.status_of = lambda operation_id: (200, {"status": "completed"})
    assert run.wait(timeout=60) == "completed"


def of_results(*results: dict[str, Any], **whole: Any) -> Any:
    async def ask(request: Any, data: Any) -> Any:
        pairs = zip(results, data.async_contexts, strict=True)
        return {"results": [{**each, "context": context} for each, context in pairs], **whole}

    return ask


def test_what_is_pending_without_an_end_of_its_own_ends_with_the_whole(session, server):
    poll = of_results(
        {"status": "completed"},
        {"status": "pending", "message": "at 40 %"},
        {"status": "archived"},
        overallStatus="partial",
        shouldContinuePolling=False,
        message="the window has closed",
    )
    run = submit(session, server, destination(poll), "a", "b", "c")
    assert run.wait(timeout=60) == "partial"
    assert list(run.results()["status"]) == ["completed", "unknown", "unknown"]
    assert "at 40 %" in run.results()["message"][1]
    assert "the window has closed" in run.results()["message"][2]


def test_a_result_that_goes_on_by_itself_goes_on(session, server):
    calls = []

    async def poll(request: Any, data: Any) -> Any:
        calls.append(1)
        ends = len(calls) > 2
        result = {"status": "completed" if ends else "pending", "shouldContinuePolling": not ends}
        return {"results": [result], "overallStatus": "partial", "shouldContinuePolling": False}

    run = submit(session, server, destination(poll), "a")
    assert run.wait(timeout=60) == "completed"


def test_operations_without_a_message_get_that_of_the_whole(session, server):
    poll = of_results(
        {"status": "completed", "message": "mine"},
        {"status": "completed"},
        {"status": "failed", "error": {"code": "E", "message": "my reason"}},
        overallStatus="partial",
        shouldContinuePolling=False,
        message="3 operations: 2 completed, 1 failed, 0 pending",
    )
    run = submit(session, server, destination(poll), "a", "b", "c")
    assert run.wait(timeout=60) == "partial"
    whole = "3 operations: 2 completed, 1 failed, 0 pending"
    assert list(run.results()["message"]) == ["mine", whole, "my reason"]


def test_the_message_of_the_whole_is_in_the_text_of_execute_poll(session, server):
    poll = returns(results=[], overallStatus="failed", message="all was rolled back")
    crm = session.connect(destination(poll), endpoint=server.url)
    assert "all was rolled back" in repr(crm.execute_poll("act", contexts("a")))


# An operation that its poll does not find


@pytest.mark.parametrize("count", [1, 3])
def test_an_operation_whose_404_the_poll_catches_is_lost_in_the_end(
    session, server, monkeypatch, count
):
    async def catching(request: Any, data: Any) -> Any:
        results = []
        for context in data.async_contexts:
            url = f"{data.settings.endpoint}/operations/{context['operation_id']}"
            try:
                await request(url)
            except ad.HTTPError as error:
                why = {"code": "POLLING_ERROR", "message": str(error)}
                results.append({"status": "failed", "error": why, "context": context})
        return {"results": results, "overallStatus": "failed", "shouldContinuePolling": False}

    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.2)
    server.status_of = lambda operation_id: (404, b"")
    run = submit(session, server, destination(catching), *"abc"[:count])
    run.wait(timeout=60)
    assert run.counts["unknown"] == count
    assert {each.state for each in run.operations} == {"lost"}
    assert all(each.polls >= 3 for each in run.operations)
