"""Rows that the answer to a submission decides at once, and jobs that need a second start."""

from __future__ import annotations

import pandas as pd
from test_protocols import WORDS
from test_shapes import BULK, KLAVIYO, PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi


def refused_rows(pointers: list[str]) -> dict[str, object]:
    return {"errors": [{"detail": "bad email", "source": {"pointer": each}} for each in pointers]}


def test_rows_that_a_refusal_names_fail_and_the_others_are_sent_again(session: ad.Session):
    batches = []

    def answer(call: ApiCall):
        if call.method != "POST":
            return {"data": []} if call.path.endswith("import-errors") else DONE
        emails = [
            each["attributes"]["email"]
            for each in call.json["data"]["attributes"]["profiles"]["data"]
        ]
        batches.append(emails)
        bad = [
            f"/data/attributes/profiles/data/{at}"
            for at, each in enumerate(emails)
            if each == "u2@x.de"
        ]
        return (400, refused_rows(bad)) if bad else (202, {"data": {"id": "j"}})

    rows = {
        "refusals": 400,
        "items": "errors",
        "match": {"by": "pointer", "path": "source.pointer", "under": "/profiles/data"},
        "outcome": "failed",
        "error": "detail",
    }
    step = {**KLAVIYO["submit"][0], "rows": rows}
    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **{**KLAVIYO, "submit": [step]})).results()
    assert batches == [
        ["u0@x.de", "u1@x.de", "u2@x.de", "u3@x.de"],
        ["u0@x.de", "u1@x.de", "u3@x.de"],
    ]
    assert found["status"].tolist() == ["completed", "completed", "failed", "completed"]
    assert found.loc["c", "message"] == "bad email"


DONE = {"data": {"attributes": {"status": "complete", "failed_count": 0}}}


def test_results_of_a_job_are_of_the_rows_that_were_sent(session: ad.Session):
    frame = pd.DataFrame({"email": ["u0@x.de", None, "u2@x.de", "u3@x.de"]})

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j"}}
        if call.path.endswith("import-errors"):
            return {"data": [{"source": {"pointer": "/profiles/data/1/email"}, "detail": "bad"}]}
        return {"data": {"attributes": {"status": "complete", "failed_count": 1}}}

    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **KLAVIYO), frame).results()
    # The row without an email was not sent, so the second one sent is the third of the frame.
    assert found["status"].tolist() == ["completed", "invalid", "failed", "completed"]


def test_an_accepted_job_may_refuse_rows_at_once(session: ad.Session):
    def answer(call: ApiCall):
        if call.method == "POST":
            return {"id": "op", "failures": [{"index": 1, "why": "no consent"}]}
        return {"status": "Succeeded"}

    with DescribedApi(answer) as api:
        destination = described(
            api.url,
            handle="id",
            submit=[
                {
                    "url": "/run",
                    "json": "{{ rows }}",
                    "extract": {"id": "id"},
                    "rows": {
                        "items": "failures",
                        "match": {"by": "index", "path": "index"},
                        "outcome": "failed",
                        "error": "why",
                    },
                }
            ],
            poll={"url": "/run/{{ id }}", "status": {"path": "status", "words": WORDS}},
        )
        found = sent(session, destination).results()
    assert found["status"].tolist() == ["completed", "failed", "completed", "completed"]


def test_an_api_without_jobs_answers_with_a_status_for_each_row(session: ad.Session):
    def answer(call: ApiCall):
        words = ["ok", "error", "ok"]  # And nothing about the last row.
        return 207, {
            "results": [
                {"email": row["email"], "is": word}
                for row, word in zip(call.json, words, strict=False)
            ]
        }

    with DescribedApi(answer) as api:
        destination = described(
            api.url,
            submit=[
                {
                    "url": "/upsert",
                    "json": "{{ rows }}",
                    "rows": {
                        "items": "results",
                        "match": {"by": "field", "path": "email", "row": "{{ row.email }}"},
                        "outcome": {"path": "is", "words": {"completed": "ok", "failed": "error"}},
                    },
                }
            ],
        )
        found = sent(session, destination).results()
    assert found["status"].tolist() == ["completed", "failed", "completed", "unknown"]


def test_a_job_that_was_not_started_is_started_by_the_poll(session: ad.Session):
    closes = []

    def answer(call: ApiCall):
        if call.method == "PUT":
            return 201, b""
        if call.method == "PATCH":
            closes.append(call)
            # The first is answered by a page of some proxy, and does not arrive.
            return (
                (200, {"content-type": "text/html"}, "<html>ok</html>") if len(closes) == 1 else {}
            )
        if call.path.endswith(("/ok", "/failed")):
            lines = "\n".join(PEOPLE["email"]) if call.path.endswith("/ok") else ""
            return f"email\n{lines}\n"
        return {"id": "750", "state": "JobComplete" if len(closes) > 1 else "Open"}

    poll = {**BULK["poll"], "repeat_last_step": "Open"}
    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **{**BULK, "poll": poll})).results()
    assert set(found["status"]) == {"completed"}
    assert len(closes) == 2


def test_a_step_is_repeated_for_each_chunk_of_rows(session: ad.Session):
    added = []

    def answer(call: ApiCall):
        if call.path.endswith(":add"):
            added.append(call.json)
            return {}
        return {"name": "jobs/1", "status": "Succeeded"}

    with DescribedApi(answer) as api:
        destination = described(
            api.url,
            handle="job",
            submit=[
                {"url": "/jobs", "json": {}, "extract": {"job": "name"}, "checkpoint": True},
                {"url": "/{{ +job }}:add", "json": "{{ rows }}", "chunk_rows": 3},
                {"url": "/{{ +job }}:run", "json": {}},
            ],
            poll={"url": "/{{ +job }}", "status": {"path": "status", "words": WORDS}},
        )
        found = sent(session, destination).results()
    assert [len(each) for each in added] == [3, 1]
    assert set(found["status"]) == {"completed"}


def test_what_is_only_accepted_and_cannot_be_polled_is_not_completed(session: ad.Session):
    with DescribedApi(lambda call: (202, {"message": "queued"})) as api:
        destination = described(api.url, submit=[{"url": "/items", "json": "{{ rows }}"}])
        found = sent(session, destination).results()
    assert set(found["status"]) == {"unknown"}
