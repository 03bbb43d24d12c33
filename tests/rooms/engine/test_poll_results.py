"""Results that do not fit the poll: runs by a user's functions against a real HTTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from polled_operations import (
    destination,
    statuses,
    submit,
    wait_until,
)
from status_server import StatusServer


@pytest.fixture
def server() -> Iterator[StatusServer]:
    with StatusServer() as server:
        yield server


def results_of(make: Callable[[list[Any]], list[Any]]) -> Any:
    async def ask(request: Any, data: Any) -> Any:
        results = [{"status": "completed", "context": each} for each in data.async_contexts]
        return {"results": make(results), "overallStatus": "pending"}

    return ask


def without_context(results: list[Any]) -> list[Any]:
    return [{"status": each["status"]} for each in results]


def where(user: str, change: Callable[[Any], list[Any]]) -> Callable[[list[Any]], list[Any]]:
    """Return a function that replaces the result of one user."""

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
            lambda result: [{**result, "context": {"operation_id": "op-x"}}], id="another's"
        ),
    ],
)
def test_a_result_that_cannot_be_read_costs_only_its_own_operation(session, server, change):
    run = submit(session, server, destination(results_of(where("c", change)), poll_batch_size=7))
    wait_until(lambda: run.operations and run.operations[2].poll_errors >= 2)
    found = statuses(run)
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
            id="one too many",
        ),
    ],
)
def test_results_are_matched_to_their_operations(session, server, make):
    run = submit(session, server, destination(results_of(make), poll_batch_size=7))
    assert run.wait(timeout=60) == "completed"
    assert {each.polls for each in run.operations} == {1}


def test_fewer_results_without_contexts_are_dropped_and_polled_apart(session, server):
    def make(results: list[Any]) -> list[Any]:
        return without_context(results)[1:] if len(results) > 1 else without_context(results)

    run = submit(session, server, destination(results_of(make), poll_batch_size=7))
    assert run.wait(timeout=60) == "completed"
    assert {each.polls for each in run.operations} == {1}
