"""What happens at the end of a run that nobody looks at: calls, and notices over real HTTP."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from one_action import destination, echo, submit, users, wait_for
from raw_server import RawServer, answer, reset
from scripted_jobs import connect, create, done, job
from scripted_jobs import submit as submit_rows

PATH = "/services/T0SECRET/B0SECRET/x9Kq27LmPz"
OK = answer(200, "ok")


def until(is_over: threading.Event) -> ad.Destination:
    """Return a destination whose operations complete once *is_over* is set; "bad" rows fail."""

    async def perform(request: Any, data: Any) -> Any:
        if data.payload.user_id.startswith("bad"):
            raise ad.IntegrationError("a@b.example is refused", "NO", 400)
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if is_over.is_set() else "pending"
        results = [ad.AsyncOperationResult(status=status) for _ in data.async_contexts]
        return ad.AsyncPollResponse.of(results)

    return destination(perform=perform, poll=poll)


def over() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_one_notice_is_posted_at_the_end_with_counts_and_no_value_of_a_row(session):
    is_over = threading.Event()
    rows = users("anna@x.example", "bad@x.example", None)
    with RawServer(OK) as server:
        run = submit(session, until(is_over), rows, notify=server.url + PATH)
        assert server.arrived == []
        is_over.set()
        run.wait(timeout=20)
        session.close()  # It waits for a notice on its way.
        [notice] = server.arrived
    assert (notice.method, notice.target) == ("POST", PATH)
    assert notice.headers["content-type"].startswith("application/json")
    assert json.loads(notice.body) == {
        "text": "Act to Test: partial. 3 rows: 1 completed, 1 failed, 1 invalid",
        "run": run.id,
        "title": "Act to Test",
        "status": "partial",
        "counts": {
            "pending": 0,
            "completed": 1,
            "unchanged": 0,
            "failed": 1,
            "invalid": 1,
            "canceled": 0,
            "unknown": 0,
        },
    }
    assert b"example" not in notice.body
    assert run.notices == []


@pytest.mark.parametrize(
    ("notify", "reason"),
    [
        (f"http://hooks.example{PATH}", "http:// URL of hooks.example"),
        (f"ftp://hooks.example{PATH}", "not a URL"),
        (f"hooks.example{PATH}", "not a URL"),
        (f"https://anna:{PATH[-10:]}@hooks.example{PATH}", "not a URL"),
        ("", "not a URL"),
        (7, "is a int"),
    ],
)
def test_what_cannot_be_posted_to_is_refused_before_a_row_is_sent(session, notify, reason):
    sent = threading.Event()

    async def perform(request: Any, data: Any) -> Any:
        sent.set()
        return {}

    with pytest.raises(ad.UsageError, match=reason) as raised:
        submit(session, destination(perform=perform), users("a"), notify=notify)
    assert "it must be an https:// URL, or http:// on this machine" in str(raised.value)
    assert "SECRET" not in str(raised.value)
    assert PATH[-10:] not in str(raised.value)
    assert session.runs() == []
    assert not sent.is_set()


def test_a_notice_that_is_refused_is_a_notice_of_the_run_and_no_error(session, caplog):
    caplog.set_level(logging.DEBUG)
    seen: list[bool] = []
    with RawServer(answer(404, f"no hook at {PATH}")) as server:
        run = submit(session, destination(perform=echo), users("a"), notify=server.url + PATH)
        run.on_change(lambda numbers, done: seen.append(bool(done and run.notices)))
        assert run.wait(timeout=20) == "completed"
        wait_for(lambda: run.notices)
        host = server.url.removeprefix("http://")
        assert run.notices == [f"the notice of its end was not posted: {host} answered 404"]
        wait_for(lambda: True in seen)  # What shows the run gets to know.
        assert len(server.arrived) == 1
    for text in (repr(run), repr(session), caplog.text):
        assert "SECRET" not in text
        assert PATH[-10:] not in text


def test_a_host_that_cannot_be_reached_is_a_notice_of_the_run(session):
    url = SecretStr(f"http://127.0.0.1:9{PATH}")  # The port "discard", where nobody listens.
    run = submit(session, destination(perform=echo), users("a"), notify=url)
    run.wait(timeout=20)
    wait_for(lambda: run.notices)
    assert run.notices == ["the notice of its end was not posted: 127.0.0.1:9 cannot be reached"]


def test_after_a_restart_the_notice_is_posted_once_and_the_url_is_in_no_file(tmp_path: Path):
    path, is_over = tmp_path / "s.sqlite", threading.Event()
    with RawServer(OK) as server:
        url = server.url + PATH
        with ad.Session(path=path) as first:
            begun = submit(first, until(is_over), users("a", "b"), notify=url)
            wait_for(lambda: [each.operation_id for each in begun.operations] == ["a", "b"])
        assert server.arrived == [], "the run has not ended with the session"
        is_over.set()
        for _ in range(2):
            with ad.Session(path=path) as again:
                connection = again.connect(until(is_over))
                with pytest.warns(ad.AlreadySubmitted):
                    run = connection.submit(users("a", "b"), "act", notify=url)
                assert run.wait(timeout=20) == "completed"
                with pytest.warns(ad.AlreadySubmitted):
                    connection.submit(users("a", "b"), "act", notify=url)
        assert len(server.arrived) == 1
    files = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"SECRET" not in files


def test_a_run_that_waits_for_a_decision_is_at_its_end_for_those_who_are_away(session):
    action = job(steps=(), perform_batch=create, poll=done, batch_size=2)
    with RawServer(reset) as lost, RawServer(OK) as server:
        connection = connect(session, action, lost.url)
        run = submit_rows(connection, ["a"], notify=server.url + PATH)
        wait_for(lambda: server.arrived)
        assert run.is_at_rest
        run.resolve(applied=False)
    [notice] = server.arrived
    assert json.loads(notice.body)["text"] == (
        f"{run.title}: pending. 1 row: 1 unknown. For your decision: 1 operation"
    )


def test_a_notice_calls_nobody_by_the_name_of_a_destination(session):
    loud = replace(until(over()), name="A & B <!channel>")
    with RawServer(OK) as server:
        submit(session, loud, users("a"), notify=server.url + PATH).wait(timeout=20)
        session.close()
        [notice] = server.arrived
    assert json.loads(notice.body)["text"].startswith("Act to A &amp; B &lt;!channel&gt;: ")


def test_a_function_is_called_once_with_the_run_on_a_thread_where_it_may_wait(session):
    is_over, called = threading.Event(), threading.Event()
    calls: list[tuple[str, int, str]] = []

    def done(run: ad.Run) -> None:
        calls.append((run.wait(timeout=5), len(run.results()), threading.current_thread().name))
        called.set()

    run = submit(session, until(is_over), users("a", "bad"))
    run.when_done(done)
    assert not calls
    is_over.set()
    assert called.wait(20)
    called.clear()
    run.when_done(done)  # It is done already.
    assert called.wait(20)
    assert calls == [("partial", 2, "asyncdest-when-done")] * 2


@pytest.mark.filterwarnings("error")
def test_an_error_of_the_function_is_logged_and_a_notice_of_the_run(session, caplog):
    def fail(run: ad.Run) -> None:
        raise RuntimeError("no mail server")

    run = submit(session, destination(perform=echo), users("a"))
    run.when_done(fail)
    assert run.wait(timeout=20) == "completed"
    wait_for(lambda: run.notices)
    assert run.notices == ["when_done failed: RuntimeError: no mail server"]
    assert "no mail server" in caplog.text
    with pytest.raises(ad.UsageError, match="takes a function of the run, not 'mail'"):
        run.when_done("mail")


def test_a_session_that_is_closed_first_ends_no_run():
    calls: list[Callable[..., Any]] = []
    with RawServer(OK) as server:
        with ad.Session() as session:
            run = submit(session, until(threading.Event()), users("a"), notify=server.url + PATH)
            run.when_done(calls.append)
        assert run.rested.done()
        assert (calls, server.arrived) == ([], [])
