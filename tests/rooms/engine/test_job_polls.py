"""What the poll of the framework's later async action may answer about a job."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from job_answers import BAD, BUSY, DONE, GOOD, multi_status, polling, send, statuses


@pytest.mark.parametrize(
    ("polled", "outcome"),
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
def test_a_job_ends_as_its_poll_reports(session, polled, outcome):
    if isinstance(polled, dict) and "job_status" not in polled:
        polled = {"jobId": "req-1", "status": 200, **polled}
    returned = {"jobId": "req-1", "status": 202, "multiStatusResponse": [GOOD] * 3}
    run = send(session, returned, poll=polling(polled))
    assert statuses(run) == (outcome or ["unknown", "completed", "completed"])


@pytest.mark.parametrize(
    "polled",
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
def test_an_answer_without_the_end_of_the_job_ends_no_row(session, polled):
    returned = {"jobId": "req-1", "status": 202, "multiStatusResponse": [GOOD] * 3}
    run = send(
        session, returned, poll=polling(polled, polled, {**DONE, "multiStatusResponse": None})
    )
    assert statuses(run) == ["completed"] * 3
    assert run.operations[0].polls == 3
