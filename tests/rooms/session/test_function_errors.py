"""Errors in a destination's functions: what they do to a row, and that they stop no run."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import asyncdest_nb as ad
from one_action import destination, echo, submit, users
from raw_server import RawServer, answer


def test_the_message_of_a_mistake_in_a_function_names_its_line(session):
    async def perform(request: Any, data: Any) -> Any:
        return data.payload.nothing

    line = perform.__code__.co_firstlineno + 1
    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert run.results()["message"][0].endswith(f"(in perform, line {line})")


def test_the_message_of_contexts_that_are_no_dicts_is_one_line(session):
    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=["id-1"])

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert run.results()["message"][0].startswith(
        "ValidationError: AsyncActionResponse: async_contexts.0: Input should be a valid dictionary"
        " (in perform, line "
    )


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ad.IntegrationError("no", "NO_WAY", 400), "failed", "NO_WAY"),
        (ad.PayloadValidationError("bad"), "failed", "PAYLOAD_VALIDATION_FAILED"),
        (ad.InvalidAuthenticationError("who"), "failed", "INVALID_AUTHENTICATION"),
        (KeyError("oops"), "failed", "KeyError"),
    ],
)
def test_an_error_before_anything_was_sent_fails_the_row(session, error, status, code):
    async def perform(request: Any, data: Any) -> Any:
        raise error

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    row = run.results().iloc[0]
    assert (row["status"], row["error_code"]) == (status, code)


def test_a_bug_after_something_was_sent_leaves_the_row_unknown(session):
    async def perform(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json={})
        return response.data["id"]

    with RawServer(answer(200, {})) as server:
        crm = session.connect(destination(perform=perform), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 1
    assert "KeyError: 'id'" in run.results()["message"][0]


class _Frozen(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    "error",
    [asyncio.CancelledError(), SystemExit(1), GeneratorExit(), StopIteration(), _Frozen()],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("is_plain", [True, False])
def test_the_engine_survives_whatever_a_function_raises(session, error, is_plain):
    def plain(request: Any, data: Any) -> Any:
        raise error

    async def perform(request: Any, data: Any) -> Any:
        raise error

    run = submit(session, destination(perform=plain if is_plain else perform), users("a", "b"))
    assert run.wait(timeout=10) == "failed"
    assert run.counts["failed"] == 2
    again = submit(session, destination(perform=echo), users("c"))
    assert again.wait(timeout=10) == "completed"


def test_a_refusal_that_a_function_overlooks_is_no_success(session):
    async def perform(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/x"
        response = await request(url, method="POST", json={}, throw_http_errors=False)
        return response.data

    for status, status_name in [(500, "unknown"), (422, "failed")]:
        with RawServer(answer(status, {"error": "no"})) as server:
            crm = session.connect(destination(perform=perform), endpoint=server.url)
            run = crm.submit(users("a"), "act")
            run.wait(timeout=10)
        assert run.counts[status_name] == 1


@pytest.mark.parametrize("odd", [{"a": 1}, 17, "half \ud83d"])
def test_a_status_or_code_that_no_file_can_store_is_stored_as_text(session, odd):
    async def refuse(request: Any, data: Any) -> Any:
        raise ad.IntegrationError("no", odd, 400)

    async def accept(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    statuses = [odd]

    async def poll(request: Any, data: Any) -> Any:
        return {"results": [{"status": statuses[0]}]}

    run = submit(session, destination(perform=refuse), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert run.results()["error_code"][0] == str(odd).replace("\ud83d", "\\ud83d")
    run = submit(session, destination(perform=accept, poll=poll), users("a"), again=True)
    give_up = time.monotonic() + 30
    while not run.notices:
        assert time.monotonic() < give_up
        run.wait(timeout=0.05)
    statuses[0] = "completed"
    assert run.wait(timeout=10) == "completed"
