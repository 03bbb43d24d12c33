"""When to poll, on a clock that is a number; for runs, against the documented server."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

from asyncdest_nb.errors import UsageError
from asyncdest_nb.schedule import FixedInterval, Schedule, SquareRoot
from documented_server import DocumentedServer


def polled_at(schedule: Schedule, *, until: float, step: float = 0.25) -> list[float]:
    """Return when operation 0 is due, if every answer is "not yet" and takes no time."""
    times = []
    now = 0.0
    while now <= until:
        for number in schedule.due(now, limit=10):
            times.append(now)
            schedule.answered(number, now=now, progress=None)
        now += step
    return times


def test_intervals_grow_as_the_square_root_of_the_age():
    schedule = SquareRoot(cost=0.5, minimum=1.0)
    schedule.accepted(0, now=0.0)
    times = polled_at(schedule, until=120.0)
    assert times[0] == 1.0
    for earlier, later in pairwise(times):
        assert later - earlier == pytest.approx(max(1.0, earlier**0.5), abs=0.26)


def test_no_interval_is_longer_than_the_maximum():
    schedule = SquareRoot(maximum=5.0)
    schedule.accepted(0, now=0.0)
    times = polled_at(schedule, until=300.0)
    assert max(b - a for a, b in pairwise(times)) <= 5.25


def test_the_most_overdue_are_due_first():
    schedule = SquareRoot(minimum=1.0)
    for number, at in [(0, 3.0), (1, 1.0), (2, 2.0)]:
        schedule.accepted(number, now=at)
    assert schedule.due(10.0, limit=2) == [1, 2]
    assert schedule.due(10.0, limit=2) == [0]
    assert schedule.due(10.0, limit=2) == []


def test_retry_after_is_a_floor_also_before_the_first_poll():
    schedule = SquareRoot(minimum=1.0)
    schedule.accepted(0, now=0.0, retry_after=30.0)
    assert schedule.next_at() == 30.0
    schedule.due(30.0, limit=1)
    schedule.answered(0, now=30.0, progress=None, retry_after=0.0)
    assert schedule.next_at() == pytest.approx(30.0 + 30.0**0.5)


def test_failed_polls_wait_twice_as_long_each_time_and_are_forgiven():
    schedule = SquareRoot(minimum=1.0, maximum=60.0)
    schedule.accepted(0, now=0.0)
    gaps = []
    now = 1.0
    for _ in range(8):
        schedule.due(now, limit=1)
        schedule.errored(0, now=now)
        gaps.append(schedule.next_at() - now)
        now = schedule.next_at()
    assert gaps == [2, 4, 8, 16, 32, 60, 60, 60]
    schedule.due(now, limit=1)
    schedule.answered(0, now=now, progress=None)
    schedule.due(1000.0, limit=1)
    schedule.errored(0, now=1000.0)
    assert schedule.next_at() == 1002.0


def test_a_finished_operation_is_never_asked_about_again():
    schedule = SquareRoot()
    schedule.accepted(0, now=0.0)
    schedule.finished(0)
    assert schedule.next_at() is None
    assert schedule.due(1e9, limit=10) == []


def test_one_schedule_may_be_given_to_several_runs(session):
    schedule = SquareRoot(minimum=0.3, cost=0.001)
    with DocumentedServer() as server:
        crm = session.connect("example-async", endpoint=server.url)
        runs = [
            crm.submit(
                pd.DataFrame({"user_id": [name, f"{name}-2"]}),
                "asyncOperation",
                operation_type="sync_profile",
                schedule=schedule,
            )
            for name in ("first", "second")
        ]
        assert [run.wait(timeout=20) for run in runs] == ["completed", "completed"]


def test_a_fixed_interval_stays_the_same_and_failed_polls_double_it():
    schedule = FixedInterval(5.0)
    schedule.accepted(0, now=0.0)
    assert polled_at(schedule, until=30.0) == [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]
    schedule.errored(0, now=35.0)
    assert schedule.next_at() == 45.0
    with pytest.raises(UsageError, match="seconds is 0"):
        FixedInterval(0)
