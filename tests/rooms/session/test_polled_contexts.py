"""Contexts of rows and of whole batches, and the polls that answer for them."""

from __future__ import annotations

from typing import Any

import asyncdest_nb as ad
from one_action import destination, submit, users


def test_results_in_another_order_are_laid_by_the_ids_in_their_contexts(session):
    async def perform_batch(request: Any, data: Any) -> Any:
        contexts = [{"operation_id": payload.user_id} for payload in data.payload]
        return ad.AsyncActionResponse(async_contexts=contexts)

    async def poll(request: Any, data: Any) -> Any:
        results = [
            ad.AsyncOperationResult(
                status="failed" if context["operation_id"] == "b" else "completed", context=context
            )
            for context in reversed(data.async_contexts)
        ]
        return ad.AsyncPollResponse.of(results)

    act = destination(perform_batch=perform_batch, poll=poll, poll_batch_size=10)
    run = submit(session, act, users("a", "b", "c", "d"))
    assert run.wait(timeout=10) == "partial"
    assert list(run.results()["status"]) == ["completed", "failed", "completed", "completed"]


def jobs(poll: Any) -> ad.Destination:
    async def perform_batch(request: Any, data: Any) -> Any:
        job = "job-" + "-".join(payload.user_id for payload in data.payload)
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": job}])

    return destination(perform_batch=perform_batch, poll=poll, operation_per="batch")


def test_one_context_may_stand_for_a_whole_batch_with_an_outcome_per_row(session):
    async def poll(request: Any, data: Any) -> Any:
        rows = [
            ad.RowResult(status="completed"),
            ad.RowResult(status="failed", error=ad.OperationError(code="E", message="locked")),
        ]
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", rows=rows)])

    run = submit(session, jobs(poll), users("a", "b", "c", "d"), batch_size=2)
    assert run.wait(timeout=10) == "partial"
    assert [each.operation_id for each in run.operations] == ["job-a-b", "job-c-d"]
    assert list(run.results()["status"]) == ["completed", "failed"] * 2


def test_a_job_that_answers_for_fewer_rows_than_it_has_completes_none(session):
    async def poll(request: Any, data: Any) -> Any:
        rows = [ad.RowResult(status="completed")]
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", rows=rows)])

    run = submit(session, jobs(poll), users("a", "b"))
    run.wait(timeout=10)
    assert run.counts["unknown"] == 2


def test_many_contexts_are_polled_in_one_call_if_the_action_allows_it(session):
    sizes = []

    async def perform_batch(request: Any, data: Any) -> Any:
        contexts = [{"operation_id": payload.user_id} for payload in data.payload]
        return ad.AsyncActionResponse(async_contexts=contexts)

    async def poll(request: Any, data: Any) -> Any:
        sizes.append(len(data.async_contexts))
        done = ad.AsyncOperationResult(status="completed")
        return ad.AsyncPollResponse.of([done] * len(data.async_contexts))

    act = destination(perform_batch=perform_batch, poll=poll, poll_batch_size=40)
    run = submit(session, act, users(*range(100)))
    assert run.wait(timeout=10) == "completed"
    assert sorted(sizes) == [20, 40, 40]
