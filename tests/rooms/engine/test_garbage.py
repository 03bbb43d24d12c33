"""How often Python collects garbage while runs are going."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine.run.garbage import NEW_OBJECTS, rare_collections


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    """Set the limits of Python 3.11, and restore what was there."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


class _Payload(ad.Payload):
    name: str = ad.field("Name")


def _sent_while(seen: list[int]) -> ad.Destination:
    async def perform(request: object, data: object) -> dict[str, int]:
        seen.append(gc.get_threshold()[0])
        return {"status": 200}

    action = ad.Action(title="Send", payload=_Payload, perform=perform)
    return ad.Destination(name="Seen", slug="seen", settings=ad.Settings, actions={"send": action})


def test_garbage_is_collected_less_often_during_a_run_and_as_before_after_it() -> None:
    seen: list[int] = []
    run = ad.Session().connect(_sent_while(seen)).submit(pd.DataFrame({"name": ["Ada"]}), "send")
    run.wait(timeout=20)
    assert seen == [NEW_OBJECTS]
    assert gc.get_threshold()[0] == 700


def test_of_two_runs_at_once_the_last_one_restores_the_limit() -> None:
    first, second = rare_collections(), rare_collections()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] == NEW_OBJECTS
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("limit", [0, NEW_OBJECTS + 1])
def test_a_user_who_collects_less_often_or_never_keeps_that(limit: int) -> None:
    gc.set_threshold(limit)
    with rare_collections():
        assert gc.get_threshold()[0] == limit
    assert gc.get_threshold()[0] == limit


def test_a_limit_that_the_user_sets_during_a_run_stays() -> None:
    with rare_collections():
        gc.set_threshold(5_000)
    assert gc.get_threshold()[0] == 5_000


def test_a_limit_that_the_user_sets_between_two_runs_is_restored_after_both() -> None:
    with rare_collections():
        gc.set_threshold(5_000)
        with rare_collections():
            assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_threshold()[0] == 5_000
