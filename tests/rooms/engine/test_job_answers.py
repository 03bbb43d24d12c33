"""The framework's later async answers: one job for a batch, and rows that are refused at once.

Against scripted servers; the shapes of the answers are those recorded from the framework.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer

EAGER = SquareRoot(minimum=0.02, cost=0.001)
TAKEN = answer(202, {"requestId": "req-1"})
GOOD = {"status": 200, "sent": {}, "body": "OK"}
BAD = {"status": 400, "errormessage": "no such list", "errortype": "BAD_REQUEST"}
BUSY = {"status": 429, "errormessage": "Rerun the transaction.", "errortype": "TOO_MANY_REQUESTS"}
DONE = {"jobId": "req-1", "status": 200, "jobStatus": "SUCCEEDED"}


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


def multi_status(*entries: Any) -> ad.MultiStatusResponse:
    """Return the entries as the framework's own value."""
    found = ad.MultiStatusResponse()
    for entry in entries:
        if entry is None:
            found.set_at(len(found.responses), None)
        elif "errormessage" in entry:
            found.push_error(**entry)
        else:
            found.push_success(**entry)
    return found


def as_value(*entries: Any) -> Any:
    return [None if each is None else envelope(each) for each in entries]


def envelope(entry: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "error" if "errormessage" in entry else "success", "value": entry}


def as_object(*entries: Any) -> Any:
    return {**{str(at): each for at, each in enumerate(entries)}, "length": len(entries)}


SHAPES: dict[str, Callable[..., Any]] = {
    "ours": multi_status,
    "a list": lambda *entries: list(entries),
    "a dict of responses": lambda *entries: {"responses": list(entries), "length": len(entries)},
    "an object with indexes": as_object,
    "entries in envelopes": as_value,
    "a class with responses": lambda *entries: SimpleNamespace(responses=list(entries)),
}


def submitting(returned: Any, status: int = 202) -> Any:
    async def perform_batch(request: Any, data: Any) -> Any:
        await request(
            f"{data.settings.endpoint}/rows", method="PUT", json=[], throw_http_errors=False
        )
        return returned

    return perform_batch


def polling(*answers: Any) -> Any:
    left = list(answers)

    async def poll(request: Any, data: Any) -> Any:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return poll


def send(
    session: ad.Session,
    returned: Any,
    *,
    rows: int = 3,
    sent: Any = TAKEN,
    is_at_rest: bool = True,
    **action: Any,
) -> ad.Run:
    """Submit some rows to an action that returns *returned*, and return its run at rest."""
    options: dict[str, Any] = {"operation_per": "batch", **action}
    act = ad.Action(title="Act", payload=Payload, perform_batch=submitting(returned), **options)
    crm = ad.Destination(name="T", slug="t", settings=Settings, actions={"act": act})
    frame = pd.DataFrame({"user_id": [f"u-{at}" for at in range(rows)]})
    with RawServer(sent) as server:
        run = session.connect(crm, endpoint=server.url).submit(frame, "act", schedule=EAGER)
        run.wait(timeout=20)
        assert len(server.arrived) == 1
    return run


def statuses(run: ad.Run) -> list[str]:
    return list(run.results()["status"])


@pytest.mark.parametrize("status", [200, 201, 202, 207, 400, 500, None, "accepted"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_row_refused_beside_a_job_keeps_its_outcome_and_the_others_are_the_jobs(
    session, shape, status
):
    returned = {"jobId": "req-1", "status": status, "multiStatusResponse": shape(GOOD, BAD, None)}
    run = send(session, returned, poll=polling(DONE))
    assert statuses(run) == ["completed", "failed", "completed"]
    assert run.status == "partial"
    assert run.results()["message"][1] == "no such list"
    assert run.results()["error_code"][1] == "BAD_REQUEST"
    assert run.operations[0].operation_id == "req-1"


def test_a_row_left_to_a_job_is_pending_and_a_refused_one_is_not_while_it_is_polled(session):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": [GOOD, BAD, BUSY]}
    run = send_and_look(session, returned)
    assert statuses(run) == ["pending", "failed", "failed"]
    assert {word: run.counts[word] for word in ("pending", "failed")} == {"pending": 1, "failed": 2}
    assert run.retryable == 1


def send_and_look(session: ad.Session, returned: Any) -> ad.Run:
    """Return a run whose job is still going, and was asked about."""
    going = {"jobId": "req-1", "status": 200, "jobStatus": "IN_PROGRESS"}
    act = ad.Action(
        title="Act",
        payload=Payload,
        perform_batch=submitting(returned),
        poll=polling(going),
        operation_per="batch",
    )
    crm = ad.Destination(name="T", slug="t", settings=Settings, actions={"act": act})
    frame = pd.DataFrame({"user_id": ["a", "b", "c"]})
    with RawServer(TAKEN) as server:
        run = session.connect(crm, endpoint=server.url).submit(frame, "act", schedule=EAGER)
        while not (run.operations and run.operations[0].polls):
            run.wait(timeout=0.1)
    return run


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


@pytest.mark.parametrize("entries", [[], [GOOD, GOOD, GOOD], None])
def test_a_job_that_takes_all_its_rows_is_asked_about_all(session, entries):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": entries}
    done = {**DONE, "multiStatusResponse": [GOOD, BUSY, None]}
    run = send(session, returned, poll=polling(done))
    assert statuses(run) == ["completed", "failed", "unknown"]
    assert run.retryable == 1


def test_one_job_for_many_operations_says_what_to_write_in_the_action(session):
    returned = {"jobId": "req-1", "status": 200, "multiStatusResponse": [GOOD, BAD, GOOD]}
    run = send(session, returned, poll=polling(DONE), operation_per="row")
    assert statuses(run) == ["unknown", "failed", "unknown"]
    assert 'operation_per="batch"' in run.results()["message"][0]


def test_one_context_for_many_rows_says_what_to_write_in_the_action(session):
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
def test_a_plain_list_of_outcomes_is_laid_on_its_rows(session, poll):
    for returned in ([GOOD, BAD, None], {"responses": [GOOD, BAD, None]}):
        run = send(session, returned, poll=poll, operation_per="row", sent=answer(200, {}))
        assert statuses(run) == ["completed", "failed", "unknown"]


# The contract's own rows beside one context


def decided(*rows: Any, contexts: Any = ({"operation_id": "j-1"},)) -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(async_contexts=list(contexts), rows=list(rows))


REFUSED = ad.RowResult(status="failed", error=ad.OperationError(code="E", message="refused"))


def test_rows_beside_the_context_of_a_batch_are_kept_whatever_its_poll_says(session):
    rows = [ad.RowResult(status="completed"), ad.RowResult(status="completed")]
    for said in (None, rows, [rows[0], rows[0], rows[0]]):
        result = ad.AsyncOperationResult(status="completed", rows=said)
        poll = polling(ad.AsyncPollResponse.of([result]))
        run = send(session, decided(None, REFUSED, None), poll=poll)
        assert statuses(run) == ["completed", "failed", "completed"]


def test_a_job_that_answers_for_too_few_rows_leaves_those_unknown_and_the_decided_as_they_are(
    session,
):
    result = ad.AsyncOperationResult(status="completed", rows=[ad.RowResult(status="completed")])
    poll = polling(ad.AsyncPollResponse.of([result]))
    run = send(session, decided(None, REFUSED, None), poll=poll)
    assert statuses(run) == ["unknown", "failed", "unknown"]


def test_a_failed_job_fails_the_rows_that_were_left_to_it(session):
    result = ad.AsyncOperationResult(status="failed", error={"code": "J", "message": "job died"})
    poll = polling(ad.AsyncPollResponse.of([result]))
    done = ad.RowResult(status="completed")
    run = send(session, decided(None, done, REFUSED), poll=poll)
    assert statuses(run) == ["failed", "completed", "failed"]
    assert list(run.results()["error_code"].fillna("")) == ["J", "", "E"]


def test_rows_that_are_all_decided_need_no_context(session):
    done = ad.RowResult(status="completed")
    run = send(session, decided(done, REFUSED, done, contexts=()), poll=polling(DONE))
    assert statuses(run) == ["completed", "failed", "completed"]


def test_rows_for_another_number_of_rows_leave_all_unknown(session):
    run = send(session, decided(None, REFUSED), poll=polling(DONE))
    assert statuses(run) == ["unknown"] * 3
    assert "outcomes for 2 rows of 3" in run.results()["message"][0]


def test_what_was_decided_outlives_a_restart(tmp_path):
    path = tmp_path / "s.sqlite"
    with ad.Session(path=path) as session:
        run = send_and_look(session, decided(None, REFUSED, None))
        before = statuses(run)
    with ad.Session(path=path) as session:
        assert statuses(session.runs()[0]) == before == ["pending", "failed", "pending"]


# What poll may say of a job


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"jobStatus": "SUCCEEDED"}, ["completed"] * 3),
        ({"jobStatus": "SUCCEEDED", "multiStatusResponse": []}, ["unknown"] * 3),
        ({"jobStatus": "SUCCEEDED", "multiStatusResponse": [GOOD]}, ["unknown"] * 3),
        (
            {"jobStatus": "SUCCEEDED", "multiStatusResponse": multi_status(GOOD, None, BAD)},
            ["completed", "unknown", "failed"],
        ),
        ({"jobStatus": "SUCCEEDED", "multiStatusResponse": ["?", GOOD, GOOD]}, None),
        ({"jobStatus": "FAILED"}, ["failed"] * 3),
        ({"jobStatus": "FAILED", "multiStatusResponse": []}, ["failed"] * 3),
        (
            {"jobStatus": "FAILED", "multiStatusResponse": [GOOD, BAD, BUSY]},
            ["unknown", "failed", "failed"],
        ),
        ({"job_status": "SUCCEEDED", "job_id": "req-1"}, ["completed"] * 3),
        (SimpleNamespace(jobId="req-1", status=200, jobStatus="FAILED"), ["failed"] * 3),
    ],
)
def test_a_job_ends_as_its_poll_says(session, said, outcome):
    if isinstance(said, dict) and "job_status" not in said:
        said = {"jobId": "req-1", "status": 200, **said}
    returned = {"jobId": "req-1", "status": 202, "multiStatusResponse": [GOOD] * 3}
    run = send(session, returned, poll=polling(said))
    assert statuses(run) == (outcome or ["unknown", "completed", "completed"])


@pytest.mark.parametrize(
    "said",
    [
        {"jobId": "req-1", "status": 200, "jobStatus": "IN_PROGRESS"},
        {"jobId": "req-1", "status": 429, "jobStatus": "RETRYABLE_ERROR"},
        {"jobId": "req-1", "status": 503, "jobStatus": "FAILED"},
        {"jobId": "req-1", "status": 404, "jobStatus": "FAILED", "multiStatusResponse": [BAD] * 3},
        {"jobId": "req-1", "status": 500, "jobStatus": "SUCCEEDED"},
        {"jobId": "another", "status": 200, "jobStatus": "SUCCEEDED"},
        {"jobId": "req-1", "status": 200, "jobStatus": "EXPLODED"},
        {"jobId": "req-1", "status": 200, "jobStatus": None},
    ],
    ids=str,
)
def test_what_is_no_end_of_a_job_ends_nothing(session, said):
    returned = {"jobId": "req-1", "status": 202, "multiStatusResponse": [GOOD] * 3}
    run = send(session, returned, poll=polling(said, said, {**DONE, "multiStatusResponse": None}))
    assert statuses(run) == ["completed"] * 3
    assert run.operations[0].polls == 3
