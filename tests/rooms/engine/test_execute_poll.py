"""A single poll without a run, by a user's functions against a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from polled_operations import (
    but_for,
    contexts,
    destination,
)
from status_server import StatusServer


@pytest.fixture
def server() -> Iterator[StatusServer]:
    with StatusServer() as server:
        yield server


@pytest.mark.parametrize("status", [404, 500, 200])
def test_execute_poll_shows_a_failed_get_at_its_own_context(session, server, status):
    server.status_of = but_for("b", status)
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


def test_execute_poll_stops_once_the_host_is_known_to_be_down(session, server):
    server.status_of = lambda operation_id: (500, b"out of order")
    crm = session.connect(destination(), endpoint=server.url)
    executed = crm.execute_poll("act", contexts(*map(str, range(50))))
    assert executed.answer is None
    assert "answered 500" in str(executed.error)
    assert len(executed.exchanges) <= 5


def test_execute_poll_calls_poll_once_if_it_has_an_answer(session, server):
    crm = session.connect(destination(), endpoint=server.url)
    executed = crm.execute_poll("act", contexts("a", "b"))
    assert executed.answer["overallStatus"] == "completed"
    assert len(executed.exchanges) == 2


def test_the_example_destination_shows_a_failed_get_at_its_own_context_too(session, server):
    server.status_of = but_for("b", 404)
    crm = session.connect("example-async", endpoint=server.url)
    for given in (contexts("a", "b", "c"), contexts("b")):
        found = crm.execute_poll("asyncOperation", given)
        assert found.error is None
        codes = {each.context["operation_id"]: each.error for each in found.answer.results}
        assert codes.pop("op-b").code == "POLLING_ERROR"
        assert set(codes.values()) <= {None}
