"""Jobs of many rows, and what becomes of each row: real HTTP to scripted servers."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer
from scripted_jobs import (
    BAD,
    CREATED,
    GOOD,
    LEFT,
    LOST,
    OK,
    answering,
    connect,
    job,
    submit,
)


def test_the_details_of_a_large_job_have_the_rows_that_did_not_complete_first(session):
    poll = answering(*[BAD if at in (7, 140) else LOST if at == 199 else GOOD for at in range(200)])
    with RawServer(CREATED) as server:
        run = submit(
            connect(session, job(steps=(), poll=poll), server.url), list(map(str, range(200)))
        )
        assert run.wait(timeout=10) == "partial"
        details = run.details(0)
    assert details["row_count"] == 200
    labels = [row["label"] for row in details["rows"]]
    assert labels == ["7", "140", "199", *(str(at) for at in range(98) if at != 7)]
    assert {row["payload"]["user_id"] == row["label"] for row in details["rows"]} == {True}
    assert [row["status"] for row in details["rows"][:4]] == [
        "failed",
        "failed",
        "unknown",
        "completed",
    ]


@pytest.mark.parametrize(
    ("rows", "state", "run_status"),
    [
        ([GOOD, GOOD], "completed", "completed"),
        ([GOOD, BAD], "partial", "partial"),
        ([GOOD, LEFT], "partial", "partial"),
        ([GOOD, LOST], "partial", "partial"),
        ([BAD, BAD], "failed", "failed"),
        ([BAD, LEFT], "failed", "failed"),
        ([LOST, LOST], "partial", "failed"),
        ([BAD, LOST], "partial", "failed"),
        ([LEFT, LEFT], "canceled", "failed"),
    ],
)
def test_a_job_ends_as_its_rows_did(session, rows, state, run_status):
    with RawServer(CREATED, OK, OK) as server:
        action = job(poll=answering(*rows), result_columns=("id", "new"))
        run = submit(connect(session, action, server.url), ["a", "b"])
        assert run.wait(timeout=10) == run_status
    assert run.operations[0].state == state
    results = run.results()
    assert list(results["status"]) == [row.status for row in rows]
    assert list(results["id"].fillna("")) == ["r-1" if row is GOOD else "" for row in rows]
    assert list(results["retryable"].fillna(False)) == [bool(row.retryable) for row in rows]
    assert "result" not in results
    assert len(run.failed()) == sum(row in (BAD, LEFT) for row in rows)


def test_rows_keep_their_place_when_others_are_dropped_before_sending(session):
    with RawServer(CREATED, OK, OK) as server:
        action = job(poll=answering(GOOD, BAD, GOOD))
        crm = connect(session, action, server.url)
        frame = pd.DataFrame({"user_id": ["a", None, "b", None, "c"]}, index=list("xxyyz"))
        run = crm.submit(frame, "act", schedule=SquareRoot(minimum=0.02))
        assert run.wait(timeout=10) == "partial"
        assert json.loads(server.arrived[1].body) == ["a", "b", "c"]
    results = run.results()
    assert list(results.index) == list("xxyyz")
    assert list(results["status"]) == ["completed", "invalid", "failed", "invalid", "completed"]
