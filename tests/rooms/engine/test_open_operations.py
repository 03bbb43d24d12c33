"""A destination that takes rows and does not finish them: submissions wait, and say why."""

from __future__ import annotations

from typing import Any

import asyncdest_nb as ad
from one_action import destination, users
from polled_operations import wait_until


def test_rows_wait_while_as_many_operations_are_open_as_may_be(session, monkeypatch):
    monkeypatch.setattr("asyncdest_nb.engine.run.context.OPEN_SECONDS", 0.5)
    monkeypatch.setattr("asyncdest_nb.schedule.open_limit.OPEN_SECONDS", 0.5)
    sent, is_over = [], []

    async def perform(request: Any, data: Any) -> Any:
        sent.append(data.payload.user_id)
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if is_over else "pending"
        return ad.AsyncPollResponse.of(
            [ad.AsyncOperationResult(status=status) for _ in data.async_contexts]
        )

    # 20 requests a second.
    run = session.connect(destination(perform=perform, poll=poll)).submit(
        users(*range(60)), "act", batch_size=1
    )
    wait_until(lambda: any("more are sent as these end" in each for each in run.notices))
    assert 10 <= len(sent) <= 30  # Those that were on their way are sent.
    is_over.append(True)
    assert run.wait(timeout=60) == "completed"
    assert len(sent) == 60
    assert not run.notices
