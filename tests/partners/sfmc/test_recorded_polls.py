"""Polls of Marketing Cloud beside Segment's own action: all 23 recordings, by number.

``data/sfmc_async.jsonl`` was recorded by running that action over scripted answers. A recording
is of one call, and so is ``execute_poll``. Where the API describes the job, the job has the same
end. Where the request failed (s-026, 030 to 037), the API describes no job: both state the same
HTTP status and reason. Segment's action then ends the job as FAILED for 401, 404, 503 and what
JavaScript does not know (s-032, 033, 034, 037), and is to be called again for the others. Here the
engine asks again in all of these cases, since a job goes on though a poll of it fails; it does so
too if an action in the framework's contract returns what was recorded. Where JavaScript itself
failed (s-027, 028, 029, 038), an answer here says what is wrong with it. Results that lack rows
(s-025, 028) are read some more times; of rows that no result names, Segment says nothing, and
here they are unknown. Results are read here also where the status has no errors.
"""

from __future__ import annotations

from typing import Any

import pytest

import asyncdest_nb as ad
from job_answers import DONE, GOOD, polling, send, statuses
from sfmc_recordings import (
    COMPLETE,
    OK,
    POLLED,
    SUBMITTED,
    connected,
    name_of,
    payloads_of,
    serve,
    submitted,
)

RESULTS = "/data/v1/async/req-1/results"
NAMED = {name_of(each): each for each in POLLED}
# An unknown word is shown; of what is no answer, what it lacks.
ODD = {
    "s-022": "no status at $.status.requestStatus",
    "s-027": "there is no list at $.items",
    "s-028": "the results do not list this row",
    "s-029": "Mystery",
    "s-038": "no status at $.status.requestStatus",
}
NO_ANSWER = [*ODD, "s-026", *(f"s-0{number}" for number in range(30, 38))]
GOING = ["s-017", "s-018"]
ENDED = ["s-019", "s-020", "s-021", "s-023", "s-024", "s-025", "s-039"]


def test_each_recording_is_of_one_kind():
    assert sorted([*NO_ANSWER, *GOING, *ENDED]) == [*NAMED]
    for name, recorded in NAMED.items():
        stated = recorded["result"]
        is_bad = stated["jobStatus"] == "RETRYABLE_ERROR" or stated["status"] >= 400
        assert is_bad == (name in NO_ANSWER)
        assert (stated["jobStatus"] == "IN_PROGRESS") == (name in GOING)


def polled(session: ad.Session, name: str) -> ad.Executed:
    """Return a poll when its results are not read again any more; its requests are as recorded."""
    status, *results = NAMED[name]["http"]
    with serve(status=[status], results=results) as api:
        crm = connected(session, api)
        asked: Any = crm.execute_batch("upsert", payloads_of(SUBMITTED[0]))
        if not NAMED[name]["poll_payload"]["uploadCount"]:  # There is no batch without rows.
            asked = [{"request_id": "req-1", "batch": {"size": 0}}]
        before = len(api.calls)
        found = crm.execute_poll("upsert", asked)
        paths = [each.path for each in api.calls[before:]]
        while "read again" in repr(found):
            found = crm.execute_poll("upsert", asked)
    theirs = [each["url"].partition(".com")[2] for each in NAMED[name]["requests"]]
    assert paths[0] == theirs[0] == "/data/v1/async/req-1/status"
    assert {*paths[1:]} <= {RESULTS, "/v2/token", theirs[0]}
    # Of a status that it does not know Segment's action asks for the results, too.
    assert RESULTS in paths or RESULTS not in theirs or name in ("s-029", "s-038")
    return found


def is_open(found: ad.Executed) -> bool:
    return found.error is not None or found.answer.results[0].should_continue_polling


@pytest.mark.parametrize("name", GOING)
def test_a_job_that_goes_on_is_pending(session, name):
    found = polled(session, name)
    [result] = found.answer.results
    assert (result.status, result.error, result.odd_status) == ("pending", None, None)
    assert is_open(found)


@pytest.mark.parametrize("name", ENDED)
def test_a_job_that_has_ended_has_the_rows_of_segment(session, name):
    found = polled(session, name)
    assert not is_open(found)
    [result] = found.answer.results
    stated = NAMED[name]["result"]
    # There a job has succeeded if one row has.
    assert (found.answer.overall_status == "failed") == (stated["jobStatus"] == "FAILED")
    if stated["jobStatus"] == "FAILED" and not stated["responses"]:
        # No row is named: all have failed with the job, or nobody knows.
        job_failed = "the job ended Error: OK" in repr(result)
        assert [row.status for row in result.rows] == ["failed" if job_failed else "unknown"] * 2
        assert job_failed == (name == "s-019")
        return
    for row, theirs in zip(result.rows, stated["responses"], strict=True):
        assert row.status == ("completed" if theirs["kind"] == "success" else "failed")
        if theirs["kind"] == "error":
            assert row.error.message == theirs["value"]["errormessage"]
            assert row.retryable == (theirs["value"]["status"] == 429)
    assert stated["jobStatus"] == ("FAILED" if name == "s-024" else "SUCCEEDED")


@pytest.mark.parametrize("name", NO_ANSWER)
def test_a_call_without_an_answer_says_why_and_ends_no_row_well(session, name):
    found = polled(session, name)
    status = [each["status"] for each in NAMED[name]["http"] if "network" not in each][-1:]
    if status and status[0] >= 400:
        assert status == [NAMED[name]["result"]["status"]]
        assert f"answered {status[0]}" in repr(found)
    elif status:
        assert ODD[name] in repr(found)
    else:
        assert isinstance(found.error, ad.ReplyLost)
    if name != "s-028":  # Its results are there, and remain short.
        assert is_open(found)
    rows = found.answer and found.answer.results[0].rows
    assert "completed" not in [row.status for row in rows or []]


@pytest.mark.parametrize("name", ["s-025", *NO_ANSWER])
def test_a_job_is_asked_about_again_after_a_call_without_an_answer(session, name):
    status, *results = NAMED[name]["http"]
    with serve(status=[status, COMPLETE], results=[*results, OK]) as api:
        run = submitted(session, api, SUBMITTED[0])
    assert run.results()["status"].tolist() == ["completed"] * 2


@pytest.mark.parametrize("name", NAMED)
def test_the_answer_of_segments_own_action_means_the_same(session, name):
    stated = NAMED[name]["result"]
    answer = {**stated, "multiStatusResponse": stated["responses"]}
    del answer["responses"]
    taken = {"jobId": "req-1", "status": 202, "multiStatusResponse": [GOOD] * 2}
    run = send(session, taken, rows=2, poll=polling(answer, DONE))
    is_asked_again = name in (*NO_ANSWER, *GOING)
    assert run.operations[0].polls == 1 + is_asked_again
    good = [each["kind"] == "success" for each in stated["responses"] or []]
    wanted = [True, True] if is_asked_again else good or [False, False]
    if name != "s-021":  # It is about no rows.
        assert [each == "completed" for each in statuses(run)] == wanted
