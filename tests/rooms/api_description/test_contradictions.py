"""Answers that contradict themselves, or say nothing: no row is taken as completed for them."""

from __future__ import annotations

from typing import Any

import pytest
from test_shapes import PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

WORDS = {"pending": ["running"], "completed": ["ok"], "failed": ["bad"], "partial": ["some"]}


def statuses(session: ad.Session, answer: Any, **action: Any) -> tuple[list[str], str]:
    """Return the status of each row, and the message of the first."""
    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **action)).results()
    return found["status"].tolist(), found["message"].iloc[0]


def many(session: ad.Session, odd: list[Any]) -> tuple[list[str], str]:
    """Return how rows end whose statuses are asked for together, with *odd* entries at first."""
    polls: list[int] = []

    def answer(call: ApiCall):
        if call.method == "POST":
            return {"ids": [f"h{at}" for at, _ in enumerate(call.json)]}
        polls.append(1)
        items = [{"id": each, "s": "ok"} for each in call.query["ids"].split(",")]
        return {"items": [*(odd if len(polls) == 1 else []), *items]}

    return statuses(
        session,
        answer,
        handle={"name": "id", "per": "row"},
        submit=[
            {
                "url": "/many",
                "json": "{{ rows }}",
                "extract": {"id": {"path": "ids", "many": True}},
            }
        ],
        poll={
            "url": "/status",
            "query": {"ids": "{{ ids }}"},
            "many": {"items": "items", "id": "id"},
            "status": {"path": "s", "words": WORDS},
        },
    )


@pytest.mark.parametrize("odd", [[{"error": "x"}], ["x", 5, None], [{"id": None}]])
def test_entries_of_no_operation_do_not_stop_the_others(session, odd):
    assert many(session, odd)[0] == ["completed"] * 4


def test_an_operation_that_is_listed_twice_is_asked_about_again(session):
    # The first answer has it as failed, too; the second as completed only.
    assert many(session, [{"id": "h1", "s": "bad"}])[0] == ["completed"] * 4


def test_several_outcomes_that_nobody_reads_are_unknown(session):
    found, message = statuses(
        session,
        lambda call: (207, [{"status": 400}, {"status": 200}]),
        submit=[{"url": "/rows", "json": "{{ rows }}"}],
    )
    assert found == ["unknown"] * 4
    assert "several outcomes (207)" in message


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"message": "row 2 is bad"}]},
        {"created": 3, "failed": 1},
        [{"status": 200}, {"status": 400}, {"status": 200}, {"status": 200}],
        {"status": "partial"},
        {"status": "Queued"},
        {"Fault": {"faultstring": "x"}},
        {"partialFailureError": {"code": 3}},
        {"num_received": 4, "num_invalid_entries": 1},
    ],
)
def test_an_answer_at_once_that_has_failures_completes_no_row(session, body):
    step = {"url": "/rows", "json": "{{ rows }}"}
    found, message = statuses(session, lambda call: (200, body), submit=[step])
    assert found == ["unknown"] * 4
    assert message.startswith("the answer has ")


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [], "failed": 0},
        {"ok": True},
        [{"status": 200}],
        {"error_count": "0", "fault": None, "partialFailureError": {}, "num_rejected": 0},
    ],
)
def test_an_answer_at_once_without_failures_completes_the_rows(session, body):
    step = {"url": "/rows", "json": "{{ rows }}"}
    assert statuses(session, lambda call: (200, body), submit=[step])[0] == ["completed"] * 4


def test_more_outcomes_in_order_than_rows_cannot_be_told_apart(session):
    step = {
        "url": "/rows",
        "json": "{{ rows }}",
        "rows": {
            "items": "items",
            "match": {"by": "order"},
            "outcome": {"path": "s", "words": {"completed": "ok", "failed": "bad"}},
        },
    }
    found, message = statuses(session, lambda call: {"items": [{"s": "ok"}] * 5}, submit=[step])
    assert found == ["unknown"] * 4
    assert "1 result is of no row that was sent" in message


def job(status: str, results: Any, **more: Any) -> dict[str, Any]:
    """Return an action with a job, and what answers it."""

    def answer(call: ApiCall):
        if call.method == "POST":
            return {"id": 7}
        return (
            results if call.path == "/results" else {"s": status, "failed": 0, "why": "disk full"}
        )

    source = {
        "url": "/results",
        "items": "items",
        "match": {"by": "index", "path": "row"},
        "outcome": "failed",
        "error": {"message": "m"},
    }
    return {
        "answer": answer,
        "handle": "id",
        "submit": [{"url": "/jobs", "json": "{{ rows }}", "extract": {"id": "id"}}],
        "poll": {
            "url": "/jobs/{{ id }}",
            "status": {"path": "s", "words": WORDS},
            "counts": {"failed": "failed"},
            "message": "why",
        },
        "results": {"sources": [source], "unlisted": "completed"},
        **more,
    }


def test_a_job_that_failed_in_part_without_a_failed_row_leaves_its_rows_unknown(session):
    found, message = statuses(session, **job("some", {"items": []}))
    assert found == ["unknown"] * 4
    assert "no row is listed as failed" in message


def test_no_content_means_that_nothing_is_listed(session):
    assert statuses(session, **job("ok", (204, b"")))[0] == ["completed"] * 4


def test_the_rows_of_a_failed_job_have_its_message(session):
    found, message = statuses(session, **job("bad", {"items": []}))
    assert found == ["failed"] * 4
    assert message == "the job ended bad: disk full"


@pytest.mark.parametrize("body", [{}, [], None, b""])
def test_an_answer_without_what_makes_it_good_is_no_refusal(session, body):
    step = {"url": "/rows", "json": "{{ rows }}", "require": {"ok": True}}
    found, message = statuses(session, lambda call: (200, body), submit=[step])
    assert found == ["unknown"] * 4
    assert "nothing at ok" in message


def test_a_job_that_is_not_found_is_canceled_only_if_that_was_asked_for(session):
    polls: list[int] = []

    def answer(call: ApiCall):
        if call.method == "POST":
            return {"id": 7}
        polls.append(1)
        return {"s": "ok"} if len(polls) > 2 else (404, {"s": 404})

    action = job("ok", {})
    poll = action["poll"] | {"counts": {}, "expect": [200, 404]}
    poll["status"] = {"path": "s", "words": WORDS | {"canceled": [404]}}
    results = {"unlisted": "completed"}
    given = action | {"answer": answer, "poll": poll, "results": results}
    assert statuses(session, **given)[0] == ["completed"] * 4


def test_a_canceled_job_says_nothing_about_another_that_is_not_found(session):
    jobs, polls = list[str](), list[str]()

    def answer(call: ApiCall):
        if call.method == "POST":
            jobs.append(f"j{len(jobs)}")
            return {"id": jobs[-1]}
        if call.method == "DELETE":
            return 204, b""
        polls.append(call.path)
        if call.path == "/jobs/j0":
            return (404, {"s": 404}) if polls.count("/jobs/j0") > 1 else {"s": "running"}
        return {"s": "ok"} if polls.count("/jobs/j1") > 2 else (404, {"s": 404})

    action = job("ok", {})
    del action["answer"]
    poll = action["poll"] | {"counts": {}, "expect": [200, 404]}
    poll["status"] = {"path": "s", "words": WORDS | {"canceled": [404]}}
    cancel = {"method": "DELETE", "url": "/jobs/{{ id }}"}
    more = {"poll": poll, "cancel": cancel, "results": {"unlisted": "completed"}}
    with DescribedApi(answer) as api:
        crm = session.connect(described(api.url, **action | more), requests_per_second=1000)
        one = crm.submit(PEOPLE, "send")
        while not polls:
            one.wait(timeout=0.05)
        one.cancel()
        one.wait(timeout=60)
        other = crm.submit(PEOPLE, "send", again=True)
        other.wait(timeout=60)
    assert set(one.results()["status"]) <= {"unknown", "canceled"}
    assert other.results()["status"].tolist() == ["completed"] * 4
