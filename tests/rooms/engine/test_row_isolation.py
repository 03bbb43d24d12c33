"""Batches that are refused for a bad row, against an API that stores what it takes.

The API (``picky_server``) shares no code with the package.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import asyncdest_nb as ad
from asyncdest_nb.numerals import counted
from asyncdest_nb.operation import State
from example_rows import eager
from picky_server import PickyServer


class Row(ad.Payload):
    id: str = ad.field("ID")
    text: str | None = ad.field("Text")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint", default="http://127.0.0.1:1")


async def post(request: Any, data: Any) -> Any:
    rows = [each.as_json() for each in data.payload]
    headers = {"idempotency-key": data.submission_id}
    return await request(f"{data.settings.endpoint}/", method="POST", json=rows, headers=headers)


async def start_job(request: Any, data: Any) -> Any:
    job = (await post(request, data)).data["job"]
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": job}])


async def start_each(request: Any, data: Any) -> Any:
    job = (await post(request, data)).data["job"]
    contexts = [{"operation_id": f"{job}.{at}"} for at in range(len(data.payload))]
    return ad.AsyncActionResponse(async_contexts=contexts)


async def start_named(request: Any, data: Any) -> Any:
    """Start a job; of a refusal, say which rows it names."""
    try:
        return await start_job(request, data)
    except ad.HTTPError as error:
        if error.status not in (400, 422):
            raise
        answer = error.response.data
    rows: list[ad.RowResult | None] = [None] * len(data.payload)
    for each in answer["errors"]:
        named = ad.OperationError(code="BAD_ROW", message=each["message"])
        rows[each["place"]] = ad.RowResult(status="failed", error=named)
    return ad.AsyncActionResponse(async_contexts=[], rows=rows, message=answer["error"])


async def done(request: Any, data: Any) -> Any:
    results = [
        ad.AsyncOperationResult(status="completed", context=dict(each))
        for each in data.async_contexts
    ]
    return ad.AsyncPollResponse.of(results)


WAYS: dict[str, dict[str, Any]] = {
    "at once": {"perform_batch": post},
    "a job for each batch": {"perform_batch": start_job, "poll": done, "operation_per": "batch"},
    "an operation for each row": {"perform_batch": start_each, "poll": done},
    "named": {"perform_batch": start_named, "poll": done, "operation_per": "batch"},
}


def destination(**action: Any) -> ad.Destination:
    act = ad.Action(title="Act", payload=Row, **action)
    return ad.Destination(
        name="Picky",
        slug="picky",
        settings=Settings,
        actions={"act": act},
        requests_per_second=10_000.0,
    )


def frame(ids: list[str], texts: list[str] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"id": ids, "text": texts or ["x"] * len(ids)})


def send(session: ad.Session, server: PickyServer, rows: pd.DataFrame, **action: Any) -> ad.Run:
    size = action.pop("batch_size", None)
    crm = session.connect(destination(**action), endpoint=server.url)
    return crm.submit(rows, "act", schedule=eager(), batch_size=size)


@pytest.mark.parametrize("way", WAYS)
def test_only_the_bad_row_fails_and_it_has_its_own_message(session: ad.Session, way: str):
    ids = [f"u-{at}" for at in range(100)]
    bad = {"u-37": (422, "37 has no email")}
    with PickyServer(bad, names_rows=way == "named") as server:
        run = send(session, server, frame(ids), **WAYS[way])
        assert run.wait(timeout=20) == "partial"
        assert run.counts["completed"] == 99
        failed = run.failed()
        assert list(failed["id"]) == ["u-37"]
        assert "37 has no email" in failed["message"].iloc[0]
        assert list(run.results()["retryable"][run.results()["status"] == "failed"]) == [True]
        assert server.stored == Counter(each for each in ids if each != "u-37")
    # One request that is refused, and two for each halving; where the row is named, one more.
    assert len(server.requests) <= (2 if way == "named" else 1 + 2 * 7)
    assert len(set(server.keys)) == len(server.keys), "a half is a submission of its own"


def test_a_batch_of_too_many_bytes_goes_in_parts_and_one_row_that_is_too_large_fails_alone(session):
    texts = ["x" * 100] * 40
    texts[11] = "y" * 3_000
    with PickyServer(most_bytes=2_000) as server:
        run = send(session, server, frame([str(at) for at in range(40)], texts), **WAYS["at once"])
        assert run.wait(timeout=20) == "partial"
        assert run.counts["completed"] == 39
        assert list(run.failed()["id"]) == ["11"]
        assert "bytes are too large" in run.failed()["message"].iloc[0]
        assert max(server.stored.values()) == 1


@pytest.mark.parametrize("per", ["at once", "a job for each batch"])
@pytest.mark.parametrize("most", [0, 1, 2, 7])
def test_no_more_requests_are_made_than_the_action_allows(session: ad.Session, per: str, most: int):
    ids = [str(at) for at in range(64)]
    with PickyServer({each: (400, f"{each} is bad") for each in ids[::2]}) as server:
        run = send(session, server, frame(ids), **WAYS[per], isolation_requests=most)
        assert run.wait(timeout=20) == "failed"
        assert len(server.requests) == 1 + most // 2 * 2
        assert run.retryable == 64, "nothing was applied"
        messages = set(run.results()["message"])
        assert all("is bad" in each for each in messages)
        # Without a bound to reach, the message is that of the API alone.
        assert any(f"{counted(most, 'more request')} " in each for each in messages) == bool(most)


def test_named_rows_fail_and_the_others_go_again_though_further_rows_are_named_then(session):
    class Staged(PickyServer):
        """Names the first of the bad rows alone, as an API does that stops at an error."""

        def take(self, body: bytes, key: str) -> tuple[int, Any]:
            status, answer = super().take(body, key)
            if "errors" in (answer or {}):
                answer["errors"] = answer["errors"][:1]
            return status, answer

    ids = [str(at) for at in range(20)]
    bad = {each: (400, f"{each} is bad") for each in ("3", "4", "19")}
    with Staged(bad, names_rows=True) as server:
        run = send(session, server, frame(ids), **WAYS["named"])
        assert run.wait(timeout=20) == "partial"
        assert server.stored == Counter(each for each in ids if each not in bad)
        assert [len(each) for each in server.requests] == [20, 19, 18, 17]
        failed = run.failed()
        assert dict(zip(failed["id"], failed["message"], strict=True)) == {
            name: text for name, (_, text) in bad.items()
        }
        assert set(failed["error_code"]) == {"BAD_ROW"}


def test_named_rows_fail_alone_where_an_action_allows_no_more_requests(session):
    with PickyServer({"1": (400, "1 is bad")}, names_rows=True) as server:
        run = send(session, server, frame(["0", "1"]), **WAYS["named"], isolation_requests=0)
        assert run.wait(timeout=20) == "failed"
        results = run.results()
        assert list(results["message"]) == ["1 is bad", "1 is bad"]
        assert list(results["error_code"]) == ["400", "BAD_ROW"]
        assert list(results["retryable"]) == [True, True]
        assert len(server.requests) == 1


@pytest.mark.parametrize("trouble", [500, 502, 408, "lost"])
@pytest.mark.parametrize("way", WAYS)
def test_what_may_have_been_applied_is_never_divided(session: ad.Session, way: str, trouble: Any):
    with PickyServer(troubles=[trouble], names_rows=True) as server:
        run = send(session, server, frame(["a", "b", "c"]), **WAYS[way])
        run.wait(timeout=20)
        assert {each.state for each in run.operations} == {State.HELD}
        assert server.requests == [["a", "b", "c"]]


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429])
def test_a_refusal_that_is_for_no_row_is_not_divided(session: ad.Session, status: int):
    with PickyServer(troubles=[status]) as server:
        run = send(session, server, frame(["a", "b", "c"]), **WAYS["at once"])
        assert run.wait(timeout=20) == ("completed" if status == 429 else "failed")
        assert set(map(len, server.requests)) == {3}


def test_steps_are_divided_only_where_the_action_says_so(session):
    refused: list[int] = []
    jobs: list[str] = []
    canceled: list[str] = []

    async def create(request: Any, data: Any) -> Any:
        jobs.append(f"j-{len(jobs)}")
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": jobs[-1]}])

    async def abort(request: Any, data: Any) -> None:
        canceled.append(data.async_contexts[0]["operation_id"])

    async def close(request: Any, data: Any) -> Any:
        return {}

    steps = {"perform_batch": create, "steps": (post, close), "poll": done, "cancel": abort}
    with PickyServer({"b": (400, "b is bad")}) as server:
        for most in (None, 10):
            action = {**steps, "operation_per": "batch", "isolation_requests": most}
            run = send(session, server, frame(["a", "b", str(most)]), **action)
            run.wait(timeout=20)
            refused.append(run.counts["failed"])
        assert refused == [3, 1]
        assert server.stored == Counter(["a", "10"])
    # The job that a refused part was to become is canceled, and so are those of the parts.
    assert len(canceled) == len(set(canceled)) == 4


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    rows = draw(st.integers(1, 24))
    ids = [f"r{at}" for at in range(rows)]
    bad = draw(st.sets(st.sampled_from(ids), max_size=6))
    status = st.sampled_from([400, 422])
    troubles = st.sampled_from([200, 200, 200, 429, 503, 403, 500, 408, "lost"])
    return {
        "ids": ids,
        "texts": draw(
            st.lists(st.sampled_from(["x", "x" * 300, "x" * 2_000]), min_size=rows, max_size=rows)
        ),
        "bad": {each: (draw(status), f"{each} is bad") for each in sorted(bad)},
        "troubles": draw(st.lists(troubles, max_size=4)),
        "batch_size": draw(st.sampled_from([1, 3, 8, 24])),
        "most": draw(st.sampled_from([0, 2, 5, 200])),
        "way": draw(st.sampled_from(sorted(WAYS))),
    }


@given(case=cases())
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_good_row_is_applied_once_and_every_bad_row_fails_with_its_message(
    case: dict[str, Any],
):
    ids, bad = case["ids"], case["bad"]
    too_large = {name for name, text in zip(ids, case["texts"], strict=True) if len(text) > 1_000}
    server = PickyServer(bad, 1_500, case["troubles"], names_rows=case["way"] == "named")
    with server, ad.Session() as session:
        rows = frame(ids, case["texts"])
        action = {**WAYS[case["way"]], "isolation_requests": case["most"]}
        run = send(session, server, rows, **action, batch_size=case["batch_size"])
        run.wait(timeout=20)
        assert run.is_at_rest
        results = run.results()
        operations = list(run.operations)
    # Every row has one outcome, and the counts are those of the outcomes.
    assert sorted(row for each in operations for row in each.rows) == list(range(len(ids)))
    assert {name: count for name, count in run.counts.items() if count} == dict(
        Counter(results["status"])
    )
    in_doubt = {
        name for how, names in server.met.values() if how in (500, 408, "lost") for name in names
    }
    refused = {name for how, names in server.met.values() if how == 403 for name in names}
    for name, status, message in zip(ids, results["status"], results["message"], strict=True):
        assert server.stored[name] <= 1
        if name in in_doubt:
            assert status == "unknown", "it may have been applied"
        elif status == "completed":
            assert server.stored[name] == 1
        else:
            assert (status, server.stored[name]) == ("failed", 0)
        if case["most"] == 200 and name not in in_doubt | refused:
            assert (status == "completed") == (name not in bad and name not in too_large), message
            if name in bad and name not in too_large:
                assert f"{name} is bad" in message
    # Nothing that is in doubt was sent again, and the bound holds for every batch.
    for number, (trouble, names) in server.met.items():
        later = {name for each in server.requests[number + 1 :] for name in each}
        assert trouble in (429, 503) or not later & {*names}
    batches = -(-len(ids) // case["batch_size"])
    repeats = sum(how in (429, 503) for how, _ in server.met.values())
    assert len(server.requests) <= batches * (1 + case["most"]) + repeats
