"""Results that an API redirects to a file store, as many do: real HTTP to both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_shapes import PEOPLE

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

ENTRIES = [{"at": at, "ok": at != 1} for at in range(4)]
KEY = "k3y-k3y-k3y-k3y"


def run_of(session: ad.Session, url: str, seconds: float = 60, **source: Any) -> ad.Run:
    action = {
        "fields": {"email": {"label": "Email", "type": "string"}},
        "handle": "id",
        "submit": [{"url": "/jobs", "json": "{{ rows }}", "extract": {"id": "id"}}],
        "poll": {"url": "/jobs/{{ id }}", "status": {"path": "is", "words": {"completed": "done"}}},
        "results": {
            "sources": [
                {
                    "url": "/jobs/{{ id }}/results",
                    "headers": {"x-own": "mine"},
                    "match": {"by": "index", "path": "at"},
                    "outcome": {"path": "ok", "words": {"completed": True, "failed": False}},
                    **source,
                }
            ]
        },
    }
    api = {
        "name": "Api",
        "base_url": url,
        "settings": {"key": {"label": "Key", "type": "password"}},
        "auth": {"bearer": "{{ settings.key }}"},
        "actions": {"send": action},
    }
    run = session.connect(ad.http_destination(api), key=KEY).submit(PEOPLE, "send")
    run.wait(timeout=seconds)
    return run


@pytest.mark.parametrize("status", [302, 303, 307])
@pytest.mark.parametrize("source", [{}, {"format": "jsonl"}])
def test_a_redirect_to_a_file_is_followed_without_credentials(
    session: ad.Session, status: int, source: dict[str, Any]
):
    lines = "\n".join(map(json.dumps, ENTRIES))
    with DescribedApi(lambda call: lines if source else ENTRIES) as bucket:
        file = f"{bucket.url}/file.json?sig=s3cr3tS1gn4tur3%2Fx%3D"

        def answer(call: ApiCall) -> Any:
            if call.path == "/jobs/7/results":
                return status, {"location": "/moved"}, ""
            if call.path == "/moved":
                return status, {"location": file}, ""
            return {"id": 7} if call.method == "POST" else {"is": "done"}

        with DescribedApi(answer) as api:
            run = run_of(session, api.url, **source)
            moved = api.asked("GET", "/moved")
    assert run.results()["status"].tolist() == ["completed", "failed", "completed", "completed"]
    assert [each.headers.get("authorization") for each in moved] == [f"Bearer {KEY}"]
    (call,) = bucket.calls
    assert call.query == {"sig": "s3cr3tS1gn4tur3/x="}
    assert {"authorization", "x-own"}.isdisjoint(call.headers)
    assert "s3cr3t" not in str(run.results()) + repr(run)


def test_a_redirect_that_leads_to_itself_ends_and_decides_nothing(session: ad.Session):
    def answer(call: ApiCall) -> Any:
        if call.path.startswith("/jobs/7/results"):
            return 302, {"location": call.path}, ""
        return {"id": 7} if call.method == "POST" else {"is": "done"}

    with DescribedApi(answer) as api:
        run = run_of(session, api.url, seconds=0.5)
        run.cancel()
    assert set(run.results()["status"]) == {"pending"}
    assert "answered 302" in run.results()["message"].iloc[0]
