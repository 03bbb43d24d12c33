"""Rows of a frame on their way: those that are invalid, how they are batched, and many."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from pydantic import field_validator

import asyncdest_nb as ad
from one_action import Settings, destination, echo, submit, users


def test_the_message_of_an_emoji_cut_in_two_explains_it(session, simulator):
    cut = {"user_id": {"@template": "{{name[0]}}"}, "operation_type": "sync_profile"}
    frame = pd.DataFrame({"name": ["\N{SLIGHTLY SMILING FACE} Zoe"]})
    preview = session.connect(simulator).preview(frame, "asyncOperation", mapping=cut)
    assert preview.invalid[0] == (
        "half a character (a lone surrogate: '\\ud83d'), which UTF-8 cannot encode"
    )


def test_a_validator_that_fails_makes_its_row_invalid_and_no_other(session):
    class Odd(ad.Payload):
        user_id: str = ad.field("User ID")

        @field_validator("user_id")
        @classmethod
        def check(cls, value: str) -> str:
            return value if value != "b" else value.nope

    act = ad.Action(title="Act", payload=Odd, perform=echo)
    odd = ad.Destination(name="Test", slug="test", settings=Settings, actions={"act": act})
    run = submit(session, odd, users("a", "b", "c"))
    assert run.wait(timeout=10) == "partial"
    assert list(run.results()["status"]) == ["completed", "invalid", "completed"]
    assert "AttributeError" in run.results()["message"][1]


def test_invalid_rows_are_outcomes_and_are_not_sent(session):
    sent = []

    async def perform(request: Any, data: Any) -> Any:
        sent.append(data.payload.user_id)

    cells = ["a", None, "", "b", "\ud800", "x" * 6_000_000]
    frame = pd.DataFrame({"user_id": pd.Series(cells, dtype=object)})
    run = submit(session, destination(perform=perform), frame)
    assert run.wait(timeout=10) == "partial"
    results = run.results()
    assert list(results["status"]) == [
        "completed", "invalid", "invalid", "completed", "invalid", "invalid",
    ]  # fmt: skip
    assert "is missing" in results["message"][1]
    assert "surrogate" in results["message"][4]
    assert "6,000,014 bytes" in results["message"][5]
    assert sorted(sent) == ["a", "b"]
    assert list(run.failed().index) == [1, 2, 4, 5]


@pytest.mark.parametrize("rows", [0, 1])
def test_small_frames(session, rows):
    run = submit(session, destination(perform=echo), users("a").head(rows))
    assert run.wait(timeout=10) == "completed"
    assert len(run.results()) == rows
    assert list(run.failed().columns) == [
        "user_id", "status", "message", "error_code", "retryable", "operation_id",
    ]  # fmt: skip


def test_batches_are_cut_by_rows_and_by_bytes(session):
    sizes = []

    async def perform_batch(request: Any, data: Any) -> Any:
        sizes.append(len(data.payload))

    act = destination(perform_batch=perform_batch, batch_size=4, batch_bytes=100)
    run = submit(session, act, users(*"abcdefghij", "y" * 60, "z" * 60))
    assert run.wait(timeout=10) == "completed"
    assert sorted(sizes) == [1, 2, 4, 4] or sum(sizes) == 12
    assert max(sizes) <= 4


@pytest.mark.slow
def test_ten_thousand_single_operations_are_all_accounted_for(session):
    count = 10_000

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> Any:
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    run = submit(session, destination(perform=perform, poll=poll), users(*range(count)))
    assert run.wait(timeout=100) == "completed"
    assert run.counts["completed"] == sum(run.counts.values()) == count
    assert len({each.operation_id for each in run.operations}) == count
