"""A destination that a newcomer translates from the framework's TypeScript, line by line.

Against a scripted server that counts what arrived.
"""

from __future__ import annotations

import copy
import json
import pickle
from operator import attrgetter
from typing import Any

import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer
from translated_code import (
    ACCEPTED,
    COMPLETED,
    ROW,
    SYNCHRONOUS,
    perform,
    poll,
    returning,
    submitted,
    translated,
)


def test_the_document_translated_line_by_line_submits_and_polls(session):
    with RawServer(ACCEPTED, COMPLETED) as server:
        run = submitted(session, server, translated(perform=perform, poll=poll))
        assert run.status == "completed"
        first, second = server.arrived
    assert (first.method, first.target) == ("POST", "/operations")
    assert json.loads(first.body) == ROW
    assert first.headers["authorization"] == "Bearer sk-translated-1"
    assert (second.method, second.target) == ("GET", "/operations/op-1")
    assert run.results()["result"][0] == {"items": [{"n": 1}]}


def test_an_error_that_is_a_text_is_the_message(session):
    failed = answer(200, {"status": "failed", "error_message": "no such profile"})
    with RawServer(ACCEPTED, failed) as server:
        run = submitted(session, server, translated(perform=perform, poll=poll))
    assert run.status == "failed"
    assert run.results()["message"][0] == "no such profile"


@pytest.mark.parametrize(
    ("error", "message"),
    [("text", "text"), ({"message": "text"}, "text"), (ValueError("text"), "text"), (17, "17")],
)
def test_an_error_of_a_row_may_be_a_text(error, message):
    row = ad.RowResult.model_validate({"status": "failed", "error": error})
    assert row.error is not None
    assert row.error.message == message


def test_an_error_with_unknown_keys_is_shown_unchanged():
    row = ad.RowResult.model_validate({"status": "failed", "error": {"reason": "no such profile"}})
    assert row.error is not None
    assert row.error.message == "{'reason': 'no such profile'}"


@pytest.mark.parametrize(("status", "goes_on"), [("pending", True), ("completed", False)])
def test_a_result_without_should_continue_polling_continues_by_its_status(status, goes_on):
    given = {"status": status, "shouldContinuePolling": None, "progress": None, "message": None}
    read = ad.AsyncOperationResult.model_validate({**given, "error": None, "context": None})
    assert read.should_continue_polling is goes_on


def test_a_payload_may_be_kept_as_state(session):
    async def keeping(request: Any, *, settings: Any, payload: Any, stateContext: Any) -> Any:
        answered = await perform(
            request, settings=settings, payload=payload, stateContext=stateContext
        )
        stateContext.setResponseContext("sent", {"operations": [payload]}, {"hour": 24})
        return answered

    async def poll_what_was_sent(request: Any, *, stateContext: Any) -> Any:
        result = {"status": "completed", "result": stateContext.getRequestContext("sent")}
        return {"results": [result], "overallStatus": "completed", "shouldContinuePolling": False}

    with RawServer(ACCEPTED) as server:
        crm = translated(perform=keeping, poll=poll_what_was_sent)
        run = submitted(session, server, crm)
    assert run.status == "completed", run.results()["message"][0]
    assert run.results()["result"][0] == {"operations": [ROW]}


@pytest.mark.parametrize("name", ["perform", "performBatch"])
def test_the_error_for_a_payload_in_json_dumps_shows_the_line_to_write(session, name):
    async def stringify(request: Any, *, settings: Any, payload: Any) -> Any:
        body = json.dumps(payload)
        return await request(f"{settings.endpoint}/x", {"method": "post", "content": body})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(**{name: stringify}))
        assert server.arrived == []
    assert "write json=… in the request, or payload.as_json()" in run.results()["message"][0]


def test_the_headers_of_an_answer_are_found_in_any_case(session):
    seen: list[Any] = []

    async def look(request: Any, *, settings: Any, payload: Any) -> Any:
        response = await request(f"{settings.endpoint}/x", {"method": "post", "json": payload})
        found = response.headers
        seen.append([found.get("X-Id"), found["X-ID"], found["x-id"], "X-iD" in found])
        seen.append([found.get("X-None"), found.get("X-None", "none"), "X-None" in found])
        return response

    with RawServer(answer(200, {"ok": True}, {"X-Id": "7"})) as server:
        assert submitted(session, server, translated(perform=look)).status == "completed"
    assert seen == [["7", "7", "7", True], [None, "none", False]]


def test_a_synchronous_answer_of_translated_code_completes_its_row(session):
    async def plain(request: Any, *, settings: Any, payload: Any) -> Any:
        return await request(f"{settings.endpoint}/operations", {"method": "POST", "json": payload})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=plain))
    assert run.status == "completed"


def test_an_answer_is_a_plain_dict_with_attributes_too(session):
    body = {
        "items": [{"n": 1}],
        "keys": "k",
        "get": 2,
        "operation_id": "op-1",
        "deep": {"er": {"x": None}},
        "_id": "m",
        "class": "c",
    }
    seen: list[Any] = []

    async def look(request: Any, data: Any) -> Any:
        seen.append((await request(f"{data.settings.endpoint}/x")).data)

    with RawServer(answer(200, body)) as server:
        submitted(session, server, translated(perform=look))
    (found,) = seen
    assert found == body
    assert isinstance(found, dict)
    assert json.loads(json.dumps(found)) == body
    assert attrgetter("operation_id", "deep.er.x", "_id")(found) == ("op-1", None, "m")
    assert found["items"][0].n == 1
    assert sorted(found.keys()) == sorted(body)
    assert found.get("get") == 2
    assert dict(found.items()) == body
    for copied in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found), copy.copy(found)):
        assert copied == body
        assert type(copied) is dict
    assert repr(found) == repr(body)
    assert {**found} == body
    assert not hasattr(found, "__array__")
    assert not hasattr(found, "_repr_html_")
    assert (found.operationId, found.deep.nothing) == (None, None)
    assert (found.deep.progress or 0) == 0


def test_an_id_that_is_not_in_the_answer_makes_the_row_unknown(session):
    async def misspelt(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json={})
        return {"isAsync": True, "asyncContexts": [{"operation_id": response.data.operationId}]}

    with RawServer(ACCEPTED) as server:
        run = submitted(session, server, translated(perform=misspelt, poll=poll))
    assert list(run.results()["status"]) == ["unknown"]
    assert "without an operation id" in run.results()["message"][0]


@pytest.mark.parametrize("missing", [None, ""])
def test_another_key_of_a_context_is_not_used_as_its_id(session, missing):
    context = {"operation_id": missing, "user_id": "u-1", "operation_type": "sync_profile"}
    function = returning({"isAsync": True, "asyncContexts": [context]})
    with RawServer(ACCEPTED) as server:
        run = submitted(session, server, translated(perform=function, poll=poll))
    message = run.results()["message"][0]
    assert message.endswith(f"Its context has {missing!r} as its 'operation_id'")


def test_an_answer_has_the_attributes_of_other_clients_too(session):
    async def pythonic(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json=data.payload)
        assert response.status_code == 202
        return {"isAsync": True, "asyncContexts": [{"operation_id": response.json()["job_id"]}]}

    with RawServer(ACCEPTED) as server:
        run = submitted(session, server, translated(perform=pythonic), rows=1)
    assert "the action has no poll" in run.results()["message"][0]
