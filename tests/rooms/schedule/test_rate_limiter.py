"""The rate limiter of a host, on a clock that is a number."""

from __future__ import annotations

from itertools import pairwise

import pytest

from asyncdest_nb.schedule import RateLimiter


def send_all(limiter: RateLimiter, *, start: float, seconds: float) -> int:
    """Return how many requests may be sent if one is wanted at every moment."""
    now, count = start, 0
    while (wait := limiter.take(now)) <= start + seconds - now:
        count, now = (count + 1, now) if wait == 0 else (count, now + wait + 1e-9)
    return count


@pytest.mark.parametrize("rate", [0.5, 20.0, 2000.0])
def test_requests_are_sent_at_the_rate(rate):
    count = send_all(RateLimiter(rate), start=0.0, seconds=10.0)
    assert count == pytest.approx(rate * 10, rel=0.05, abs=1)


def throttle(limiter: RateLimiter, now: float, *, retry_after: float | None = None) -> None:
    """Note a throttling answer to a request that took no time."""
    limiter.answered(now, sent_at=now, status=429, retry_after=retry_after)


def fail(limiter: RateLimiter, now: float, *, times: int = 1) -> None:
    for _ in range(times):
        limiter.unanswered(now, sent_at=now, is_unsent=False)


def test_being_throttled_pauses_the_host_and_lowers_the_rate_once():
    limiter = RateLimiter(20.0)
    throttle(limiter, 100.0, retry_after=7.0)
    throttle(limiter, 100.1, retry_after=5.0)
    assert limiter.take(100.5) == pytest.approx(6.5)
    assert limiter.rate == pytest.approx(14.0)


def test_the_rate_comes_back_without_pauses():
    limiter = RateLimiter(20.0)
    limiter.take(0.0)
    throttle(limiter, 0.0, retry_after=1.0)
    limiter.take(2.0)
    limiter.take(12.0)
    assert limiter.rate == pytest.approx(14.0 + 11 * 0.1)
    limiter.take(10_000.0)
    assert limiter.rate == 20.0


def test_without_retry_after_pauses_double_until_a_request_is_answered():
    limiter = RateLimiter(20.0)
    pauses, now = [], 0.0
    for _ in range(7):
        throttle(limiter, now)
        pauses.append(limiter.paused_until - now)
        now = limiter.paused_until
    assert pauses == [1, 2, 4, 8, 16, 32, 32]
    limiter.answered(now, sent_at=now, status=200)
    throttle(limiter, now)
    assert limiter.paused_until - now == 1


@pytest.mark.parametrize("status", [429, 425, 503, 500, 502, 504])
@pytest.mark.parametrize("seconds", [0.0, 0.25, 7.0, 599.5, 600.0])
def test_a_pause_lasts_as_long_as_the_host_asks(status, seconds):
    limiter = RateLimiter(20.0)
    limiter.answered(100.0, sent_at=99.0, status=status, retry_after=seconds)
    assert limiter.paused_until == 100.0 + seconds


def test_during_a_pause_a_longer_retry_after_counts_and_a_shorter_does_not():
    limiter = RateLimiter(20.0)
    throttle(limiter, 100.0, retry_after=7.0)
    limiter.answered(101.0, sent_at=99.0, status=429, retry_after=30.0)
    limiter.answered(102.0, sent_at=99.0, status=429, retry_after=1.0)
    limiter.answered(103.0, sent_at=99.0, status=429)
    limiter.answered(104.0, sent_at=99.0, status=200)
    assert limiter.paused_until == 131.0
    assert limiter.rate == pytest.approx(14.0)


@pytest.mark.parametrize("asked", [0.0, -5.0, float("nan")])
def test_a_host_that_asks_for_no_pause_and_throttles_again_gets_longer_pauses(asked):
    limiter = RateLimiter(20.0)
    pauses, now = [], 100.0
    for _ in range(8):
        throttle(limiter, now, retry_after=asked)
        pauses.append(limiter.paused_until - now)
        now = limiter.paused_until + 0.01
    assert pauses == pytest.approx([0, 1, 2, 4, 8, 16, 32, 32])


@pytest.mark.parametrize("asked", [86_400.0, 1e308, float("inf")])
def test_a_pause_has_an_end(asked):
    limiter = RateLimiter(20.0)
    throttle(limiter, 0.0, retry_after=asked)
    assert limiter.paused_until == 600.0


def test_answers_to_requests_from_before_a_pause_change_nothing():
    limiter = RateLimiter(20.0)
    throttle(limiter, 100.0, retry_after=0.0)
    for after in range(1, 9):
        limiter.answered(100.0 + after / 100, sent_at=99.9, status=429, retry_after=0.0)
    assert limiter.seconds_closed(100.1) == 0
    assert limiter.rate == pytest.approx(14.0)


def test_a_few_failures_pause_nothing():
    limiter = RateLimiter(20.0)
    fail(limiter, 100.0, times=4)
    limiter.answered(100.0, sent_at=100.0, status=404)
    fail(limiter, 100.0, times=4)
    assert not limiter.is_down
    assert limiter.seconds_closed(100.0) == 0


@pytest.mark.parametrize("status", [None, 500, 502, 504, 599])
def test_five_failures_in_a_row_are_a_host_that_is_down(status):
    limiter = RateLimiter(20.0)
    for _ in range(5):
        assert not limiter.is_down
        if status is None:
            fail(limiter, 100.0)
        else:
            limiter.answered(100.0, sent_at=100.0, status=status)
    assert limiter.is_down
    assert limiter.seconds_closed(100.0) == 1.0
    assert limiter.rate == 20.0


def test_a_host_that_cannot_be_connected_to_is_down_at_once():
    limiter = RateLimiter(20.0)
    limiter.unanswered(100.0, sent_at=100.0, is_unsent=True)
    assert limiter.is_down
    assert limiter.seconds_closed(100.0) == 1.0
    assert limiter.rate == 20.0


def down(*, at: float) -> RateLimiter:
    limiter = RateLimiter(20.0)
    limiter.unanswered(at, sent_at=at, is_unsent=True)
    return limiter


def test_after_a_pause_one_probe_goes_out_and_the_others_wait_for_it():
    limiter = down(at=100.0)
    assert limiter.take(101.0) == 0
    assert limiter.take(101.0) > 0
    assert limiter.take(110.0) > 0
    limiter.answered(110.0, sent_at=101.0, status=200)
    assert not limiter.is_down
    assert send_all(limiter, start=111.0, seconds=10.0) == pytest.approx(200, rel=0.05)


def test_probes_that_fail_grow_apart():
    limiter = down(at=100.0)
    probes, now = [], 100.0
    while now < 700.0:
        if (wait := limiter.take(now)) > 0:
            now += wait + 1e-9
            continue
        probes.append(now)
        now += 0.5
        limiter.unanswered(now, sent_at=now - 0.5, is_unsent=False)
        limiter.unanswered(now, sent_at=99.0, is_unsent=False)  # Sent before the host was down.
    gaps = [later - earlier for earlier, later in pairwise(probes)]
    assert gaps[:6] == pytest.approx([2.5, 4.5, 8.5, 16.5, 32.5, 32.5], abs=0.1)
    assert len(probes) < 25
    assert limiter.rate == 20.0


def test_a_probe_that_never_returns_does_not_stop_the_others_for_ever():
    limiter = down(at=100.0)
    assert limiter.take(101.0) == 0
    assert limiter.take(130.9) > 0
    assert limiter.take(131.0) == 0
    assert limiter.take(131.0) > 0


def test_after_a_probe_without_an_answer_another_may_be_sent():
    limiter = down(at=100.0)
    assert limiter.take(101.0) == 0
    limiter.probe_ended()
    assert limiter.take(102.0) == 0


def test_one_probe_can_be_reserved():
    limiter = down(at=100.0)
    limiter.reserve(101.0)
    assert limiter.seconds_closed(101.0) > 0
    assert limiter.take(102.0) == 0
    assert limiter.take(102.0) > 0
    limiter.answered(103.0, sent_at=102.0, status=200)
    limiter.reserve(103.0)
    assert limiter.seconds_closed(103.0) == 0


def test_a_host_that_throttles_is_not_down():
    limiter = down(at=100.0)
    limiter.answered(101.0, sent_at=101.0, status=429)
    assert not limiter.is_down
    assert limiter.seconds_closed(101.0) == 1.0
    assert limiter.rate == pytest.approx(14.0, rel=0.01)


def test_the_rate_of_a_host_that_is_down_does_not_fall_with_503():
    limiter, now = RateLimiter(20.0), 100.0
    for _ in range(5):
        limiter.answered(now, sent_at=now, status=503)
        now = limiter.paused_until
    rate = limiter.rate
    for _ in range(50):
        limiter.answered(now, sent_at=now, status=503)
        now = limiter.paused_until
    assert limiter.is_down
    assert limiter.rate == rate


def test_the_seconds_of_pauses_are_counted_once_where_they_overlap():
    limiter = RateLimiter(20.0)
    assert limiter.seconds_paused(50.0) == 0
    throttle(limiter, 100.0, retry_after=7.0)
    throttle(limiter, 102.0, retry_after=10.0)
    assert limiter.seconds_paused(103.0) == pytest.approx(3.0)
    assert limiter.seconds_paused(200.0) == pytest.approx(12.0)


def test_no_second_has_more_requests_than_the_rate():
    limiter, now, sent = RateLimiter(20.0), 0.0, []
    while now < 5.0:
        wait = limiter.take(now)
        if wait == 0.0:
            sent.append(now)
        now += max(wait, 1e-6)
    assert max(sum(at <= other < at + 1.0 for other in sent) for at in sent) == 20
