"""What an operation takes in memory while it waits for its end; no request is made."""

from __future__ import annotations

import gc
import time
import tracemalloc
from itertools import count
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import State

OPERATIONS, WARM = 3_000, 50
_numbers = count()


class _User(ad.Payload):
    user_id: str = ad.field("User ID")
    name: str = ad.field("Name")


async def _accept(request: Any, data: Any) -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(
        async_contexts=[{"operation_id": f"operation-{next(_numbers)}"} for _ in data.payload]
    )


async def _poll(request: Any, data: Any) -> ad.AsyncPollResponse:
    return ad.AsyncPollResponse.of(
        [ad.AsyncOperationResult(status="pending") for _ in data.async_contexts]
    )


def accepted(session: ad.Session, rows: int) -> ad.Run:
    act = ad.Action(title="Act", payload=_User, perform_batch=_accept, poll=_poll, batch_size=500)
    accepts = ad.Destination(
        name="Accepts", slug="accepts", actions={"act": act}, requests_per_second=1e6
    )
    users = [f"user-{number}" for number in range(rows)]
    frame = pd.DataFrame({"user_id": users, "name": users})
    run = session.connect(accepts).submit(frame, "act", again=True)
    while [each.state for each in run.operations[-1:]] != [State.ACCEPTED]:
        time.sleep(0.05)
    run.pause()
    return run


@pytest.mark.slow
def test_an_operation_that_waits_takes_much_less_than_a_kilobyte(tmp_path):
    with ad.Session(path=tmp_path / "run.session") as session:
        kept = accepted(session, WARM)
        tracemalloc.start()
        run = accepted(session, OPERATIONS)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert {each.state for each in run.operations} <= {State.ACCEPTED, State.RUNNING}
        assert used / OPERATIONS < 800, used / OPERATIONS
        run.cancel()
        kept.cancel()
