"""When to ask again, on a clock that is a number; for runs, against the documented server."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

from asyncdest_nb.schedule import RateLimiter, SquareRoot
from documented_server import DocumentedServer


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


def leave(pace: RateLimiter, *, start: float, seconds: float) -> int:
    """Return how many requests may leave if one is wanted at every moment."""
    now, count = start, 0
    while (wait := pace.wait(now)) <= start + seconds - now:
        count, now = (count + 1, now) if wait == 0 else (count, now + wait + 1e-9)
    return count


@pytest.mark.parametrize("rate", [0.5, 20.0, 2000.0])
def test_requests_leave_at_the_rate(rate):
    count = leave(RateLimiter(rate), start=0.0, seconds=10.0)
    assert count == pytest.approx(rate * 10, rel=0.05, abs=1)


def throttle(pace: RateLimiter, now: float, *, retry_after: float | None = None) -> None:
    """Send a request and have it refused, in no time."""
    pace.answered(now, sent_at=now, status=429, retry_after=retry_after)


def fail(pace: RateLimiter, now: float, *, times: int = 1) -> None:
    for _ in range(times):
        pace.unanswered(now, sent_at=now, is_unsent=False)


def test_being_throttled_pauses_the_host_and_lowers_the_rate_once():
    pace = RateLimiter(20.0)
    throttle(pace, 100.0, retry_after=7.0)
    throttle(pace, 100.1, retry_after=5.0)
    assert pace.wait(100.5) == pytest.approx(6.5)
    assert pace.rate == pytest.approx(14.0)


def test_a_quiet_time_brings_the_rate_back():
    pace = RateLimiter(20.0)
    pace.wait(0.0)
    throttle(pace, 0.0, retry_after=1.0)
    pace.wait(2.0)
    pace.wait(12.0)
    assert pace.rate == pytest.approx(14.0 + 11 * 0.1)
    pace.wait(10_000.0)
    assert pace.rate == 20.0


def test_without_a_hint_pauses_double_until_an_answer_passes():
    pace = RateLimiter(20.0)
    pauses, now = [], 0.0
    for _ in range(7):
        throttle(pace, now)
        pauses.append(pace.paused_until - now)
        now = pace.paused_until
    assert pauses == [1, 2, 4, 8, 16, 32, 32]
    pace.answered(now, sent_at=now, status=200)
    throttle(pace, now)
    assert pace.paused_until - now == 1


@pytest.mark.parametrize("status", [429, 425, 503, 500, 502, 504])
@pytest.mark.parametrize("seconds", [0.0, 0.25, 7.0, 599.5, 600.0])
def test_a_host_is_left_alone_for_as_long_as_it_asks(status, seconds):
    pace = RateLimiter(20.0)
    pace.answered(100.0, sent_at=99.0, status=status, retry_after=seconds)
    assert pace.paused_until == 100.0 + seconds


def test_a_longer_wait_asked_for_during_a_pause_counts_and_a_shorter_does_not():
    pace = RateLimiter(20.0)
    throttle(pace, 100.0, retry_after=7.0)
    pace.answered(101.0, sent_at=99.0, status=429, retry_after=30.0)
    pace.answered(102.0, sent_at=99.0, status=429, retry_after=1.0)
    pace.answered(103.0, sent_at=99.0, status=429)
    pace.answered(104.0, sent_at=99.0, status=200)
    assert pace.paused_until == 131.0
    assert pace.rate == pytest.approx(14.0)


@pytest.mark.parametrize("asked", [0.0, -5.0, float("nan")])
def test_a_host_that_asks_for_no_wait_and_refuses_again_is_asked_less_and_less(asked):
    pace = RateLimiter(20.0)
    pauses, now = [], 100.0
    for _ in range(8):
        throttle(pace, now, retry_after=asked)
        pauses.append(pace.paused_until - now)
        now = pace.paused_until + 0.01
    assert pauses == pytest.approx([0, 1, 2, 4, 8, 16, 32, 32])


@pytest.mark.parametrize("asked", [86_400.0, 1e308, float("inf")])
def test_a_pause_has_an_end(asked):
    pace = RateLimiter(20.0)
    throttle(pace, 0.0, retry_after=asked)
    assert pace.paused_until == 600.0


def test_what_was_on_its_way_when_the_host_was_paused_says_nothing_new():
    pace = RateLimiter(20.0)
    throttle(pace, 100.0, retry_after=0.0)
    for after in range(1, 9):
        pace.answered(100.0 + after / 100, sent_at=99.9, status=429, retry_after=0.0)
    assert pace.closed_for(100.1) == 0
    assert pace.rate == pytest.approx(14.0)


def test_a_few_failures_pause_nothing():
    pace = RateLimiter(20.0)
    fail(pace, 100.0, times=4)
    pace.answered(100.0, sent_at=100.0, status=404)
    fail(pace, 100.0, times=4)
    assert not pace.is_down
    assert pace.closed_for(100.0) == 0


@pytest.mark.parametrize("status", [None, 500, 502, 504, 599])
def test_five_failures_in_a_row_are_a_host_that_is_down(status):
    pace = RateLimiter(20.0)
    for _ in range(5):
        assert not pace.is_down
        if status is None:
            fail(pace, 100.0)
        else:
            pace.answered(100.0, sent_at=100.0, status=status)
    assert pace.is_down
    assert pace.closed_for(100.0) == 1.0
    assert pace.rate == 20.0


def test_a_host_that_cannot_be_connected_to_is_down_at_once():
    pace = RateLimiter(20.0)
    pace.unanswered(100.0, sent_at=100.0, is_unsent=True)
    assert pace.is_down
    assert pace.closed_for(100.0) == 1.0
    assert pace.rate == 20.0


def down(*, at: float) -> RateLimiter:
    pace = RateLimiter(20.0)
    pace.unanswered(at, sent_at=at, is_unsent=True)
    return pace


def test_after_a_pause_one_probe_goes_out_and_the_others_wait_for_it():
    pace = down(at=100.0)
    assert pace.wait(101.0) == 0
    assert pace.wait(101.0) > 0
    assert pace.wait(110.0) > 0
    pace.answered(110.0, sent_at=101.0, status=200)
    assert not pace.is_down
    assert leave(pace, start=111.0, seconds=10.0) == pytest.approx(200, rel=0.05)


def test_probes_that_fail_grow_apart():
    pace = down(at=100.0)
    probes, now = [], 100.0
    while now < 700.0:
        if (wait := pace.wait(now)) > 0:
            now += wait + 1e-9
            continue
        probes.append(now)
        now += 0.5
        pace.unanswered(now, sent_at=now - 0.5, is_unsent=False)
        pace.unanswered(now, sent_at=99.0, is_unsent=False)  # From before it all.
    gaps = [later - earlier for earlier, later in pairwise(probes)]
    assert gaps[:6] == pytest.approx([2.5, 4.5, 8.5, 16.5, 32.5, 32.5], abs=0.1)
    assert len(probes) < 25
    assert pace.rate == 20.0


def test_a_probe_that_never_returns_does_not_stop_the_others_for_ever():
    pace = down(at=100.0)
    assert pace.wait(101.0) == 0
    assert pace.wait(130.9) > 0
    assert pace.wait(131.0) == 0
    assert pace.wait(131.0) > 0


def test_a_probe_that_says_nothing_of_the_host_leaves_its_place_to_another():
    pace = down(at=100.0)
    assert pace.wait(101.0) == 0
    pace.released()
    assert pace.wait(102.0) == 0


def test_the_place_of_a_probe_can_be_taken_in_advance_by_one():
    pace = down(at=100.0)
    pace.reserve(101.0)
    assert pace.closed_for(101.0) > 0
    assert pace.wait(102.0) == 0
    assert pace.wait(102.0) > 0
    pace.answered(103.0, sent_at=102.0, status=200)
    pace.reserve(103.0)
    assert pace.closed_for(103.0) == 0


def test_a_refusal_of_the_rate_is_a_host_that_is_there():
    pace = down(at=100.0)
    pace.answered(101.0, sent_at=101.0, status=429)
    assert not pace.is_down
    assert pace.closed_for(101.0) == 1.0
    assert pace.rate == pytest.approx(14.0, rel=0.01)


def test_a_host_that_is_down_for_long_is_not_throttled_by_the_word_busy():
    pace, now = RateLimiter(20.0), 100.0
    for _ in range(5):
        pace.answered(now, sent_at=now, status=503)
        now = pace.paused_until
    rate = pace.rate
    for _ in range(50):
        pace.answered(now, sent_at=now, status=503)
        now = pace.paused_until
    assert pace.is_down
    assert pace.rate == rate


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
