"""Which operations are polled together, and what one failed GET costs the others.

Runs by a user's functions against a real HTTP server.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from polled_operations import (
    USERS,
    but_for,
    catching_poll,
    destination,
    perform_batch,
    poll,
    statuses,
    submit,
    wait_until,
)
from status_server import StatusServer, done


@pytest.fixture
def server() -> Iterator[StatusServer]:
    with StatusServer() as server:
        yield server


# One failed GET


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
def test_a_failed_get_does_not_keep_others_from_their_answers(session, server, ask, bad, status):
    server.status_of = but_for(bad, status)
    run = submit(session, server, destination(ask, poll_batch_size=7))
    wait_until(lambda: list(statuses(run).values()).count("completed") == len(USERS) - 1)
    assert statuses(run)[bad] == "pending"
    # At the first chance, not many polls later.
    assert max(each.polls for each in run.operations if each.state == "completed") <= 2
    wait_until(lambda: run.operations[USERS.index(bad)].poll_errors >= 2)
    server.status_of = done
    assert run.wait(timeout=60) == "completed"


def test_only_operations_without_an_answer_are_polled_again(session, server):
    server.status_of = but_for("c", 404)
    run = submit(session, server, destination(poll_batch_size=7))
    wait_until(lambda: run.operations and run.operations[2].poll_errors >= 3)
    times = {each: server.polled.count(f"op-{each}") for each in USERS}
    assert times["c"] >= 3
    # The call for all, and at most one for each time that the group was halved.
    assert max(times[each] for each in USERS if each != "c") <= 4
    server.status_of = done
    assert run.wait(timeout=60) == "completed"


def test_two_that_fail_are_polled_alone_and_the_others_together_from_then_on(session, server):
    groups = []

    async def noting(request: Any, data: Any) -> Any:
        groups.append("".join(each["operation_id"][-1] for each in data.async_contexts))
        return await poll(request, data)

    is_over = []

    def stands(operation_id: str) -> tuple[int, Any]:
        if not is_over and operation_id in ("op-b", "op-f"):
            return 400, b"?"
        return 200, {"status": "completed" if is_over else "processing"}

    server.status_of = stands
    run = submit(session, server, destination(noting))
    wait_until(lambda: groups.count("acdeg") >= 2 and "b" in groups and "f" in groups)
    assert groups[0] == "abcdefg"
    is_over.append(True)
    assert run.wait(timeout=60) == "completed"


def test_a_poll_that_fails_before_its_first_request_ends_nothing(session, server):
    async def mistaken(request: Any, data: Any) -> Any:
        raise KeyError("status")

    run = submit(session, server, destination(mistaken))
    wait_until(lambda: [each.poll_errors >= 2 for each in run.operations] == [True] * 7)
    assert set(statuses(run).values()) == {"pending"}
    assert "mistaken, line" in run.results()["message"][0]
    run.cancel()


# Which operations are polled together


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
