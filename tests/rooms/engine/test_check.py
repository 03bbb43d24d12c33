"""The destination's own check before anything is sent: real HTTP to scripted servers."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer, reset
from scripted_jobs import (
    BUSY,
    CREATED,
    OK,
    STEPS,
    connect,
    job,
    requested,
    submit,
)


async def twice(request: Any, data: Any) -> list[str | None]:
    users = [payload.user_id for payload in data.payload]
    return ["twice" if users.count(user) > 1 else None for user in users]


def test_rows_that_fail_the_check_are_invalid_and_the_others_go(session):
    with RawServer(CREATED, OK, OK) as server:
        run = submit(connect(session, job(check=twice), server.url), ["a", "b", "a", None])
        assert run.wait(timeout=10) == "partial"
        assert json.loads(server.arrived[1].body) == ["b"]
    assert list(run.results()["status"]) == ["invalid", "completed", "invalid", "invalid"]
    assert run.results()["message"][0] == "twice"


def test_a_preview_reports_the_faults_by_reason_with_labels(session):
    crm = connect(session, job(check=twice), "http://127.0.0.1:1")
    frame = pd.DataFrame({"user_id": ["a", "b", "a"]}, index=["x", "y", "z"])
    preview = crm.preview(frame, "act")
    assert preview.invalid == {0: "twice", 2: "twice"}
    assert "invalid: rows x, z: twice" in repr(preview)


@pytest.mark.parametrize("trouble", [BUSY, reset, answer(429)])
def test_a_temporary_error_of_the_check_is_waited_out(session, trouble):
    async def check(request: Any, data: Any) -> None:
        await request(f"{data.settings.endpoint}/fields")

    with RawServer(trouble, OK, CREATED, OK) as server:
        run = submit(connect(session, job(check=check), server.url), ["a"])
        assert run.wait(timeout=20) == "completed"
        assert requested(server) == ["GET /fields", "GET /fields", *STEPS]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda request, data: ["x"], "1 answer for 2 payloads"),
        (lambda request, data: "no", "'no'"),
        (lambda request, data: {}["oops"], "oops"),
    ],
)
def test_a_check_that_cannot_be_made_refuses_all_and_sends_nothing(session, check, message):
    with RawServer(CREATED) as server:
        run = submit(connect(session, job(check=check), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "failed"
        assert message in run.results()["message"][0]
        assert server.arrived == []
        with pytest.raises((ad.AsyncDestError, KeyError), match=message):
            connect(session, job(check=check), server.url).preview(
                pd.DataFrame({"user_id": ["a", "b"]}), "act"
            )
