"""What a destination's functions keep: runs and single calls over real SQLite files, no network.

The functions say what they find, and the files are read with SQLite itself. Time is the
test's own where values expire.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.engine import Clock, SessionState
from asyncdest_nb.engine.channel.scoped_state import ScopedState
from asyncdest_nb.engine.channel.state import connection_scope
from asyncdest_nb.schedule import SquareRoot

EAGER = {"minimum": 0.02, "cost": 0.001}
DAY = 86_400.0


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint", default="https://one.example")
    api_key: SecretStr | None = ad.field("API key")


class Times:
    """Two clocks that stand still until they are set."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 1_000.0

    def pass_seconds(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    """Give the clocks of the sessions that are opened from now on; waits take no time of theirs."""
    times = Times()
    clock = Clock(wall=lambda: times.wall, steady=lambda: times.steady, sleep=_soon)
    monkeypatch.setattr("asyncdest_nb.engine.engine.Clock", lambda: clock)
    return times


async def _soon(seconds: float) -> None:
    await asyncio.sleep(0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sqlite"


@pytest.fixture
def session(path: Path) -> Iterator[ad.Session]:
    with ad.Session(path=path) as session:
        yield session


def destination(*, slug: str = "test", **action: Any) -> ad.Destination:
    act = ad.Action(title="Act", payload=Payload, **action)
    return ad.Destination(name="Test", slug=slug, settings=Settings, actions={"act": act})


def run_of(crm: ad.Connection, *users: str) -> ad.Run:
    frame = pd.DataFrame({"user_id": list(users)})
    run = crm.submit(frame, "act", schedule=SquareRoot(**EAGER))
    run.wait(timeout=20)
    return run


async def store(request: Any, data: Any) -> Any:
    """Return what the state has, and store the user: "a for 2 hours" or "a" (for good)."""
    user, _, hours = data.payload.user_id.partition(" for ")
    found = data.state_context.get_request_context("user")
    ttl = {"hour": float(hours.split()[0])} if hours else None
    data.state_context.set_response_context("user", user, ttl)
    return {"found": found}


async def read(request: Any, data: Any) -> Any:
    return {"found": data.state_context.get_request_context("user")}


def found(run: ad.Run) -> list[Any]:
    assert run.status == "completed", run.results()
    return [each["found"] for each in run.results()["result"]]


def said(crm: ad.Connection) -> Any:
    executed = crm.execute_action("act", {"user_id": "anyone"})
    assert executed.error is None
    return executed.answer["found"]


STORE, READ = destination(perform=store), destination(perform=read)


def accept(payload: Any) -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": payload.user_id}])


async def store_and_accept(request: Any, data: Any) -> Any:
    data.state_context.set_response_context("user", data.payload.user_id)
    return accept(data.payload)


async def poll_what_was_stored(request: Any, data: Any) -> Any:
    user = data.state_context.get_request_context("user")
    return ad.AsyncPollResponse.of(
        [ad.AsyncOperationResult(status="completed", result={"found": user})]
    )


# Whose it is


def test_a_later_submission_of_the_same_run_reads_what_an_earlier_one_stored(session):
    # One after the other: the second begins when the first has stored.
    first = asyncio.Event()

    async def perform(request: Any, data: Any) -> Any:
        if data.payload.user_id == "b":
            await first.wait()
        answer = await store(request, data)
        first.set()
        return answer

    crm = session.connect(destination(perform=perform))
    assert found(run_of(crm, "a", "b")) == [None, "a"]


def test_a_later_run_of_the_same_connection_reads_the_latest(session):
    crm = session.connect(STORE)
    assert found(run_of(crm, "a")) == [None]
    assert found(run_of(crm, "b")) == ["a"]
    assert found(run_of(crm, "c")) == ["b"]


def test_poll_reads_what_its_own_submission_stored_whatever_others_have_stored_since(session):
    gate = threading.Event()

    async def poll(request: Any, data: Any) -> Any:
        await asyncio.to_thread(gate.wait, 60)
        return await poll_what_was_stored(request, data)

    crm = session.connect(destination(perform=store_and_accept, poll=poll))
    frame = pd.DataFrame({"user_id": ["a", "b", "c"]})
    run = crm.submit(frame, "act", schedule=SquareRoot(**EAGER))
    wait_until(lambda: run.operations and all(each.accepted_at for each in run.operations))
    crm.execute_action("act", {"user_id": "somebody else"})
    gate.set()
    run.wait(timeout=20)
    assert found(run) == ["a", "b", "c"]


def wait_until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_execute_action_stored_its_execute_poll_reads(session):
    act = destination(perform=store_and_accept, poll=poll_what_was_stored)
    crm = session.connect(act)
    first, second = (crm.execute_action("act", {"user_id": each}) for each in ("a", "b"))
    answers = [crm.execute_poll("act", each).answer.results[0].result for each in (first, second)]
    assert answers == [{"found": "a"}, {"found": "b"}]
    # Of contexts alone nobody knows who submitted them.
    polled = crm.execute_poll("act", [{"operation_id": "a"}])
    assert polled.answer.results[0].result == {"found": "b"}
    assert found(run_of(session.connect(READ), "x")) == ["b"]


def test_the_steps_of_an_executed_batch_are_one_submission(session):
    seen = []

    async def perform_batch(request: Any, data: Any) -> Any:
        seen.append(data.submission_id)
        data.state_context.set_response_context("user", "of the batch")
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    async def step(request: Any, data: Any) -> None:
        seen.append(data.submission_id)
        seen.append(data.state_context.get_request_context("user"))

    act = destination(perform_batch=perform_batch, steps=[step], poll=read, operation_per="batch")
    executed = session.connect(act).execute_batch("act", [{"user_id": "a"}])
    crm = session.connect(act)
    crm.execute_poll("act", executed)
    assert seen == [seen[0], seen[0], "of the batch"]


def test_a_run_and_single_calls_read_from_each_other(session):
    crm = session.connect(STORE)
    assert said(crm) is None
    assert found(run_of(crm, "a")) == ["anyone"]
    assert said(crm) == "a"


def test_a_retry_reads_what_the_run_before_it_stored(session):
    is_down = [True]

    async def perform(request: Any, data: Any) -> Any:
        answer = await store(request, data)
        if is_down and is_down.pop():
            raise ad.IntegrationError("not today", "DOWN", 400)
        return answer

    run = run_of(session.connect(destination(perform=perform)), "a")
    assert run.status == "failed"
    again = run.retry()
    again.wait(timeout=20)
    assert found(again) == ["a"]


@pytest.mark.parametrize(
    ("slug", "settings"),
    [
        pytest.param("other", {}, id="another destination"),
        pytest.param("test", {"endpoint": "https://two.example"}, id="other settings"),
    ],
)
def test_another_connection_does_not_read_it(session, slug, settings):
    run_of(session.connect(STORE), "a")
    assert said(session.connect(STORE)) == "a"
    assert said(session.connect(destination(slug=slug, perform=read), **settings)) is None


def test_the_same_connection_with_another_key_reads_it(session):
    run_of(session.connect(STORE, api_key="the-first-of-the-keys"), "a")
    assert said(session.connect(READ, api_key="another-key-of-the-user")) == "a"
    assert said(session.connect(READ)) == "a"


def test_the_options_of_requests_may_use_state(session):
    def extend_request(data: Any) -> dict[str, Any]:
        count = data.state_context.get_request_context("count") or 0
        data.state_context.set_response_context("count", count + 1)
        return {"headers": {"x-count": str(count)}}

    async def count(request: Any, data: Any) -> Any:
        return {"found": data.state_context.get_request_context("count")}

    act = ad.Action(title="Act", payload=Payload, perform=count)
    counting = ad.Destination(
        name="T", slug="t", settings=Settings, actions={"act": act}, extend_request=extend_request
    )
    session.connect(counting)
    assert said(session.connect(counting)) == 2


def test_a_preview_reads_the_state_and_stores_nothing(session):
    async def perform(request: Any, data: Any) -> Any:
        answer = await store(request, data)
        await request(f"https://one.example/{answer['found']}", method="POST", json={})

    run_of(session.connect(STORE), "a")
    preview = session.connect(destination(perform=perform)).preview(
        pd.DataFrame({"user_id": ["b"]}), "act"
    )
    assert preview.first_request.url == "https://one.example/a"
    assert said(session.connect(READ)) == "a"


# How long


def test_it_is_there_after_a_restart(path):
    with ad.Session(path=path) as session:
        run_of(session.connect(STORE), "a")
    with ad.Session(path=path) as session:
        crm = session.connect(STORE, api_key="a-key-of-today")
        assert found(run_of(crm, "b")) == ["a"]
    with ad.Session(path=path) as session:
        assert said(session.connect(READ)) == "b"


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
        assert found(run) == ["a", "b"]


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


def test_poll_does_not_read_for_its_own_that_has_expired_what_another_stored(times):
    seen: list[Any] = []

    async def perform(request: Any, data: Any) -> Any:
        hours = {"hour": 1 if data.payload.user_id == "a" else 24}
        data.state_context.set_response_context("user", data.payload.user_id, hours)
        return accept(data.payload)

    async def poll(request: Any, data: Any) -> Any:
        seen.append(data.state_context.get_request_context("user"))
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    with ad.Session() as session:
        crm = session.connect(destination(perform=perform, poll=poll))
        first, second = (crm.execute_action("act", {"user_id": each}) for each in ("a", "b"))
        crm.execute_poll("act", first)
        times.pass_seconds(2 * 3600)
        for each in (first, second):
            crm.execute_poll("act", each)
    assert seen == ["a", None, "b"]


@pytest.mark.parametrize("days_ahead", [0, 2])
def test_a_restart_does_not_make_of_an_expired_state_that_of_another(path, times, days_ahead):
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


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same process", "restart"])
def test_what_has_expired_is_gone(path, times, is_restarted):
    session = ad.Session(path=path)
    run_of(session.connect(STORE), "a for 2 hours")
    times.pass_seconds(1.9 * 3600)
    if is_restarted:
        session.close()
        session = ad.Session(path=path)
    assert said(session.connect(READ)) == "a"
    times.pass_seconds(0.2 * 3600)
    if is_restarted:
        session.close()
        session = ad.Session(path=path)
    assert said(session.connect(READ)) is None
    session.close()


def test_the_latest_counts_and_not_what_lasts_longest(session):
    crm = session.connect(STORE)
    run_of(crm, "a")
    run_of(crm, "b for 0 hours")
    assert said(session.connect(READ)) is None


@pytest.mark.parametrize("jump", [-400 * DAY, 400 * DAY])
def test_a_wall_clock_that_jumps_in_a_running_process_expires_nothing_early_or_late(
    session_of_times, times, jump
):
    crm = session_of_times.connect(STORE)
    run_of(crm, "a for 2 hours")
    times.wall += jump
    times.pass_seconds(3600)
    assert said(session_of_times.connect(READ)) == "a"
    times.pass_seconds(2 * 3600)
    assert said(session_of_times.connect(READ)) is None


@pytest.fixture
def session_of_times(times: Times, path: Path) -> Iterator[ad.Session]:
    with ad.Session(path=path) as session:
        yield session


def test_one_start_with_a_clock_a_year_ahead_deletes_no_state(path):
    clock = Times()
    clock.wall = time.time()
    with pytest.MonkeyPatch.context() as patch:
        given = Clock(wall=lambda: clock.wall, steady=lambda: clock.steady, sleep=_soon)
        patch.setattr("asyncdest_nb.engine.engine.Clock", lambda: given)
        with ad.Session(path=path, keep_days=None) as session:
            run_of(session.connect(STORE), "a for 2000 hours")
        clock.wall += 365 * DAY
        with ad.Session(path=path, keep_days=None) as session:
            assert said(session.connect(READ)) is None
        clock.wall -= 365 * DAY
        with ad.Session(path=path, keep_days=None) as session:
            assert said(session.connect(READ)) == "a"


@pytest.mark.parametrize(
    ("ttl", "problem"),
    [
        (3600, "ttl=3600; write how long, such as {'hour': 24}"),
        ({}, "ttl={}; write how long"),
        ("1 hour", "write how long"),
        ({"hours": 1}, "did you mean 'hour'"),
    ],
)
def test_a_time_that_is_none_is_refused(session, ttl, problem):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context("user", 1, ttl)

    executed = session.connect(destination(perform=perform)).execute_action("act", {"user_id": "a"})
    assert isinstance(executed.error, ad.UsageError)
    assert problem in str(executed.error)


@pytest.mark.parametrize("amount", [10**400, float("inf"), 1e300])
def test_a_time_without_end_is_long(path, amount):
    async def perform(request: Any, data: Any) -> Any:
        data.state_context.set_response_context("user", "a", {"day": amount})

    for perform_it, is_there in ((perform, False), (read, True)):
        with ad.Session(path=path) as session:
            crm = session.connect(destination(perform=perform_it))
            executed = crm.execute_action("act", {"user_id": "x"})
            assert executed.error is None
            assert executed.answer == ({"found": "a"} if is_there else None)


def test_what_is_read_is_the_same_before_and_after_a_restart(path):
    async def perform(request: Any, data: Any) -> Any:
        mine = {"list": (1, 2), 3: "x"}
        data.state_context.set_response_context("user", mine)
        mine["later"] = True
        return await read(request, data)

    with ad.Session(path=path) as session:
        now = said(session.connect(destination(perform=perform)))
    with ad.Session(path=path) as session:
        assert said(session.connect(READ)) == now == {"list": [1, 2], "3": "x"}


# What is in the file, what is shown of it, and what goes from it


def test_the_values_of_a_session_are_those_that_are_live_and_have_no_secrets(times):
    noted: list[Any] = []
    clock = Clock(wall=lambda: times.wall, steady=lambda: times.steady)
    state = SessionState([], clock=clock, note=noted.append)
    here = connection_scope("crm", {"endpoint": "https://one.example"})

    class Secrets:
        def folded(self, value: Any) -> Any:
            return "***" if value == "secret" else value

        def unfolded(self, value: Any) -> Any:
            return "secret" if value == "***" else value

    for scope, key, ttl in (
        ("run-1/0", "a", None),
        (None, "b", {"hour": 1}),
        ("call 7", "c", None),
    ):
        scoped = ScopedState(state, scope, connection=here, secrets=Secrets())
        scoped.set_response_context(key, "secret", ttl)
    shown = {(each.scope, each.key, each.value, each.expires_at) for each in state}
    expires_at = times.wall + 3600
    kept = {("run-1/0", "a", "***", None), (here, "c", "***", None)}
    assert shown == kept | {(here, "b", "***", expires_at)}
    assert here == 'crm {"endpoint": "https://one.example"}'
    times.pass_seconds(3600)
    assert {(each.scope, each.key, each.value, each.expires_at) for each in state} == kept
    assert "secret" not in {each.value for each in noted}


def in_file(path: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT scope, key, value FROM state ORDER BY scope").fetchall()


def test_forgetting_a_run_leaves_nothing_of_its_state_in_the_file(path):
    async def perform(request: Any, data: Any) -> Any:
        user = data.payload.user_id
        data.state_context.set_response_context(f"key of {user}", f"state of {user}")
        # The text itself would be in the result of somebody else's row.
        of_ann = data.state_context.get_request_context("key of ann")
        return {"found": of_ann == "state of ann"}

    with ad.Session(path=path) as session:
        crm = session.connect(destination(perform=perform))
        run = run_of(crm, "ann")
        assert found(run_of(crm, "bob")) == [True]
        session.forget(run)
        assert found(run_of(crm, "cid")) == [False]
    content = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert b"of ann" not in content
    assert b"state of bob" in content


def test_a_value_is_in_the_file_once(path):
    with ad.Session(path=path) as session:
        run = run_of(session.connect(STORE), "a-value-that-is-long")
    values = [value for _, _, value in in_file(path)]
    assert values.count('"a-value-that-is-long"') == 1
    assert sum(run.id in scope for scope, _, _ in in_file(path)) == 1


def test_a_key_with_a_secret_in_it_is_in_no_file_and_works_in_this_process(path):
    secret = "sk-0123456789-abcdef"

    async def perform(request: Any, data: Any) -> Any:
        key = f"token of {secret}"
        before = data.state_context.get_request_context(key)
        data.state_context.set_response_context(key, "t")
        return {"found": before}

    with ad.Session(path=path) as session:
        crm = session.connect(destination(perform=perform), api_key=secret)
        assert [said(crm), said(crm)] == [None, "t"]
    content = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert secret.encode() not in content


def test_what_an_older_version_kept_for_the_whole_session_is_read_until_there_is_newer(path):
    with ad.Session(path=path):
        pass
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO state VALUES ('', 'user', '\"of old\"', NULL)")
    with ad.Session(path=path) as session:
        assert found(run_of(session.connect(STORE), "a")) == ["of old"]
        assert said(session.connect(READ)) == "a"
