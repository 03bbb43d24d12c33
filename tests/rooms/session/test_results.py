"""Results on the rows they belong to, for frames with labels of all kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from one_action import destination


def labelled(draw: Any) -> pd.DataFrame:
    count = draw(st.integers(1, 25))
    kind = draw(st.sampled_from(["duplicates", "shuffled", "multi"]))
    frame = pd.DataFrame({"user_id": [f"user-{i}" for i in range(count)]})
    if kind == "multi":
        labels = [(draw(st.sampled_from("ab")), draw(st.integers(0, 2))) for _ in range(count)]
        frame.index = pd.MultiIndex.from_tuples(labels, names=["region", "n"])
    else:
        top = 3 if kind == "duplicates" else 1000
        frame.index = pd.Index([draw(st.integers(0, top)) for _ in range(count)], name="key")
    return frame.sample(frac=1.0, random_state=draw(st.integers(0, 9)))


@pytest.fixture(scope="module")
def own_session() -> Iterator[ad.Session]:
    with ad.Session() as session:
        yield session


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frame=st.composite(labelled)(), batch_size=st.integers(1, 7), bad=st.integers(0, 24))
def test_results_are_on_the_rows_they_belong_to(own_session, frame, batch_size, bad):
    async def perform_batch(request: Any, data: Any) -> Any:
        contexts = [{"operation_id": payload.user_id} for payload in data.payload]
        return ad.AsyncActionResponse(async_contexts=contexts)

    async def poll(request: Any, data: Any) -> Any:
        user = data.async_contexts[0]["operation_id"]
        fails = user.endswith("3")
        result = ad.AsyncOperationResult(status="failed" if fails else "completed", result=user)
        return ad.AsyncPollResponse.of([result])

    if bad < len(frame):
        frame.iloc[bad, 0] = None
    act = destination(perform_batch=perform_batch, poll=poll)
    crm = own_session.connect(act, requests_per_second=1e6)
    soon = SquareRoot(minimum=0.001)
    run = crm.submit(frame, "act", batch_size=batch_size, schedule=soon, again=True)
    run.wait(timeout=20)
    results = run.results()
    pd.testing.assert_index_equal(results.index, frame.index)
    for user, result, status in zip(
        frame["user_id"], results["result"], results["status"], strict=True
    ):
        expected = "invalid" if pd.isna(user) else "failed" if user.endswith("3") else "completed"
        assert status == expected
        assert pd.isna(result) if pd.isna(user) else result == user
    failed = run.failed()
    expected_failed = [u for u in frame["user_id"] if pd.isna(u) or u.endswith("3")]
    assert [None if pd.isna(u) else u for u in failed["user_id"]] == [
        None if pd.isna(u) else u for u in expected_failed
    ]


def test_results_have_the_frames_own_columns_in_front_on_demand(simulator):
    days = pd.to_datetime(["2026-01-02", "2026-01-03"])
    own = {"user_id": ["a", None], "status": ["vip", "new"], "at": days}
    frame = pd.DataFrame(own, index=[7, 7])
    with ad.Session() as session:
        crm = session.connect(simulator)
        run = crm.submit(frame, "asyncOperation", operation_type="sync_profile")
        run.wait(timeout=20)
    found = run.results(with_frame=True)
    pd.testing.assert_frame_equal(found[list(frame)], frame)
    assert [*found][3:] == ["status_1", *list(run.results())[1:]]
    assert found["status_1"].tolist() == run.results()["status"].tolist()
