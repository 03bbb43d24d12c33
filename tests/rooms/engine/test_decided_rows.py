"""Rows that an answer decides at once, beside the context of their batch."""

from __future__ import annotations

from typing import Any

import asyncdest_nb as ad
from job_answers import DONE, polling, send, send_and_look, statuses


def decided(*rows: Any, contexts: Any = ({"operation_id": "j-1"},)) -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(async_contexts=list(contexts), rows=list(rows))


REFUSED = ad.RowResult(status="failed", error=ad.OperationError(code="E", message="refused"))


def test_decided_rows_keep_their_outcome_after_any_poll(session):
    rows = [ad.RowResult(status="completed"), ad.RowResult(status="completed")]
    for polled in (None, rows, [rows[0], rows[0], rows[0]]):
        result = ad.AsyncOperationResult(status="completed", rows=polled)
        poll = polling(ad.AsyncPollResponse.of([result]))
        run = send(session, decided(None, REFUSED, None), poll=poll)
        assert statuses(run) == ["completed", "failed", "completed"]


def test_too_few_outcomes_leave_the_rows_unknown_that_were_not_decided(
    session,
):
    result = ad.AsyncOperationResult(status="completed", rows=[ad.RowResult(status="completed")])
    poll = polling(ad.AsyncPollResponse.of([result]))
    run = send(session, decided(None, REFUSED, None), poll=poll)
    assert statuses(run) == ["unknown", "failed", "unknown"]


def test_a_failed_job_fails_the_rows_that_were_left_to_it(session):
    result = ad.AsyncOperationResult(status="failed", error={"code": "J", "message": "job died"})
    poll = polling(ad.AsyncPollResponse.of([result]))
    done = ad.RowResult(status="completed")
    run = send(session, decided(None, done, REFUSED), poll=poll)
    assert statuses(run) == ["failed", "completed", "failed"]
    assert list(run.results()["error_code"].fillna("")) == ["J", "", "E"]


def test_rows_that_are_all_decided_need_no_context(session):
    done = ad.RowResult(status="completed")
    run = send(session, decided(done, REFUSED, done, contexts=()), poll=polling(DONE))
    assert statuses(run) == ["completed", "failed", "completed"]


def test_outcomes_for_another_number_of_rows_leave_all_unknown(session):
    run = send(session, decided(None, REFUSED), poll=polling(DONE))
    assert statuses(run) == ["unknown"] * 3
    assert "outcomes for 2 rows of 3" in run.results()["message"][0]


def test_decided_rows_keep_their_outcome_over_a_restart(tmp_path):
    path = tmp_path / "s.sqlite"
    with ad.Session(path=path) as session:
        run = send_and_look(session, decided(None, REFUSED, None))
        before = statuses(run)
    with ad.Session(path=path) as session:
        assert statuses(session.runs()[0]) == before == ["pending", "failed", "pending"]
