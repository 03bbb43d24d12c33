"""Cancel and pause survive a restart: partners on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine.run.execution import SUBMITTERS
from counting_partner import Fault, Partner
from raw_server import RawServer, answer, reset, silence
from recovery import connect, eager, people

LATER = Fault(answer(429, headers={"retry-after": "30"}), is_applied=False)
NEVER_SENT = 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


@contextmanager
def reopened(path: Path, partner: Partner) -> Iterator[ad.Run]:
    with ad.Session(path=path) as session:
        connect(session, partner)
        (run,) = session.runs()
        yield run


def wait_for(run: ad.Run, server: RawServer, *, requests: int, state: str) -> None:
    while len(server.arrived) < requests or state not in {each.state for each in run.operations}:
        run.wait(timeout=0.02)


def test_unsent_rows_of_a_canceled_run_are_canceled_after_a_restart(path: Path):
    with Partner(*[Fault(silence)] * SUBMITTERS) as partner:
        with ad.Session(path=path) as session:
            crm = connect(session, partner, batch_size=1)
            run = crm.submit(people(SUBMITTERS + NEVER_SENT), "key", schedule=eager())
            wait_for(run, partner, requests=SUBMITTERS, state="planned")
            run.cancel()
        with reopened(path, partner) as run:
            run.rested.result(timeout=20)
            assert run.counts["canceled"] == NEVER_SENT
            assert run.counts["unknown"] == SUBMITTERS
        assert partner.sent.total() == SUBMITTERS


def test_operations_in_doubt_of_a_canceled_run_stay_held_after_a_restart(path: Path):
    with Partner(Fault(reset), LATER) as partner:
        with ad.Session(path=path) as session:
            run = connect(session, partner).submit(people(2), "natural", schedule=eager())
            wait_for(run, partner, requests=2, state="planned")
            run.cancel()
            run.rested.result(timeout=20)
        with reopened(path, partner) as run:
            run.rested.result(timeout=20)
            assert [each.state for each in run.operations] == ["held"]
        assert partner.sent.total() == 2


def test_a_paused_run_stays_paused_after_a_restart_until_it_is_resumed(path: Path):
    with Partner(LATER) as partner:
        with ad.Session(path=path) as session:
            run = connect(session, partner).submit(people(2), "key", schedule=eager())
            wait_for(run, partner, requests=1, state="planned")
            run.pause()
        with reopened(path, partner) as run:
            assert run.is_paused
            assert run.wait(timeout=0.3) == "pending"
            assert partner.sent.total() == 1
            run.resume()
            assert run.wait(timeout=20) == "completed"
        with reopened(path, partner) as run:
            assert not run.is_paused
        assert set(partner.effects.values()) == {1}
