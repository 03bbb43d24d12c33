"""Sessions in files: closed, reopened and killed, with real processes and real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.portal import Portal
from asyncdest_nb.schedule import SquareRoot
from paths import DATA, HELPERS
from raw_server import RawServer, answer, silence
from scripted_jobs import until_put_off

pytestmark = pytest.mark.slow

CHILD = HELPERS / "killed_child.py"


def eager() -> SquareRoot:
    return SquareRoot(minimum=0.05, cost=0.01)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


def people(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"user_id": [f"u-{number}" for number in range(count)], "operation_type": "sync_profile"},
        index=[f"row {number % 5}" for number in range(count)],
    )


FORKS = """
import os, sys, warnings
import asyncdest_nb as ad

session = ad.Session(path=sys.argv[1])
warnings.simplefilter("ignore")  # Python 3.12 warns of forks where there are threads.
if os.fork() == 0:
    assert ad.Session() is not None
    try:
        session.connect("example-async", endpoint="http://127.0.0.1:1")
    except ad.UsageError:
        sys.exit(3)
    sys.exit(4)
print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
def test_a_fork_uses_no_session_of_its_parent_and_closes_none(file: Path):
    words = [sys.executable, "-c", FORKS, str(file)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "3\n"
        with ad.Session(path=file) as session:
            assert f"read-only: open in process {parent.pid}" in repr(session)


@pytest.mark.parametrize("is_gathered", [False, True])
def test_what_waits_for_its_turn_when_a_session_is_closed_is_sent_after_it(
    file: Path, is_gathered: bool
):
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


def test_what_a_connect_has_begun_that_is_interrupted_and_repeated_is_done_once(
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


ENDS_EARLY = """
import sys, threading
import pandas as pd
import asyncdest_nb as ad

class Payload(ad.Payload):
    user_id: str = ad.field("User ID")

def perform(request, data):
    is_called.set()
    threading.Event().wait()

is_called = threading.Event()
act = ad.Action(title="Act", payload=Payload, perform=perform)
test = ad.Destination(name="Test", slug="test", actions={"act": act})
crm = ad.Session(path=sys.argv[1]).connect(test)
crm.submit(pd.DataFrame({"user_id": [f"u-{number}" for number in range(100)]}), "act")
is_called.wait()
"""


def test_a_script_that_ends_early_fails_no_row_and_waits_for_no_function(file: Path):
    words = [sys.executable, "-W", "error", "-c", ENDS_EARLY, file]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    with ad.Session(path=file) as session:
        (run,) = session.runs()
        assert run.counts["failed"] == 0
        assert run.counts["pending"] >= 92


def test_a_run_that_has_ended_is_there_again_with_every_outcome(file: Path):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0.3, seed=1) as demo:
        with ad.Session(path=file) as session:
            frame = people(20)
            frame.iloc[3, 0] = None
            run = session.connect(demo).submit(frame, "asyncOperation", schedule=eager())
            assert run.wait(timeout=20) == "partial"
            before = run.results()
        with ad.Session(path=file) as session:
            (again,) = session.runs()
            assert (again.id, again.title, again.status) == (run.id, run.title, "partial")
            assert again.created_at == pytest.approx(run.created_at, abs=5)
            pd.testing.assert_frame_equal(again.results(), before, check_index_type=False)
            assert list(again.failed().index) == list(run.failed().index)
            assert again.notices == []
            with pytest.raises(ad.UsageError, match="connect"):
                again.retry()


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        (range(2), [0, 1]),
        ([20, -7], [20, -7]),
        ([7, 7], [7, 7]),
        (["07", "x"], ["07", "x"]),
        (pd.Index([1, None], dtype="Int64"), ["1", "(missing)"]),
        ([0.5, 1.0], ["0.5", "1"]),
    ],
)
def test_integer_labels_are_integers_again(file: Path, labels: Any, kept: list[Any]):
    frame = people(2).set_axis(pd.Index(labels), axis=0)
    with ad.simulate("example-async", duration_seconds=0.05) as demo, ad.Session(path=file) as own:
        own.connect(demo).submit(frame, "asyncOperation").wait(timeout=20)
    with ad.Session(path=file) as again:
        (run,) = again.runs()
        assert run.results().index.tolist() == kept
        assert list(run.results()["status"]) == ["completed"] * 2


def test_a_run_goes_on_when_somebody_connects_with_the_same_settings(file: Path):
    with ad.simulate("example-async", duration_seconds=1.5, failing=0, seed=1) as demo:
        with ad.Session(path=file) as session:
            run = session.connect(demo).submit(people(5), "asyncOperation", schedule=eager())
            while not (run.operations and all(each.polls for each in run.operations)):
                assert run.wait(timeout=0.05) == "pending"
        with ad.Session(path=file) as session:
            (again,) = session.runs()
            with pytest.raises(ad.UsageError, match=r"session\.connect"):
                again.wait()
            assert "session.connect" in again.notices[0]
            session.connect("example-async", endpoint="http://127.0.0.1:9")
            assert "session.connect" in again.notices[0]
            session.connect(demo)
            assert again.wait(timeout=20) == "completed"
            assert demo.requests["POST /operations/batch"] == {202: 1}
            assert set(again.results()["operation_id"]) == {
                each["operation_id"] for each in demo.operations
            }


def test_a_retry_after_a_restart_sends_what_was_sent(file: Path):
    with RawServer(answer(400), answer(202, {"operations": [{"operation_id": "o-1"}]})) as server:
        with ad.Session(path=file) as session:
            crm = session.connect("example-async", endpoint=server.url)
            assert crm.submit(people(1), "asyncOperation").wait(timeout=10) == "failed"
        with ad.Session(path=file) as session:
            session.connect("example-async", endpoint=server.url)
            session.runs()[0].retry()
            while len(server.arrived) < 2:
                time.sleep(0.02)
    assert server.arrived[0].body == server.arrived[1].body


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


# Processes that are killed


@contextlib.contextmanager
def child(file: Path, slug: str, settings: Any, **submission: Any) -> Iterator[subprocess.Popen]:
    """Start a process that submits; it is killed at the latest when the block ends."""
    frame = submission.pop("frame")
    submission = {"frame": frame.to_dict("list"), "index": list(frame.index), **submission}
    words = [sys.executable, CHILD, file, slug, json.dumps(settings), json.dumps(submission)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_what_another_process_has_open_is_read_only_until_that_is_gone(file: Path):
    with ad.simulate("example-async", duration_seconds=3, failing=0) as demo:
        submission = {"frame": people(3), "action": "asyncOperation"}
        with child(file, "example-async", demo.settings, **submission) as process:
            session = ad.Session(path=file)
            holder = f"open in process {process.pid} on .* since 20"
            assert re.search(f"read-only: {holder}", repr(session))
            with pytest.raises(ad.StoreError, match=f"{holder}.*shut down that kernel"):
                session.connect(demo)
            while not (runs := session.runs()) or not runs[0].operations[0].operation_id:
                time.sleep(0.05)
            assert re.search(holder, runs[0].notices[0])
            assert len(runs[0].results()) == 3
            with pytest.raises(ad.UsageError, match=holder):
                runs[0].wait()
            with pytest.raises(ad.StoreError, match=holder):
                session.forget(runs[0])
            runs[0].export(file.with_name("exported.sqlite"))
        session.connect(demo)  # The system took the lock back from the dead.
        (run,) = session.runs()
        assert run.wait(timeout=20) == "completed"
        assert demo.requests["POST /operations/batch"] == {202: 1}
        session.close()
    assert len(ad.load(file.with_name("exported.sqlite")).operations) == 3


def test_threads_that_take_a_session_over_at_once_do_it_once(file: Path):
    at_once = threading.Barrier(6)
    interval = sys.getswitchinterval()

    def look(_: int) -> None:
        at_once.wait(timeout=10)
        session.runs()
        session.connect(demo)

    with ad.simulate("example-async", duration_seconds=0.3, failing=0) as demo:
        submission = {"frame": people(20), "action": "asyncOperation", "batch_size": 1}
        with child(file, "example-async", demo.settings, **submission):
            session = ad.Session(path=file)
            while not session.runs():
                time.sleep(0.02)
            assert "read-only" in repr(session)
        sys.setswitchinterval(1e-5)
        try:
            with ThreadPoolExecutor(6) as threads:
                list(threads.map(look, range(6)))
        finally:
            sys.setswitchinterval(interval)
        with session:
            (run,) = session.runs()
            run.wait(timeout=30)
        arrived = Counter(each["payload"]["user_id"] for each in demo.operations)
        assert max(arrived.values()) == 1


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
def test_nothing_is_lost_or_sent_twice_when_the_kernel_is_killed(file: Path, after: float):
    frame = people(400)
    knobs = {"duration_seconds": 0.6, "failing": 0, "latency_seconds": 0.03}
    with ad.simulate("example-async", **knobs) as demo:
        submission = {"frame": frame, "action": "asyncOperation", "batch_size": 20}
        with child(file, "example-async", demo.settings, **submission):
            time.sleep(after)
        with ad.Session(path=file) as session:
            session.connect(demo)
            if not session.runs():
                assert demo.operations == []  # Killed before the first intent.
                return
            (run,) = session.runs()
            run.wait(timeout=30)
            results = run.results()
        held = {row for each in run.operations if each.state == "held" for row in each.rows}
        assert set(results["status"]) <= {"completed", "unknown"}
        assert {at for at, word in enumerate(results["status"]) if word == "unknown"} == held
        arrived = Counter(each["payload"]["user_id"] for each in demo.operations)
        assert max(arrived.values()) == 1
        completed = {f"u-{at}" for at in range(400) if at not in held}
        assert completed <= set(arrived)


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2])
def test_a_job_of_several_steps_is_applied_once_whenever_the_kernel_is_killed(
    file: Path, after: float
):
    frame = pd.DataFrame({"LastName": [f"N {number}" for number in range(40)]})
    knobs = {"duration_seconds": 0.5, "failing": 0, "latency_seconds": 0.1}
    with ad.simulate("salesforce-bulk", **knobs) as org:
        submission = {"frame": frame, "action": "insert", "object": "Contact", "batch_size": 10}
        with child(file, "salesforce-bulk", org.settings, **submission):
            time.sleep(after)
        with ad.Session(path=file) as session:
            session.connect(org)
            if not session.runs():
                assert org.operations == []
                return
            (run,) = session.runs()
            assert run.wait(timeout=40) == "completed"
        # Four jobs were closed; more may have been opened, and nothing comes of those.
        names = Counter(each["LastName"] for each in org.records["Contact"])
        assert names == Counter(frame["LastName"])


def test_a_payload_that_fits_no_more_is_not_sent_after_a_restart(file: Path):
    class Before(ad.Payload):
        user_id: str = ad.field("User")

    class After(ad.Payload):
        user_id: int = ad.field("User")

    async def perform(request: Any, data: Any) -> Any:
        return await request("http://127.0.0.1:1/", method="POST", json={})

    def destination(payload: type[ad.Payload]) -> ad.Destination:
        act = ad.Action(title="Act", payload=payload, perform=perform)
        return ad.Destination(name="Test", slug="test", actions={"act": act})

    with ad.Session(path=file) as session:
        frame = pd.DataFrame({"user_id": ["a"]})
        run = session.connect(destination(Before)).submit(frame, "act")
        until_put_off(run, "cannot be reached")
    with ad.Session(path=file) as session:
        session.connect(destination(After))
        (run,) = session.runs()
        assert run.wait(timeout=10) == "failed"
        assert "does not fit" in run.results()["message"].iloc[0]


def test_rows_that_waited_out_a_pause_are_sent_after_a_restart(file: Path):
    later = answer(429, headers={"retry-after": "30"})
    taken = answer(202, {"operations": [{"operation_id": "o-1"}]})
    with RawServer(later, taken) as server:
        with ad.Session(path=file) as session:
            crm = session.connect("example-async", endpoint=server.url)
            run = crm.submit(people(1), "asyncOperation")
            until_put_off(run, "fewer requests")
        assert run.counts["unknown"] == 0
        with ad.Session(path=file) as session:
            session.connect("example-async", endpoint=server.url)
            (run,) = session.runs()
            while not run.operations[0].operation_id:
                run.wait(timeout=0.02)
    assert [each.target for each in server.arrived[:2]] == ["/operations/batch"] * 2


def test_a_session_of_the_first_schema_opens_and_goes_on(file: Path):
    shutil.copy(DATA / "session_v1.sqlite", file)
    with ad.Session(path=file) as session:
        assert [run.status for run in session.runs()] == ["partial", "partial", "pending"]
        first, jobs, going = session.runs()
        statuses = ["failed", "failed", "invalid", "failed", "completed"]
        assert list(first.results()["status"]) == statuses
        assert list(first.failed().index) == ["a", "b", "c", "d"]
        assert jobs.results()["result"].iloc[2] == {
            "sf__Id": "003yOxOKpCKFI6IQWX",
            "sf__Created": True,
        }
        ids = [each.operation_id for each in going.operations]
        assert len(ids) == 4
    with RawServer(answer(200, {"status": "completed", "message": "done"})) as server:
        move(file, to=server.url)
        with ad.Session(path=file) as session:
            session.connect("example-async", endpoint=server.url)
            run = session.run(going.id)
            assert run.wait(timeout=20) == "partial"  # A row is invalid.
            assert [each.operation_id for each in run.operations] == ids
        assert {each.method for each in server.arrived} == {"GET"}


def move(file: Path, *, to: str) -> None:
    """Let what was sent to an address of long ago have been sent *to* another one."""
    settings = json.dumps({"endpoint": to}, separators=(",", ":"))
    database = sqlite3.connect(file)
    with database:
        database.execute(
            "UPDATE run SET settings = ? WHERE destination = 'example-async'", (settings,)
        )
    database.close()
