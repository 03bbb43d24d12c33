"""Slow work, on real threads."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from asyncdest_nb.widgets.explorer.work import Problem, Work
from explorer_clicks import at_once


def test_slow_work_does_not_block_and_only_the_latest_counts():
    works: list[Any] = []
    work: Work[int] = Work(works.append, nullcontext())
    seen: list[Any] = []
    done: list[int] = []
    for number in range(3):
        work.do(lambda number=number: done.append(number) or number, seen.append)
    assert len(works) == 1
    works.pop()()
    assert done == [2]
    assert seen == [2]


def test_work_that_is_forgotten_is_not_shown():
    works: list[Any] = []
    work: Work[int] = Work(works.append, nullcontext())
    seen: list[Any] = []
    work.do(lambda: 1, seen.append)
    work.forget()
    works.pop()()
    work.do(lambda: 2, seen.append)
    works.pop()()
    assert seen == [2]


def test_work_is_not_wanted_once_other_work_has_come():
    works: list[Any] = []
    work: Work[int] = Work(works.append, nullcontext())
    wanted: list[bool] = []

    def busy() -> int:
        wanted.append(work.is_wanted)
        work.forget()
        wanted.append(work.is_wanted)
        return 1

    work.do(busy, lambda outcome: None)
    works.pop()()
    assert wanted == [True, False]


def test_an_unforeseen_error_is_a_sentence_and_is_logged(caplog):
    seen: list[Any] = []
    Work(at_once, nullcontext()).do(lambda: {}["missing"], seen.append)
    assert seen == [Problem("KeyError: 'missing'")]
    assert "Traceback" in caplog.text
