"""One session in one process: opened, connected and interrupted more than once."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.portal import Portal
from example_rows import eager, people
from raw_server import RawServer, answer, silence

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


@pytest.mark.parametrize("is_gathered", [False, True])
def test_rows_that_wait_for_their_turn_at_a_close_are_sent_after_it(file: Path, is_gathered: bool):
    class Payload(ad.Payload):
        user_id: str = ad.field("User ID")

    async def perform(request: Any, data: Any) -> Any:
        url = f"{server.url}/{data.payload.user_id}"
        if is_gathered:
            await asyncio.gather(*[request(url, method="POST", json=1) for _ in range(3)])
        else:
            await request(url, method="POST", json=1)
        return {}

    act = ad.Action(title="Act", payload=Payload, perform=perform)
    test = ad.Destination(name="Test", slug="test", actions={"act": act})
    frame = pd.DataFrame({"user_id": [f"u-{number}" for number in range(20)]})
    with RawServer(silence) as server:
        with ad.Session(path=file) as session:
            run = session.connect(test, requests_per_second=0.1).submit(frame, "act")
            assert server.has_arrived.wait(timeout=20)
        with ad.Session(path=file) as session:
            (run,) = session.runs()
            # The request that has left, whatever else of its row has not.
            assert run.counts["unknown"] == 1
            assert run.counts["pending"] == 19


def test_a_connect_that_is_interrupted_and_repeated_continues_a_run_once(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    class Payload(ad.Payload):
        user_id: str = ad.field("User ID")

    async def perform(request: Any, data: Any) -> Any:
        await request(f"{server.url}/{data.payload.user_id}", method="POST", json=1)
        return {}

    start = Portal.start

    def interrupted(self: Portal, work: Any) -> Any:
        start(self, work)
        raise KeyboardInterrupt  # As the stop button does it: in the middle of something.

    act = ad.Action(title="Act", payload=Payload, perform=perform)
    test = ad.Destination(name="Test", slug="test", actions={"act": act})
    frame = pd.DataFrame({"user_id": [f"u-{number}" for number in range(20)]})
    with RawServer() as server:
        with ad.Session(path=file) as session:
            session.connect(test, requests_per_second=0.1).submit(frame, "act").wait(timeout=1)
        with ad.Session(path=file) as session:
            with monkeypatch.context() as patch:
                patch.setattr(Portal, "start", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    session.connect(test)
            session.connect(test)
            assert session.runs()[0].wait(timeout=20) == "completed"
        assert Counter(each.target for each in server.arrived) == Counter(
            f"/{user}" for user in frame["user_id"]
        )


def test_two_threads_that_open_a_file_at_once_both_have_it(file: Path):
    at_once = threading.Barrier(2)

    def opened(_: int) -> ad.Session:
        at_once.wait(timeout=10)
        return ad.Session(path=file)

    with ThreadPoolExecutor(2) as threads, contextlib.ExitStack() as stack:
        for session in list(threads.map(opened, range(2))):
            stack.enter_context(session)
            assert "read-only" not in repr(session)


def test_two_threads_that_connect_at_once_go_on_with_a_run_once(file: Path):
    class Payload(ad.Payload):
        user_id: str = ad.field("User ID")

    async def perform(request: Any, data: Any) -> Any:
        await request(f"{server.url}/{data.payload.user_id}", method="POST", json=1)
        return {}

    act = ad.Action(title="Act", payload=Payload, perform=perform)
    test = ad.Destination(name="Test", slug="test", actions={"act": act})
    frame = pd.DataFrame({"user_id": [f"u-{number}" for number in range(1_000)]})
    at_once, interval = threading.Barrier(4), sys.getswitchinterval()

    def connect(session: ad.Session) -> None:
        at_once.wait(timeout=10)
        session.connect(test, requests_per_second=10)

    with RawServer(answer(200, {})) as server:
        with ad.Session(path=file) as session:
            session.connect(test, requests_per_second=0.05).submit(frame, "act")
            assert server.has_arrived.wait(timeout=20)
        sys.setswitchinterval(1e-5)
        try:
            for _ in range(5):
                with ad.Session(path=file) as session, ThreadPoolExecutor(4) as threads:
                    list(threads.map(connect, [session] * 4))
        finally:
            sys.setswitchinterval(interval)
        sent = Counter(each.target for each in server.arrived)
    assert set(sent.values()) == {1}


def test_a_session_opened_twice_in_one_process_is_one(file: Path):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        first = ad.Session(path=file)
        run = first.connect(demo).submit(people(3), "asyncOperation", schedule=eager())
        second = ad.Session(path=file)
        assert second.runs() == [run]
        first.close()
        assert run.wait(timeout=10) == "completed"
        second.close()
    with ad.Session(path=file) as third:
        assert third.runs()[0].status == "completed"
