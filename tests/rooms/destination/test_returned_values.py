"""What a function returns: never a success unless it is clearly one."""

from __future__ import annotations

from typing import Any

import pytest

from raw_server import RawServer, answer
from translated_code import (
    ACCEPTED,
    COMPLETED,
    ROW,
    SYNCHRONOUS,
    poll,
    returning,
    submitted,
    translated,
)


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
def test_the_error_for_a_context_with_another_id_shows_the_line_to_write(session, context, line):
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
def test_an_answer_outside_the_contract_is_never_a_success(session, answered):
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
def test_an_answer_with_any_kind_of_job_id_is_never_a_success(session, body, status, answered):
    with RawServer(answer(status, body)) as server:
        run = submitted(session, server, translated(perform=returning(answered), poll=poll))
    assert list(run.results()["status"]) == ["unknown"]
    assert run.retryable == 0


@pytest.mark.parametrize("answered", ["op-1", 17, True, b"op-1", object(), {"op-1"}])
def test_another_value_than_an_answer_is_never_a_success(session, answered):
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
def test_an_answer_without_an_open_job_completes_its_row(session, body):
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
