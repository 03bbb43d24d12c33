"""Held operations, and the user's decision about them: over real HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer, reset
from scripted_jobs import connect, create, done, job, submit

CREATED = answer(200, {"id": "j-1"})


def action() -> ad.Action:
    return job(steps=(), perform_batch=create, poll=done, batch_size=2)


def settle(run: ad.Run) -> None:
    run.rested.result(timeout=20)


def test_the_notice_of_a_held_batch_names_what_to_do(session: ad.Session):
    with RawServer(reset, CREATED) as server:
        run = submit(connect(session, action(), server.url), ["a", "b", "c"])
        settle(run)
        assert run.status == "pending"
        assert list(run.results()["status"]) == ["unknown", "unknown", "completed"]
        (notice,) = run.notices
        assert "1 operation may or may not" in notice
        assert "run.resolve(" in notice
        assert "Test" in notice


def test_what_was_not_applied_is_sent_again_by_a_retry(session: ad.Session):
    with RawServer(reset, CREATED, answer(200, {"id": "j-2"})) as server:
        run = submit(connect(session, action(), server.url), ["a", "b", "c"])
        settle(run)
        run.resolve(applied=False)
        assert run.status == "partial"
        assert run.notices == []
        assert list(run.results()["status"]) == ["failed", "failed", "completed"]
        retry = run.retry()
        assert retry.wait(timeout=20) == "completed"
        assert list(retry.results()["status"]) == ["completed"] * 3
        assert len(server.arrived) == 3


def test_what_was_applied_stays_unknown_since_its_outcome_was_never_known(
    session: ad.Session,
):
    with RawServer(reset) as server:
        run = submit(connect(session, action(), server.url), ["a"])
        settle(run)
        run.resolve(applied=True)
        (row,) = run.results().to_dict("records")
        assert row["status"] == "unknown"
        assert row["retryable"] is not True
        assert "as you said" in row["message"]
        assert run.wait(timeout=5) == "failed"
        with pytest.raises(ad.UsageError, match="no row may be sent again"):
            run.retry()
        with pytest.raises(ad.UsageError, match="your decision: 1 unknown; unknown is final"):
            run.resolve(applied=False)


def test_nothing_is_resolved_where_nothing_is_held(session: ad.Session):
    with RawServer(CREATED) as server:
        run = submit(connect(session, action(), server.url), ["a"])
        run.wait(timeout=20)
        with pytest.raises(ad.UsageError, match=r"no operation waits .*: 1 completed$"):
            run.resolve(applied=True)


def test_what_is_resolved_after_a_retry_is_sent_with_the_next_one(session: ad.Session):
    with RawServer(reset, answer(400), CREATED, answer(200, {"id": "j-2"})) as server:
        crm = connect(
            session, job(steps=(), perform_batch=create, poll=done, batch_size=1), server.url
        )
        run = submit(crm, ["lost", "refused"])
        settle(run)
        states = {each.state for each in run.operations}
        assert states == {"held", "rejected"}
        retry = run.retry()
        retry.wait(timeout=20)
        run.resolve(applied=False)
        last = retry.retry()
        assert last.wait(timeout=20) == "completed"
        assert list(last.results()["status"]) == ["completed", "completed"]
        assert len(server.arrived) == 4


def test_the_users_decision_survives_a_restart(tmp_path: Path):
    file = tmp_path / "session.sqlite"
    with RawServer(reset, CREATED) as server:
        with ad.Session(path=file) as session:
            run = submit(connect(session, action(), server.url), ["a"])
            settle(run)
        with ad.Session(path=file) as session:
            connect(session, action(), server.url)
            (again,) = session.runs()
            assert again.counts["unknown"] == 1
            again.resolve(applied=False)
        with ad.Session(path=file) as session:
            connect(session, action(), server.url)
            retry = session.run(run.id).retry()
            assert retry.wait(timeout=20) == "completed"
