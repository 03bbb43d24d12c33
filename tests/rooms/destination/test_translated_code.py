"""Destinations written as a newcomer translates the framework's TypeScript, line by line.

Against a scripted server that counts what arrived: what is harmless works, and what is not is
refused before a request has left, with the line to write.
"""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer

EAGER = SquareRoot(minimum=0.02, cost=0.001)
ACCEPTED = answer(202, {"status": "accepted", "operation_id": "op-1", "job_id": "job-1"})
COMPLETED = answer(200, {"status": "completed", "progress": 100, "result": {"items": [{"n": 1}]}})
SYNCHRONOUS = answer(200, {"ok": True})

FIELDS = {
    "user_id": {
        "label": "User ID",
        "description": "Whom the operation is about",
        "type": "string",
        "required": True,
        "default": {"@path": "$.userId"},
    },
    "operation_type": {
        "label": "Operation Type",
        "description": "What to do",
        "type": "string",
        "required": True,
        "choices": [
            {"label": "Sync Profile", "value": "sync_profile"},
            {"label": "Process Data", "value": "process_data"},
        ],
    },
    "data": {"label": "Operation Data", "description": "Whatever it needs", "type": "object"},
}
SETTINGS = {
    "endpoint": {"label": "Endpoint", "description": "URL", "type": "string", "required": True},
    "api_key": {"label": "API Key", "description": "Key", "type": "password", "required": True},
}
ROW = {"user_id": "u-1", "operation_type": "sync_profile", "data": {"plan": "pro"}}


def extend_request(*, settings: Any) -> Any:
    key = settings.api_key.get_secret_value()
    return {"headers": {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}}


def translated(*, fields: Any = FIELDS, **functions: Any) -> ad.Destination:
    """Return a destination of one action, "act", with everything in the framework's words."""
    action = {"title": "Async Operation", "description": "…", "fields": fields, **functions}
    return ad.Destination(
        name="Example Async",
        slug="example-translated",
        settings=SETTINGS,
        extendRequest=extend_request,
        actions={"act": action},
    )


def submitted(session: ad.Session, server: RawServer, crm: ad.Destination, rows: int = 1) -> ad.Run:
    connection = session.connect(crm, endpoint=server.url, api_key="sk-translated-1")
    run = connection.submit(pd.DataFrame([ROW] * rows), "act", schedule=EAGER)
    run.wait(timeout=20)
    return run


# The document's own code


async def perform(request: Any, *, settings: Any, payload: Any, stateContext: Any) -> Any:
    response = await request(f"{settings.endpoint}/operations", {"method": "post", "json": payload})
    if response.data and response.data.status == "accepted" and response.data.operation_id:
        stateContext.setResponseContext("operation_id", response.data.operation_id, {"hour": 24})
        return {
            "isAsync": True,
            "asyncContexts": [
                {
                    "operation_id": response.data.operation_id,
                    "user_id": payload.user_id,
                    "operation_type": payload.operation_type,
                }
            ],
            "message": f"Operation {response.data.operation_id} submitted successfully",
            "status": 202,
        }
    return response


async def poll(request: Any, *, settings: Any, asyncContext: Any, stateContext: Any) -> Any:
    results = []
    for context in asyncContext.asyncContexts:
        assert stateContext.getRequestContext("operation_id") == context.operation_id
        response = await request(f"{settings.endpoint}/operations/{context.operation_id}")
        is_failed = response.data.status == "failed"
        results.append(
            {
                "status": response.data.status,
                "progress": response.data.get("progress", 0),
                "message": f"Operation {context.operation_id} {response.data.status}",
                "result": response.data.get("result", {}),
                "error": response.data.error_message if is_failed else None,
                "context": context,
                "shouldContinuePolling": False,
            }
        )
    return {"results": results, "overallStatus": "completed", "shouldContinuePolling": False}


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


def test_an_error_given_as_a_text_is_its_message(session):
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


def test_an_error_in_other_words_is_shown_as_it_is():
    row = ad.RowResult.model_validate({"status": "failed", "error": {"reason": "no such profile"}})
    assert row.error is not None
    assert row.error.message == "{'reason': 'no such profile'}"


@pytest.mark.parametrize(("status", "goes_on"), [("pending", True), ("completed", False)])
def test_a_result_that_leaves_undefined_whether_to_go_on_goes_on_by_its_status(status, goes_on):
    said = {"status": status, "shouldContinuePolling": None, "progress": None, "message": None}
    read = ad.AsyncOperationResult.model_validate({**said, "error": None, "context": None})
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
def test_a_payload_given_to_json_dumps_says_the_line_to_write(session, name):
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


# The forms of a function


async def by_keyword(request: Any, *, settings: Any, payload: Any) -> Any:
    return await request(f"{settings.endpoint}/x", method="POST", json=payload)


async def by_position(request: Any, settings: Any, payload: Any, state_context: Any) -> Any:
    assert state_context.get_request_context("nothing") is None
    return await request(f"{settings.endpoint}/x", method="POST", json=payload)


async def one_object(request: Any, data: Any) -> Any:
    return await request(f"{data.settings.endpoint}/x", method="POST", json=data.payload)


async def anything(*given: Any) -> Any:
    request, data = given
    return await one_object(request, data)


def without_await(request: Any, data: Any) -> Any:
    response = request(f"{data.settings.endpoint}/x", {"method": "post", "json": data.payload})
    assert response.data.ok is True
    return response


def plain_by_keyword(request: Any, *, payload: Any, settings: Any) -> Any:
    return request(f"{settings.endpoint}/x", method="POST", json=payload)


class Callable:
    async def __call__(self, request: Any, *, settings: Any, payload: Any) -> Any:
        return await request(f"{settings.endpoint}/x", method="POST", json=payload)

    async def method(self, request: Any, data: Any) -> Any:
        return await one_object(request, data)


async def with_a_prefix(prefix: str, request: Any, data: Any) -> Any:
    return await one_object(request, data)


@pytest.mark.parametrize(
    "function",
    [
        by_keyword,
        by_position,
        one_object,
        anything,
        without_await,
        plain_by_keyword,
        Callable(),
        Callable().method,
        partial(with_a_prefix, "x"),
        lambda request, data: one_object(request, data),
        lambda request, *, settings, payload: request(
            f"{settings.endpoint}/x", method="POST", json=payload
        ),
    ],
)
def test_a_function_may_be_written_in_any_of_these_forms(session, function):
    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert run.status == "completed", run.results()["message"][0]
        assert json.loads(server.arrived[0].body) == ROW


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda data: None, r"takes \(data\); it is called with \(request, data\)"),
        (lambda request, *, settings, payloads: None, "by name: settings, payload"),
        (lambda request, settings, payload, auth: None, "by name: settings, payload"),
        (lambda *, request, data: None, r"it is called with \(request, data\)"),
        (Callable.method, r"takes \(self, request.*it is called with \(request, data\)"),
        ("perform", "give the function itself"),
    ],
)
@pytest.mark.parametrize("name", ["perform", "performBatch", "poll", "cancel", "check"])
def test_a_function_that_cannot_be_called_is_refused_when_it_is_defined(name, function, problem):
    functions = {"perform": by_keyword, name: function}
    with pytest.raises(ad.UsageError, match=problem):
        translated(**functions)


def test_a_request_that_was_not_awaited_says_so_where_its_answer_is_used(session):
    async def forgetful(request: Any, data: Any) -> Any:
        response = request(f"{data.settings.endpoint}/x", method="POST", json={})
        return response.data

    async def chained(request: Any, data: Any) -> Any:
        return request(f"{data.settings.endpoint}/x", method="POST").then(lambda answer: answer)

    for function in (forgetful, chained):
        with RawServer(SYNCHRONOUS) as server:
            run = submitted(session, server, translated(perform=function))
            assert server.arrived == []
        assert run.status == "failed"
        assert "write await request" in run.results()["message"][0]


# The arguments of a request


def asking(*given: Any, **options: Any) -> Any:
    async def function(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/x", *given, **options)

    return function


@pytest.mark.parametrize(
    ("given", "options", "line"),
    [
        (({"method": "post", "searchParams": {"a": 1}},), {}, "params="),
        (({"method": "post", "body": "{}"},), {}, "json=… for a value, content=… for a text"),
        (({"method": "post", "timeout": 1000},), {}, "timeout_seconds=…, in seconds"),
        (({"method": "post", "responseType": "json"},), {}, "response.data is the JSON"),
        (({"method": "post", "skipResponseCloning": True},), {}, "leave it out"),
        (({"method": "post", "auth": ("u", "p")},), {}, "username="),
        ((), {"method": "POST", "data": {"a": 1}}, "json=… for a value"),
        ((), {"method": "POST", "jsn": {}}, "did you mean 'json'"),
        (("POST",), {}, r"write request\(url, method=…"),
        (({"method": "post"}, {}), {}, r"write request\(url, method=…"),
        (({"method": "post"},), {"method": "PUT"}, "method twice"),
        ((), {"method": "POST", "json": object()}, "not JSON serializable"),
        ((), {"method": "POST", "json": {"when": [date(2024, 6, 1)]}}, "not JSON serializable"),
        ((), {"method": "POST", "json": {"key": SecretStr("sk-translated-2")}}, "not JSON"),
    ],
)
@pytest.mark.parametrize("is_plain", [False, True])
def test_an_option_that_a_request_has_not_is_refused_before_it_leaves(
    session, given, options, line, is_plain
):
    function = asking(*given, **options)
    if is_plain:

        def function(request: Any, data: Any) -> Any:
            return request(f"{data.settings.endpoint}/x", *given, **options)

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    assert list(run.results()["status"]) == ["failed"]
    assert pd.Series(run.results()["message"]).str.contains(line).all()
    assert run.retryable == 1


@pytest.mark.parametrize("url", [None, {"url": "http://127.0.0.1:1/x", "method": "post"}, b"/x"])
def test_a_url_that_is_none_is_refused(session, url):
    async def function(request: Any, data: Any) -> Any:
        return await request(url)

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    assert "write request(url" in run.results()["message"][0]


def test_camel_case_options_are_ours(session):
    function = asking({"method": "put", "throwHttpErrors": False, "timeoutSeconds": 5})
    with RawServer(answer(200, {"ok": True})) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived[0].method == "PUT"
    assert run.status == "completed"


def test_payloads_are_sent_as_json_wherever_they_are(session):
    async def batch(request: Any, *, settings: Any, payload: Any) -> Any:
        body = {"operations": payload, "first": payload[0], "nested": [{"of": tuple(payload)}]}
        return await request(f"{settings.endpoint}/batch", {"method": "post", "json": body})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(performBatch=batch), rows=2)
        body = json.loads(server.arrived[0].body)
    assert run.status == "completed"
    assert body == {"operations": [ROW, ROW], "first": ROW, "nested": [{"of": [ROW, ROW]}]}


# Attributes of JSON


def test_an_answer_is_a_plain_dict_that_gives_attributes_too(session):
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
    assert (found.operation_id, found.deep.er.x, found._id) == ("op-1", None, "m")
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
def test_a_context_without_its_id_does_not_take_another_key_for_it(session, missing):
    context = {"operation_id": missing, "user_id": "u-1", "operation_type": "sync_profile"}
    function = returning({"isAsync": True, "asyncContexts": [context]})
    with RawServer(ACCEPTED) as server:
        run = submitted(session, server, translated(perform=function, poll=poll))
    message = run.results()["message"][0]
    assert message.endswith(f"Its context has {missing!r} as its 'operation_id'")


def test_an_answer_is_read_by_the_names_of_other_clients_as_well(session):
    async def pythonic(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json=data.payload)
        assert response.status_code == 202
        return {"isAsync": True, "asyncContexts": [{"operation_id": response.json()["job_id"]}]}

    with RawServer(ACCEPTED) as server:
        run = submitted(session, server, translated(perform=pythonic), rows=1)
    assert "the action has no poll" in run.results()["message"][0]


# Secrets, which are asterisks in a text


def key_in_base_headers(*, settings: Any) -> Any:
    return {"headers": {"Authorization": f"Bearer {settings.api_key}"}}


@pytest.mark.parametrize(
    ("url", "options", "what"),
    [
        ("/x", lambda key: {"headers": {"Authorization": f"Bearer {key}"}}, "authorization"),
        ("/x", lambda key: {"headers": {"X-Key": str(key)}}, "x-key"),
        ("/x", lambda key: {"params": {"api_key": key}}, "the URL"),
        ("/x", lambda key: {"params": {"api_key": f"{key}"}}, "the URL"),
        ("/x?api_key={key}", lambda key: {}, "the URL"),
        ("/x", lambda key: {"json": {"api_key": key}}, "a secret setting is not JSON"),
    ],
)
def test_a_secret_that_was_put_into_a_text_is_refused_with_the_line_to_write(
    session, url, options, what
):
    async def function(request: Any, *, settings: Any) -> Any:
        path = url.format(key=settings.api_key)
        named = {"json": {}, **options(settings.api_key)}
        return await request(f"{settings.endpoint}{path}", {"method": "post", **named})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    message = run.results()["message"][0]
    assert what in message
    assert "write settings.….get_secret_value()" in message


def test_a_secret_in_a_text_of_the_base_headers_is_refused_before_anything_is_sent(session):
    crm = ad.Destination(
        name="Example Async",
        slug="example-translated",
        settings=SETTINGS,
        extendRequest=key_in_base_headers,
        actions={"act": {"fields": FIELDS, "perform": perform, "poll": poll}},
    )
    with RawServer(ACCEPTED, COMPLETED) as server:
        with pytest.raises(ad.UsageError, match=r"write settings\.….get_secret_value\(\)"):
            submitted(session, server, crm)
        assert server.arrived == []


# Payloads, settings and data, read by key


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


def test_what_a_function_is_given_is_read_by_key_as_well(session):
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


def test_the_payloads_of_a_batch_are_read_by_key_as_well(session):
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
def test_a_key_that_is_none_of_its_fields_is_refused_before_anything_leaves(
    session, wrong, problem
):
    async def function(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/x", method="POST", json={"x": wrong(data)})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function))
        assert server.arrived == []
    assert problem in run.results()["message"][0]


def test_a_field_that_is_looked_for_in_the_data_says_where_it_is(session):
    async def flat(request: Any, payload: Any) -> Any:
        return await request("http://127.0.0.1:1/x", method="POST", json={"id": payload.user_id})

    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=flat))
        assert server.arrived == []
    assert "a field of the payload is at data.payload" in run.results()["message"][0]


# What a function returns


def returning(answered: Any) -> Any:
    async def function(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json={})
        return answered(response) if callable(answered) else answered

    return function


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ({"job_id": "job-1", "user_id": "u"}, "operation_id='job_id'"),
        ({"jobId": "job-1"}, "operation_id='jobId'"),
        ({"user_id": "u", "operationId": "op-1"}, "operation_id='operationId'"),
        ({"id": 17}, "operation_id='id'"),
        ({"importRunId": "r"}, "operation_id='importRunId'"),
    ],
)
def test_a_context_whose_id_is_elsewhere_says_the_line_to_write(session, context, line):
    function = returning({"isAsync": True, "asyncContexts": [context]})
    with RawServer(ACCEPTED) as server:
        run = submitted(session, server, translated(perform=function, poll=poll))
    assert list(run.results()["status"]) == ["unknown"]
    assert f"write {line} in the Action" in run.results()["message"][0]


@pytest.mark.parametrize(
    "answered",
    [
        {"isAsync": True, "asyncContext": [{"operation_id": "op-1"}]},
        {"is_async": True, "contexts": [{"operation_id": "op-1"}]},
        {"isAsync": True, "asyncContexts": {"operation_id": "op-1"}},
        {"isAsync": True, "asyncContexts": ["op-1"]},
        {"isAsync": True, "asyncContexts": []},
        {"isAsync": True},
    ],
    ids=str,
)
def test_an_answer_that_is_not_in_the_words_of_the_contract_is_never_a_success(session, answered):
    with RawServer(ACCEPTED) as server:
        run = submitted(session, server, translated(perform=returning(answered), poll=poll))
    assert list(run.results()["status"]) == ["unknown"]
    assert run.retryable == 0


@pytest.mark.parametrize(
    "body",
    [
        {"job_id": "job-1"},
        {"jobId": "job-1", "status": "ok"},
        {"operationId": 17},
        {"operation_ids": ["op-1"]},
        {"id": "op-1", "status": "queued"},
        {"id": "op-1", "status": "IN_PROGRESS"},
        {"status": "Submitted"},
        {"contexts": [{"id": "op-1"}]},
        {"asyncContext": {"operation_id": "op-1"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("answered", [lambda response: response, lambda response: response.data])
def test_an_answer_that_names_a_job_by_any_name_is_never_a_success(session, body, status, answered):
    with RawServer(answer(status, body)) as server:
        run = submitted(session, server, translated(perform=returning(answered), poll=poll))
    assert list(run.results()["status"]) == ["unknown"]
    assert run.retryable == 0


@pytest.mark.parametrize("answered", ["op-1", 17, True, b"op-1", object(), {"op-1"}])
def test_a_value_that_is_no_answer_is_never_a_success(session, answered):
    function = returning(lambda response: answered)
    with RawServer(SYNCHRONOUS) as server:
        run = submitted(session, server, translated(perform=function, poll=poll))
    assert list(run.results()["status"]) == ["unknown"]
    assert "return the response" in run.results()["message"][0]


@pytest.mark.parametrize(
    "body",
    [
        {"ok": True},
        {"id": 17},
        {"id": 17, "status": "created"},
        {"status": "completed", "operation_id": "op-1"},
        {"status": "done", "job_id": "job-1"},
        {"job_id": None},
        [],
    ],
    ids=str,
)
def test_an_answer_that_is_done_completes_its_row(session, body):
    function = returning(lambda response: response)
    with RawServer(answer(200, body)) as server:
        run = submitted(session, server, translated(perform=function, poll=poll))
    assert list(run.results()["status"]) == ["completed"]


@pytest.mark.parametrize(
    "answered",
    [
        {"isAsync": True, "asyncContexts": [{"operation_id": "op-1"}]},
        {"jobId": "op-1", "status": 202, "multiStatusResponse": []},
    ],
)
def test_contexts_in_a_dict_can_be_polled_by_hand(session, answered):
    async def look(request: Any, *, settings: Any, asyncContexts: Any) -> Any:
        found = await request(f"{settings.endpoint}/operations/{asyncContexts[0].operation_id}")
        return {"results": [{"status": found.data.status}]}

    with RawServer(ACCEPTED, COMPLETED) as server:
        crm = translated(perform=returning(answered), poll=look)
        connection = session.connect(crm, endpoint=server.url, api_key="sk-translated-1")
        polled = connection.execute_poll("act", connection.execute_action("act", ROW))
        assert server.arrived[1].target == "/operations/op-1"
    assert polled.answer == {"results": [{"status": "completed"}]}


# Definitions


def test_fields_as_dicts_are_the_fields_of_a_class():
    fields = translated(perform=by_keyword).actions["act"].fields
    assert [(each.key, each.label, each.type, each.required) for each in fields.values()] == [
        ("user_id", "User ID", "string", True),
        ("operation_type", "Operation Type", "string", True),
        ("data", "Operation Data", "object", False),
    ]
    assert fields["operation_type"].choices == ("sync_profile", "process_data")
    assert fields["user_id"].default == {"@path": "$.userId"}


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        ("text", "a", "a"),
        ("integer", 3, 3),
        ("number", 1.5, 1.5),
        ("boolean", True, True),
        ("object", {"a": 1}, {"a": 1}),
    ],
)
@pytest.mark.parametrize("multiple", [False, True])
def test_every_type_of_a_field_is_known(kind, given, sent, multiple):
    fields = {"x": {"label": "X", "type": kind, "multiple": multiple, "dynamic": True}}
    action = translated(fields=fields, perform=by_keyword).actions["act"]
    payload = action.read({"x": [given] if multiple else given})
    assert not isinstance(payload, str), payload
    assert payload.as_json() == {"x": [sent] if multiple else sent}
    assert action.read({}).as_json() == {}


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"type": "strin"}, "did you mean 'string'"),
        ({"type": "string", "requird": True}, "did you mean 'required'"),
        ({"type": "string", "required": {"conditions": []}}, "write True or False, and a check"),
        ({"type": "password"}, "is a secret, but payloads are shown"),
        ({"type": "string", "format": "emial"}, "did you mean 'email'"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused(field, problem):
    with pytest.raises(ad.UsageError, match=problem):
        translated(fields={"x": {"label": "X", **field}}, perform=by_keyword)


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (
            lambda: ad.Action(title="A", payload=FIELDS, performs=by_keyword),
            "did you mean 'perform'",
        ),
        (lambda: translated(perform=by_keyword, defaultSubscription="x"), "leave it out"),
        (lambda: translated(perform=by_keyword, payload=FIELDS), "payload twice"),
        (lambda: translated(perform=by_keyword, operation_id=""), "such as 'job_id'"),
        (
            lambda: ad.Destination(name="D", slug="d", actions={}, authentication={"fields": {}}),
            "write settings=",
        ),
        (
            lambda: ad.Destination(name="D", slug="d", actions={"a": {"fields": FIELDS}}),
            "needs perform or perform_batch",
        ),
    ],
)
def test_an_argument_of_a_definition_that_is_not_known_is_refused(made, problem):
    with pytest.raises(ad.UsageError, match=problem):
        made()


def test_a_definition_may_use_our_names_or_the_frameworks():
    action = ad.Action(title="A", fields=FIELDS, performBatch=by_keyword, batchSize=7)
    assert (action.batch_size, action.perform_batch) != (1000, None)
    assert list(action.fields) == list(FIELDS)


def test_the_poll_of_the_frameworks_later_action_is_our_poll():
    action = ad.Action(title="Job", payload=FIELDS, performBatch=perform, performPoll=poll)
    assert action.poll is not None
    assert action.poll.__name__ == "poll"


def test_what_a_function_may_ask_of_its_data_has_the_frameworks_names(session):
    seen: list[Any] = []

    async def look(request: Any, data: Any) -> Any:
        data.stateContext.setResponseContext("k", "v", {"hour": 24})
        seen.append(data.stateContext.getRequestContext("k"))
        seen.append(data.asyncContexts == data.asyncContext.asyncContexts == data.async_contexts)
        seen.append(data.submissionId == data.submission_id)
        seen.append(data.accessToken)
        return {"ok": True}

    with RawServer(SYNCHRONOUS) as server:
        submitted(session, server, translated(perform=look))
    assert seen == ["v", True, True, None]
