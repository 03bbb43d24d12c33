"""The wall clock jumps around retries and idempotency keys: real files, real HTTP."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from counting_partner import KEY, Fault, Partner
from raw_server import RawServer, Writer, answer
from recovery import Payload, destination, eager, people, poll, sending
from scripted_jobs import CREATED
from scripted_jobs import connect as connect_jobs
from scripted_jobs import submit as submit_jobs
from wall_clock import DAY, SINGLE, USERS, Wall


def refused_then_retried(session: ad.Session, url: str, wall: Wall, *, ahead: float) -> ad.Run:
    """Submit ten rows, all of them refused, and retry them when the clock has jumped."""
    run = submit_jobs(connect_jobs(session, SINGLE, url), USERS)
    assert run.wait(timeout=20) == "failed"
    wall.ahead += ahead
    retry = run.retry()
    assert retry.wait(timeout=20) == "completed"
    return retry


def require_settled(session: ad.Session, server: RawServer) -> None:
    """Assert that nothing of a run that was retried is offered again, or sent."""
    crm = connect_jobs(session, SINGLE, server.url)
    first, retry = sorted(session.runs(), key=lambda run: run.retry_of is not None)
    assert retry.retry_of is first
    with pytest.raises(ad.UsageError, match="retry that one"):
        first.retry()
    with pytest.raises(ad.UsageError, match="no row may be sent again"):
        retry.retry()
    assert retry.failed().empty
    sent = len(server.arrived)
    with pytest.warns(ad.AlreadySubmitted):
        assert submit_jobs(crm, USERS) is retry
    assert len(server.arrived) == sent


@pytest.mark.parametrize("ahead", [-0.5, -DAY, DAY])
def test_what_was_retried_is_not_offered_again_after_a_restart(
    path: Path, wall: Wall, ahead: float
):
    with RawServer(answer(400), CREATED) as server:
        with ad.Session(path=path) as session:
            refused_then_retried(session, server.url, wall, ahead=ahead)
        with ad.Session(path=path) as session:
            assert [run.retry_of is None for run in session.runs()] == [True, False]
            require_settled(session, server)


@pytest.mark.parametrize("ahead", [-0.5, -DAY])
def test_what_was_retried_is_not_offered_again_in_memory(
    wall: Wall, session: ad.Session, ahead: float
):
    with RawServer(answer(400), CREATED) as server:
        refused_then_retried(session, server.url, wall, ahead=ahead)
        require_settled(session, server)


def test_a_retry_is_linked_to_what_it_retries_wherever_that_is_in_the_file(path: Path, wall: Wall):
    with RawServer(answer(400), answer(400), CREATED) as server:
        with ad.Session(path=path) as session:
            run = submit_jobs(connect_jobs(session, SINGLE, server.url), USERS)
            run.wait(timeout=20)
            second = run.retry()
            second.wait(timeout=20)
            third = second.retry()
            third.wait(timeout=20)
            names = [run.id, second.id, third.id]
        with closing(sqlite3.connect(path)) as db, db:
            for at, name in enumerate(reversed(names), 100):
                db.execute("UPDATE run SET rowid = ? WHERE id = ?", (at, name))
        with ad.Session(path=path) as session:
            found = {run.id: run for run in session.runs()}
            assert list(found) == names[::-1]
            links = [found[name].retry_of for name in names]
            assert links == [None, found[names[0]], found[names[1]]]
            crm = connect_jobs(session, SINGLE, server.url)
            with pytest.warns(ad.AlreadySubmitted):
                assert submit_jobs(crm, USERS).id == third.id


def test_an_exported_retry_is_loaded_as_the_last_whatever_its_clock_said(
    wall: Wall, session: ad.Session, tmp_path: Path
):
    with RawServer(answer(400), CREATED) as server:
        retry = refused_then_retried(session, server.url, wall, ahead=-DAY)
        retry.export(tmp_path / "retry.run")
    loaded = ad.load(tmp_path / "retry.run")
    assert loaded.id == retry.id
    assert set(loaded.results()["status"]) == {"completed"}


# Idempotency keys

KEYED: dict[str, Any] = {"perform_batch": sending(header=KEY), "recovery": "key"}
LATER = Fault(answer(429, headers={"retry-after": "30"}), is_applied=False)


def connect_keyed(session: ad.Session, server: RawServer, **action: Any) -> ad.Connection:
    given = {"payload": Payload, "poll": poll, "operation_per": "batch", **KEYED, **action}
    found = ad.Destination(
        name="Keyed",
        slug="keyed",
        settings=destination().settings,
        extend_request=destination().extend_request,
        actions={"send": ad.Action(title="Send", **given)},
    )
    return session.connect(found, endpoint=server.url)


async def lose(writer: Writer) -> None:
    writer.close()


@pytest.mark.parametrize("ahead", [-DAY, -3600.0, 2 * DAY])
def test_a_key_of_unknown_age_is_not_used_again(path: Path, wall: Wall, ahead: float):
    with Partner(Fault(lose), LATER) as partner:
        with ad.Session(path=path) as session:
            crm = connect_keyed(session, partner)
            run = crm.submit(people(5), "send", schedule=eager())
            while len(partner.arrived) < 2 or run.operations[0].state is not State.PLANNED:
                run.wait(timeout=0.02)
        wall.ahead = ahead
        with ad.Session(path=path) as session:
            connect_keyed(session, partner)
            (run,) = session.runs()
            while State.HELD not in {each.state for each in run.operations}:
                run.wait(timeout=0.02)
        assert partner.sent.total() == 2


def test_a_key_whose_clock_is_set_back_while_it_waits_ages_all_the_same(
    wall: Wall, session: ad.Session
):
    async def busy_for_an_hour(writer: Writer) -> None:
        wall.ahead -= 3600
        await answer(429, headers={"retry-after": "1"})(writer)

    busy = Fault(busy_for_an_hour, is_applied=False)
    with Partner(Fault(lose), *[busy] * 9) as partner:
        crm = connect_keyed(session, partner, key_seconds=0.5)
        run = crm.submit(people(5), "send", schedule=eager())
        while State.HELD not in {each.state for each in run.operations}:
            run.wait(timeout=0.02)
        assert partner.sent.total() == 2


def test_a_clock_that_is_set_back_a_little_costs_no_repetition(wall: Wall, session: ad.Session):
    async def lose_half_a_second(writer: Writer) -> None:
        wall.ahead -= 0.5
        writer.close()

    with Partner(Fault(lose_half_a_second)) as partner:
        run = connect_keyed(session, partner).submit(people(5), "send", schedule=eager())
        assert run.wait(timeout=20) == "completed"
        assert set(partner.effects.values()) == {1}
