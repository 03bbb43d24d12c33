"""While a destination is asked whether it has a submission in doubt, the user can read that."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import asyncdest_nb as ad
import recovery
from raw_server import Answer, RawServer, Writer, answer, reset, silence
from recovery import WAYS, eager, people

FOUND = answer(200, [{"id": "j-1"}])
DONE = answer(200, {"status": "completed"})


def after(event: Event, then: Answer) -> Answer:
    """Return an answer that is written once *event* is set."""

    async def write(writer: Writer) -> None:
        await asyncio.to_thread(event.wait, 30)
        await then(writer)

    return write


def connect(session: ad.Session, server: RawServer) -> ad.Connection:
    given: dict[str, Any] = {**WAYS["search"], "settle_seconds": 90.0, "poll": recovery.poll}
    action = ad.Action(
        title="Send",
        payload=recovery.Payload,
        recovery="search",
        operation_per="batch",
        **given,
    )
    found = replace(recovery.destination(), actions={"send": action})
    return session.connect(found, endpoint=server.url)


def wait_for_search(run: ad.Run, server: RawServer, *, requests: int) -> None:
    while len(server.arrived) < requests or not run.counts["unknown"]:
        run.wait(timeout=0.01)


def test_a_reopened_run_says_that_its_destination_is_asked_and_until_when(tmp_path: Path):
    path, may_answer = tmp_path / "session.sqlite", Event()
    with RawServer(silence, after(may_answer, FOUND), DONE) as server:
        with ad.Session(path=path) as session:
            run = connect(session, server).submit(people(3), "send", schedule=eager())
            while not server.arrived:
                run.wait(timeout=0.01)
        with ad.Session(path=path) as session:
            connect(session, server)
            (run,) = session.runs()
            wait_for_search(run, server, requests=2)
            notice = next(each for each in run.notices if "asked" in each)
            assert notice.startswith(
                "3 rows: Recovering is asked whether it has them, since their answer was lost; "
                "decided in about "
            )
            assert 0 < int(notice.split("about ")[1].split(" s")[0]) <= 90
            assert notice.endswith(" s; there is nothing to do")
            assert notice.split("; decided")[0] in repr(run)
            may_answer.set()
            assert run.wait(timeout=20) == "completed"
            assert not any("asked" in each for each in run.notices)


def test_a_decision_is_not_needed_while_the_destination_is_asked(session: ad.Session):
    may_answer = Event()
    with RawServer(reset, after(may_answer, FOUND), DONE) as server:
        run = connect(session, server).submit(people(1), "send", schedule=eager())
        wait_for_search(run, server, requests=2)
        with pytest.raises(ad.UsageError) as error:
            run.resolve(applied=False)
        may_answer.set()
        assert run.wait(timeout=20) == "completed"
    assert str(error.value).startswith(
        "no operation waits for your decision: 1 row: Recovering is asked whether it has it, "
        "since its answer was lost; decided in about "
    )
