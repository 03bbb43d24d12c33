"""What an operation takes in memory while it waits for its end, and after; no request is made."""

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
_ENDED = 200
_numbers = count()


class _User(ad.Payload):
    user_id: str = ad.field("User ID")
    name: str = ad.field("Name")


async def _accept(request: Any, data: Any) -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(
        async_contexts=[{"operation_id": f"operation-{next(_numbers)}"} for _ in data.payload]
    )


async def _accept_alone(request: Any, data: Any) -> ad.AsyncActionResponse:
    own = data.payload.user_id
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": own, "user_id": own}])


async def _end(request: Any, data: Any) -> ad.AsyncPollResponse:
    done = ad.AsyncOperationResult(status="completed")
    return ad.AsyncPollResponse.of([done for _ in data.async_contexts])


async def _poll(request: Any, data: Any) -> ad.AsyncPollResponse:
    return ad.AsyncPollResponse.of(
        [ad.AsyncOperationResult(status="pending") for _ in data.async_contexts]
    )


def submitted(session: ad.Session, rows: int, **functions: Any) -> ad.Run:
    act = ad.Action(title="Act", payload=_User, batch_size=500, **functions)
    accepts = ad.Destination(
        name="Accepts", slug="accepts", actions={"act": act}, requests_per_second=1e6
    )
    users = [f"user-{number}" for number in range(rows)]
    frame = pd.DataFrame({"user_id": users, "name": users})
    return session.connect(accepts).submit(frame, "act", again=True)


def accepted(session: ad.Session, rows: int) -> ad.Run:
    run = submitted(session, rows, perform_batch=_accept, poll=_poll)
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


def test_the_engine_keeps_three_times_of_an_operation_that_has_ended_and_no_copy(session):
    submitted(session, WARM, perform=_accept_alone, poll=_end).wait(timeout=30)
    tracemalloc.start()
    run = submitted(session, _ENDED, perform=_accept_alone, poll=_end)
    run.wait(timeout=60)
    taken = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, f"*/{name}.py") for name in ("clock", "journal", "open_limit")]
    )
    tracemalloc.stop()
    assert run.counts["completed"] == _ENDED
    used = sum(each.size for each in taken.statistics("filename"))
    # The floats of three times take 72; and the limit keeps some for each second of the last 60.
    assert used < 100 * _ENDED + 6_000, used / _ENDED
