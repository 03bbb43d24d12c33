"""The framework's later async answers: one job for a batch, and rows refused at once.

Against scripted servers; the shapes of the answers are those recorded from the framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from job_answers import (
    BAD,
    BUSY,
    DONE,
    GOOD,
    SHAPES,
    multi_status,
    polling,
    send,
    send_and_look,
    statuses,
)
from raw_server import answer


@pytest.mark.parametrize("status", [200, 201, 202, 207, 400, 500, None, "accepted"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_row_refused_beside_a_job_keeps_its_outcome_and_the_job_decides_the_others(
    session, shape, status
):
    returned = {"jobId": "req-1", "status": status, "multiStatusResponse": shape(GOOD, BAD, GOOD)}
    run = send(session, returned, poll=polling(DONE))
    assert statuses(run) == ["completed", "failed", "completed"]
    assert run.status == "partial"
    assert run.results()["message"][1] == "no such list"
    assert run.results()["error_code"][1] == "BAD_REQUEST"
    assert run.operations[0].operation_id == "req-1"


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_row_without_an_entry_beside_a_job_is_no_row_of_the_job(session, shape):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": shape(GOOD, BAD, None)}
    run = send(session, returned, poll=polling(DONE))
    assert statuses(run) == ["completed", "failed", "unknown"]
    assert "is missing a response" in run.results()["message"][2]


def test_an_empty_multi_status_beside_a_job_leaves_its_rows_unknown(session):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": multi_status()}
    run = send(session, returned, poll=polling(DONE))
    assert statuses(run) == ["unknown"] * 3


def test_a_row_left_to_a_job_is_pending_and_a_refused_one_is_not_while_it_is_polled(session):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": [GOOD, BAD, BUSY]}
    run = send_and_look(session, returned)
    assert statuses(run) == ["pending", "failed", "failed"]
    assert {status: run.counts[status] for status in ("pending", "failed")} == {
        "pending": 1,
        "failed": 2,
    }
    assert run.retryable == 1


@dataclass
class Dataclass:
    jobId: str
    status: int
    multiStatusResponse: Any


class Named(NamedTuple):
    job_id: str
    status: int
    multi_status_response: Any


class WithSlots:
    __slots__ = ("job_id", "multi_status_response", "status")

    def __init__(self, job_id: str, status: int, multi_status_response: Any) -> None:
        self.job_id, self.status = job_id, status
        self.multi_status_response = multi_status_response


def snake(job_id: str, status: int, entries: Any) -> dict[str, Any]:
    return {"job_id": job_id, "status": status, "multi_status_response": entries}


@pytest.mark.parametrize("make", [Dataclass, Named, WithSlots, snake])
def test_the_answer_may_be_a_value_of_any_class(session, make):
    returned = make("req-1", 200, multi_status(BAD, GOOD, GOOD))
    run = send(session, returned, poll=polling(DONE))
    assert statuses(run) == ["failed", "completed", "completed"]


def test_contexts_may_be_in_a_value_of_any_class(session):
    returned = SimpleNamespace(isAsync=True, asyncContexts=[{"operation_id": "req-1"}])
    run = send(session, returned, poll=polling(DONE))
    assert statuses(run) == ["completed"] * 3


@pytest.mark.parametrize("job_id", [None, "", [], {"id": 1}])
def test_without_a_job_id_no_row_is_a_success(session, job_id):
    returned = {"jobId": job_id, "status": 200, "multiStatusResponse": [GOOD, BAD, None]}
    run = send(session, returned, poll=polling(DONE), sent=answer(200, {}))
    assert statuses(run) == ["unknown", "failed", "unknown"]
    assert "operation id" in run.results()["message"][0]


def test_without_a_poll_the_rows_of_a_job_are_unknown_and_the_refused_ones_failed(session):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": [GOOD, BAD, None]}
    run = send(session, returned, sent=answer(200, {}))
    assert statuses(run) == ["unknown", "failed", "unknown"]
    assert "the action has no poll" in run.results()["message"][0]


@pytest.mark.parametrize("entries", [[GOOD, GOOD, GOOD], None])
def test_the_outcomes_of_all_rows_of_a_job_come_from_its_poll(session, entries):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": entries}
    done = {**DONE, "multiStatusResponse": [GOOD, BUSY, None]}
    run = send(session, returned, poll=polling(done))
    assert statuses(run) == ["completed", "failed", "unknown"]
    assert run.retryable == 1


def test_one_job_for_many_operations_has_a_hint_for_the_action(session):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": [GOOD, BAD, GOOD]}
    run = send(session, returned, poll=polling(DONE), operation_per="row")
    assert statuses(run) == ["unknown", "failed", "unknown"]
    assert 'operation_per="batch"' in run.results()["message"][0]


def test_one_context_for_many_rows_has_a_hint_for_the_action(session):
    returned = {"isAsync": True, "asyncContexts": [{"operation_id": "req-1"}]}
    run = send(session, returned, poll=polling(DONE), operation_per="row")
    assert statuses(run) == ["unknown"] * 3
    assert 'operation_per="batch"' in run.results()["message"][0]


def test_a_refusal_after_a_server_error_may_not_be_sent_again(session):
    error = {"status": 500, "errormessage": "Internal Server Error"}
    returned = {"jobId": None, "status": 500, "multiStatusResponse": [error] * 3}
    for found in (returned, multi_status(error, error, error)):
        run = send(session, found, poll=polling(DONE), sent=answer(500, {}))
        assert statuses(run) == ["failed"] * 3
        assert run.retryable == 0


def test_all_rows_refused_beside_a_job_leave_nothing_to_poll(session):
    returned = {"jobId": "req-1", "status": 400, "multiStatusResponse": [BAD, BAD, BUSY]}
    run = send(session, returned, poll=polling(RuntimeError("asked")))
    assert statuses(run) == ["failed"] * 3
    assert list(run.results()["retryable"]) == [False, False, True]


@pytest.mark.parametrize("poll", [None, polling(DONE)])
def test_a_plain_list_of_outcomes_is_matched_to_the_rows(session, poll):
    for returned in ([GOOD, BAD, None], {"responses": [GOOD, BAD, None]}):
        run = send(session, returned, poll=poll, operation_per="row", sent=answer(200, {}))
        assert statuses(run) == ["completed", "failed", "unknown"]
