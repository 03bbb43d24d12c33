"""How long state is there, on clocks of the test's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine import Clock
from stateful_actions import (
    DAY,
    READ,
    STORE,
    Times,
    accept,
    destination,
    read,
    run_of,
    soon,
    value_read,
)


def test_poll_reads_none_if_its_own_state_has_expired(times):
    seen: list[Any] = []

    async def perform(request: Any, data: Any) -> Any:
        hours = {"hour": 1 if data.payload.user_id == "a" else 24}
        data.state_context.set_response_context("user", data.payload.user_id, hours)
        return accept(data.payload)

    async def poll(request: Any, data: Any) -> Any:
        seen.append(data.state_context.get_request_context("user"))
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    with ad.Session() as session:
        crm = session.connect(destination(perform=perform, poll=poll))
        first, second = (crm.execute_action("act", {"user_id": each}) for each in ("a", "b"))
        crm.execute_poll("act", first)
        times.pass_seconds(2 * 3600)
        for each in (first, second):
            crm.execute_poll("act", each)
    assert seen == ["a", None, "b"]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same process", "restart"])
def test_expired_state_is_gone(path, times, is_restarted):
    session = ad.Session(path=path)
    run_of(session.connect(STORE), "a for 2 hours")
    times.pass_seconds(1.9 * 3600)
    if is_restarted:
        session.close()
        session = ad.Session(path=path)
    assert value_read(session.connect(READ)) == "a"
    times.pass_seconds(0.2 * 3600)
    if is_restarted:
        session.close()
        session = ad.Session(path=path)
    assert value_read(session.connect(READ)) is None
    session.close()


def test_the_latest_value_counts_not_the_one_that_lasts_longest(session):
    crm = session.connect(STORE)
    run_of(crm, "a")
    run_of(crm, "b for 0 hours")
    assert value_read(session.connect(READ)) is None


@pytest.mark.parametrize("jump", [-400 * DAY, 400 * DAY])
def test_a_wall_clock_that_jumps_in_a_running_process_expires_nothing_early_or_late(
    session_of_times, times, jump
):
    crm = session_of_times.connect(STORE)
    run_of(crm, "a for 2 hours")
    times.wall += jump
    times.pass_seconds(3600)
    assert value_read(session_of_times.connect(READ)) == "a"
    times.pass_seconds(2 * 3600)
    assert value_read(session_of_times.connect(READ)) is None


@pytest.fixture
def session_of_times(times: Times, path: Path) -> Iterator[ad.Session]:
    with ad.Session(path=path) as session:
        yield session


def test_one_start_with_a_clock_a_year_ahead_deletes_no_state(path):
    clock = Times()
    clock.wall = time.time()
    with pytest.MonkeyPatch.context() as patch:
        given = Clock(wall=lambda: clock.wall, steady=lambda: clock.steady, sleep=soon)
        patch.setattr("asyncdest_nb.engine.engine.Clock", lambda: given)
        with ad.Session(path=path, keep_days=None) as session:
            run_of(session.connect(STORE), "a for 2000 hours")
        clock.wall += 365 * DAY
        with ad.Session(path=path, keep_days=None) as session:
            assert value_read(session.connect(READ)) is None
        clock.wall -= 365 * DAY
        with ad.Session(path=path, keep_days=None) as session:
            assert value_read(session.connect(READ)) == "a"


@pytest.mark.parametrize(
    ("ttl", "problem"),
    [
        (3600, "ttl=3600; write how long, such as {'hour': 24}"),
        ({}, "ttl={}; write how long"),
        ("1 hour", "write how long"),
        ({"hours": 1}, "did you mean 'hour'"),
    ],
)
def test_a_ttl_that_is_not_a_time_is_refused(session, ttl, problem):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context("user", 1, ttl)

    executed = session.connect(destination(perform=perform)).execute_action("act", {"user_id": "a"})
    assert isinstance(executed.error, ad.UsageError)
    assert problem in str(executed.error)


@pytest.mark.parametrize("amount", [10**400, float("inf"), 1e300])
def test_a_very_long_ttl_is_allowed(path, amount):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context("user", "a", {"day": amount})

    for perform_it, is_there in ((perform, False), (read, True)):
        with ad.Session(path=path) as session:
            crm = session.connect(destination(perform=perform_it))
            executed = crm.execute_action("act", {"user_id": "x"})
            assert executed.error is None
            assert executed.answer == ({"found": "a"} if is_there else None)
