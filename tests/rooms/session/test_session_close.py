"""The end of a session: closed, interrupted, or lost because it was in memory."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

import asyncdest_nb as ad
from one_action import destination, echo, submit, users, wait_for


@pytest.mark.parametrize("name", [None, "kept.sqlite"])
def test_a_session_in_memory_that_ends_early_logs_what_is_lost(tmp_path, caplog, name):
    async def forever(request: Any, data: Any) -> Any:
        await asyncio.sleep(60)

    with ad.Session(path=name and tmp_path / name) as session:
        submit(session, destination(perform=forever), users("a", "b"))
        submit(session, destination(perform=echo), users("c")).wait(timeout=10)
    logged = caplog.messages
    assert len(logged) == (name is None)
    assert all("pending: 2 pending" in each and "Call run.wait() first" in each for each in logged)


def test_a_run_that_was_still_being_prepared_is_said_to_be_neither_sent_nor_kept(tmp_path, caplog):
    is_asked = threading.Event()

    async def check(request: Any, data: Any) -> Any:
        is_asked.set()
        await asyncio.sleep(60)

    path = tmp_path / "kept.sqlite"
    with ad.Session(path=path) as session:
        run = submit(session, destination(perform=echo, check=check), users("a", "b"))
        assert is_asked.wait(10)
        assert not run.is_prepared
    (logged,) = caplog.messages
    assert f"the session ends before <Run {run.id}" in logged
    assert "still being prepared: nothing was sent or kept" in logged
    with pytest.raises(ad.AsyncDestError, match="nothing was sent, and the run is not kept"):
        run.wait(timeout=10)
    with ad.Session(path=path) as session:
        assert session.runs() == []
        with pytest.raises(ad.UnknownName, match=f"no run '{run.id}'.*Known: none.*is not kept"):
            session.run(run.id)


def test_every_call_on_a_run_of_a_closed_session_raises_that_it_is_closed(tmp_path):
    with ad.Session(path=tmp_path / "kept.sqlite") as session:
        run = submit(session, destination(perform=echo), users("a"))
        run.wait(timeout=10)
    asked = [run.retry, run.cancel, run.pause, run.resume, lambda: run.details(0)]
    asked += [lambda: run.resolve(applied=True), lambda: run.export(tmp_path / "run")]
    for call in asked:
        with pytest.raises(ad.UsageError, match="this session is closed: open it again"):
            call()
    assert run.wait() == "completed"
    assert list(run.results()["status"]) == ["completed"]


def test_a_call_refused_on_the_engines_own_thread_has_no_effect(session):
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
        await turns(5)  # Time in which a stopped run would end.
        return {}

    run = submit(session, destination(perform=perform), users("a"))
    assert run.wait(timeout=10) == "completed"
    session.close()
    with pytest.raises(ad.UsageError, match="this session is closed"):
        run.details(0)


def test_closing_a_session_ends_a_wait_with_an_error(tmp_path: Path):
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
