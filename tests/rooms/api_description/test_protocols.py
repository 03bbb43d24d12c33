"""The ways in which APIs hand out ids and state their status, each against a small server."""

from __future__ import annotations

import threading

from test_shapes import PEOPLE, described, sent

import asyncdest_nb as ad
from described_api import RESET, ApiCall, DescribedApi

WORDS = {"pending": ["NotStarted", "Running"], "completed": "Succeeded", "failed": "Failed"}


def test_azure_hands_out_a_url_in_a_header(session: ad.Session):
    states = iter(["Running", "Succeeded"])

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"Operation-Location": "../operations/1?api-version=2"}, b""
        assert (call.path, call.query) == ("/v1/operations/1", {"api-version": "2"})
        return {"status": next(states)}

    with DescribedApi(answer) as api:
        destination = described(
            api.url,
            handle="operation_url",
            submit=[
                {
                    "url": "/v1/people/import",
                    "json": "{{ rows }}",
                    "extract": {"operation_url": {"header": "Operation-Location"}},
                }
            ],
            poll={"url": "{{ operation_url }}", "status": {"path": "status", "words": WORDS}},
        )
        found = sent(session, destination).results()
    assert set(found["status"]) == {"completed"}


def test_snowflake_takes_a_key_and_states_the_status_by_http(session: ad.Session):
    keys, statuses = [], iter([202, 202, 200])

    def answer(call: ApiCall):
        if call.method == "POST":
            keys.append(call.query["requestId"])
            return RESET if len(keys) == 1 else (202, {"statementHandle": "h-1"})
        return next(statuses), {"message": "…"}

    with DescribedApi(answer) as api:
        destination = described(
            api.url,
            handle="statementHandle",
            recovery="key",
            submit=[
                {
                    "url": "/api/v2/statements",
                    "query": {"async": "true", "requestId": "{{ batch.key }}"},
                    "json": {"bindings": "{{ rows }}"},
                    "extract": {"statementHandle": "statementHandle"},
                }
            ],
            poll={
                "url": "/api/v2/statements/{{ statementHandle }}",
                "status": {"http": {"pending": 202, "completed": 200, "failed": 422}},
                "error": "message",
            },
        )
        found = sent(session, destination).results()
        assert len(api.asked("GET", "/api/v2/statements/h-1")) == 3
    # The lost reply had the same key.
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert set(found["status"]) == {"completed"}


def test_snowflake_fails_with_422(session: ad.Session):
    def answer(call: ApiCall):
        return (
            (202, {"statementHandle": "h"}) if call.method == "POST" else (422, {"message": "no"})
        )

    with DescribedApi(answer) as api:
        destination = described(
            api.url,
            handle="h",
            submit=[{"url": "/s", "json": "{{ rows }}", "extract": {"h": "statementHandle"}}],
            poll={
                "url": "/s/{{ h }}",
                "status": {"http": {"pending": 202, "completed": 200, "failed": 422}},
                "error": "message",
            },
        )
        found = sent(session, destination).results()
    assert set(found["status"]) == {"failed"}
    assert found["message"].iloc[0] == "no"


def longrunning(url: str) -> ad.Destination:
    return described(
        url,
        handle="name",
        submit=[
            {"url": "/v1/jobs:run", "json": {"rows": "{{ rows }}"}, "extract": {"name": "name"}}
        ],
        poll={
            "url": "/v1/{{ +name }}",
            "status": {"done": "done", "error": "error"},
            "error": {"message": "error.message", "code": "error.code"},
            "progress": "metadata.percent",
        },
        cancel={"method": "POST", "url": "/v1/{{ +name }}:cancel", "json": {}},
    )


def test_google_states_done_and_error(session: ad.Session):
    answers = iter(
        [
            {"name": "operations/abc", "metadata": {"percent": 10}},
            {"name": "operations/abc", "done": True, "error": {"code": 3, "message": "bad list"}},
        ]
    )

    def answer(call: ApiCall):
        if call.method == "POST":
            return {"name": "operations/abc"}
        assert call.path == "/v1/operations/abc"
        return next(answers)

    with DescribedApi(answer) as api:
        found = sent(session, longrunning(api.url)).results()
    assert set(found["status"]) == {"failed"}
    assert found["message"].iloc[0] == "bad list"


def test_google_cancels_by_a_request_of_its_own(session: ad.Session):
    canceled, is_polled = [], threading.Event()

    def answer(call: ApiCall):
        if call.path == "/v1/operations/abc:cancel":
            canceled.append(call)
            return {}
        is_polled.set()
        if canceled:
            return {"name": "operations/abc", "done": True, "error": {"message": "canceled"}}
        return {"name": "operations/abc"}

    with DescribedApi(answer) as api:
        run = session.connect(longrunning(api.url), requests_per_second=1000).submit(PEOPLE, "send")
        assert is_polled.wait(30)
        run.cancel()
        run.wait(timeout=60)
    assert len(canceled) == 1


def test_the_status_of_many_ids_is_asked_for_at_once(session: ad.Session):
    asked = []

    def answer(call: ApiCall):
        if call.method == "POST":
            return {"ids": [f"h{at}" for at in range(len(call.json))]}
        ids = call.query["ids"].split(",")
        asked.append(ids)
        return {"items": [{"id": each, "status": "Succeeded"} for each in reversed(ids)]}

    with DescribedApi(answer) as api:
        destination = described(
            api.url,
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
                "many": {"items": "items", "id": "id", "limit": 3},
                "status": {"path": "status", "words": WORDS},
            },
        )
        found = sent(session, destination).results()
    assert set(found["status"]) == {"completed"}
    assert max(map(len, asked)) > 1
    assert max(map(len, asked)) <= 3
