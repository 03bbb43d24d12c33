"""The queues of the schedules: their order, and what an operation takes in them."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncdest_nb.schedule import ExpectedLag, SquareRoot
from asyncdest_nb.schedule.due_queue import DueQueue, TimeQueue

NUMBERS = st.integers(0, 20)
TIMES = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 60.0])
OPERATIONS = 20_000


@given(st.lists(st.one_of(st.none(), st.tuples(TIMES, NUMBERS))))
def test_pairs_leave_in_order_however_they_come(steps):
    queue, model = TimeQueue(), []
    for pair in steps:
        if pair is not None:
            queue.add(*pair)
            model.append(pair)
        elif model:
            queue.drop_first()
            model.remove(min(model))
        assert queue.first() == min(model, default=None)


@given(st.lists(st.tuples(NUMBERS, st.one_of(st.none(), TIMES))), TIMES)
def test_a_number_is_due_at_the_time_that_was_set_last(steps, now):
    queue, model = DueQueue(), {}
    for number, at in steps:
        if at is None:
            queue.remove(number)
            model.pop(number, None)
        else:
            queue.set(number, at)
            model[number] = at
    assert queue.first() == min(model.values(), default=None)
    assert [each in queue for each in range(25)] == [each in model for each in range(25)]
    due = sorted((at, number) for number, at in model.items() if at <= now)
    assert [queue.take(now) for _ in due] == [number for _, number in due]
    assert queue.take(now) is None


def test_what_was_taken_is_freed():
    queue = TimeQueue()
    tracemalloc.start()
    for number in range(OPERATIONS):
        queue.add(float(number), number)
        if number >= 10:
            queue.drop_first()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert queue.first() == (OPERATIONS - 10.0, OPERATIONS - 10)
    assert used < 100_000


@pytest.mark.parametrize("kind", [ExpectedLag, SquareRoot])
def test_an_operation_takes_few_bytes_of_a_schedule(kind):
    schedule = kind()
    tracemalloc.start()
    for number in range(OPERATIONS):
        schedule.accepted(number, now=float(number // 500))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / OPERATIONS < 60
