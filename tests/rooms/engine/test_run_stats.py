"""What a run says it has cost, beside what the server counted; and what is learned for later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import FixedInterval
from documented_server import DocumentedServer
from one_action import destination


def users(count: int) -> pd.DataFrame:
    return pd.DataFrame({"user_id": [f"u-{number}" for number in range(count)]})


def counted(server: DocumentedServer, method: str) -> int:
    return sum(each.method == method for each in server.arrived)


@pytest.mark.parametrize("throttled", [0.0, 0.2])
def test_the_requests_of_the_stats_are_those_that_the_server_counted(session, throttled):
    with DocumentedServer(throttled=throttled, seed=4) as server:
        crm = session.connect("example-async", endpoint=server.url)
        run = crm.submit(
            users(12),
            "asyncOperation",
            operation_type="sync_profile",
            batch_size=5,
            schedule=FixedInterval(0.5),
        )
        assert run.wait(timeout=60) == "completed"
        stats = run.stats
        assert stats.submit_requests == counted(server, "POST")
        assert stats.poll_requests == counted(server, "GET")
        assert stats.requests == len(server.arrived)
        assert stats.polls_per_operation == pytest.approx(stats["polls"] / 12)


def test_a_lag_is_estimated_where_the_destination_does_not_say_when_it_ended(session):
    with DocumentedServer() as server:
        crm = session.connect("example-async", endpoint=server.url)
        run = crm.submit(users(3), "asyncOperation", operation_type="sync_profile")
        run.wait(timeout=60)
    assert run.stats.lag_measured == 0
    assert 0 < run.stats.lag_mean <= run.stats.lag_p95
    assert "(estimated)" in repr(run.stats)
    assert dict(run.stats)["polls"] == run.stats.polls


def test_a_lag_is_measured_where_the_destination_says_when_it_ended(session):
    ended: list[float] = []

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> Any:
        if not ended:
            ended.append(datetime.now(UTC).timestamp())
            return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="pending")])
        at = datetime.fromtimestamp(ended[0], UTC).isoformat()
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", endedAt=at)])

    act = destination(perform=perform, poll=poll)
    run = session.connect(act).submit(users(1), "act", schedule=FixedInterval(3.0))
    assert run.wait(timeout=60) == "completed"
    assert run.stats.lag_measured == 1
    assert "(measured)" in repr(run.stats)
    assert run.stats.lag_mean > 0


@pytest.mark.parametrize(
    "given",
    ["soon", "", None, True, {}, 1e300, "2026-13-45", "0001-01-01T00:00:00Z", 0, -1, float("nan")],
)
def test_an_end_that_is_no_time_counts_as_not_stated(given):
    result = ad.AsyncOperationResult.model_validate({"status": "completed", "endedAt": given})
    assert result.ended_at is None


@pytest.mark.parametrize(
    "given", [1_700_000_000, 1_700_000_000_000, "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00"]
)
def test_an_end_is_read_in_seconds_milliseconds_and_iso_8601(given):
    result = ad.AsyncOperationResult.model_validate({"status": "completed", "endedAt": given})
    assert result.ended_at == 1_700_000_000


def test_what_a_run_learned_is_known_after_a_restart(tmp_path):
    path = tmp_path / "s.sqlite"
    with DocumentedServer(polls_until_final=0) as server:
        with ad.Session(path=path) as session:
            crm = session.connect("example-async", endpoint=server.url)
            crm.submit(users(30), "asyncOperation", operation_type="sync_profile").wait(timeout=60)
            assert len(session.state) == 0 or "by_age" not in repr(session.state)
        with ad.Session(path=path) as session:
            crm = session.connect("example-async", endpoint=server.url)
            run = crm.submit(users(30), "asyncOperation", operation_type="generate_report")
            run.wait(timeout=60)
    assert run.stats.polls_per_operation < 1.5
