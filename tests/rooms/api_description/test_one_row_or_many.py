"""Requests for one row, answers that are the end, and what is said and kept of a submission."""

from __future__ import annotations

import copy
from typing import Any

import pandas as pd
import pytest
from test_shapes import EMAIL, PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

STATUS = {"path": "state", "words": {"pending": "queued", "completed": "ok", "failed": "bad"}}
ACTION: dict[str, Any] = {
    "handle": {"name": "task", "per": "row"},
    "submit": [
        {
            "url": "/tasks/many",
            "json": {"tasks": "{{ rows }}"},
            "status": STATUS,
            "extract": {
                "task": {"path": "tasks[*].id", "many": True},
                "mail": {"value": "{{ row.email | lower }}", "many": True},
            },
            "message": "tasks {{ task | join }} of {{ batch.size }} rows",
            "state": {"mode": {"value": "many", "hours": 24}},
        }
    ],
    "submit_row": [
        {
            "url": "/tasks",
            "json": "{{ row }}",
            "status": STATUS,
            "extract": {"task": "id", "mail": {"value": "{{ row.email | lower }}"}},
            "message": "task {{ task }}",
            "state": {"mode": "one"},
        }
    ],
    "poll": {
        "url": "/tasks/{{ task }}",
        "query": {"mode": "{{ state.mode }}", "mail": "{{ mail }}"},
        "status": STATUS,
        "progress": {"percent": "percent", "missing": 0},
        "texts": {"completed": "{{ mail }} is {{ status }}"},
        "result": "result",
    },
}


class Tasks:
    """Gives each row a task; what it says of a batch may be *instead*."""

    def __init__(self, instead: Any = None) -> None:
        self._instead, self._tasks = instead, 0

    def __call__(self, call: ApiCall) -> Any:
        if call.method == "GET":
            return {"state": "ok"}
        if self._instead is not None:
            return self._instead
        if call.path == "/tasks":
            return 202, {"state": "queued", **self._task()}
        return 202, {"state": "queued", "tasks": [self._task() for _ in call.json["tasks"]]}

    def _task(self) -> dict[str, str]:
        self._tasks += 1
        return {"id": f"t{self._tasks}"}


def test_rows_in_batches_and_alone_go_by_the_request_for_each(session: ad.Session):
    with DescribedApi(Tasks()) as api:
        crm = session.connect(described(api.url, **ACTION), requests_per_second=1000)
        for size, path, mode in ((4, "/tasks/many", "many"), (1, "/tasks", "one")):
            run = crm.submit(PEOPLE, "send", batch_size=size, again=True)
            assert run.wait(timeout=20) == "completed"
            asked = [each for each in api.calls if each.method == "GET"]
            assert len(api.asked("POST", path)) == (1 if mode == "many" else 4)
            assert sorted((each.query["mode"], each.query["mail"]) for each in asked) == [
                (mode, email) for email in PEOPLE["email"]
            ]
            assert run.results()["message"].tolist() == [f"{each} is ok" for each in PEOPLE.email]
            assert run.results()["result"].tolist() == [{}] * 4
            api.calls.clear()
    assert [each.json for each in api.calls] == []


def test_what_is_said_of_a_submission_names_its_ids(session: ad.Session):
    with DescribedApi(Tasks()) as api:
        crm = session.connect(described(api.url, **ACTION))
        rows = PEOPLE.head(2).to_dict("records")
        many = crm.execute_batch("send", rows).answer
        one = crm.execute_action("send", rows[0]).answer
    assert (many.message, one.message) == ("tasks t1, t2 of 2 rows", "task t3")
    assert many.async_contexts == [
        {"task": "t1", "mail": "u0@x.de"},
        {"task": "t2", "mail": "u1@x.de"},
    ]


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"state": "ok"}, "completed"),
        ({"state": "bad", "error": "no such user"}, "failed"),
    ],
)
def test_an_answer_that_has_ended_is_the_result(
    session: ad.Session, size: int, answer: Any, status: str
):
    with DescribedApi(Tasks(answer)) as api:
        crm = session.connect(described(api.url, **ACTION), requests_per_second=1000)
        run = crm.submit(PEOPLE, "send", batch_size=size)
        run.wait(timeout=20)
    assert set(run.results()["status"]) == {status}
    assert all(each.method == "POST" for each in api.calls)


def test_a_word_that_nobody_knows_is_accepted_if_there_are_ids(session: ad.Session):
    answer = {"state": "parked", "tasks": [{"id": f"t{at}"} for at in range(4)]}
    with DescribedApi(Tasks(answer)) as api:
        run = sent(session, described(api.url, **ACTION))
    assert set(run.results()["status"]) == {"completed"}
    assert len(api.asked("GET", "/tasks/t3")) == 1


def test_an_accepted_answer_without_ids_leaves_rows_unknown(session: ad.Session):
    with DescribedApi(Tasks((202, {"state": "queued"}))) as api:
        found = sent(session, described(api.url, **ACTION)).results()
    assert set(found["status"]) == {"unknown"}
    assert found["message"].str.contains("no list of operations, or of their ids, at tasks").all()


@pytest.mark.parametrize("notes", [None, "none", ["a", "b"]])
def test_values_that_only_some_rows_have_are_null_for_the_others(session: ad.Session, notes: Any):
    action = copy.deepcopy(ACTION)
    action["submit"][0]["extract"]["note"] = {"path": "notes", "many": True, "optional": True}
    tasks = [{"id": f"t{at}"} for at in range(4)]
    with DescribedApi(Tasks({"state": "queued", "tasks": tasks, "notes": notes})) as api:
        run = sent(session, described(api.url, **action))
    kept = [each.context["note"] for each in run.operations]
    assert kept == (["a", "b", None, None] if isinstance(notes, list) else [None] * 4)
    assert set(run.results()["status"]) == {"completed"}


def changed(place: list[Any], value: Any) -> dict[str, Any]:
    action = inner = copy.deepcopy(ACTION)
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return action


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (["submit_row", 0, "json"], {"a": 1}, "submit_row: no step sends the row: write {{ row }}"),
        (["submit_row", 0, "extract"], {"mail": {"value": "x"}}, "submit_row: no step extracts"),
        (["submit_row", 0, "checkpoint"], True, "submit_row[0].checkpoint: it is for the steps of"),
        (["submit_row", 0, "extract", "task"], {"path": "id", "many": True}, "leave out many"),
        (["submit_row", 0, "extract", "mail"], {"value": "{{ row.mail }}"}, "no name 'row.mail'"),
        (["submit_row", 0, "state"], {"made": "x"}, "poll.query.mode: no name 'state.mode'"),
        (["recovery"], "key", "submit_row: no request has {{ batch.key }}"),
        (["submit", 0, "message"], "{{ tasks }}", "submit[0].message: no name 'tasks'"),
        (["submit", 0, "state", "canceling"], "x", "state.canceling: the name is taken"),
        (["submit", 0, "status", "words"], {"completed": "ok"}, "status.words.pending: is missing"),
        (["submit", 0, "extract", "mail"], {"path": "a", "value": "b"}, "give one of path"),
        (["submit", 0, "extract", "mail"], {"header": "x", "many": True}, "a header has one value"),
        (["submit", 0, "extract", "status"], {"value": "x"}, "status: the name is taken"),
        (["poll", "texts", "completed"], "{{ rows }}", "poll.texts.completed: no name 'rows'"),
        (["poll", "extract"], {"x": {"value": "y"}}, "only a step of submit knows what was sent"),
        (["poll", "progress"], {"percent": "p", "missing": 101}, "less than or equal to 100"),
    ],
)
def test_mistakes_in_it_are_named(place: list[Any], value: Any, why: str):
    with pytest.raises(ad.UsageError) as caught:
        described("https://x.de", **changed(place, value))
    assert why in str(caught.value)


def test_a_row_that_does_not_fit_is_told_by_labels(session: ad.Session):
    frame = pd.DataFrame({"email": ["a@x.de", None, ""], "age": ["4", "old", ""]})
    fields = {**EMAIL, "age": {"label": "Age", "type": "integer"}}
    with DescribedApi(Tasks()) as api:
        found = sent(session, described(api.url, **ACTION, fields=fields), frame).results()
    assert found["status"].tolist() == ["completed", "invalid", "invalid"]
    assert found["message"].iloc[1].startswith("Email (email): is missing; Age (age): ")
    assert found["message"].iloc[2] == "Email (email): is missing"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("k3y-k3y-k3y", "the API key is not accepted (401): wrong place"),
        (None, "an API key is needed (401): wrong place"),
    ],
)
def test_a_refused_account_is_told_by_its_setting(session: ad.Session, key: Any, why: str):
    with DescribedApi(lambda _: (401, {"detail": "wrong place"})) as api:
        crm = ad.http_destination(
            {
                "name": "Described",
                "base_url": api.url,
                "settings": {"api_key": {"label": "API key", "type": "password"}},
                "auth": {"bearer": "{{ settings.api_key }}"},
                "test": {"url": "/me", "error": "detail"},
                "actions": {"send": {"fields": EMAIL, **ACTION}},
            }
        )
        with pytest.raises(ad.InvalidAuthenticationError) as caught:
            session.connect(crm, api_key=key).test_authentication()
    assert str(caught.value).endswith(why)
