"""Payloads, settings and data, read by key as in JavaScript."""

from __future__ import annotations

import json
from typing import Any

import pytest

from raw_server import RawServer, answer
from translated_code import ACCEPTED, COMPLETED, FIELDS, ROW, SYNCHRONOUS, submitted, translated


async def by_key(request: Any, data: Any) -> Any:
    payload, settings = data["payload"], data["settings"]
    url = f"{settings['endpoint']}/operations"
    response = await request(url, {"method": "post", "json": {**payload, "source": "crm"}})
    data["stateContext"].setResponseContext("user", payload["user_id"], {"hour": 24})
    context = {
        "operation_id": response.data["operation_id"],
        "user_id": payload["user_id"],
        "plan": payload["data"]["plan"],
        "note": payload.get("note", "none"),
        "is_noted": "note" in payload,
        "is_typed": "operation_type" in payload,
    }
    return {"isAsync": True, "asyncContexts": [context]}


async def many_by_key(request: Any, *, settings: Any, payload: Any) -> Any:
    body = {"operations": [dict(each) for each in payload]}
    response = await request(f"{settings['endpoint']}/x", {"method": "post", "json": body})
    ids = response.data["operation_ids"]
    return {
        "isAsync": True,
        "asyncContexts": [
            {"operation_id": each, "user_id": payload[index]["user_id"], "batch_index": index}
            for index, each in enumerate(ids)
        ],
    }


async def poll_by_key(request: Any, data: Any) -> Any:
    results = []
    for context in data.get("asyncContext")["asyncContexts"]:
        url = f"{data['settings']['endpoint']}/operations/{context['operation_id']}"
        response = await request(url)
        results.append({"status": response.data["status"], "context": context})
    return {"results": results, "overallStatus": "completed", "shouldContinuePolling": False}


NOTED = {**FIELDS, "note": {"label": "Note", "type": "string"}}


def test_the_data_of_a_function_can_be_read_by_key_too(session):
    with RawServer(ACCEPTED, COMPLETED) as server:
        crm = translated(fields=NOTED, perform=by_key, poll=poll_by_key)
        run = submitted(session, server, crm)
        body = json.loads(server.arrived[0].body)
    assert run.status == "completed", run.results()["message"][0]
    assert body == {**ROW, "source": "crm"}
    assert run.contexts["context"][0] == {
        "operation_id": "op-1",
        "user_id": "u-1",
        "plan": "pro",
        "note": "none",
        "is_noted": False,
        "is_typed": True,
    }


def test_the_payloads_of_a_batch_can_be_read_by_key_too(session):
    accepted = answer(200, {"status": "accepted", "operation_ids": ["op-1", 2]})
    with RawServer(accepted, COMPLETED, COMPLETED) as server:
        crm = translated(fields=NOTED, performBatch=many_by_key, poll=poll_by_key)
        run = submitted(session, server, crm, rows=2)
        body = json.loads(server.arrived[0].body)
    assert run.status == "completed", run.results()["message"][0]
    assert body == {"operations": [ROW, ROW]}
    assert [each["batch_index"] for each in run.contexts["context"]] == [0, 1]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lambda data: data["paylod"], "data has no 'paylod', it has settings, payload"),
        (lambda data: data["payload"]["userid"], "no attribute 'userid'"),
        (lambda data: data["payload"][0], "KeyError"),
    ],
)
def test_an_unknown_key_is_refused_before_anything_is_sent(session, wrong, problem):
    async def function(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/x", method="POST", json={"x": wrong(data)})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    assert problem in run.results()["message"][0]


def test_the_error_for_a_field_read_from_the_data_shows_where_it_is(session):
    async def flat(request: Any, payload: Any) -> Any:
        return await request("http://127.0.0.1:1/x", method="POST", json={"id": payload.user_id})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=flat))
        assert server.arrived == []
    assert "a field of the payload is at data.payload" in run.results()["message"][0]
