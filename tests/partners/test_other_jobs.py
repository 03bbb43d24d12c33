"""Answers about another operation than the one that was asked about, as a cache may give them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

ROWS = pd.DataFrame({"user_id": ["u1", "u2"], "operation_type": "sync_profile"})
PEOPLE = pd.DataFrame({"email": ["a@x.de", "b@x.de"]})
DONE = {"status": "completed", "progress": 100}


def example(call: ApiCall) -> Any:
    if call.method == "POST":
        return {"status": "accepted", "operation_ids": ["o1", "o2"]}
    return {"operation_id": "o1", **DONE}


def klaviyo(call: ApiCall) -> Any:
    if call.method == "POST":
        return 202, {"data": {"id": "j1"}}
    if call.path.endswith("import-errors"):
        return {"data": [], "links": {"next": None}}
    counts = {"total_count": 2, "completed_count": 2, "failed_count": 0}
    return {"data": {"id": "j2", "attributes": {"status": "complete", **counts}}}


def hubspot(call: ApiCall) -> Any:
    if call.method == "POST":
        return {"id": "9007199254740993", "state": "STARTED"}
    if call.path.endswith("errors"):
        return {"results": []}
    return {"id": 9007199254740992, "state": "DONE", "metadata": {"counters": {"TOTAL_ROWS": 2}}}


CASES = [
    ("example-async", example, ROWS, "asyncOperation", ("endpoint", "api_key"), 1),
    ("klaviyo-profiles", klaviyo, PEOPLE, "upsert", ("base_url", "api_key"), 2),
    ("hubspot-imports", hubspot, PEOPLE, "upsert", ("base_url", "access_token"), 2),
]


@pytest.mark.parametrize(
    ("slug", "answer", "frame", "action", "settings", "left"), CASES, ids=lambda each: str(each)[:9]
)
def test_an_answer_about_another_job_ends_nothing(
    session, slug, answer, frame, action, settings, left
):
    with DescribedApi(answer) as server:
        values = dict(zip(settings, [server.url, "k3y-k3y-k3y-k3y"], strict=True))
        crm = session.connect(slug, requests_per_second=1000, **values)
        run = crm.submit(frame, action)
        while not run.is_at_rest and "the answer is about" not in " ".join(messages(run)):
            run.wait(timeout=0.02)
        assert run.counts["pending"] == left


def messages(run: ad.Run) -> list[str]:
    return [str(each) for each in run.results()["message"]]


def test_an_answer_without_an_id_is_about_what_was_asked(session: ad.Session):
    def answer(call: ApiCall) -> Any:
        return DONE if call.method == "GET" else example(call)

    with DescribedApi(answer) as server:
        crm = session.connect("example-async", endpoint=server.url)
        run = crm.submit(ROWS, "asyncOperation")
        assert run.wait(timeout=30) == "completed"
