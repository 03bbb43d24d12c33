"""One request that asks about many operations takes those along that are nearly due.

By the default schedule, against a real HTTP server.
"""

from __future__ import annotations

import time
from typing import Any

import asyncdest_nb as ad
from one_action import destination, users
from status_server import StatusServer

COUNT = 40


async def perform_batch(request: Any, data: Any) -> Any:
    contexts = [{"operation_id": payload.user_id} for payload in data.payload]
    return ad.AsyncActionResponse(async_contexts=contexts)


def test_few_requests_find_the_ends_of_many_operations(session):
    begun = time.monotonic()

    def statuses(ids: str) -> tuple[int, Any]:
        # They end one after the other, in 2 seconds.
        done = COUNT * (time.monotonic() - begun) / 2
        return 200, ["completed" if int(each[2:]) < done else "pending" for each in ids.split(",")]

    async def poll(request: Any, data: Any) -> Any:
        ids = ",".join(context["operation_id"] for context in data.async_contexts)
        answer = await request(f"{server.url}/operations/{ids}")
        return ad.AsyncPollResponse.of(
            [ad.AsyncOperationResult(status=status) for status in answer.data]
        )

    with StatusServer(statuses) as server:
        act = destination(perform_batch=perform_batch, poll=poll, poll_batch_size=10)
        frame = users(*[f"u-{number}" for number in range(COUNT)])
        run = session.connect(act).submit(frame, "act")
        assert run.wait(timeout=60) == "completed"
    stats = run.stats
    assert stats.poll_requests == len(server.polled)
    assert stats.polls == sum(len(ids.split(",")) for ids in server.polled)
    assert stats.polls / stats.poll_requests > 4
    assert max(len(ids.split(",")) for ids in server.polled) == 10
