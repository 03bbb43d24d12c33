"""Contents that are made while they are sent, by the functions of a destination; real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.request import saved_body, spool
from large_files import LINE, large_files, peak_memory
from raw_server import RawServer, answer
from scripted_jobs import Payload, connect, done, submit

SIZE = 30_000_000


def accepted() -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])


def run_of(session: ad.Session, url: str, perform: Any, **destination: Any) -> ad.Run:
    act = ad.Action(title="Act", payload=Payload, perform=perform, poll=done)
    run = submit(connect(session, act, url, **destination), ["u-1"])
    run.wait(timeout=30)
    return run


def test_lines_from_a_generator_are_sent_with_their_length_and_never_all_in_memory(session):
    answers = []

    async def perform(request: Any, data: Any) -> Any:
        lines = (LINE.decode() for _ in range(SIZE // len(LINE)))
        files = {"file": ("rows.jsonl", lines, "application/jsonl")}
        url = f"{data.settings.endpoint}/files"
        answers.append((await request(url, method="POST", files=files)).data)
        return accepted()

    with large_files() as server, peak_memory() as peak:
        run = run_of(session, server.url, perform)
    assert run.status == "completed"
    assert answers[0]["size"] > SIZE - len(LINE)
    assert peak.bytes < SIZE / 3


@pytest.mark.parametrize("kind", ["content", "files"])
def test_a_request_that_is_repeated_with_a_new_token_sends_the_same_bytes(session, kind):
    async def perform(request: Any, data: Any) -> Any:
        lines = (f"{number}\n" for number in range(3))
        body: Any = {"content": lines} if kind == "content" else {"files": {"f": ("n", lines)}}
        await request(f"{data.settings.endpoint}/rows", method="PUT", **body)
        return accepted()

    async def refresh(request: Any, data: Any) -> str:
        return "token"

    with RawServer(answer(401), answer(200)) as server:
        run = run_of(session, server.url, perform, refresh_access_token=refresh)
        first, second = (each.body for each in server.arrived)
    assert run.status == "completed"
    assert b"0\n1\n2\n" in first
    assert b"0\n1\n2\n" in second


def test_a_response_in_a_file_is_removed_when_its_function_has_ended(session, monkeypatch):
    monkeypatch.setattr(saved_body, "IN_MEMORY_BYTES", 1)
    monkeypatch.setattr(spool, "IN_MEMORY_BYTES", 1)
    seen: list[Any] = []

    async def perform(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/results"
        response = await request(url, method="POST", content=iter(["a", "b"]), to_file=True)
        seen.extend([response, list(response.lines())])
        raise ValueError("a fault of the function")

    with RawServer(answer(200, "x\ny\n")) as server:
        run = run_of(session, server.url, perform)
        assert [each.body for each in server.arrived] == [b"ab"]
    assert run.status != "completed"
    response, lines = seen
    assert lines == ["x", "y"]
    with pytest.raises(ad.UsageError, match="in the function that made the request"):
        response.content  # noqa: B018


def test_a_response_in_a_file_may_be_what_a_function_returns(session):
    async def perform(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/rows"
        return await request(url, method="POST", json={}, to_file=True)

    with RawServer(answer(200, {"id": "r-1"})) as server:
        run = run_of(session, server.url, perform)
    assert run.status == "completed"
    assert run.results().result[0] == {"id": "r-1"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"content": iter([1])}, "yields a int"),
        ({"files": 7}, "files is a int"),
        ({"content": {"a": 1}}, "content is a dict"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(session, options, message):
    async def perform(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/rows", method="POST", **options)

    with RawServer() as server:
        run = run_of(session, server.url, perform)
    assert message in run.results().message[0]
    assert server.arrived == []
