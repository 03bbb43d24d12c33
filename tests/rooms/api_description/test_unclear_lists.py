"""Lists that do not tell: rows are not stored twice, and no list is read for ever."""

from __future__ import annotations

from typing import Any

import pytest
from test_shapes import PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import RESET, ApiCall, DescribedApi

JOB: dict[str, Any] = {
    "submit": [
        {
            "url": "/jobs",
            "json": {"rows": "{{ rows }}", "key": "{{ batch.key }}"},
            "extract": {"job": "id"},
        }
    ],
    "handle": "job",
    "settle_seconds": 0.1,
    "poll": {
        "url": "/jobs/{{ job }}",
        "status": {"path": "state", "words": {"completed": "ok"}},
    },
    "find": {
        "url": "/jobs",
        "items": "jobs",
        "match": {"meta.key": "{{ batch.key }}"},
        "extract": {"job": "id"},
    },
}


class Jobs:
    """Its first reply is lost, and the first lists are *odd*."""

    def __init__(self, odd: Any, times: int = 4) -> None:
        self.jobs: list[dict[str, Any]] = []
        self._odd, self._times, self._lists = odd, times, 0

    def __call__(self, call: ApiCall):
        if call.method == "POST":
            self.jobs.append({"id": f"j{len(self.jobs)}", "meta": {"key": call.json["key"]}})
            return RESET if len(self.jobs) == 1 else self.jobs[-1]
        if call.path != "/jobs":
            return {"state": "ok"}
        self._lists += 1
        return self._odd if self._lists <= self._times else {"jobs": self.jobs}


@pytest.mark.parametrize(
    "odd",
    [
        (404, {"message": "no such path"}),
        {"jobs": None},
        {"jobs": [{"id": "j0"}]},
        {"jobs": [{"id": "x", "meta": None}, "x"]},
        {"jobs": [{"id": "x", "meta": {"team": "blue"}}]},
    ],
)
def test_a_list_that_does_not_tell_makes_no_second_job(session: ad.Session, odd: Any):
    api = Jobs(odd)
    with DescribedApi(api) as server:
        run = sent(session, described(server.url, **JOB))
    assert len(api.jobs) == 1
    assert set(run.results()["status"]) == {"completed"}


def test_jobs_of_others_without_a_key_are_told_from_ours(session: ad.Session):
    nothing = [None, {}, {"key": None}, {"key": ""}]
    api = Jobs({"jobs": [{"id": f"x{at}", "meta": each} for at, each in enumerate(nothing)]}, 99)
    with DescribedApi(api) as server:
        sent(session, described(server.url, **JOB))
    assert len(api.jobs) == 2


def test_two_jobs_with_the_key_are_ambiguous(session: ad.Session):
    def answer(call: ApiCall):
        if call.method == "POST":
            keys.append(call.json["key"])
            return RESET
        return {"jobs": [{"id": each, "meta": {"key": keys[0]}} for each in ("j1", "j1", "j2")]}

    keys: list[str] = []
    with DescribedApi(answer) as api:
        run = session.connect(described(api.url, **JOB)).submit(PEOPLE, "send")
        run.wait(timeout=3)
        found = run.results()
    assert len(keys) == 1
    assert set(found["status"]) == {"unknown"}
    assert (
        "2 entries match, so it is not known which is this submission" in found["message"].iloc[0]
    )


def results_of(session: ad.Session, first: Any, pages: dict[str, str]) -> tuple[ad.Run, int]:
    """Run a job whose results are *first* answered by a function of the request."""
    asked: list[ApiCall] = []
    source = {
        "url": "/jobs/{{ job }}/errors",
        "items": "errors",
        "pages": pages,
        "match": {"by": "index", "path": "i"},
        "outcome": "failed",
    }
    action = {**JOB, "results": {"sources": [source], "unlisted": "completed"}}
    action["poll"] = {**JOB["poll"], "counts": {"failed": "failed"}}

    def answer(call: ApiCall):
        if call.method == "POST":
            return {"id": "j1"}
        if not call.path.endswith("errors"):
            return {"state": "ok", "failed": 0}
        asked.append(call)
        is_again = len(asked) > 1 and not call.query
        return {"errors": []} if is_again else first(len(asked))

    with DescribedApi(answer) as api:
        run = sent(session, described(api.url, **action))
    return run, len(asked)


CURSOR = {"cursor": "next", "param": "c"}


@pytest.mark.parametrize(
    "first",
    [
        lambda at: {"errors": [], "next": f"c{at}"},
        lambda at: {"errors": [{"i": 0}] * 500, "next": f"c{at}"},
        lambda at: {"errors": [], "next": True},
        lambda at: {"errors": [], "next": {"c": at}},
    ],
)
def test_pages_that_do_not_end_are_asked_for_again_later(session: ad.Session, first: Any):
    run, asked = results_of(session, first, CURSOR)
    assert set(run.results()["status"]) == {"completed"}
    assert 2 <= asked <= 21


@pytest.mark.parametrize("none", [None, False, "", [], {}])
@pytest.mark.parametrize("pages", [CURSOR, {"next_url": "next"}])
def test_what_is_no_next_page_is_the_end(session: ad.Session, none: Any, pages: dict[str, str]):
    run, asked = results_of(session, lambda at: {"errors": [], "next": none}, pages)
    assert set(run.results()["status"]) == {"completed"}
    assert asked == 1


@pytest.mark.parametrize(
    ("listed", "statuses"),
    [
        ([0, 1], ["failed", "failed", "completed", "completed"]),
        ([0], ["failed", "unknown", "unknown", "unknown"]),
        ([], ["unknown"] * 4),
    ],
)
def test_a_numbered_page_that_is_not_found_is_after_the_last(
    session: ad.Session, listed: list[int], statuses: list[str]
):
    def answer(call: ApiCall):
        if call.method == "POST":
            return {"id": 7}
        if call.path == "/jobs/7":
            return {"state": "ok", "failed": 2}
        page = int(call.query["page"])
        there = listed[page - 1 : page]
        return {"list": there} if there else (404, {"detail": "Invalid page."})

    source = {
        "url": "/errors",
        "items": "list",
        "match": {"by": "index", "path": "$"},
        "outcome": "failed",
        "pages": {"number": "page", "param": "page", "first": 1},
    }
    job = {name: each for name, each in JOB.items() if name != "find"}
    poll = {**JOB["poll"], "counts": {"failed": "failed"}}
    results = {"unlisted": "completed", "sources": [source]}
    with DescribedApi(answer) as api:
        action = {**job, "poll": poll, "results": results}
        run = session.connect(described(api.url, **action)).submit(PEOPLE, "send")
        run.wait(timeout=60)
    assert run.results()["status"].tolist() == statuses
