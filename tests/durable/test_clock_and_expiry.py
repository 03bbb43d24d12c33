"""The wall clock jumps, and runs and state expire, or are late: real files, real HTTP."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, Writer, answer
from recovery import eager
from scripted_jobs import CREATED, answering, done, job
from scripted_jobs import connect as connect_jobs
from scripted_jobs import create as create_job
from scripted_jobs import submit as submit_jobs
from wall_clock import DAY, SINGLE, USERS, Wall

# What is deleted by the clock


def submitted(path: Path, url: str, **options: Any) -> int:
    """Run the cell that submits, and return how many runs there are then."""
    with ad.Session(path=path, **options) as session:
        run = submit_jobs(connect_jobs(session, SINGLE, url), USERS)
        assert run.wait(timeout=20) == "completed"
        return len(session.runs())


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(CREATED) as server:
        yield server


@pytest.mark.filterwarnings("ignore::asyncdest_nb.AlreadySubmitted")
@pytest.mark.parametrize(("days", "keep_days"), [(365, 90), (100, 90), (3, 2)])
def test_a_start_with_the_clock_ahead_deletes_nothing_and_says_so(
    path: Path, wall: Wall, server: RawServer, days: float, keep_days: float
):
    submitted(path, server.url, keep_days=keep_days)
    wall.ahead = days * DAY
    for _ in range(2):  # The kernel is restarted, and the clock is as it was.
        with pytest.warns(ad.StoreWarning, match=r"not deleted.*if the clock is wrong"):
            assert submitted(path, server.url, keep_days=keep_days) == 1
    wall.ahead = 0.0
    with warnings.catch_warnings(action="error", category=ad.StoreWarning):
        assert submitted(path, server.url, keep_days=keep_days) == 1
    assert len(server.arrived) == 1


def test_runs_are_deleted_when_another_day_says_that_they_are_old(
    path: Path, wall: Wall, server: RawServer
):
    submitted(path, server.url)
    wall.ahead = 200 * DAY
    with pytest.warns(ad.StoreWarning, match="not deleted"):
        ad.Session(path=path).close()
    wall.ahead = 201.5 * DAY
    with ad.Session(path=path) as session:
        assert session.runs() == []


def test_runs_of_a_session_that_is_opened_now_and_then_are_deleted_in_time(
    path: Path, wall: Wall, server: RawServer
):
    submitted(path, server.url)
    for days in (31, 62, 89):
        wall.ahead = days * DAY
        with ad.Session(path=path) as session:
            assert len(session.runs()) == 1
    wall.ahead = 91 * DAY
    with ad.Session(path=path) as session:
        assert session.runs() == []


# What expires, and what is late, while a run goes on


async def remember(request: Any, data: Any) -> Any:
    data.state_context.set_response_context("cursor", "c-1", {"hour": 1})
    return await create_job(request, data)


def test_state_does_not_expire_by_a_clock_that_has_jumped(path: Path, wall: Wall):
    seen = []

    async def recall(request: Any, data: Any) -> Any:
        seen.append(data.state_context.get_request_context("cursor"))
        wall.ahead = [DAY, 400 * DAY, -DAY][len(seen) - 1]
        is_last = len(seen) == 3
        return ad.AsyncPollResponse.of(
            [ad.AsyncOperationResult(status="completed" if is_last else "pending")]
        )

    action = job(steps=(), perform_batch=remember, poll=recall)
    with RawServer(CREATED) as server, ad.Session(path=path) as session:
        run = submit_jobs(connect_jobs(session, action, server.url), USERS)
        assert run.wait(timeout=20) == "completed"
    assert seen == ["c-1"] * 3


def test_state_outlives_one_start_with_the_clock_ahead(path: Path, wall: Wall):
    seen = []

    async def recall(request: Any, data: Any) -> Any:
        seen.append(data.state_context.get_request_context("cursor"))
        return await answering(status="pending")(request, data)

    action = job(steps=(), perform_batch=remember, poll=recall)
    with RawServer(CREATED) as server:
        for ahead in (0.0, 365 * DAY, 0.0):
            wall.ahead = ahead
            seen.clear()
            with ad.Session(path=path) as session:
                crm = connect_jobs(session, action, server.url)
                run = (session.runs() or [submit_jobs(crm, USERS)])[0]
                while not seen:
                    run.wait(timeout=0.02)
    assert seen[0] == "c-1"


@pytest.mark.parametrize("ahead", [DAY, -DAY])
def test_what_is_not_found_is_waited_for_by_the_steady_clock(
    wall: Wall, session: ad.Session, ahead: float
):
    asked: list[str] = []

    async def not_yet(writer: Writer) -> None:
        if server.arrived[-1].method == "POST":
            await CREATED(writer)
            return
        asked.append("")
        wall.ahead = ahead
        found = answer(404, "who?") if len(asked) <= 5 else answer(200, {})
        await found(writer)

    async def ask(request: Any, data: Any) -> Any:
        await request(f"{data.settings.endpoint}/jobs/j-1")
        return await done(request, data)

    with RawServer(not_yet) as server:
        action = job(steps=(), perform_batch=create_job, poll=ask)
        run = submit_jobs(connect_jobs(session, action, server.url), USERS)
        assert run.wait(timeout=40) == "completed"


@pytest.mark.parametrize("ahead", [DAY, -DAY])
def test_a_deadline_is_measured_by_the_steady_clock(wall: Wall, session: ad.Session, ahead: float):
    began = time.monotonic()

    async def slow(request: Any, data: Any) -> Any:
        wall.ahead = ahead
        if ahead > 0:  # Deadlines are looked at every second.
            is_over = time.monotonic() - began > 3
        else:
            is_over = bool(run.stats["overdue"])
        status = "completed" if is_over else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    action = job(steps=(), perform_batch=create_job, poll=slow)
    with RawServer(CREATED) as server:
        crm = connect_jobs(session, action, server.url)
        frame = pd.DataFrame({"user_id": USERS})
        deadline = 3600.0 if ahead > 0 else 0.5
        run = crm.submit(frame, "act", schedule=eager(), deadline=deadline)
        assert run.wait(timeout=40) == "completed"
    assert run.stats["overdue"] == (ahead < 0)
    assert run.stats["seconds"] >= 0


def test_a_deadline_holds_after_a_restart_with_the_clock_set_back(path: Path, wall: Wall):
    action = job(steps=(), perform_batch=create_job, poll=answering(status="pending"))
    with RawServer(CREATED) as server:
        with ad.Session(path=path) as session:
            run = submit_jobs(connect_jobs(session, action, server.url), USERS, deadline=0.5)
            while not run.operations or not run.operations[0].operation_id:
                run.wait(timeout=0.02)
        wall.ahead = -DAY
        with ad.Session(path=path) as session:
            connect_jobs(session, action, server.url)
            (run,) = session.runs()
            end = time.monotonic() + 30
            while not run.stats["overdue"]:
                assert time.monotonic() < end, "it is never late"
                run.wait(timeout=0.05)
