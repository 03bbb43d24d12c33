"""A create whose reply is lost is looked for in the list, whatever the clocks and the list say.

The servers are small, and written from the vendors' documentation.
"""

from __future__ import annotations

import pandas as pd
import pytest

from batch_answers import chat_answer, message_answer
from batch_servers import End

HOUR = 3600.0
CREATES = {
    "openai": "POST /v1/batches",
    "anthropic": "POST /v1/messages/batches",
    "gemini": "POST /v1/models/m:batchGenerateContent",
}
LISTS = {
    "openai": "GET /v1/batches",
    "anthropic": "GET /v1/messages/batches",
    "gemini": "GET /v1/batches",
}
ACTIONS = {"openai": "chat", "anthropic": "messages", "gemini": "generate"}
VENDORS = list(ACTIONS)


def gemini_answer(request, text="ok"):
    found = {"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}
    return {"key": request["key"], "response": {"candidates": [found]}}


ANSWERS = {"openai": chat_answer, "anthropic": message_answer, "gemini": gemini_answer}


@pytest.fixture
def lost(request, vendor):
    """Return a server of *vendor* that loses the reply to the first create, and a submit to it."""

    def ending(given):
        return End(output=[ANSWERS[vendor](each) for each in given])

    server, connection = request.getfixturevalue(vendor)(ending)
    server.faults[CREATES[vendor]] = ["reset"]
    action = connection.destination.actions[ACTIONS[vendor]]
    settle_seconds = action.settle_seconds
    # What is in no list is created again at once.
    object.__setattr__(action, "settle_seconds", 0.0)
    frame = pd.DataFrame({"word": ["a", "b", "c"]})
    given = {"prompt": {"@path": "$.word"}, "model": "m"}
    yield server, lambda: connection.submit(frame, ACTIONS[vendor], **given)
    object.__setattr__(action, "settle_seconds", settle_seconds)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("ahead", [-30 * HOUR, 30 * HOUR])
def test_a_batch_is_found_though_the_clocks_differ_by_hours(lost, vendor, ahead):
    server, submit = lost
    server.ahead_seconds = ahead
    run = submit()
    assert run.wait(timeout=40) == "completed"
    assert len(server.batches) == server.count(CREATES[vendor]) == 1


@pytest.mark.parametrize("vendor", ["openai", "gemini"])
@pytest.mark.parametrize("is_canceled", [True, False])
def test_a_batch_that_a_proxy_created_twice_is_named_and_canceled_too(lost, vendor, is_canceled):
    server, submit = lost
    server.polls = 10**6 if is_canceled else 1
    real = server.answer

    def twice(method, path, query, body):
        if not server.batches and f"{method} {path}" == CREATES[vendor]:
            real(method, path, query, body)
        return real(method, path, query, body)

    server.answer = twice
    run = submit()
    while not server.asked:
        run.wait(timeout=0.02)
    if is_canceled:
        run.cancel()
        while sum("cancel" in each[1] for each in server.arrived) < 2:
            run.wait(timeout=0.02)
        server.polls = 0
    run.wait(timeout=40)
    assert len(server.batches) == 2
    copy = list(server.batches)[1]
    note = f"the vendor has this batch again as {copy}, which is billed too"
    assert note in run.operations[0].message
    canceled = {each[1] for each in server.arrived if "cancel" in each[1]}
    assert len(canceled) == (2 if is_canceled else 0)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "fault",
    [
        (404, {"error": {"message": "not found"}}),
        (200, {"object": "list"}),
        (200, {"data": ["x"], "operations": ["x"]}),
    ],
)
def test_a_list_that_cannot_be_read_does_not_say_that_a_batch_is_missing(lost, vendor, fault):
    server, submit = lost
    server.faults[LISTS[vendor]] = [fault] * 2
    run = submit()
    assert run.wait(timeout=40) == "completed"
    assert len(server.batches) == server.count(CREATES[vendor]) == 1
