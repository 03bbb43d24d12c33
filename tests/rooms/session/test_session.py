"""What users hold, end to end: real HTTP to simulated destinations, real SQLite files."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import field_validator

import asyncdest_nb as ad
from asyncdest_nb.engine.run import execution
from asyncdest_nb.schedule import SquareRoot
from raw_server import Answer, RawServer, Writer, answer

EAGER = {"minimum": 0.02, "cost": 0.001}


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint", default="http://127.0.0.1:1")


def destination(**action: Any) -> ad.Destination:
    """Return a destination of one action, "act", made of *action*."""
    act = ad.Action(title="Act", payload=Payload, **action)
    return ad.Destination(name="Test", slug="test", settings=Settings, actions={"act": act})


def users(*ids: Any) -> pd.DataFrame:
    return pd.DataFrame({"user_id": list(ids)})


@pytest.fixture(scope="module")
def simulator() -> Iterator[ad.Simulator]:
    with ad.simulate("example-async", duration_seconds=0.05, failing=0.2, seed=7) as simulator:
        yield simulator


def submit(session: ad.Session, act: ad.Destination, frame: pd.DataFrame, **options: Any) -> ad.Run:
    return session.connect(act).submit(frame, "act", schedule=SquareRoot(**EAGER), **options)


# Synchronous actions


async def _echo(request: Any, data: Any) -> Any:
    return {"seen": data.payload.user_id}


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

    run = submit(session, destination(perform=_echo, check=check), users("a"))
    run.on_change(hear)
    assert run.wait(timeout=10) == "completed"
    assert heard[:3] == ["preparing: 1 of 1 rows"] * 3


def test_a_synchronous_action_completes_its_rows_at_once(session):
    run = submit(session, destination(perform=_echo), users("a", "b"))
    assert run.wait(timeout=10) == "completed"
    assert list(run.results()["result"]) == [{"seen": "a"}, {"seen": "b"}]


def test_a_plain_function_runs_in_a_thread_and_its_requests_block(session):
    threads = set()

    def perform(request: Any, data: Any) -> Any:
        threads.add(threading.current_thread().name)
        return request(f"{data.settings.endpoint}/x", method="POST", json={"a": 1})

    with RawServer(answer(200, {"id": 1})) as server:
        crm = session.connect(destination(perform=perform), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        assert run.wait(timeout=10) == "completed"
    assert run.results()["result"][0] == {"id": 1}
    assert "asyncdest-engine" not in threads


@pytest.mark.parametrize("kind", ["response", "its data", "contexts", "a context"])
def test_an_answer_that_only_accepts_completes_nothing(session, kind):
    async def perform(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json={})
        context = {"operation_id": "1"}
        answers = {"response": response, "its data": response.data, "contexts": [context]}
        return answers.get(kind, context)

    async def poll(request: Any, data: Any) -> Any:
        raise AssertionError("nobody can ask")

    status = 202 if kind in ("response", "its data") else 200
    with RawServer(answer(status, {"id": 1})) as server:
        crm = session.connect(destination(perform=perform, poll=poll), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 1
    assert "not an AsyncActionResponse" in run.results()["message"][0]


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


def test_a_mistake_in_a_function_of_ones_own_is_told_with_its_place(session):
    async def perform(request: Any, data: Any) -> Any:
        return data.payload.nothing

    line = perform.__code__.co_firstlineno + 1
    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert run.results()["message"][0].endswith(f"(in perform, line {line})")


def test_contexts_that_are_no_dicts_are_told_in_one_line(session):
    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=["id-1"])

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert run.results()["message"][0].startswith(
        "ValidationError: AsyncActionResponse: async_contexts.0: Input should be a valid dictionary"
        " (in perform, line "
    )


@pytest.mark.parametrize("name", [None, "kept.sqlite"])
def test_a_session_in_memory_that_ends_early_says_what_is_lost(tmp_path, caplog, name):
    async def forever(request: Any, data: Any) -> Any:
        await asyncio.sleep(60)

    with ad.Session(path=name and tmp_path / name) as session:
        submit(session, destination(perform=forever), users("a", "b"))
        submit(session, destination(perform=_echo), users("c")).wait(timeout=10)
    said = caplog.messages
    assert len(said) == (name is None)
    assert all("pending: 2 pending" in each and "Call run.wait() first" in each for each in said)


def test_a_closed_session_says_so_whatever_is_asked_of_its_runs(tmp_path):
    with ad.Session(path=tmp_path / "kept.sqlite") as session:
        run = submit(session, destination(perform=_echo), users("a"))
        run.wait(timeout=10)
    asked = [run.retry, run.cancel, run.pause, run.resume, lambda: run.details(0)]
    asked += [lambda: run.resolve(applied=True), lambda: run.export(tmp_path / "run")]
    for call in asked:
        with pytest.raises(ad.UsageError, match="this session is closed: open it again"):
            call()
    assert run.wait() == "completed"
    assert list(run.results()["status"]) == ["completed"]


def test_what_a_session_refuses_on_the_engines_own_thread_it_does_not_begin(session):
    async def turns(count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def perform(request: Any, data: Any) -> Any:
        (run,) = session.runs()
        run.cancel()
        await turns(5)
        for refused in (session.close, lambda: session.forget(run)):
            with pytest.raises(ad.UsageError, match="on another one"):
                refused()
        await turns(5)  # In which a run that was stopped would hear of it.
        return {}

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "completed"
    session.close()
    with pytest.raises(ad.UsageError, match="this session is closed"):
        run.details(0)


def test_a_multi_status_answers_row_by_row_and_a_hole_is_unknown(session):
    async def perform_batch(request: Any, data: Any) -> Any:
        answers = ad.MultiStatusResponse()
        answers.push_success(status=201, body={"id": 1})
        answers.push_error(status=422, errormessage="no such plan")
        return answers

    run = submit(session, destination(perform_batch=perform_batch), users("a", "b", "c"))
    assert run.wait(timeout=10) == "pending"
    results = run.results()
    assert list(results["status"]) == ["completed", "failed", "unknown"]
    assert results["error_code"][1] == "UNPROCESSABLE_ENTITY"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ad.IntegrationError("no", "NO_WAY", 400), "failed", "NO_WAY"),
        (ad.PayloadValidationError("bad"), "failed", "PAYLOAD_VALIDATION_FAILED"),
        (ad.InvalidAuthenticationError("who"), "failed", "INVALID_AUTHENTICATION"),
        (KeyError("oops"), "failed", "KeyError"),
    ],
)
def test_an_error_before_anything_was_sent_fails_the_row(session, error, status, code):
    async def perform(request: Any, data: Any) -> Any:
        raise error

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    row = run.results().iloc[0]
    assert (row["status"], row["error_code"]) == (status, code)


def test_a_bug_after_something_was_sent_leaves_the_row_unknown(session):
    async def perform(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json={})
        return response.data["id"]

    with RawServer(answer(200, {})) as server:
        crm = session.connect(destination(perform=perform), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 1
    assert "KeyError: 'id'" in run.results()["message"][0]


class _Frozen(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    "error",
    [asyncio.CancelledError(), SystemExit(1), GeneratorExit(), StopIteration(), _Frozen()],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("is_plain", [True, False])
def test_whatever_a_function_raises_the_engine_goes_on(session, error, is_plain):
    def plain(request: Any, data: Any) -> Any:
        raise error

    async def perform(request: Any, data: Any) -> Any:
        raise error

    run = submit(session, destination(perform=plain if is_plain else perform), users("a", "b"))
    assert run.wait(timeout=10) == "failed"
    assert run.counts["failed"] == 2
    again = submit(session, destination(perform=_echo), users("c"))
    assert again.wait(timeout=10) == "completed"


def test_a_plain_function_may_return_a_coroutine_that_asks(session):
    async def ask(request: Any, data: Any) -> Any:
        return await request(f"{data.settings.endpoint}/x", method="POST", json={})

    with RawServer(answer(200, {"id": 1})) as server:
        act = destination(perform=lambda request, data: ask(request, data))
        run = session.connect(act, endpoint=server.url).submit(users("a"), "act")
        assert run.wait(timeout=10) == "completed"


def test_a_result_that_is_no_json_does_not_stop_the_run(session):
    async def perform(request: Any, data: Any) -> Any:
        return {(1, 2): {3}}

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "completed"


def test_a_refusal_that_a_function_overlooks_is_no_success(session):
    async def perform(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/x"
        response = await request(url, method="POST", json={}, throw_http_errors=False)
        return response.data

    for status, word in [(500, "unknown"), (422, "failed")]:
        with RawServer(answer(status, {"error": "no"})) as server:
            crm = session.connect(destination(perform=perform), endpoint=server.url)
            run = crm.submit(users("a"), "act")
            run.wait(timeout=10)
        assert run.counts[word] == 1


def well_after(event: threading.Event) -> Answer:
    """Return what answers that all is well, once *event* is there."""

    async def write(writer: Writer) -> None:
        await asyncio.to_thread(event.wait, 10)
        await answer(200, {})(writer)

    return write


def test_a_request_that_gather_leaves_on_its_way_is_not_sent_again(session):
    has_failed = threading.Event()

    async def perform_batch(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/x"
        asked = [request(url, method="POST", json=each.user_id) for each in data.payload]
        try:
            await asyncio.gather(*asked)
        except ad.HTTPError:
            has_failed.set()
            raise

    with RawServer(answer(429, {}), well_after(has_failed)) as server:
        crm = session.connect(destination(perform_batch=perform_batch), endpoint=server.url)
        run = crm.submit(users("a", "b"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 2
    assert len(server.arrived) == 2


def test_what_a_function_has_left_at_work_sends_nothing_once_it_has_ended(session):
    has_failed = threading.Event()

    async def perform_batch(request: Any, data: Any) -> Any:
        left = list(data.payload)

        async def work() -> None:
            while left:
                user = left.pop()
                await request(f"{data.settings.endpoint}/x", method="POST", json=user.user_id)

        try:
            await asyncio.gather(work(), work())
        except ad.HTTPError:
            has_failed.set()
            raise

    with RawServer(answer(400, {}), well_after(has_failed)) as server:
        crm = session.connect(destination(perform_batch=perform_batch), endpoint=server.url)
        run = crm.submit(users("a", "b", "c", "d"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 4
    assert len(server.arrived) == 2


def test_a_function_may_give_up_a_request_that_waits_for_its_turn(session):
    async def perform(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/x"
        await request(url, method="POST", json={})
        try:
            async with asyncio.timeout(0.2):
                await request(url, method="POST", json={})
        except TimeoutError:
            return {"in_time": False}
        return {"in_time": True}

    with RawServer(answer(200, {})) as server:
        act = destination(perform=perform)
        crm = session.connect(act, endpoint=server.url, requests_per_second=0.01)
        run = crm.submit(users("first"), "act")
        assert run.wait(timeout=10) == "completed"
        assert len(server.arrived) == 1
    assert run.results()["result"][0]["in_time"] is False


def test_a_function_that_requests_nothing_takes_the_turn_of_no_other(session):
    async def perform(request: Any, data: Any) -> Any:
        return {"id": 1}

    act = destination(perform=perform)
    crm = session.connect(act, endpoint="http://127.0.0.1:1", requests_per_second=0.01)
    run = crm.submit(users("first", "second", "third"), "act")
    assert run.wait(timeout=10) == "completed"


def test_a_forgotten_return_is_no_success_where_there_is_something_to_poll(session):
    async def perform(request: Any, data: Any) -> Any:
        ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    run = submit(session, destination(perform=perform, poll=_echo), users("a"))
    run.wait(timeout=10)
    assert run.counts["unknown"] == 1


def test_a_forgotten_await_is_made_up_for(session):
    async def perform(request: Any, data: Any) -> Any:
        return request(f"{data.settings.endpoint}/x", method="POST", json={})

    with RawServer(answer(200, {"id": 1})) as server:
        crm = session.connect(destination(perform=perform), endpoint=server.url)
        run = crm.submit(users("a"), "act")
        assert run.wait(timeout=10) == "completed"
    assert run.results()["result"][0] == {"id": 1}
    assert len(server.arrived) == 1


async def _ask_and_go(request: Any, data: Any) -> Any:
    request("http://127.0.0.1:1/x", method="POST", json={})


async def _list_without_gathering(request: Any, data: Any) -> Any:
    return [request("http://127.0.0.1:1/x", method="POST", json={}) for _ in range(2)]


async def _yield_from_a_coroutine(request: Any, data: Any) -> Any:
    yield await request("http://127.0.0.1:1/x", method="POST", json={})


def _yield(request: Any, data: Any) -> Any:
    yield request("http://127.0.0.1:1/x", method="POST", json={})


@pytest.mark.parametrize(
    ("perform", "message"),
    [
        (_ask_and_go, "its request was not awaited"),
        (_list_without_gathering, "2 of its 2 requests were not awaited"),
        (_yield_from_a_coroutine, "it yields"),
        (_yield, "it yields"),
    ],
)
def test_a_function_that_has_sent_nothing_of_what_it_means_to_completes_nothing(
    session, perform, message
):
    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert message in run.results()["message"][0]
    assert run.results()["retryable"][0]


def test_a_validator_that_fails_makes_its_row_invalid_and_no_other(session):
    class Odd(ad.Payload):
        user_id: str = ad.field("User ID")

        @field_validator("user_id")
        @classmethod
        def check(cls, value: str) -> str:
            return value if value != "b" else value.nope

    act = ad.Action(title="Act", payload=Odd, perform=_echo)
    odd = ad.Destination(name="Test", slug="test", settings=Settings, actions={"act": act})
    run = submit(session, odd, users("a", "b", "c"))
    assert run.wait(timeout=10) == "partial"
    assert list(run.results()["status"]) == ["completed", "invalid", "completed"]
    assert "AttributeError" in run.results()["message"][1]


def test_results_in_another_order_are_laid_by_the_ids_in_their_contexts(session):
    async def perform_batch(request: Any, data: Any) -> Any:
        contexts = [{"operation_id": payload.user_id} for payload in data.payload]
        return ad.AsyncActionResponse(async_contexts=contexts)

    async def poll(request: Any, data: Any) -> Any:
        results = [
            ad.AsyncOperationResult(
                status="failed" if context["operation_id"] == "b" else "completed", context=context
            )
            for context in reversed(data.async_contexts)
        ]
        return ad.AsyncPollResponse.of(results)

    act = destination(perform_batch=perform_batch, poll=poll, poll_batch_size=10)
    run = submit(session, act, users("a", "b", "c", "d"))
    assert run.wait(timeout=10) == "partial"
    assert list(run.results()["status"]) == ["completed", "failed", "completed", "completed"]


@pytest.mark.parametrize("rate", [-1, 0, float("nan")])
def test_a_rate_that_is_none_is_refused(session, rate):
    with pytest.raises(ad.UsageError, match="requests_per_second"):
        session.connect(destination(perform=_echo), requests_per_second=rate)


# One context for a whole batch


def jobs(poll: Any) -> ad.Destination:
    async def perform_batch(request: Any, data: Any) -> Any:
        job = "job-" + "-".join(payload.user_id for payload in data.payload)
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": job}])

    return destination(perform_batch=perform_batch, poll=poll, operation_per="batch")


def test_one_context_may_stand_for_a_whole_batch_with_an_outcome_per_row(session):
    async def poll(request: Any, data: Any) -> Any:
        rows = [
            ad.RowResult(status="completed"),
            ad.RowResult(status="failed", error=ad.OperationError(code="E", message="locked")),
        ]
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", rows=rows)])

    run = submit(session, jobs(poll), users("a", "b", "c", "d"), batch_size=2)
    assert run.wait(timeout=10) == "partial"
    assert [each.operation_id for each in run.operations] == ["job-a-b", "job-c-d"]
    assert list(run.results()["status"]) == ["completed", "failed"] * 2


def test_a_job_that_answers_for_fewer_rows_than_it_has_completes_none(session):
    async def poll(request: Any, data: Any) -> Any:
        rows = [ad.RowResult(status="completed")]
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", rows=rows)])

    run = submit(session, jobs(poll), users("a", "b"))
    run.wait(timeout=10)
    assert run.counts["unknown"] == 2


def test_many_contexts_are_polled_in_one_call_where_the_action_says_so(session):
    sizes = []

    async def perform_batch(request: Any, data: Any) -> Any:
        contexts = [{"operation_id": payload.user_id} for payload in data.payload]
        return ad.AsyncActionResponse(async_contexts=contexts)

    async def poll(request: Any, data: Any) -> Any:
        sizes.append(len(data.async_contexts))
        done = ad.AsyncOperationResult(status="completed")
        return ad.AsyncPollResponse.of([done] * len(data.async_contexts))

    act = destination(perform_batch=perform_batch, poll=poll, poll_batch_size=40)
    run = submit(session, act, users(*range(100)))
    assert run.wait(timeout=10) == "completed"
    assert sorted(sizes) == [20, 40, 40]


# State


def test_what_perform_keeps_for_a_batch_poll_of_that_batch_reads(session):
    async def perform(request: Any, data: Any) -> Any:
        user = data.payload.user_id
        data.state_context.set_response_context("secret word", f"of {user}", {"hour": 24})
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": user}])

    async def poll(request: Any, data: Any) -> Any:
        word = data.state_context.get_request_context("secret word")
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", result=word)])

    run = submit(session, destination(perform=perform, poll=poll), users("a", "b", "c"))
    assert run.wait(timeout=10) == "completed"
    assert list(run.results()["result"]) == ["of a", "of b", "of c"]


def test_state_survives_the_session_unless_it_has_expired(tmp_path: Path):
    async def perform(request: Any, data: Any) -> Any:
        state = data.state_context
        found = {key: state.get_request_context(key) for key in ("kept", "short")}
        state.set_response_context("kept", 1)
        state.set_response_context("short", 2, {"second": 0.01})
        return found

    act = destination(perform=perform)
    found = []
    for _ in range(2):
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            crm = session.connect(act)
            found.append(crm.execute_action("act", {"user_id": "a"}).answer)
            time.sleep(0.02)  # The short one expires.
    assert found == [{"kept": None, "short": None}, {"kept": 1, "short": None}]


@pytest.mark.parametrize(
    ("value", "ttl", "problem"),
    [
        ({1, 2}, None, "must be JSON"),
        (1, {"week": 1}, "unit of time 'week'"),
        (1, {"hour": float("nan")}, "nan is no number of hours from 0 up"),
        (1, {"hour": -1}, "-1 is no number of hours from 0 up"),
        (1, {"hour": "1"}, "'1' is no number of hours from 0 up"),
    ],
)
def test_state_that_cannot_be_kept_is_refused(session, value, ttl, problem):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context("key", value, ttl)

    executed = session.connect(destination(perform=perform)).execute_action("act", {"user_id": "a"})
    assert problem in str(executed.error)


@pytest.mark.parametrize("key", [("user", 1), 17, None, "half \ud83d"])
def test_a_state_whose_key_no_file_takes_is_refused_and_leaves_the_session_whole(session, key):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context(key, 1)

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert "the key of a state" in run.results()["message"][0]
    assert submit(session, destination(perform=_echo), users("a")).wait(timeout=10) == "completed"


@pytest.mark.parametrize("odd", [{"a": 1}, 17, "half \ud83d"])
def test_a_word_of_a_function_that_no_file_takes_is_kept_as_text(session, odd):
    async def refuse(request: Any, data: Any) -> Any:
        raise ad.IntegrationError("no", odd, 400)

    async def accept(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    said = [odd]

    async def poll(request: Any, data: Any) -> Any:
        return {"results": [{"status": said[0]}]}

    run = submit(session, destination(perform=refuse), users("a"))
    assert run.wait(timeout=10) == "failed"
    assert run.results()["error_code"][0] == str(odd).replace("\ud83d", "\\ud83d")
    run = submit(session, destination(perform=accept, poll=poll), users("a"), again=True)
    give_up = time.monotonic() + 30
    while not run.notices:
        assert time.monotonic() < give_up
        run.wait(timeout=0.05)
    said[0] = "completed"
    assert run.wait(timeout=10) == "completed"


# Durable before it is sent


def test_the_intent_is_on_disk_before_the_request_and_the_ids_before_the_next(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    seen: list[list[tuple[str, str | None]]] = []

    def look(reply: Any) -> Any:
        async def write(writer: Writer) -> None:
            database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            query = "SELECT state, operation_id FROM operation ORDER BY number"
            seen.append(database.execute(query).fetchall())
            database.close()
            await reply(writer)

        return write

    taken = [answer(202, {"status": "accepted", "operation_id": f"op-{i}"}) for i in range(2)]
    done = answer(200, {"status": "completed"})
    with (
        RawServer(look(taken[0]), look(taken[1]), look(done)) as server,
        ad.Session(path=path) as session,
    ):
        crm = session.connect("example-async", endpoint=server.url)
        one = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile"})
        for _ in range(2):
            late = SquareRoot(minimum=30)
            crm.submit(one, "asyncOperation", batch_size=1, schedule=late, again=True)
            wait_for(lambda: crm_accepted(session))
    assert seen[0] == [("submitting", None)]
    assert ("accepted", "op-0") in seen[1]
    assert ("submitting", None) in seen[1]


def crm_accepted(session: ad.Session) -> bool:
    run = session.runs()[-1]
    return bool(run.operations) and run.operations[0].state == "accepted"


def wait_for(is_so: Any) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_store_that_cannot_be_written_sends_nothing_and_says_so(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    with RawServer(answer(200)) as server, ad.Session(path=path) as session:
        crm = session.connect("example-async", endpoint=server.url)
        locked = sqlite3.connect(path, isolation_level=None)
        locked.execute("DROP TABLE operation")
        locked.close()
        frame = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile"})
        run = crm.submit(frame, "asyncOperation")
        with pytest.raises(ad.StoreError, match="cannot write"):
            run.wait(timeout=10)
        assert "cannot write" in run.notices[0]
        assert server.arrived == []


# Waiting


@pytest.mark.slow
def test_a_wait_starts_no_process_that_a_kernel_would_wait_for_at_its_end():
    code = (
        "import multiprocessing, psutil, pandas as pd\n"
        "import asyncdest_nb as ad\n"
        "multiprocessing.set_start_method('spawn')  # As on macOS, and not unlike Python 3.14.\n"
        "with ad.simulate('example-async') as demo, ad.Session() as session:\n"
        "    frame = pd.DataFrame({'user_id': ['a'], 'operation_type': ['sync_profile']})\n"
        "    run = session.connect(demo).submit(frame, 'asyncOperation')\n"
        "    print(run.wait(timeout=60) != 'pending', psutil.Process().children())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "True []\n", done.stderr


def until(is_over: threading.Event) -> ad.Destination:
    """Return a destination whose operations complete once *is_over* is set."""

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if is_over.is_set() else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    return destination(perform=perform, poll=poll)


def test_an_interrupted_wait_leaves_the_run_going(session):
    is_over = threading.Event()
    run = submit(session, until(is_over), users("a", "b"))
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt) as stopped:
        run.wait(timeout=30)
    timer.join()
    assert "the run continues" in stopped.value.__notes__[0]
    assert not run.is_at_rest
    is_over.set()
    assert run.wait(timeout=30) == "completed"


def test_a_run_can_be_awaited_more_than_once_and_cancelling_that_stops_nothing(session):
    is_over = threading.Event()
    run = submit(session, until(is_over), users("a", "b"))

    async def main() -> str:
        waiter = asyncio.ensure_future(_await(run))
        await asyncio.sleep(0.1)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert not run.is_at_rest
        is_over.set()
        return await run

    assert asyncio.run(main()) == "completed"
    assert asyncio.run(main_again(run)) == "completed"


async def _await(run: ad.Run) -> str:
    return await run


async def main_again(run: ad.Run) -> str:
    return await run


def test_a_wait_that_is_over_says_pending(session):
    async def poll(request: Any, data: Any) -> Any:
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="pending")])

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "x"}])

    run = submit(session, destination(perform=perform, poll=poll), users("a"))
    assert run.wait(timeout=0.1) == "pending"


def test_a_session_that_is_closed_tells_who_waits(tmp_path: Path):
    async def perform(request: Any, data: Any) -> Any:
        await asyncio.sleep(3600)

    session = ad.Session(path=tmp_path / "s.sqlite")
    run = submit(session, destination(perform=perform), users("a"))
    wait_for(lambda: run.operations and run.operations[0].state == "submitting")
    session.close()
    with pytest.raises(ad.AsyncDestError, match="session was closed"):
        run.wait(timeout=10)
    stored = sqlite3.connect(tmp_path / "s.sqlite")
    # It had been on its way: nobody knows whether it was applied.
    assert stored.execute("SELECT state FROM operation").fetchall() == [("held",)]
    stored.close()
    assert run.counts["unknown"] == 1


def test_an_interrupted_close_lets_go_of_the_file_all_the_same(tmp_path: Path):
    release = threading.Event()

    async def perform(request: Any, data: Any) -> Any:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            signal.raise_signal(signal.SIGINT)
            await asyncio.to_thread(release.wait)
            raise

    session = ad.Session(path=tmp_path / "s.sqlite")
    run = submit(session, destination(perform=perform), users("a"))
    wait_for(lambda: run.operations and run.operations[0].state == "submitting")
    with pytest.raises(KeyboardInterrupt):
        session.close()
    release.set()
    with ad.Session(path=tmp_path / "s.sqlite") as again:
        wait_for(lambda: again.runs() and "read-only" not in repr(again))


# The caller's faults


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda crm: crm.submit(users("a"), "nope"), ad.UnknownName, "Known: act"),
        (lambda crm: crm.submit([1], "act"), ad.FrameError, "not a pandas DataFrame"),
        (lambda crm: crm.submit(users("a"), "act", batch_size=0), ad.UsageError, "batch_size is 0"),
        (
            lambda crm: crm.submit(pd.DataFrame({"x": [1]}), "act"),
            ad.MappingError,
            "required field 'user_id'",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", columns={"user": "user_id"}),
            ad.UnknownName,
            "did you mean 'user_id'",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", mapping={"user_id": {"@path": "$.usr_id"}}),
            ad.UnknownName,
            "no column 'usr_id'; did you mean 'user_id'",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", user_id={"@template": "{{user_id}}-{{x}}"}),
            ad.UnknownName,
            "no column 'x'. Known: user_id",
        ),
        (
            lambda crm: crm.submit(users("a").set_index("user_id"), "act"),
            ad.MappingError,
            "'user_id' is in the index: df.reset_index",
        ),
        (
            lambda crm: crm.submit(users("a"), "act", batchsize=10),
            ad.UnknownName,
            "no field or option 'batchsize'; did you mean batch_size=?",
        ),
        (lambda crm: crm.submit(users("a"), ["act"]), ad.UnknownName, "Test has no action"),
        (lambda crm: crm.submit(users("a"), "act", batch_size="10"), ad.UsageError, "'10'; it mus"),
        (
            lambda crm: crm.submit(users("a"), "act", deadline="60"),
            ad.UsageError,
            "above 0 .second",
        ),
        (lambda crm: crm.submit(users("a"), "act", schedule=5), ad.UsageError, "a Schedule"),
        (lambda crm: crm.submit(users("a"), "act", again="no"), ad.UsageError, "True or False"),
        (lambda crm: crm.preview(users("a"), "act", rows=0), ad.UsageError, "rows is 0"),
        (lambda crm: crm.execute_action("act", ["a"]), ad.UsageError, "the payload is a list"),
        (lambda crm: crm.execute_poll("act", []), ad.UsageError, "has no poll"),
        (lambda crm: crm.execute_batch("act", []), ad.UsageError, "has no perform_batch"),
        (lambda crm: crm.execute_action("act", {"use": 1}), ad.UnknownName, "user_id"),
        (lambda crm: crm.execute_action("act", {}), ad.UsageError, "is missing"),
    ],
)
def test_a_callers_fault_is_raised_at_once(session, call, error, message):
    with pytest.raises(error, match=message):
        call(session.connect(destination(perform=_echo)))
    assert session.runs() == []


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".", "ü"])
def test_a_session_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(ad.UsageError, match="session name"):
        ad.Session(name)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda session: session.connect(None), "the destination is a NoneType; give its slug"),
        (lambda session: session.connect({}), "the destination is a dict; give its slug"),
        (
            lambda session: session.connect(destination(perform=_echo), requests_per_second="5"),
            "'5'",
        ),
        (lambda session: session.connect(destination(perform=_echo), timeout_seconds="5"), "'5'"),
        (lambda session: ad.Session(5), "session name 5"),
        (lambda session: ad.Session(keep_days="90"), "keep_days is '90'; it must be a number"),
        (lambda session: ad.Session(keep_payloads="no"), "keep_payloads is 'no'; it must be True"),
        (
            lambda session: ad.load(None),
            "path is None; give that of the file that Run.export wrote",
        ),
    ],
)
def test_an_argument_of_the_wrong_kind_is_named(session, call, message):
    with pytest.raises(ad.UsageError, match=message):
        call(session)


@pytest.mark.parametrize("wrong", [users("a"), {"user_id": "a"}, "a"])
def test_payloads_and_contexts_are_lists_of_dicts(session, simulator, wrong):
    crm = session.connect(simulator)
    with pytest.raises(ad.UsageError, match="write a list of dicts"):
        crm.execute_batch("asyncOperation", wrong)
    with pytest.raises(ad.UsageError, match="has no contexts to poll"):
        crm.execute_poll("asyncOperation", "op-1")


def test_a_choice_is_checked_however_it_is_written(session, simulator):
    crm = session.connect(simulator)
    for choice in ({"operation_type": "sync"}, {"mapping": {"operation_type": "sync"}}):
        with pytest.raises(ad.MappingError, match="choose one of 'sync_profile'"):
            crm.submit(users("a"), "asyncOperation", **choice)


def test_what_is_asked_of_a_run_must_make_sense(session):
    run = submit(session, destination(perform=_echo), users("a"))
    with pytest.raises(ad.UsageError, match="timeout is '5'; it must be a number of 0 or more"):
        run.wait("5")
    run.wait(timeout=10)
    with pytest.raises(ad.UsageError, match="applied is 'no'; it must be True or False"):
        run.resolve(applied="no")
    for number in (99, "a"):
        with pytest.raises(ad.UsageError, match="the run has 1, numbered from 0"):
            run.details(number)
    run.pause()
    assert not run.is_paused


def test_an_unknown_destination_is_named(session):
    with pytest.raises(ad.UnknownName, match="did you mean 'example-async'"):
        session.connect("example-asinc")


# Rows that are not sent


def test_an_emoji_cut_in_two_is_refused_in_words(session, simulator):
    cut = {"user_id": {"@template": "{{name[0]}}"}, "operation_type": "sync_profile"}
    frame = pd.DataFrame({"name": ["\N{SLIGHTLY SMILING FACE} Zoe"]})
    preview = session.connect(simulator).preview(frame, "asyncOperation", mapping=cut)
    assert preview.invalid[0] == (
        "half a character (a lone surrogate: '\\ud83d'), which UTF-8 cannot encode"
    )


def test_invalid_rows_are_outcomes_and_are_not_sent(session):
    sent = []

    async def perform(request: Any, data: Any) -> Any:
        sent.append(data.payload.user_id)

    cells = ["a", None, "", "b", "\ud800", "x" * 6_000_000]
    frame = pd.DataFrame({"user_id": pd.Series(cells, dtype=object)})
    run = submit(session, destination(perform=perform), frame)
    assert run.wait(timeout=10) == "partial"
    results = run.results()
    assert list(results["status"]) == [
        "completed", "invalid", "invalid", "completed", "invalid", "invalid",
    ]  # fmt: skip
    assert "is missing" in results["message"][1]
    assert "surrogate" in results["message"][4]
    assert "6,000,014 bytes" in results["message"][5]
    assert sorted(sent) == ["a", "b"]
    assert list(run.failed().index) == [1, 2, 4, 5]


@pytest.mark.parametrize("rows", [0, 1])
def test_small_frames(session, rows):
    run = submit(session, destination(perform=_echo), users("a").head(rows))
    assert run.wait(timeout=10) == "completed"
    assert len(run.results()) == rows
    assert list(run.failed().columns) == [
        "user_id", "status", "message", "error_code", "retryable", "operation_id",
    ]  # fmt: skip


def test_batches_are_cut_by_rows_and_by_bytes(session):
    sizes = []

    async def perform_batch(request: Any, data: Any) -> Any:
        sizes.append(len(data.payload))

    act = destination(perform_batch=perform_batch, batch_size=4, batch_bytes=100)
    run = submit(session, act, users(*"abcdefghij", "y" * 60, "z" * 60))
    assert run.wait(timeout=10) == "completed"
    assert sorted(sizes) == [1, 2, 4, 4] or sum(sizes) == 12
    assert max(sizes) <= 4


# Alignment


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


# Many


@pytest.mark.slow
def test_ten_thousand_single_operations_are_all_accounted_for(session):
    count = 10_000

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> Any:
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    run = submit(session, destination(perform=perform, poll=poll), users(*range(count)))
    assert run.wait(timeout=100) == "completed"
    assert run.counts["completed"] == sum(run.counts.values()) == count
    assert len({each.operation_id for each in run.operations}) == count


# Looking without sending


def test_a_preview_shows_what_would_be_sent_and_sends_nothing(session):
    with RawServer(answer(200)) as server:
        crm = session.connect("example-async", endpoint=server.url)
        frame = pd.DataFrame(
            {"userId": ["a", None, "c"], "operation_type": "sync_profile"}, index=["x", "y", "x"]
        )
        preview = crm.preview(frame, "asyncOperation", batch_size=1)
        assert server.arrived == []
    assert preview.payloads == {
        0: {"user_id": "a", "operation_type": "sync_profile"},
        2: {"user_id": "c", "operation_type": "sync_profile"},
    }
    assert list(preview.invalid) == [1]
    assert preview.batches == [1, 1]
    assert preview.first_request is not None
    assert preview.first_request.method == "POST"
    assert preview.first_request.url == f"{server.url}/operations"
    assert json.loads(preview.first_request.request_body) == preview.payloads[0]
    assert "nothing has been sent" in repr(preview)


def test_a_preview_of_some_rows_shows_them_as_they_are_among_all(session, simulator):
    ids = [*map(float, range(300)), None]
    frame = pd.DataFrame({"user_id": ids, "operation_type": "sync_profile"})
    preview = session.connect(simulator).preview(frame, "asyncOperation", rows=2)
    assert [each["user_id"] for each in preview.payloads.values()] == ["0", "1"]
    assert preview.invalid == {}
    assert preview.labels == ["0", "1"]


def test_a_cell_that_cannot_be_sent_is_no_harm_in_a_column_that_nothing_reads(session, simulator):
    crm = session.connect(simulator)
    frame = pd.DataFrame({"user_id": ["a", "b"], "mean": [0.5, float("inf")], "odd": [1j, 1j]})
    run = crm.submit(frame, "asyncOperation", operation_type="sync_profile")
    assert run.wait(timeout=30) == "completed"
    frame["odd"] = "other"
    with pytest.warns(ad.AlreadySubmitted):
        assert crm.submit(frame, "asyncOperation", operation_type="sync_profile") is run
    read = {"data": {"mean": {"@path": "$.mean"}}}
    preview = crm.preview(frame, "asyncOperation", operation_type="sync_profile", mapping=read)
    assert preview.invalid == {1: "column 'mean': inf is infinite, and JSON has no such number"}


def test_one_call_shows_its_request_and_its_answer(session, simulator):
    crm = session.connect(simulator)
    executed = crm.execute_action(
        "asyncOperation", {"user_id": "a", "operation_type": "sync_profile"}
    )
    text = repr(executed)
    assert "POST http://127.0.0.1" in text
    assert '"user_id":"a"' in text
    assert "202" in text
    assert "AsyncActionResponse" in text
