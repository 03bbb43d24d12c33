"""Submissions to Marketing Cloud beside Segment's own action: all 16 recordings, by number.

``data/sfmc_async.jsonl`` was recorded by running that action over scripted answers. A recording
is of one call. What is done after a call that failed is the platform's there and the engine's
here: rows that provably were not applied (s-008, a 429) are sent again, and those of which nobody
knows wait for the user, since a second request would be made. Its data extensions
have ids in the URL, and ours have external keys. Of a row that is accepted Segment's action
says success, also without the id of a request (s-002), so that nobody can ask what became of it:
here that is an error.
"""

from __future__ import annotations

from typing import Any

import pytest

import asyncdest_nb as ad
from sfmc_recordings import (
    COMPLETE,
    SUBMITTED,
    connected,
    name_of,
    payloads_of,
    sent_rows,
    serve,
    submitted,
)

SENT = [each for each in SUBMITTED if each["requests"]]
REFUSED = [each for each in SENT if 400 <= each["http"][0].get("status", 0) < 429]
ACCEPTED = [each for each in SENT if each.get("result", {}).get("status") == 202]
AGAIN = [each for each in SENT if each["http"][0].get("status") == 429]
DOUBT = [each for each in SENT if each not in (*REFUSED, *ACCEPTED, *AGAIN)]


def test_each_recording_is_of_one_kind():
    kinds = [[*map(name_of, each)] for each in (ACCEPTED, REFUSED, AGAIN, DOUBT)]
    assert kinds == [
        ["s-001", "s-015", "s-016"],
        ["s-003", "s-004", "s-005", "s-007"],
        ["s-008"],
        ["s-002", "s-006", "s-009", "s-010", "s-011", "s-012", "s-013"],
    ]
    assert [name_of(each) for each in SUBMITTED if each not in SENT] == ["s-014"]


def called(session: ad.Session, recorded: Any) -> ad.Executed:
    """Return one call; its request is as recorded."""
    with serve(rows=recorded["http"] * 2) as api:
        executed = connected(session, api).execute_batch("upsert", payloads_of(recorded))
        first, *others = sent_rows(api)
    [theirs] = recorded["requests"]
    path = theirs["url"].partition(".com")[2].replace("/DE-", "/key:DE-")
    assert (first.method, first.path, first.json) == (theirs["method"], path, theirs["json"])
    # Only with a new access token does one call send the rows twice.
    assert len(others) == (recorded["http"][0].get("status") == 401)
    return executed


@pytest.mark.parametrize("recorded", ACCEPTED, ids=name_of)
def test_accepted_rows_have_the_id_of_their_request(session, recorded):
    executed = called(session, recorded)
    stated = recorded["result"]
    assert executed.answer.status == stated["status"]
    assert executed.answer.rows is None
    [context] = executed.answer.async_contexts
    assert context["request_id"] == stated["jobId"]
    assert context["batch"]["size"] == len(stated["responses"])
    assert {each["kind"] for each in stated["responses"]} == {"success"}


@pytest.mark.parametrize("recorded", [*REFUSED, *AGAIN, *DOUBT], ids=name_of)
def test_the_error_of_a_call_is_that_of_segment(session, recorded):
    executed = called(session, recorded)
    assert executed.answer is None
    if name_of(recorded) == "s-002":
        assert "accepted without request_id" in str(executed.error)
        assert recorded["result"]["jobId"] is None
    elif "error" in recorded:
        assert isinstance(executed.error, ad.ReplyLost)
        assert "Failed to upsert rows asynchronously" in recorded["error"]["message"]
    else:
        assert executed.error.status == recorded["result"]["status"]
        for row in recorded["result"]["responses"]:
            assert row["kind"] == "error"
            assert told(row["value"]["errormessage"]) in str(executed.error).replace(": [", ":[")


def told(message: str) -> str:
    """Return what the API itself has told in a *message*; "" = nothing."""
    quoted = message.removeprefix("SFMC API responded with ").removesuffix(".")
    return "" if message == "Unknown error" else quoted


@pytest.mark.parametrize("recorded", REFUSED, ids=name_of)
def test_refused_rows_have_failed_with_the_message(session, recorded):
    with serve(rows=recorded["http"] * 5) as api:
        run = submitted(session, api, recorded)
    found, stated = run.results(), recorded["result"]["responses"]
    assert found["status"].tolist() == ["failed"] * len(stated)
    for message, row in zip(found["message"], stated, strict=True):
        assert told(row["value"]["errormessage"]) in message.replace(": [", ":[")


@pytest.mark.parametrize("recorded", DOUBT, ids=name_of)
def test_rows_whose_call_says_nothing_of_them_wait_until_they_may_be_sent_again(session, recorded):
    with serve(rows=recorded["http"], status=[COMPLETE]) as api:
        run = submitted(session, api, recorded)
        assert run.results()["status"].tolist() == ["unknown"] * 2
        assert len(sent_rows(api)) == 1
        run.resolve(applied=False)
        again = run.retry()
        again.wait(timeout=30)
        bodies = [each.json for each in sent_rows(api)]
    assert again.results()["status"].tolist() == ["completed"] * 2
    assert bodies == [recorded["requests"][0]["json"]] * 2


@pytest.mark.parametrize("recorded", AGAIN, ids=name_of)
def test_rows_that_are_refused_for_now_are_sent_again(session, recorded):
    with serve(rows=recorded["http"], status=[COMPLETE]) as api:
        run = submitted(session, api, recorded)
        bodies = [each.json for each in sent_rows(api)]
    assert run.results()["status"].tolist() == ["completed"] * 2
    assert bodies == [recorded["requests"][0]["json"]] * 2


def test_without_a_data_extension_nothing_is_sent(session):
    [recorded] = [each for each in SUBMITTED if name_of(each) == "s-014"]
    assert recorded["error"]["message"] == "No Data Extension Connected"
    with serve() as api:
        crm = connected(session, api)
        with pytest.raises(ad.UsageError, match=r"Data extension .* is missing"):
            crm.execute_batch("upsert", payloads_of(recorded))
        assert len(api.calls) == len(recorded["requests"]) == 0
