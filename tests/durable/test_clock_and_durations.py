"""The wall clock jumps while a run goes on, and durations stay true: real files, real HTTP."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import asyncdest_nb as ad
from raw_server import RawServer
from scripted_jobs import CREATED, answering, job
from scripted_jobs import connect as connect_jobs
from scripted_jobs import create as create_job
from scripted_jobs import submit as submit_jobs
from wall_clock import DAY, USERS, Wall


@pytest.mark.parametrize("ahead", [-400 * DAY, -DAY, -0.5, 3600.0, DAY, 400 * DAY])
def test_no_duration_is_of_a_clock_that_was_set_while_the_run_went_on(
    wall: Wall, session: ad.Session, ahead: float
):
    began = time.monotonic()
    asked: list[float] = []
    polled: list[float] = []

    async def slow(request: Any, data: Any) -> Any:
        wall.ahead = ahead
        asked.append(run.stats["seconds"])
        polled.append(time.monotonic())
        is_over = polled[-1] - polled[0] > 1
        status = "completed" if is_over else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    action = job(steps=(), perform_batch=create_job, poll=slow)
    with RawServer(CREATED) as server:
        run = submit_jobs(connect_jobs(session, action, server.url), USERS)
        assert run.wait(timeout=20) == "completed"
    longest = time.monotonic() - began + 0.1
    assert 0 < max(asked) <= run.stats["seconds"] <= longest
    (operation,) = run.operations
    stamps = [getattr(operation, f"{name}_at") for name in ("submitted", "accepted", "finished")]
    assert stamps == sorted(stamps)
    assert 0.5 < stamps[2] - stamps[0] <= longest


def test_an_operation_did_not_end_before_it_began_after_a_restart_with_the_clock_set_back(
    path: Path, wall: Wall
):
    pending, ended = answering(status="pending"), answering(status="completed")
    with RawServer(CREATED) as server:
        for poll_it, is_last in ((pending, False), (ended, True)):
            action = job(steps=(), perform_batch=create_job, poll=poll_it)
            with ad.Session(path=path) as session:
                crm = connect_jobs(session, action, server.url)
                run = (session.runs() or [submit_jobs(crm, USERS)])[0]
                while not (run.operations and (run.is_at_rest or not is_last)):
                    run.wait(timeout=0.02)
                while not run.operations[0].seen_at:
                    run.wait(timeout=0.02)
                wall.ahead = -DAY
    (operation,) = run.operations
    assert operation.finished_at >= operation.submitted_at
    assert 0 < run.stats["seconds"] < 60


def test_the_monitor_tells_the_time_by_the_clock_that_stamped_the_operations(
    wall: Wall, session: ad.Session
):
    action = job(steps=(), perform_batch=create_job, poll=answering(status="pending"))
    wall.ahead = -DAY
    with RawServer(CREATED) as server:
        run = submit_jobs(connect_jobs(session, action, server.url), USERS)
        while not (run.operations and run.operations[0].seen_at):
            run.wait(timeout=0.02)
        wall.ahead = 0.0
        (monitor,) = run.widget().children
        now = monitor.get_state()["_snapshot"]["now"]
        assert 0 <= now - run.operations[0].submitted_at < 60
        run.widget().close()
