"""The default schedule, in virtual time: what it learns, and what it never does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncdest_nb.schedule import ExpectedLag, RateLimiter

ROUND_TRIP = 0.1  # seconds
LAWS = {
    "lognormal": lambda random: 30 * random.lognormvariate(0, 1),
    "heavy-tailed": lambda random: 5 * random.paretovariate(0.8),
    "bimodal": lambda random: random.choice((3.0, 90.0)),
    "constant": lambda random: 20.0,
    "uniform": lambda random: random.uniform(0, 60),
    "at once": lambda random: 0.0,
}


class Server:
    """Operations that end at set times, polled by a schedule at *rate* requests a second.

    ``polls`` has the times of the polls of each operation, ``known`` when its end was found.
    """

    def __init__(self, ends: list[float], *, rate: float = 1000.0) -> None:
        self.ends = ends
        self.limiter = RateLimiter(rate)
        self.polls: list[list[float]] = [[] for _ in ends]
        self.known = [0.0] * len(ends)
        self.floors = [0.0] * len(ends)  # Before which the destination asked not to be polled.
        self.asks: dict[int, float] = {}  # Retry-After of its answers, by operation.
        self.fails: set[int] = set()  # Those whose first three polls get no answer.
        self.progress = lambda number, now: None

    def run(self, schedule: ExpectedLag, *, until: float = 3000.0) -> Server:
        """Accept all at 0, and poll until all ends are known."""
        for number in range(len(self.ends)):
            self.floors[number] = self.asks.get(number, 0.0)
            schedule.accepted(number, now=0.0, retry_after=self.asks.get(number))
        now, left = 0.0, len(self.ends)
        while left and now < until:
            while self.limiter.take(now) == 0.0:
                due = schedule.due(now, limit=1)
                if not due:
                    self.limiter.give_back()
                    break
                left -= self._answer(schedule, due[0], now)
            # A plan may be made anew at any time, but nothing changes while nothing is due.
            now = max(now + 0.05, schedule.next_at() or 0.0)
        assert not left, "not all ends are known"
        assert schedule.next_at() is None
        return self

    def _answer(self, schedule: ExpectedLag, number: int, now: float) -> bool:
        assert not self.known[number], "polled after its end was known"
        self.polls[number].append(now)
        if number in self.fails and len(self.polls[number]) <= 3:
            schedule.errored(number, now=now, retry_after=self._asks(number, now))
        elif now >= self.ends[number]:
            self.known[number] = now or 1e-9
            schedule.ended(number, now=now)
            schedule.finished(number)
            return True
        else:
            schedule.answered(
                number,
                now=now,
                progress=self.progress(number, now),
                retry_after=self._asks(number, now),
            )
        return False

    def _asks(self, number: int, now: float) -> float | None:
        seconds = self.asks.get(number)
        self.floors[number] = now + (seconds or 0.0)
        return seconds

    @property
    def polls_per_operation(self) -> float:
        return sum(map(len, self.polls)) / len(self.ends)

    @property
    def lags(self) -> list[float]:
        return [known - end for known, end in zip(self.known, self.ends, strict=True)]


def reported(kind: str, server: Server) -> Callable[[int, float], float | None]:
    """Return what operations report as their progress, in percent."""
    random = Random(7)

    def honest(number: int, now: float) -> float:
        return 100 * min(1.0, now / (server.ends[number] or 1.0))

    return {
        "none": lambda number, now: None,
        "honest": honest,
        "stuck at 99 %": lambda number, now: 99.0,
        "backwards": lambda number, now: 100 - honest(number, now),
        "jumps": lambda number, now: random.uniform(0, 100),
    }[kind]


def drawn(law: str, count: int, seed: int) -> list[float]:
    random = Random(seed)
    return [min(1800.0, LAWS[law](random)) for _ in range(count)]


@settings(max_examples=25, deadline=None)
@given(
    law=st.sampled_from(sorted(LAWS)),
    count=st.integers(1, 40),
    seed=st.integers(0, 1000),
    asks=st.dictionaries(st.integers(0, 39), st.floats(0.1, 90.0), max_size=5),
    fails=st.sets(st.integers(0, 39), max_size=5),
    reports=st.sampled_from(["none", "honest", "stuck at 99 %", "backwards", "jumps"]),
)
def test_whatever_takes_how_long_no_promise_of_the_schedule_is_broken(
    law, count, seed, asks, fails, reports
):
    def once() -> Server:
        server = Server(drawn(law, count, seed))
        server.progress = reported(reports, server)
        server.asks, server.fails = asks, fails
        return server.run(ExpectedLag())

    server = once()
    for number, polls in enumerate(server.polls):
        pause = asks.get(number, 0.0)
        assert polls[0] >= pause
        for earlier, later in pairwise(polls):
            assert later - earlier >= max(pause, 0.25) - 1e-9
            # The longest interval: no operation is starved.
            longest = max(pause, min(60.0, max(20.0, earlier / 2)))
            failing = 60.0 if number in fails else 0.0
            assert later - earlier <= max(longest, failing) + 1.0
    assert once().polls == server.polls, "not deterministic"


@pytest.mark.parametrize("rate", [2.0, 20.0])
def test_no_second_has_more_polls_than_the_rate_allows(rate):
    server = Server(drawn("lognormal", 60, 1), rate=rate).run(ExpectedLag())
    sent = sorted(at for polls in server.polls for at in polls)
    for first, at in enumerate(sent):
        assert sum(at <= other < at + 1.0 for other in sent[first:]) <= rate


def test_the_ends_of_operations_of_a_known_duration_are_found_sooner():
    first = Server([300.0] * 50).run(schedule := ExpectedLag())
    later = ExpectedLag()
    later.recall(schedule.knowledge())
    second = Server([300.0] * 50).run(later)
    assert sum(second.lags) < sum(first.lags)
    assert second.polls_per_operation < 1.1 * first.polls_per_operation


def test_quick_operations_are_polled_sooner_once_that_is_known():
    first = Server([0.5] * 100).run(quick := ExpectedLag())
    again = ExpectedLag()
    again.recall(quick.knowledge())
    second = Server([0.5] * 100).run(again)
    assert max(second.lags) < 0.7 * max(first.lags)
    assert second.polls_per_operation < 2


def test_the_last_operations_are_polled_more_often_than_when_there_were_many():
    def interval(others: int) -> float:
        schedule = ExpectedLag()
        for number in range(1 + others):
            schedule.accepted(number, now=0.0)
        for number in range(1 + others):
            schedule.answered(number, now=60.0, progress=None)
        for number in range(1, 1 + others // 2):
            schedule.finished(number)
        schedule.due(60.0, limit=1)
        return schedule.next_at() - 60.0

    assert interval(0) < interval(10) < interval(400)


def test_an_operation_that_costs_a_tenth_of_a_request_is_polled_more_often():
    def interval(price: float) -> float:
        schedule = ExpectedLag()
        for _ in range(50):
            schedule.priced(price)
        for number in range(200):
            schedule.accepted(number, now=0.0)
            schedule.answered(number, now=60.0, progress=None)
        schedule.due(60.0, limit=1)
        return schedule.next_at() - 60.0

    assert interval(0.1) < 0.7 * interval(1.0) < interval(3.0)


def test_a_request_that_is_sent_anyway_takes_those_along_that_were_not_seen_for_longest():
    schedule = ExpectedLag()
    for number, seen in enumerate((13.0, 11.0, 12.0, 10.0)):
        schedule.accepted(number, now=0.0)
        schedule.answered(number, now=seen, progress=None)
    assert schedule.early([0, 1, 2], 13.1, limit=2) == [1, 2]
    assert schedule.early([0, 1, 2, 99], 13.1, limit=2) == []  # 0 was seen just now.
    assert 1 not in schedule.due(1000.0, limit=10)
    schedule.answered(1, now=1000.0, progress=None)
    assert 1 in schedule.due(2000.0, limit=10)


@pytest.mark.parametrize(
    "knowledge",
    [
        {},
        {"by_age": None},
        {"by_age": {"events": "many", "exposure": [1.0]}},
        {"by_age": {"events": [-1.0], "exposure": [float("nan")]}},
        {"by_age": {"events": [1.0] * 1000, "exposure": [1.0]}},
        {"by_age": {"events": [1e300], "exposure": [0.0]}, "more": 1},
    ],
)
def test_knowledge_that_is_none_does_no_harm(knowledge):
    schedule = ExpectedLag()
    schedule.recall(knowledge)
    Server(drawn("uniform", 10, 1)).run(schedule)


def test_what_an_earlier_run_knew_counts_little_against_what_is_seen_now():
    slow = ExpectedLag()
    Server([600.0] * 200).run(slow)
    surprised = ExpectedLag()
    surprised.recall(slow.knowledge())
    server = Server(drawn("uniform", 200, 3)).run(surprised)
    assert sum(server.lags) / 200 < 10


def with_reports(kind: str) -> Server:
    server = Server(drawn("lognormal", 150, 5), rate=20.0)
    server.progress = reported(kind, server)
    return server.run(ExpectedLag())


def test_honest_reports_of_progress_lower_both_the_lag_and_the_polls():
    told, untold = with_reports("honest"), with_reports("none")
    assert sum(told.lags) < 0.6 * sum(untold.lags)
    assert told.polls_per_operation < untold.polls_per_operation


@pytest.mark.parametrize("lie", ["stuck at 99 %", "backwards", "jumps"])
def test_reports_that_predict_nothing_cost_little(lie):
    told, untold = with_reports(lie), with_reports("none")
    assert sum(told.lags) < 1.3 * sum(untold.lags)
    assert told.polls_per_operation < 1.3 * untold.polls_per_operation


def test_how_far_reports_can_be_relied_on_is_known_in_the_next_run():
    def run(schedule: ExpectedLag) -> Server:
        server = Server(drawn("lognormal", 40, 6), rate=20.0)
        server.progress = reported("honest", server)
        return server.run(schedule)

    run(first := ExpectedLag())
    second = ExpectedLag()
    second.recall(first.knowledge())
    assert sum(run(second).lags) < sum(run(ExpectedLag()).lags)
