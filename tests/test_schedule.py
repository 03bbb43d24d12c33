"""When to ask again, on a clock that is a number."""

from __future__ import annotations

from itertools import pairwise

import pytest

from asyncdest_nb.schedule import Pace, SquareRoot


def polled_at(schedule: SquareRoot, *, until: float, step: float = 0.25) -> list[float]:
    """Return when operation 0 is given out, if every answer is "not yet" and takes no time."""
    times = []
    now = 0.0
    while now <= until:
        for number in schedule.due(now, limit=10):
            times.append(now)
            schedule.answered(number, now=now, progress=None)
        now += step
    return times


def test_gaps_grow_as_the_square_root_of_the_age():
    schedule = SquareRoot(cost=0.5, minimum=1.0)
    schedule.accepted(0, now=0.0)
    times = polled_at(schedule, until=120.0)
    assert times[0] == 1.0
    for earlier, later in pairwise(times):
        assert later - earlier == pytest.approx(max(1.0, earlier**0.5), abs=0.26)


def test_no_gap_is_longer_than_the_maximum():
    schedule = SquareRoot(maximum=5.0)
    schedule.accepted(0, now=0.0)
    times = polled_at(schedule, until=300.0)
    assert max(b - a for a, b in pairwise(times)) <= 5.25


def test_the_most_overdue_are_given_out_first():
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


def leave(pace: Pace, *, start: float, seconds: float) -> int:
    """Return how many requests may leave if one is wanted at every moment."""
    now, count = start, 0
    while (wait := pace.wait(now)) <= start + seconds - now:
        count, now = (count + 1, now) if wait == 0 else (count, now + wait + 1e-9)
    return count


@pytest.mark.parametrize("rate", [0.5, 20.0, 2000.0])
def test_requests_leave_at_the_rate(rate):
    count = leave(Pace(rate), start=0.0, seconds=10.0)
    assert count == pytest.approx(rate * 10, rel=0.05, abs=1)


def test_being_throttled_pauses_the_host_and_lowers_the_rate_once():
    pace = Pace(20.0)
    pace.throttled(100.0, retry_after=7.0)
    pace.throttled(100.1, retry_after=5.0)
    assert pace.wait(100.5) == pytest.approx(6.5)
    assert pace.rate == pytest.approx(14.0)


def test_a_quiet_time_brings_the_rate_back():
    pace = Pace(20.0)
    pace.wait(0.0)
    pace.throttled(0.0, retry_after=1.0)
    pace.wait(2.0)
    pace.wait(12.0)
    assert pace.rate == pytest.approx(14.0 + 11 * 0.1)
    pace.wait(10_000.0)
    assert pace.rate == 20.0


def test_without_a_hint_pauses_double_until_an_answer_passes():
    pace = Pace(20.0)
    pauses, now = [], 0.0
    for _ in range(7):
        pace.throttled(now, retry_after=None)
        pauses.append(pace.paused_until - now)
        now = pace.paused_until
    assert pauses == [1, 2, 4, 8, 16, 32, 32]
    pace.passed()
    pace.throttled(now, retry_after=None)
    assert pace.paused_until - now == 1


def test_a_pause_has_an_end():
    pace = Pace(20.0)
    pace.throttled(0.0, retry_after=86_400.0)
    assert pace.paused_until == 600.0
