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
