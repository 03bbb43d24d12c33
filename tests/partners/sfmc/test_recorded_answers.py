"""Answers of Marketing Cloud, read as Segment's own action reads them.

``data/sfmc_async.jsonl`` was recorded by running that action over scripted answers. Where it takes
a failed request for a failed job, this polls again; where it has no reason to look at the results,
this reads them all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi
from paths import DATA

RECORDED = [
    json.loads(line) for line in (DATA / "sfmc_async.jsonl").read_text("utf-8").splitlines()
]
# Without rows, or without an answer: a run has other tests of these.
POLLS = [
    each
    for each in RECORDED
    if each["op"] == "poll"
    and each["poll_payload"]["uploadCount"]
    and not any("network" in answer for answer in each["http"])
]
OK = {"items": [{"status": "OK"}, {"status": "OK"}], "count": 2}


def scripted(answers: list[Mapping[str, Any]]) -> Any:
    """Return what answers polls: a token, the status as recorded, and the results, or all OK."""
    status, results = [*answers, {"status": 200, "data": OK}, {"status": 200, "data": OK}][:2]

    def answer(call: ApiCall) -> Any:
        if call.path == "/v2/token":
            return {"access_token": "t", "rest_instance_url": f"http://{call.headers['host']}/"}
        found = results if call.path.endswith("/results") else status
        return found["status"], found["data"]

    return answer


def connected(session: ad.Session, api: DescribedApi) -> ad.Connection:
    settings = {"auth_url": api.url, "client_id": "c", "client_secret": "s3cret-1"}
    return session.connect("sfmc-rows", **settings)


@pytest.mark.parametrize("recorded", POLLS, ids=lambda recorded: recorded["id"])
def test_a_poll_is_read_as_by_segment(session, recorded):
    with DescribedApi(scripted(recorded["http"])) as api:
        context = {"request_id": recorded["poll_payload"]["jobId"], "batch": {"size": 2}}
        polled = connected(session, api).execute_poll("upsert", [context])
    state, theirs = recorded["result"]["jobStatus"], recorded["result"].get("responses") or []
    if polled.error is not None or polled.answer.results[0].should_continue_polling:
        # A failed request, and what is no answer: asked again.
        assert state in ("IN_PROGRESS", "RETRYABLE_ERROR") or recorded["id"] in AGAIN
        return
    [result] = polled.answer.results
    if not theirs:
        assert state == "FAILED"
        assert "completed" not in [row.status for row in result.rows]
    for row, other in zip(result.rows, theirs, strict=bool(theirs)):
        assert row.status == ("completed" if other["kind"] == "success" else "failed")
        if row.error is not None:
            assert row.error.message == other["value"]["errormessage"]
            assert row.retryable == (other["value"]["status"] == 429)


# Where Segment gives a job up: an unknown word, results that are no list or lack rows, which are
# read again some times, and requests that failed with 401, 404 or 503.
AGAIN = {"s-025", "s-028", "s-027", "s-029", "s-032", "s-033", "s-034", "s-038"}


@pytest.mark.parametrize("name", ["s-004", "s-005", "s-007"])
def test_a_refusal_fails_the_rows_with_its_message(session, name):
    [recorded] = [each for each in RECORDED if each["id"] == name]
    [refusal], stated = recorded["http"], recorded["result"]["responses"][0]["value"]
    token = scripted([])

    def answer(call: ApiCall) -> Any:
        return token(call) if call.path == "/v2/token" else (refusal["status"], refusal["data"])

    with DescribedApi(answer) as api:
        frame = pd.DataFrame({"pk": ["1", "2"]})
        run = connected(session, api).submit(frame, "upsert", data_extension="DE-1")
        run.wait(timeout=30)
        bodies = [each.json for each in api.calls if each.method == "PUT"]
    assert bodies[0] == {"items": [{"pk": "1"}, {"pk": "2"}]}
    assert run.results()["status"].tolist() == ["failed", "failed"]
    # Segment quotes an answer that states nothing.
    is_stated = refusal["data"] != {"resultMessages": []}
    assert not is_stated or stated["errormessage"] in run.results()["message"].iloc[0]
