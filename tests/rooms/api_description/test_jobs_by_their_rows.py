"""A job whose reply was lost, in a list without a key of ours: it is known by what it holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from test_shapes import PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import RESET, ApiCall, DescribedApi

CONTENTS: list[dict[str, Any]] = [
    {
        "url": "/jobs/{{ job }}/rows",
        "items": "rows",
        "pages": {"cursor": "next", "param": "after"},
        "rows": {"email|lower": "{{ row.email | lower }}"},
    },
    {"url": "/jobs/{{ job }}/errors", "items": "errors", "rows": {"email": "{{ row.email }}"}},
]
JOB: dict[str, Any] = {
    "submit": [{"url": "/jobs", "json": {"rows": "{{ rows }}"}, "extract": {"job": "id"}}],
    "handle": "job",
    "held_note": "Look at the list of jobs",
    "settle_seconds": 0.1,
    "poll": {"url": "/jobs/{{ job }}", "status": {"path": "state", "words": {"completed": "ok"}}},
    "find": {
        "url": "/jobs",
        "items": "jobs",
        "match": {"count": "{{ batch.size }}"},
        "created_at": "made",
        "open": {"state": "busy"},
        "contents": CONTENTS,
        "extract": {"job": "id"},
    },
}
ROWS = [each.upper() for each in PEOPLE["email"]]


class Jobs:
    """An API that loses its first reply, or the first create (*arrives* False).

    The lists have the jobs *besides*, each with an id, rows and the seconds since it was made.
    For the first *hidden* requests a job does not show its rows, and for the first *unlisted*
    lists there is none; in so many lists it is open (*open_for*).
    """

    def __init__(
        self,
        *besides: tuple[str, list[str], float],
        arrives: bool = True,
        hidden: int = 0,
        unlisted: int = 0,
        open_for: int = 0,
        errors: int = 0,
    ) -> None:
        self.jobs = [self._job(*each) for each in besides]
        self.creates = self._arrived = 0
        self.arrives, self._hidden, self._unlisted = arrives, hidden, unlisted
        self._errors, self._open_for = errors, open_for

    def _job(self, name: str, rows: list[str], age: float) -> dict[str, Any]:
        made = datetime.now(UTC) - timedelta(seconds=age)
        return {"id": name, "count": len(rows), "made": made.isoformat(), "rows": rows}

    def __call__(self, call: ApiCall) -> Any:
        if call.method == "POST":
            return self._created([each["email"] for each in call.json["rows"]])
        if call.path == "/jobs":
            self._unlisted -= 1
            self._open_for -= 1
            state = "busy" if self._open_for >= 0 else "ok"
            shown = [{**each, "rows": None, "state": state} for each in self.jobs]
            return {"jobs": [] if self._unlisted >= 0 else shown}
        name = call.path.split("/")[2]
        [job] = [each for each in self.jobs if each["id"] == name]
        rows = [{"email": each} for each in job["rows"]]
        if call.path.endswith("/errors"):
            return {"errors": rows[len(rows) - self._errors :]}
        if not call.path.endswith("/rows"):
            return {"state": "ok"}
        self._hidden -= 1
        done = rows[: len(rows) - self._errors] if self._hidden < 0 else []
        first = int(call.query.get("after", 0))
        return {"rows": done[first : first + 2], "next": first + 2 if done[first + 2 :] else None}

    def _created(self, rows: list[str]) -> Any:
        self.creates += 1
        is_first = self.creates == 1
        if self.arrives or not is_first:
            self._arrived += 1
            self.jobs.append(self._job(f"own-{self._arrived}", rows, 0))
        return RESET if is_first else {"id": self.jobs[-1]["id"]}


Begun = Callable[[], Jobs]  # Its jobs are as old as stated when the test begins.


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncdest_nb.engine.run.reconciler.PATIENCE_SECONDS", 6.0)


def run_with(session: ad.Session, api: Jobs, **changes: Any) -> ad.Run:
    with DescribedApi(api) as server:
        return sent(session, described(server.url, **{**JOB, **changes}))


@pytest.mark.parametrize(
    "begun",
    [
        Jobs,
        partial(Jobs, hidden=1),
        partial(Jobs, open_for=3),
        partial(Jobs, errors=2),
        partial(Jobs, ("other", ["x@y.de"] * 4, 0)),
        partial(Jobs, ("last week's", ROWS, 7 * 86_400)),
        partial(Jobs, ("before", ROWS, 300)),
        partial(Jobs, ("smaller", ROWS[:2], 0)),
    ],
    ids=[
        "alone",
        "late",
        "long",
        "with errors",
        "other",
        "old",
        "earlier",
        "smaller",
    ],
)
def test_the_job_that_holds_the_rows_is_adopted(session: ad.Session, begun: Begun):
    api = begun()
    run = run_with(session, api)
    assert api.creates == 1
    assert run.counts["completed"] == 4
    assert [each.operation_id for each in run.operations] == ["own-1"]


def test_a_job_that_is_listed_late_is_waited_for(session: ad.Session):
    api = Jobs(unlisted=1)
    run = run_with(session, api, settle_seconds=20.0)
    assert api.creates == 1
    assert run.counts["completed"] == 4


@pytest.mark.parametrize(
    "begun",
    [
        partial(Jobs, arrives=False),
        partial(Jobs, ("other", ["x@y.de"] * 4, 0), arrives=False),
        partial(Jobs, ("last week's", ROWS, 7 * 86_400), arrives=False),
    ],
    ids=["none", "other", "old"],
)
def test_rows_that_no_job_holds_are_sent_again(session: ad.Session, begun: Begun):
    api = begun()
    run = run_with(session, api)
    assert api.creates == 2
    assert run.counts["completed"] == 4
    assert [each.operation_id for each in run.operations] == ["own-1"]


@pytest.mark.parametrize(
    ("begun", "why"),
    [
        (
            partial(Jobs, ("before", ROWS, 300), arrives=False),
            "before holds these rows, but it may",
        ),
        (
            partial(Jobs, ("mixed", [*ROWS[:3], "x@y.de"], 0), arrives=False),
            "mixed holds some of these",
        ),
        (
            partial(Jobs, ("silent", ROWS, 0), arrives=False, hidden=999),
            "silent does not show what it",
        ),
        (
            partial(Jobs, ("twin", ROWS, -86_400)),
            "2 jobs hold these rows, so it is not known which: twin, own-1",
        ),
    ],
    ids=["earlier", "mixed", "silent", "two"],
)
def test_a_doubtful_job_is_named_and_nothing_is_sent_again(
    session: ad.Session, begun: Begun, why: str
):
    api = begun()
    run = run_with(session, api)
    found = run.results()
    assert api.creates == 1
    assert set(found["status"]) == {"unknown"}
    assert why in found["message"].iloc[0]
    assert found["message"].iloc[0].endswith("; Look at the list of jobs")
    assert any(each.endswith("nobody can know: Look at the list of jobs") for each in run.notices)


def test_what_may_have_left_the_list_is_not_sent_again(session: ad.Session):
    api = Jobs(arrives=False)
    run = run_with(session, api, find={**JOB["find"], "listed_hours": 1e-6})
    assert api.creates == 1
    assert set(run.results()["status"]) == {"unknown"}
    assert "need not have what is older than 1e-06 hours" in run.results()["message"].iloc[0]


def test_a_job_of_another_submission_is_not_taken(session: ad.Session):
    api = Jobs()
    api.creates = 1  # Its first reply arrives, and that to the second create is lost.
    with DescribedApi(api) as server:
        crm = session.connect(described(server.url, **JOB), requests_per_second=1000)
        crm.submit(PEOPLE, "send").wait(timeout=60)
        api.creates, api.arrives = 0, False
        again = crm.submit(PEOPLE, "send", again=True)
        again.wait(timeout=60)
    assert [each.operation_id for each in again.operations] == ["own-2"]


def test_our_key_in_one_entry_is_enough_however_the_clocks_are(session: ad.Session):
    def answer(call: ApiCall) -> Any:
        if call.method == "POST":
            keys.extend(each["id"] for each in call.json["rows"])
            return RESET
        if call.path == "/jobs":
            return {"jobs": [{"id": "ours", "made": time.time() - 500}]}
        return {"rows": [{"id": keys[-1]}]} if call.path.endswith("rows") else {"state": "ok"}

    keys: list[str] = []
    row = "{{ batch.key }}_{{ row_index }}"
    contents = [{"url": "/jobs/{{ job }}/rows", "items": "rows", "rows": {"id": row}}]
    find = {**JOB["find"], "contents": contents}
    with DescribedApi(answer) as api:
        run = sent(session, described(api.url, **{**JOB, "find": find, "row": {"id": row}}))
    assert len(keys) == 4
    assert run.counts["completed"] == 4


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"created_at": None}, "find.created_at: is missing"),
        ({"contents": []}, "find: nothing in it has {{ batch.key }}"),
        ({"contents": [{"url": "/jobs/{{ job }}"}]}, "find.contents: nothing has rows"),
        (
            {"contents": [{**CONTENTS[0], "rows": {"email": "{{ row.mail }}"}}]},
            "find.contents[0].rows.email: no name 'row.mail'",
        ),
        (
            {"contents": [{**CONTENTS[0], "when": "url"}]},
            "find.contents[0].when: no name 'url'",
        ),
    ],
)
def test_contents_that_could_show_nothing_are_refused(changes: dict[str, Any], why: str):
    find = {**JOB["find"], **changes}
    with pytest.raises(ad.UsageError) as caught:
        described("http://127.0.0.1:1", **{**JOB, "find": find})
    assert f"actions.send.{why}" in str(caught.value)
