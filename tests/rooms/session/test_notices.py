"""The notices of a run, for a person to read."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.engine.run import execution
from one_action import destination, echo, submit, users


def test_a_notice_shows_how_many_rows_are_prepared(session, monkeypatch):
    monkeypatch.setattr(execution, "HEARTBEAT_TICKS", 1_000_000)
    seen: list[str] = []
    has_seen = asyncio.Event()

    async def check(request: Any, data: Any) -> Any:
        await has_seen.wait()
        return [None]

    def listen(numbers: Any, at_rest: bool) -> None:
        seen.extend(run.notices)
        if len(seen) == 3:
            has_seen.set()

    run = submit(session, destination(perform=echo, check=check), users("a"))
    run.on_change(listen)
    assert run.wait(timeout=10) == "completed"
    assert seen[:3] == ["preparing: 1 of 1 row"] * 3


def test_a_status_outside_the_contract_is_a_notice(session):
    statuses = ["done"]

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    async def poll(request: Any, data: Any) -> Any:
        return {"results": [{"status": statuses[0]}]}

    run = submit(session, destination(perform=perform, poll=poll), users("a"))
    notice = "1 operation has the status 'done', which is none of pending, completed"
    give_up = time.monotonic() + 30
    while not any(each.startswith(notice) for each in run.notices):
        assert time.monotonic() < give_up, run.notices
        run.wait(timeout=0.05)
    statuses[0] = "completed"
    assert run.wait(timeout=10) == "completed"
    assert run.notices == []
