"""Session files on a slow disk: what goes on meanwhile, and what is on it when a request leaves.

The server reads the file by a connection of its own, at the moment when a request arrives.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine.run.context import SUBMITTERS
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, Writer, answer, silence
from slow_disk import slow_disk

pytestmark = pytest.mark.real_time  # The disk does not run ten times as fast.

ROWS = 200
THREAD = "asyncdest-store"


class Witness(RawServer):
    """A server that accepts rows, and reads the session's *file* whenever it is asked something.

    ``found`` has for each request its target, and state and id of the operation in the file.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(self._respond)
        self._file = file
        self.found: list[tuple[str, str, str | None]] = []

    async def _respond(self, writer: Writer) -> None:
        target = self.arrived[-1].target
        query = "SELECT state, operation_id FROM operation WHERE number = ?"
        number = target.partition("-")[2]
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as database:
            ((state, operation_id),) = database.execute(query, (number,))
        self.found.append((target, state, operation_id))
        await answer(202, {"operation_id": f"o-{number}"})(writer)


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def destination(url: str) -> ad.Destination:
    async def perform_batch(request: Any, data: Any) -> ad.AsyncActionResponse:
        (payload,) = data.payload
        found = await request(f"{url}/{payload.user_id}", method="POST", json=1)
        return ad.AsyncActionResponse(async_contexts=[found.data])

    async def poll(request: Any, data: Any) -> ad.AsyncPollResponse:
        (context,) = data.async_contexts
        await request(f"{url}/{context['operation_id']}")
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    act = ad.Action(
        title="Act", payload=Payload, perform_batch=perform_batch, poll=poll, batch_size=1
    )
    return ad.Destination(
        name="Test", slug="test", actions={"act": act}, requests_per_second=100_000.0
    )


def submitted(session: ad.Session, server: RawServer, count: int = ROWS) -> ad.Run:
    frame = pd.DataFrame({"user_id": [f"u-{number}" for number in range(count)]})
    eager = SquareRoot(minimum=0.001)
    return session.connect(destination(server.url)).submit(frame, "act", schedule=eager)


def test_intents_and_ids_are_on_the_disk_before_the_next_request_arrives(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    with slow_disk(seconds=0.01), Witness(path) as server, ad.Session(path=path) as session:
        assert submitted(session, server).wait(timeout=60) == "completed"
    sent = [each for each in server.found if each[0].startswith("/u-")]
    asked = [each for each in server.found if each[0].startswith("/o-")]
    assert {state for _, state, _ in sent} == {"submitting"}
    assert all(target == f"/{own}" for target, _, own in asked)
    assert len(sent) == len(asked) == ROWS


def test_many_submissions_share_a_commit(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    with slow_disk(seconds=0.1) as disk, Witness(path) as server, ad.Session(path=path) as session:
        disk.commits.clear()
        assert submitted(session, server).wait(timeout=60) == "completed"
        commits = list(disk.commits)
    # Each has an intent and an id, which would take 400 commits one by one.
    assert len(commits) < ROWS / 2
    assert set(commits) == {THREAD}


def test_the_loop_goes_on_while_a_commit_waits_for_the_disk(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    with slow_disk() as disk, RawServer(answer(202, {"operation_id": "o-1"})) as server:
        with ad.Session(path=path) as session:
            crm = session.connect(destination(server.url))
            disk.hang()
            run = submitted(session, server, 1)
            assert disk.is_awaited.wait(timeout=20)
            # On the same loop, a request leaves and gets its answer.
            called: list[Any] = []
            call = threading.Thread(
                target=lambda: called.append(crm.execute_batch("act", [{"user_id": "u-7"}])),
                daemon=True,
            )
            call.start()
            call.join(timeout=20)
            is_sent, state = bool(called), run.status
            disk.go_on()
            assert run.wait(timeout=20) == "completed"
    assert is_sent
    assert state == "pending"
    # Nothing of the run had left before its intent was there.
    assert [each.target for each in server.arrived[:2]] == ["/u-7", "/u-0"]


def test_a_session_ends_with_all_that_a_slow_disk_has_not_written_yet(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    with slow_disk(seconds=0.2), RawServer(silence) as server:
        with ad.Session(path=path) as session:
            submitted(session, server, 3)
            assert server.has_arrived.wait(timeout=20)
    with ad.Session(path=path) as session:
        (run,) = session.runs()
        assert run.counts["unknown"] == 3


def test_as_many_requests_are_on_their_way_as_rows_wait_for_the_disk(tmp_path: Path):
    with RawServer(silence) as server, ad.Session() as session:
        run = submitted(session, server, SUBMITTERS + 5)
        while len(server.arrived) < SUBMITTERS:
            run.wait(timeout=0.02)
        run.wait(timeout=0.2)
        assert len(server.arrived) == SUBMITTERS
        assert run.counts["pending"] == SUBMITTERS + 5


DIES = """
import sys
sys.path[:0] = sys.argv[3:]
import asyncdest_nb as ad
from slow_disk import slow_disk
from test_slow_disk import submitted
from types import SimpleNamespace

with slow_disk() as disk, ad.Session(path=sys.argv[1]) as session:
    disk.seconds = 0.1
    submitted(session, SimpleNamespace(url=sys.argv[2]), 20).wait()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("answers", [1, 8, 20])
def test_what_was_answered_and_not_on_the_disk_when_the_kernel_died_is_unknown(
    tmp_path: Path, answers: int
):
    path, children = tmp_path / "s.sqlite", []
    taken = answer(202, {"operation_id": "o-1"})

    async def answer_and_kill(writer: Writer) -> None:
        await taken(writer)
        if len(server.arrived) == answers:
            children[0].kill()

    with RawServer(answer_and_kill) as server:
        words = [sys.executable, "-c", DIES, str(path), server.url, *sys.path]
        children.append(subprocess.Popen(words, stderr=subprocess.PIPE, text=True))
        _, said = children[0].communicate(timeout=60)
        assert children[0].returncode == -9, said
        arrived = {each.target for each in server.arrived}
    with ad.Session(path=path) as session:
        (run,) = session.runs()
        before = {f"/u-{each.number}": each.state for each in run.operations}
        session.connect(destination("http://127.0.0.1:9"), requests_per_second=0.001)
        while "submitting" in {each.state for each in run.operations}:
            run.wait(timeout=0.02)
        statuses = run.results()["status"]
    assert len(arrived) >= answers
    assert {before[target] for target in arrived} == {"submitting"}
    assert {statuses[int(target.partition("-")[2])] for target in arrived} == {"unknown"}
    assert set(statuses) <= {"unknown", "pending"}
