"""The same cell run again after trouble: full disks, interrupts, changed cells, closed sessions.

All over real HTTP on loopback; the disk is full as SQLite reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
import recovery
from asyncdest_nb.engine import Engine
from asyncdest_nb.errors import StoreError
from asyncdest_nb.session.stored import Reopened
from asyncdest_nb.store import Store
from counting_partner import Partner
from raw_server import RawServer, Writer, answer
from recovery import eager, people
from scripted_jobs import requested
from session_engines import session_engines
from stored_runs import fill_disk, make_room

SECRET = "sk-live-4eC39HqLyjWDarjt"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    with session_engines() as engines:
        yield engines


@pytest.fixture
def session(path: Path, engines: list[Engine]) -> Iterator[ad.Session]:
    with ad.Session(path=path) as session:
        yield session


@pytest.fixture
def store(session: ad.Session, engines: list[Engine]) -> Store:
    """Give the store of the session."""
    return engines[0].store


def define(**action: Any) -> ad.Destination:
    """Return a synchronous destination; each call makes new functions."""

    async def perform(request: Any, data: Any) -> Any:
        return await request("/people", method="POST", json=data.payload.as_json())

    given = {"payload": recovery.Payload, "perform": perform, **action}
    return replace(recovery.destination(), actions={"send": ad.Action(title="Send", **given)})


# A full disk, and room again


def test_a_run_that_could_not_begin_on_a_full_disk_is_sent_once_there_is_room(
    session: ad.Session, store: Store
):
    frame = people(500)
    with Partner() as partner:
        crm = recovery.connect(session, partner)
        fill_disk(store)
        run = crm.submit(frame, "key", schedule=eager())
        with pytest.raises(StoreError, match="full; make room"):
            run.wait(timeout=20)
        make_room(store)
        assert crm.submit(frame, "key", schedule=eager()).wait(timeout=20) == "completed"
        assert len(partner.effects) == 500
        assert set(partner.effects.values()) == {1}


def test_a_run_that_could_not_end_on_a_full_disk_ends_once_there_is_room(
    session: ad.Session, store: Store
):
    async def fill_and_answer(writer: Writer) -> None:
        fill_disk(store)
        await answer(200, {"note": "x" * 50_000})(writer)

    with RawServer(fill_and_answer) as server:
        crm = session.connect(define(), endpoint=server.url)
        run = crm.submit(people(1), "send")
        with pytest.raises(StoreError, match="full; make room"):
            run.wait(timeout=20)
        make_room(store)
        with pytest.warns(ad.AlreadySubmitted):
            assert crm.submit(people(1), "send") is run
        assert run.wait(timeout=20) == "completed"
        assert [each.state for each in store.operations(run.id)] == ["completed"]
        assert len(server.arrived) == 1


# Cells that run twice


# Fast time would put the stamps of the first session ahead of the second one's clock.
@pytest.mark.real_time
def test_a_connect_that_was_interrupted_can_be_run_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with Partner() as partner:
        with ad.Session(path=path) as session:
            crm = recovery.connect(session, partner, batch_size=1, requests_per_second=5)
            run = crm.submit(people(4), "key", schedule=eager())
            while not partner.arrived:
                run.wait(timeout=0.02)
        with ad.Session(path=path) as session:
            with monkeypatch.context() as patch:
                patch.setattr(Reopened, "submission", interrupt)
                with pytest.raises(KeyboardInterrupt):
                    recovery.connect(session, partner)
            recovery.connect(session, partner)
            (run,) = session.runs()
            assert run.wait(timeout=20) == "completed"
        assert list(partner.effects.values()) == [1] * 4


def test_a_retry_uses_the_definition_of_the_cells_that_ran_again(session: ad.Session):
    with RawServer(answer(200, {}), answer(400), answer(200, {})) as server:
        run = session.connect(define(), endpoint=server.url).submit(people(2), "send")
        assert run.wait(timeout=20) == "partial"
        crm = session.connect(define(), endpoint=server.url)
        with pytest.warns(ad.AlreadySubmitted):
            assert crm.submit(people(2), "send") is run
        assert run.retry().wait(timeout=20) == "completed"
        assert len(server.arrived) == 3


def test_a_refusal_that_only_the_code_claims_is_not_sent_again_by_the_cell(session: ad.Session):
    async def perform(request: Any, data: Any) -> None:
        await request("/people", method="POST", json=data.payload.as_json())
        raise ad.IntegrationError("refused", "NO", 400)

    with RawServer(answer(200, {})) as server:
        crm = session.connect(define(perform=perform), endpoint=server.url)
        run = crm.submit(people(1), "send")
        assert run.wait(timeout=20) == "failed"
        with pytest.warns(ad.AlreadySubmitted):
            assert crm.submit(people(1), "send") is run
        assert requested(server) == ["POST /people"]


def test_a_label_that_cannot_be_stored_does_not_stop_its_row(path: Path):
    frame = people(2).set_axis(pd.Index(["half a character: \ud83d", "b"], dtype=object))
    with Partner() as partner:
        with ad.Session(path=path) as session:
            run = recovery.connect(session, partner).submit(frame, "key", schedule=eager())
            assert run.wait(timeout=20) == "completed"
            assert list(run.results().index) == list(frame.index)
        assert set(partner.effects.values()) == {1}
        with ad.Session(path=path) as session:
            first, second = session.runs()[0].labels
            assert (r"\ud83d" in first, second) == (True, "b")


# Sessions


def test_a_session_that_is_open_here_is_not_opened_with_other_options(
    path: Path, session: ad.Session
):
    for options in ({"keep_payloads": False}, {"keep_days": 1.0}):
        with pytest.raises(ad.UsageError, match=r"open here already.*close that one first"):
            ad.Session(path=path, **options)
    session.close()
    ad.Session(path=path, keep_payloads=False).close()


def test_a_closed_session_is_named_as_the_reason(session: ad.Session):
    crm = session.connect(define(), endpoint="http://127.0.0.1:9")
    session.close()
    with pytest.raises(ad.UsageError, match="this session is closed: open it again"):
        session.connect(define(), endpoint="http://127.0.0.1:9")
    with pytest.raises(ad.UsageError, match="this session is closed: open it again"):
        crm.submit(people(1), "send")


# Secrets


def test_a_secret_that_a_function_stores_stays_in_the_process(path: Path, session: ad.Session):
    class Settings(recovery.Settings):
        api_key: SecretStr = ad.field("API Key")

    async def perform(request: Any, data: Any) -> Any:
        token = f"token of {data.settings.api_key.get_secret_value()}"
        found = data.state_context.get_request_context("token")
        data.state_context.set_response_context("token", token)
        data.state_context.set_response_context("place", "kept as it is")
        return found == token

    crm = session.connect(
        replace(define(perform=perform), settings=Settings),
        endpoint="http://127.0.0.1:9",
        api_key=SECRET,
    )
    payload = people(1).iloc[0].to_dict()
    answers = [crm.execute_action("send", payload).answer for _ in range(2)]
    assert answers == [False, True]
    session.close()
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"kept as it is" in content
    assert SECRET.encode() not in content
