"""The wall clock jumps, while a session is open and between two openings: real files, real HTTP.

Time itself goes on as it does; only what this machine says of the date is another.
"""

from __future__ import annotations

import sqlite3
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine import Clock
from asyncdest_nb.operation import State
from counting_partner import KEY, Fault, Partner
from raw_server import RawServer, Writer, answer
from recovery import Payload, destination, eager, people, poll, sending
from scripted_jobs import CREATED, answering, done, job
from scripted_jobs import connect as connect_jobs
from scripted_jobs import create as create_job
from scripted_jobs import submit as submit_jobs

DAY = 86_400.0
USERS = [f"u-{number}" for number in range(10)]


class Wall:
    """The wall clock: *ahead* of the true time by some seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._true = time.time

    def __call__(self) -> float:
        return self._true() + self.ahead


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr("time.time", wall)
    monkeypatch.setattr("asyncdest_nb.engine.engine.Clock", lambda: Clock(wall=wall))
    return wall


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


SINGLE = job(steps=(), perform_batch=create_job, poll=done)


def refused_then_retried(session: ad.Session, url: str, wall: Wall, *, ahead: float) -> ad.Run:
    """Submit ten rows, all of them refused, and retry them when the clock has jumped."""
    run = submit_jobs(connect_jobs(session, SINGLE, url), USERS)
    assert run.wait(timeout=20) == "failed"
    wall.ahead += ahead
    retry = run.retry()
    assert retry.wait(timeout=20) == "completed"
    return retry


def require_settled(session: ad.Session, server: RawServer) -> None:
    """Assert that nothing of a run that was retried is offered again, or sent."""
    crm = connect_jobs(session, SINGLE, server.url)
    first, retry = sorted(session.runs(), key=lambda run: run.retry_of is not None)
    assert retry.retry_of is first
    with pytest.raises(ad.UsageError, match="retry that one"):
        first.retry()
    with pytest.raises(ad.UsageError, match="no row may be sent again"):
        retry.retry()
    assert retry.failed().empty
    sent = len(server.arrived)
    with pytest.warns(ad.AlreadySubmitted):
        assert submit_jobs(crm, USERS) is retry
    assert len(server.arrived) == sent


@pytest.mark.parametrize("ahead", [-0.5, -DAY, DAY])
def test_what_was_retried_is_not_offered_again_after_a_restart(
    path: Path, wall: Wall, ahead: float
):
    with RawServer(answer(400), CREATED) as server:
        with ad.Session(path=path) as session:
            refused_then_retried(session, server.url, wall, ahead=ahead)
        with ad.Session(path=path) as session:
            assert [run.retry_of is None for run in session.runs()] == [True, False]
            require_settled(session, server)


@pytest.mark.parametrize("ahead", [-0.5, -DAY])
def test_what_was_retried_is_not_offered_again_in_memory(
    wall: Wall, session: ad.Session, ahead: float
):
    with RawServer(answer(400), CREATED) as server:
        refused_then_retried(session, server.url, wall, ahead=ahead)
        require_settled(session, server)


def test_a_retry_is_linked_to_what_it_retries_wherever_that_is_in_the_file(path: Path, wall: Wall):
    with RawServer(answer(400), answer(400), CREATED) as server:
        with ad.Session(path=path) as session:
            run = submit_jobs(connect_jobs(session, SINGLE, server.url), USERS)
            run.wait(timeout=20)
            second = run.retry()
            second.wait(timeout=20)
            third = second.retry()
            third.wait(timeout=20)
            names = [run.id, second.id, third.id]
        with closing(sqlite3.connect(path)) as db, db:
            for at, name in enumerate(reversed(names), 100):
                db.execute("UPDATE run SET rowid = ? WHERE id = ?", (at, name))
        with ad.Session(path=path) as session:
            found = {run.id: run for run in session.runs()}
            assert list(found) == names[::-1]
            links = [found[name].retry_of for name in names]
            assert links == [None, found[names[0]], found[names[1]]]
            crm = connect_jobs(session, SINGLE, server.url)
            with pytest.warns(ad.AlreadySubmitted):
                assert submit_jobs(crm, USERS).id == third.id


def test_an_exported_retry_is_loaded_as_the_last_whatever_its_clock_said(
    wall: Wall, session: ad.Session, tmp_path: Path
):
    with RawServer(answer(400), CREATED) as server:
        retry = refused_then_retried(session, server.url, wall, ahead=-DAY)
        retry.export(tmp_path / "retry.run")
    loaded = ad.load(tmp_path / "retry.run")
    assert loaded.id == retry.id
    assert set(loaded.results()["status"]) == {"completed"}


# Idempotency keys

KEYED: dict[str, Any] = {"perform_batch": sending(header=KEY), "recovery": "key"}
LATER = Fault(answer(429, headers={"retry-after": "30"}), is_applied=False)


def connect_keyed(session: ad.Session, server: RawServer, **action: Any) -> ad.Connection:
    given = {"payload": Payload, "poll": poll, "operation_per": "batch", **KEYED, **action}
    found = ad.Destination(
        name="Keyed",
        slug="keyed",
        settings=destination().settings,
        extend_request=destination().extend_request,
        actions={"send": ad.Action(title="Send", **given)},
    )
    return session.connect(found, endpoint=server.url)


async def lose(writer: Writer) -> None:
    writer.close()


@pytest.mark.parametrize("ahead", [-DAY, -3600.0, 2 * DAY])
def test_a_key_of_unknown_age_is_not_used_again(path: Path, wall: Wall, ahead: float):
    with Partner(Fault(lose), LATER) as partner:
        with ad.Session(path=path) as session:
            crm = connect_keyed(session, partner)
            run = crm.submit(people(5), "send", schedule=eager())
            while len(partner.arrived) < 2 or run.operations[0].state is not State.PLANNED:
                run.wait(timeout=0.02)
        wall.ahead = ahead
        with ad.Session(path=path) as session:
            connect_keyed(session, partner)
            (run,) = session.runs()
            while State.HELD not in {each.state for each in run.operations}:
                run.wait(timeout=0.02)
        assert partner.sent.total() == 2


def test_a_key_whose_clock_is_set_back_while_it_waits_ages_all_the_same(
    wall: Wall, session: ad.Session
):
    async def busy_for_an_hour(writer: Writer) -> None:
        wall.ahead -= 3600
        await answer(429, headers={"retry-after": "1"})(writer)

    busy = Fault(busy_for_an_hour, is_applied=False)
    with Partner(Fault(lose), *[busy] * 9) as partner:
        crm = connect_keyed(session, partner, key_seconds=0.5)
        run = crm.submit(people(5), "send", schedule=eager())
        while State.HELD not in {each.state for each in run.operations}:
            run.wait(timeout=0.02)
        assert partner.sent.total() == 2


def test_a_clock_that_is_set_back_a_little_costs_no_repetition(wall: Wall, session: ad.Session):
    async def lose_half_a_second(writer: Writer) -> None:
        wall.ahead -= 0.5
        writer.close()

    with Partner(Fault(lose_half_a_second)) as partner:
        run = connect_keyed(session, partner).submit(people(5), "send", schedule=eager())
        assert run.wait(timeout=20) == "completed"
        assert set(partner.effects.values()) == {1}


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


# How long it took


@pytest.mark.parametrize("ahead", [-400 * DAY, -DAY, -0.5, 3600.0, DAY, 400 * DAY])
def test_no_duration_is_of_a_clock_that_was_set_while_the_run_went_on(
    wall: Wall, session: ad.Session, ahead: float
):
    began = time.monotonic()
    asked: list[float] = []

    async def slow(request: Any, data: Any) -> Any:
        wall.ahead = ahead
        asked.append(run.stats["seconds"])
        is_over = time.monotonic() - began > 1
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
