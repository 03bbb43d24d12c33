"""The estimate of when a run will be done, on runs of which the end is known."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from asyncdest_nb.operation import Operation, State
from asyncdest_nb.session.time_left import time_left

BEGAN = 1_000.0
DICE = random.Random(7)
SECOND_HALF = [0.5, 0.6, 0.7, 0.8, 0.9]
Run = list[tuple[float, float]]  # Start and duration of each operation, in seconds.


def at_once(count: int, take: Callable[[], float]) -> Run:
    return [(BEGAN, take()) for _ in range(count)]


def one_by_one(count: int, take: Callable[[], float]) -> Run:
    """Return operations of which 20 begin in a second."""
    return [(BEGAN + at / 20, take()) for at in range(count)]


def uniform() -> float:
    return DICE.uniform(1, 20)


def with_a_tail() -> float:
    return DICE.expovariate(1 / 8)


def end_of(run: Run) -> float:
    return max(start + seconds for start, seconds in run)


def seen(run: Run, now: float, *, reports: bool = False, queued: float = 0.0) -> list[Operation]:
    """Return the operations of *run* as they are known at *now*.

    They are at 0 % for the share *queued* of their time.
    """
    found = []
    for number, (start, seconds) in enumerate(run):
        each = Operation(number=number, rows=(number,))
        if start <= now:
            work = max(0.0, (now - start) / seconds - queued) / (1 - queued)
            progress = 100 * work if reports else None
            running = {"state": State.RUNNING, "submitted_at": start, "seen_at": now}
            each = replace(each, **running, progress=progress)
        if start + seconds <= now:
            each = replace(each, state=State.COMPLETED, finished_at=start + seconds, progress=100.0)
        found.append(each)
    return found


@pytest.mark.parametrize("part", SECOND_HALF)
@pytest.mark.parametrize(
    ("run", "reports"),
    [
        (one_by_one(1000, lambda: DICE.uniform(1, 4)), False),
        (one_by_one(1000, uniform), False),
        (at_once(2000, uniform), True),
        (at_once(1000, with_a_tail), True),
        (at_once(1, lambda: 60.0), True),
    ],
    ids=["even", "uniform", "uniform-reports", "tail-reports", "one-job-reports"],
)
def test_in_the_second_half_it_is_within_a_factor_of_two(run, reports, part):
    now = BEGAN + part * (end_of(run) - BEGAN)
    left = end_of(run) - now
    found = time_left(seen(run, now, reports=reports), now)
    if found is None:
        assert left < 6  # The last seconds may be as long as it takes until a poll.
    else:
        assert left / 2 <= found <= 2 * left


@pytest.mark.parametrize("queued", [0.3])
@pytest.mark.parametrize("take", [uniform, with_a_tail])
def test_operations_that_wait_in_a_queue_do_not_seem_to_take_longer(take, queued):
    run = at_once(1000, take)
    for part in SECOND_HALF:
        now = BEGAN + part * (end_of(run) - BEGAN)
        found = time_left(seen(run, now, reports=True, queued=queued), now)
        assert found is None or 0.5 <= found / (end_of(run) - now) <= 2


@pytest.mark.parametrize("part", [0.01, *SECOND_HALF])
@pytest.mark.parametrize("take", [uniform, with_a_tail])
def test_what_cannot_be_known_is_not_said(take, part):
    run = at_once(1000, take)  # All began together: the longest is still to come.
    now = BEGAN + part * (end_of(run) - BEGAN)
    assert time_left(seen(run, now), now) is None


def test_an_estimate_that_would_be_a_guess_is_not_shown():
    run = one_by_one(1000, with_a_tail)
    for part in SECOND_HALF:
        now = BEGAN + part * (end_of(run) - BEGAN)
        found = time_left(seen(run, now), now)
        assert found is None or 0.5 <= found / (end_of(run) - now) <= 2


def test_nothing_is_known_at_the_beginning_at_the_end_and_when_one_is_stuck():
    run = one_by_one(100, uniform)
    assert time_left([], BEGAN) is None
    assert time_left(seen(run, BEGAN + 0.1), BEGAN + 0.1) is None
    assert time_left(seen(run, end_of(run)), end_of(run)) is None
    stuck = [*run, (BEGAN, 1_000.0)]
    assert time_left(seen(stuck, BEGAN + 100), BEGAN + 100) is None


def test_of_very_many_operations_some_stand_for_all():
    run = [(BEGAN + at / 500, DICE.uniform(1, 4)) for at in range(20_000)]
    found = time_left(seen(run, BEGAN + 20), BEGAN + 20)
    assert found is not None
    assert 12 < found < 48  # 24 s are left.
