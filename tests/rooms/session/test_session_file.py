"""What is in the file of a session before a request leaves: real HTTP, real SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from one_action import wait_for
from raw_server import RawServer, Writer, answer


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


def test_a_store_that_cannot_be_written_sends_nothing_and_raises(tmp_path: Path):
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


@pytest.mark.parametrize("by_name", [True, False])
def test_the_code_that_continues_a_run_does_so(tmp_path: Path, monkeypatch, by_name: bool):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = None if by_name else tmp_path / "own file.sqlite"
    with ad.simulate("example-async", duration_seconds=0.5) as demo:
        with ad.Session("crm" if by_name else None, path=path) as session:
            crm = session.connect("example-async", endpoint=demo.endpoint, api_key="k-1234567")
            one = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile"})
            run = crm.submit(one, "asyncOperation")
            wait_for(lambda: any(each.operation_id for each in run.operations))
            code = str(run.continued_by)
        assert code.startswith("session = ad.Session('crm'); " if by_name else "session = ad.Ses")
        assert "k-1234567" not in code
        # The ellipsis is for the reader: secrets, which he has.
        *statements, last = code.replace("…", "api_key='k-1234567'", 1).split("; ")
        names: dict[str, Any] = {"ad": ad}
        exec("; ".join(statements), names)
        with names["session"]:
            assert eval(last, names).wait(30) == "completed"


def test_a_run_in_memory_is_continued_by_nothing(session: ad.Session):
    with ad.simulate("example-async") as demo:
        one = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile"})
        assert session.connect(demo).submit(one, "asyncOperation").continued_by == ""
