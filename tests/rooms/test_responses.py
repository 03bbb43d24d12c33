"""The values of the contract: what is read from any partner, and what is written."""

from __future__ import annotations

import json

import pytest

from asyncdest_nb.responses import (
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    MultiStatusEntry,
    MultiStatusResponse,
    RowResult,
    clean_text,
    error_type,
    overall_status,
)
from paths import DATA


def result(status: str) -> AsyncOperationResult:
    return AsyncOperationResult.model_validate({"status": status, "message": f"is {status}"})


def test_names_are_camel_case_on_the_wire_and_snake_case_in_python():
    wire = {"isAsync": True, "asyncContexts": [{"operation_id": "1"}], "status": 202}
    response = AsyncActionResponse.model_validate(wire)
    assert response == AsyncActionResponse(async_contexts=[{"operation_id": "1"}], status=202)
    assert response.model_dump(exclude_none=True) == wire


@pytest.mark.parametrize(
    "progress", ["NaN", float("nan"), float("inf"), -3, 250, "x", True, [], {}]
)
def test_a_progress_that_is_no_percentage_is_not_reported(progress):
    read = AsyncOperationResult.model_validate({"status": "pending", "progress": progress})
    assert read.progress is None


@pytest.mark.parametrize(("progress", "read"), [(0, 0.0), (99.5, 99.5), ("40", 40.0), (100, 100.0)])
def test_a_progress_in_percent_is_kept(progress, read):
    found = AsyncOperationResult.model_validate({"status": "pending", "progress": progress})
    assert found.progress == read


@pytest.mark.parametrize("status", ["exploded", "COMPLETED", "", None, 3])
def test_an_unknown_status_is_pending_and_kept(status):
    read = AsyncOperationResult.model_validate({"status": status})
    assert (read.status, read.odd_status) == ("pending", str(status))
    assert read.should_continue_polling


@pytest.mark.parametrize(
    ("status", "goes_on"), [("pending", True), ("completed", False), ("failed", False)]
)
def test_polling_goes_on_until_the_status_is_final(status, goes_on):
    assert result(status).should_continue_polling is goes_on


@pytest.mark.parametrize(
    ("statuses", "overall"),
    [
        (["completed", "completed"], "completed"),
        (["failed", "failed"], "failed"),
        (["completed", "failed"], "partial"),
        (["completed", "pending"], "pending"),
        (["failed", "pending"], "pending"),
        ([], "failed"),
    ],
)
def test_overall_status(statuses, overall):
    assert overall_status(statuses) == overall


@pytest.mark.parametrize(
    ("rows", "overall"),
    [
        (["completed", "completed"], "completed"),
        (["completed", "failed"], "partial"),
        (["completed", "unknown"], "partial"),
        (["failed", "failed"], "failed"),
        (["unknown", "canceled"], "failed"),
        ([], "completed"),
        (None, "completed"),
    ],
)
def test_a_job_that_ended_counts_by_its_rows(rows, overall):
    listed = None if rows is None else [RowResult(status=each) for each in rows]
    result = AsyncOperationResult(status="completed", rows=listed)
    assert AsyncPollResponse.of([result]).overall_status == overall
    pending = AsyncOperationResult(status="pending", rows=listed)
    assert AsyncPollResponse.of([result, pending]).overall_status == "pending"


def test_without_contexts_the_overall_status_is_failed():
    response = AsyncPollResponse.of([])
    assert (response.results, response.overall_status) == ([], "failed")
    assert not response.should_continue_polling
    assert response.message == "No async contexts found for polling"


def test_the_message_is_that_of_one_operation_or_counts_several():
    assert AsyncPollResponse.of([result("pending")]).message == "is pending"
    many = AsyncPollResponse.of([result("completed"), result("pending"), result("failed")])
    assert many.message == "3 operations: 1 completed, 1 failed, 1 pending"


def test_a_multi_status_names_an_error_by_its_status():
    answers = MultiStatusResponse()
    answers.push_success(body={"id": 1})
    answers.push_error(status=429, errormessage="slow down")
    answers.push_error(status=799, errormessage="?")
    answers.set_at(4, MultiStatusEntry(status=404))
    types = [each and each.errortype for each in answers.responses]
    assert types == [None, "TOO_MANY_REQUESTS", "UNKNOWN_ERROR", None, None]
    assert [each and each.is_success for each in answers.responses] == [
        True,
        False,
        False,
        None,
        True,
    ]


def test_every_status_has_segments_name():
    recorded = json.loads((DATA / "error_codes.json").read_text())
    named = {status: error_type(int(status)) for status in recorded["by_status"]}
    assert named == recorded["by_status"]
    assert error_type(799) == recorded["default"]


def test_half_a_surrogate_pair_becomes_text_that_utf_8_can_hold():
    assert clean_text("a\ud800b") == "a\\ud800b"
    assert AsyncOperationResult(status="pending", message="\udfff").message == "\\udfff"
