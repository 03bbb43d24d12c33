"""The notices of a run, for a person to read."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.engine.run import execution
from one_action import destination, echo, submit, users


def test_a_screen_follows_how_far_the_rows_are_looked_at(session, monkeypatch):
    monkeypatch.setattr(execution, "HEARTBEAT_TICKS", 1_000_000)
    heard: list[str] = []
    has_heard = asyncio.Event()

    async def check(request: Any, data: Any) -> Any:
        await has_heard.wait()
        return [None]

    def hear(numbers: Any, at_rest: bool) -> None:
        heard.extend(run.notices)
        if len(heard) == 3:
            has_heard.set()

    run = submit(session, destination(perform=echo, check=check), users("a"))
    run.on_change(hear)
    assert run.wait(timeout=10) == "completed"
    assert heard[:3] == ["preparing: 1 of 1 rows"] * 3


def test_a_word_outside_the_contract_is_told(session):
    said = ["done"]

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    async def poll(request: Any, data: Any) -> Any:
        return {"results": [{"status": said[0]}]}

    run = submit(session, destination(perform=perform, poll=poll), users("a"))
    told = "1 operation has the status 'done', which is none of pending, completed"
    give_up = time.monotonic() + 30
    while not any(each.startswith(told) for each in run.notices):
        assert time.monotonic() < give_up, run.notices
        run.wait(timeout=0.05)
    said[0] = "completed"
    assert run.wait(timeout=10) == "completed"
    assert run.notices == []
