"""Functions that swallow or rename what went wrong on the wire: real HTTP to scripted servers.

Their silence is no proof of success, and their claims do not justify a second send.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest

import asyncdest_nb as ad
import recovery
from raw_server import Answer, RawServer, answer, reset
from recovery import WAYS, eager, people, poll
from scripted_jobs import OK, requested


def submit(session: ad.Session, server: RawServer, **action: Any) -> ad.Run:
    actions = {"send": ad.Action(title="Send", payload=recovery.Payload, **action)}
    found = replace(recovery.destination(), actions=actions)
    crm = session.connect(found, endpoint=server.url)
    return crm.submit(people(3), "send", schedule=eager())


def settle(run: ad.Run) -> None:
    run.rested.result(timeout=20)


async def sends(request: Any, data: Any) -> Any:
    return await request("/people", method="POST", json=[each.as_json() for each in data.payload])


async def asks_to_try_again(request: Any, data: Any) -> Any:
    try:
        return await sends(request, data)
    except ad.AsyncDestError as error:
        raise ad.RetryableError("try later") from error


def test_a_retryable_error_is_not_believed_once_a_reply_was_lost(session: ad.Session):
    with RawServer(reset, OK) as server:
        run = submit(session, server, perform_batch=asks_to_try_again)
        settle(run)
        assert run.counts["unknown"] == 3
        assert requested(server) == ["POST /people"]


def test_a_retryable_error_is_believed_if_the_destination_answered(session: ad.Session):
    with RawServer(answer(409, "locked"), OK) as server:
        run = submit(session, server, perform_batch=asks_to_try_again)
        assert run.wait(timeout=20) == "completed"
        assert requested(server) == ["POST /people"] * 2


@pytest.mark.parametrize("first", [answer(400), answer(500), reset], ids=["400", "500", "reset"])
def test_a_refusal_that_is_ignored_is_no_success(session: ad.Session, first: Answer):
    async def passes_over(request: Any, data: Any) -> None:
        with contextlib.suppress(ad.AsyncDestError):
            await sends(request, data)
        await request("/audit", method="POST", json={"rows": len(data.payload)})

    with RawServer(first, OK) as server:
        run = submit(session, server, perform_batch=passes_over)
        settle(run)
        assert run.counts["unknown"] == 3
        assert requested(server) == ["POST /people", "POST /audit"]


def test_a_failed_search_does_not_count_as_not_found(session: ad.Session):
    async def find(request: Any, data: Any) -> Any:
        jobs = (await request("/jobs", throw_http_errors=False)).data or []
        contexts = [{"operation_id": each["id"], "job": each["id"]} for each in jobs]
        return ad.AsyncActionResponse(async_contexts=contexts) if contexts else None

    searched = {**WAYS["search"], "find": find, "settle_seconds": 0.0}
    failed, found = answer(500, ""), answer(200, [{"id": "j-1"}])
    with RawServer(reset, failed, found, answer(200, {"status": "completed"})) as server:
        run = submit(
            session, server, **searched, poll=poll, recovery="search", operation_per="batch"
        )
        assert run.wait(timeout=20) == "completed"
        assert requested(server) == ["POST /jobs", "GET /jobs", "GET /jobs", "GET /jobs/j-1"]
