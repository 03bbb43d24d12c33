"""Runs whose rows are sent again: real HTTP to scripted servers."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer
from scripted_jobs import (
    BAD,
    CREATED,
    GOOD,
    OK,
    Payload,
    answering,
    connect,
    create,
    done,
    job,
    submit,
)


def test_what_was_provably_never_applied_may_be_sent_again_and_nothing_else(session):
    with RawServer(answer(400, "no"), CREATED, OK, OK, CREATED, OK) as server:
        run = submit(connect(session, job(poll=answering(GOOD, BAD)), server.url), ["a", None, "b"])
        assert run.wait(timeout=10) == "failed"
        assert list(run.results()["retryable"]) == [True, False, True]
        second = run.retry(schedule=SquareRoot(minimum=0.02))
        assert second.wait(timeout=10) == "partial"
        assert json.loads(server.arrived[2].body) == ["a", "b"]
        assert list(second.results()["status"]) == ["completed", "invalid", "failed"]
        third = second.retry(schedule=SquareRoot(minimum=0.02))
        with pytest.raises(ad.UsageError, match="still going"):
            third.retry()
        with pytest.raises(ad.UsageError, match=f"went again as <Run {third.id}"):
            second.retry()
        third.wait(timeout=10)
        assert json.loads(server.arrived[5].body) == ["b"]
        # Two outcomes for one row are none.
        assert list(third.results()["status"]) == ["completed", "invalid", "unknown"]


def test_a_retry_sends_batches_of_the_size_that_it_is_given(session):
    async def send(request: Any, data: Any) -> Any:
        rows = [each.user_id for each in data.payload]
        return await request(f"{data.settings.endpoint}/rows", method="POST", json=rows)

    action = ad.Action(title="Act", payload=Payload, perform_batch=send, isolation_requests=0)
    refused = answer(413, "too large")
    with RawServer(refused, refused, OK) as server:
        run = submit(connect(session, action, server.url), ["a", "b", "c", "d", "e"], batch_size=3)
        assert run.wait(timeout=10) == "failed"
        again = run.retry(batch_size=2)
        assert again.wait(timeout=10) == "completed"
    sent = sorted(len(json.loads(each.body)) for each in server.arrived)
    assert sent == sorted([3, 2, 2, 2, 1])


@pytest.mark.parametrize("size", [0, -1, 2.5, "10", True])
def test_a_retry_with_a_batch_size_that_is_none_sends_nothing(session, size):
    with RawServer(answer(400, "no")) as server:
        run = submit(connect(session, job(), server.url), ["a"])
        run.wait(timeout=10)
        before = len(server.arrived)
        with pytest.raises(ad.UsageError, match=r"batch_size is .* an integer of 1 or more"):
            run.retry(batch_size=size)
        assert len(server.arrived) == before


def test_a_button_and_a_cell_that_ask_at_once_send_the_rows_again_once(session):
    at_once = threading.Barrier(4)
    interval = sys.getswitchinterval()

    def retry(run: ad.Run) -> ad.Run | None:
        at_once.wait(timeout=10)
        with contextlib.suppress(ad.UsageError):
            return run.retry()
        return None

    with RawServer(answer(400, "no")) as server, ThreadPoolExecutor(4) as threads:
        run = submit(connect(session, job(batch_size=5_000), server.url), ["a"] * 5_000)
        assert run.wait(timeout=20) == "failed"
        assert run.retryable == 5_000
        sys.setswitchinterval(1e-5)
        try:
            retries = list(threads.map(retry, [run] * 4))
        finally:
            sys.setswitchinterval(interval)
        assert sum(each is not None for each in retries) == 1


def test_a_refusal_that_only_the_action_claims_is_no_proof(session):
    async def claims(request: Any, data: Any) -> Any:
        with contextlib.suppress(ad.HTTPError):
            await create(request, data)
        raise ad.IntegrationError("refused", "NO", 400)

    with RawServer(answer(504)) as server:
        action = ad.Action(title="Act", payload=Payload, perform=claims, poll=done)
        run = submit(connect(session, action, server.url), ["a"])
        assert run.wait(timeout=10) == "failed"
        assert run.results()["retryable"].isna().all()


def test_without_a_row_to_send_again_there_is_no_retry(session):
    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(), server.url), ["a", None])
        assert run.wait(timeout=10) == "partial"
        assert run.retryable == 0
        why = "no row may be sent again as it is: 1 completed, 1 invalid"
        with pytest.raises(ad.UsageError, match=why):
            run.retry()


def test_a_run_that_was_forgotten_is_not_retried(session):
    with RawServer(answer(400, "no")) as server:
        run = submit(connect(session, job(poll=answering()), server.url), ["a"])
        assert run.wait(timeout=10) == "failed"
        session.forget(run)
        with pytest.raises(ad.UsageError, match="this run was forgotten: submit its rows again"):
            run.retry()
    assert len(server.arrived) == 1
