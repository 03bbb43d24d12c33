"""State after a restart: real SQLite files, which are read with SQLite itself."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from stateful_actions import (
    DAY,
    EAGER,
    READ,
    STORE,
    accept,
    destination,
    poll_what_was_stored,
    read,
    run_of,
    store_and_accept,
    value_read,
    values_read,
    wait_until,
)


def test_state_is_there_after_a_restart(path):
    with ad.Session(path=path) as session:
        run_of(session.connect(STORE), "a")
    with ad.Session(path=path) as session:
        crm = session.connect(STORE, api_key="a-key-of-today")
        assert values_read(run_of(crm, "b")) == ["a"]
    with ad.Session(path=path) as session:
        assert value_read(session.connect(READ)) == "b"


def test_poll_reads_its_own_after_a_restart_too(path):
    async def pending(request: Any, data: Any) -> Any:
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="pending")])

    frame = pd.DataFrame({"user_id": ["a", "b"]})
    with ad.Session(path=path) as session:
        crm = session.connect(destination(perform=store_and_accept, poll=pending))
        run = crm.submit(frame, "act", schedule=SquareRoot(**EAGER))
        wait_until(lambda: run.operations and all(each.accepted_at for each in run.operations))
        crm.execute_action("act", {"user_id": "somebody else"})
    with ad.Session(path=path) as session:
        session.connect(destination(perform=store_and_accept, poll=poll_what_was_stored))
        (run,) = session.runs()
        run.wait(timeout=20)
        assert values_read(run) == ["a", "b"]


def test_what_a_submission_stored_is_in_the_file_with_its_operation_id(path):
    seen = []
    all_have_come = asyncio.Event()

    async def perform(request: Any, data: Any) -> Any:
        seen.append(data.payload.user_id)
        if len(seen) == 3:
            all_have_come.set()  # The two others go on in one turn of the loop, and share a commit.
        await all_have_come.wait()
        return await store_and_accept(request, data)

    async def poll(request: Any, data: Any) -> Any:
        files.append(in_both(path))
        return await poll_what_was_stored(request, data)

    files: list[tuple[set[str], set[str]]] = []
    with ad.Session(path=path) as session:
        run_of(session.connect(destination(perform=perform, poll=poll)), "a", "b", "c")
    accepted, stored = files[0]
    assert len(accepted) == 3
    assert accepted <= stored


def in_both(path: Path) -> tuple[set[str], set[str]]:
    """Return the scopes of the submissions that are accepted, and those with state."""
    with closing(sqlite3.connect(path)) as db:
        accepted = "SELECT run || '/' || batch FROM operation WHERE operation_id IS NOT NULL"
        found = [db.execute(query) for query in (accepted, "SELECT scope FROM state")]
        return {each for (each,) in found[0]}, {each for (each,) in found[1]}


@pytest.mark.parametrize("days_ahead", [0, 2])
def test_after_a_restart_no_submission_reads_the_state_of_another_for_its_expired_own(
    path, times, days_ahead
):
    seen: dict[str, Any] = {}

    async def perform(request: Any, data: Any) -> Any:
        hours = {"hour": 1 if data.payload.user_id == "a" else 2400}
        data.state_context.set_response_context("user", data.payload.user_id, hours)
        return accept(data.payload)

    async def poll(request: Any, data: Any) -> Any:
        (context,) = data.async_contexts
        seen[context["operation_id"]] = data.state_context.get_request_context("user")
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="pending")])

    act = destination(perform=perform, poll=poll, poll_batch_size=1)
    with ad.Session(path=path) as session:
        frame = pd.DataFrame({"user_id": ["a", "b"]})
        session.connect(act).submit(frame, "act", schedule=SquareRoot(**EAGER))
        wait_until(lambda: times.pass_seconds(0.1) or len(seen) == 2)
    times.pass_seconds(days_ahead * DAY)  # For one start only: then the clock is set right.
    ad.Session(path=path).close()
    times.wall -= days_ahead * DAY
    times.pass_seconds(0 if days_ahead else 2 * 3600)
    seen.clear()
    with ad.Session(path=path) as session:
        session.connect(act)
        wait_until(lambda: times.pass_seconds(0.1) or len(seen) == 2)
    assert seen == {"a": "a" if days_ahead else None, "b": "b"}


def test_what_is_read_is_the_same_before_and_after_a_restart(path):
    async def perform(request: Any, data: Any) -> Any:
        mine = {"list": (1, 2), 3: "x"}
        data.state_context.set_response_context("user", mine)
        mine["later"] = True
        return await read(request, data)

    with ad.Session(path=path) as session:
        now = value_read(session.connect(destination(perform=perform)))
    with ad.Session(path=path) as session:
        assert value_read(session.connect(READ)) == now == {"list": [1, 2], "3": "x"}
