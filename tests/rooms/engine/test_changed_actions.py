"""Actions that changed between two openings of a session, against partners on loopback.

What was sent was sent under the old definition. The new one may not make it go again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import field_validator

import asyncdest_nb as ad
import recovery
from asyncdest_nb.engine import Clock
from counting_partner import KEY, Fault, Partner
from raw_server import RawServer, Writer, answer, reset, silence
from recovery import WAYS, eager, people, poll, sending
from session_engines import session_engines

LATER = Fault(answer(429, headers={"retry-after": "30"}), is_applied=False)
ROWS = 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


def connect(session: ad.Session, server: RawServer, **action: Any) -> ad.Connection:
    given = {"payload": recovery.Payload, "poll": poll, "operation_per": "batch", **action}
    actions = {"send": ad.Action(title="Send", **given)}
    found = replace(recovery.destination(), actions=actions)
    return session.connect(found, endpoint=server.url)


def submit(session: ad.Session, server: RawServer, **action: Any) -> ad.Run:
    return connect(session, server, **action).submit(people(ROWS), "send", schedule=eager())


@contextmanager
def reopened(path: Path, server: RawServer, **action: Any) -> Iterator[ad.Run]:
    """Give the run of *path*, resumed with *action* as it is now."""
    with ad.Session(path=path) as session:
        connect(session, server, **action)
        (run,) = session.runs()
        yield run


def wait_for(run: ad.Run, server: RawServer, *, state: str, requests: int = 1) -> None:
    while len(server.arrived) < requests or {each.state for each in run.operations} != {state}:
        run.wait(timeout=0.02)


def settle(run: ad.Run) -> None:
    run.rested.result(timeout=20)


def states(run: ad.Run) -> set[str]:
    return {str(each.state) for each in run.operations}


def message(run: ad.Run) -> str:
    return str(run.results()["message"].iloc[0])


# A way to recover, declared too late


@pytest.mark.parametrize("way", ["key", "client_id", "search", "prepare_commit"])
def test_a_submission_without_an_id_is_not_recovered_by_one(path: Path, way: str):
    with Partner(Fault(reset)) as partner:
        with ad.Session(path=path) as session:
            settle(submit(session, partner, **WAYS["none"]))
        given = {**WAYS[way], "recovery": way}
        if "find" in given:
            given["settle_seconds"] = 0.2
        with reopened(path, partner, **given) as run:
            settle(run)
            assert states(run) == {"held"}
        assert partner.sent.total() == 1
        assert set(partner.effects.values()) == {1}


def test_a_submission_that_is_harmless_to_repeat_now_is_repeated(path: Path):
    with Partner(Fault(reset)) as partner:
        with ad.Session(path=path) as session:
            settle(submit(session, partner, **WAYS["none"]))
        with reopened(path, partner, **WAYS["natural"], recovery="natural") as run:
            assert run.wait(timeout=20) == "completed"
        assert partner.sent.total() == 2
        assert set(partner.effects.values()) == {1}


# Another shape


def test_a_batch_is_not_sent_by_an_action_of_one_row(path: Path):
    async def perform(request: Any, data: Any) -> Any:
        return await request("/jobs", method="POST", json={"rows": [data.payload.as_json()]})

    with Partner(LATER) as partner:
        with ad.Session(path=path) as session:
            run = submit(session, partner, **WAYS["none"])
            wait_for(run, partner, state="planned")
        with reopened(path, partner, perform=perform, poll=None, operation_per="row") as run:
            assert run.wait(timeout=20) == "failed"
            assert "does not send such a batch" in message(run)
        assert not partner.effects


def test_a_submission_whose_steps_are_gone_is_not_begun_again(path: Path):
    with Partner(None, LATER) as partner:
        with ad.Session(path=path) as session:
            run = submit(session, partner, **WAYS["prepare_commit"])
            wait_for(run, partner, state="planned", requests=2)
        with reopened(path, partner, **WAYS["none"]) as run:
            assert run.wait(timeout=20) == "failed"
            assert "does not send such a batch" in message(run)
        assert not partner.effects


# A validator that changes a payload a second time


class Hashed(recovery.Payload):
    @field_validator("user_id")
    @classmethod
    def hashed(cls, user: str) -> str:
        return hashlib.sha256(user.encode()).hexdigest()


HASHING: dict[str, Any] = {**WAYS["key"], "recovery": "key", "payload": Hashed}


def test_a_payload_in_doubt_that_would_change_is_held(path: Path):
    with Partner(Fault(silence)) as partner:
        with ad.Session(path=path) as session:
            wait_for(submit(session, partner, **HASHING), partner, state="submitting")
        with reopened(path, partner, **HASHING) as run:
            settle(run)
            assert states(run) == {"held"}
            assert "does not fit the action" in message(run)
        assert partner.sent.total() == 1


def test_a_payload_never_sent_that_would_change_is_rejected(path: Path):
    with Partner(LATER) as partner:
        with ad.Session(path=path) as session:
            wait_for(submit(session, partner, **HASHING), partner, state="planned")
        with reopened(path, partner, **HASHING) as run:
            assert run.wait(timeout=20) == "failed"
            assert "does not fit the action" in message(run)
        assert not partner.effects


def test_a_retry_of_a_payload_that_would_change_is_invalid(path: Path):
    with Partner(Fault(answer(403), is_applied=False)) as partner:
        with ad.Session(path=path) as session:
            assert submit(session, partner, **HASHING).wait(timeout=20) == "failed"
        with reopened(path, partner, **HASHING) as run:
            retry = run.retry()
            assert retry.wait(timeout=20) == "failed"
            assert retry.counts["invalid"] == ROWS
            assert "does not fit the action" in message(retry)
        assert not partner.effects


# A key that the partner may have forgotten

KEYED: dict[str, Any] = {"perform_batch": sending(header=KEY), "recovery": "key"}


def test_a_key_that_ages_while_the_host_is_busy_is_not_used_again():
    days: list[int] = []
    clock = Clock(wall=lambda: time.time() + 86_400 * len(days))

    async def busy_for_a_day(writer: Writer) -> None:
        days.append(1)
        await answer(429, headers={"retry-after": "1"})(writer)

    busy = Fault(busy_for_a_day, is_applied=False)
    with (
        Partner(Fault(reset), busy) as partner,
        session_engines(clock),
        ad.Session() as session,
    ):
        run = submit(session, partner, **KEYED, key_seconds=3_600)
        settle(run)
        assert states(run) == {"held"}
        assert "too long ago" in message(run)
        assert partner.sent.total() == 2


def test_a_key_that_ages_while_the_host_is_down_is_not_used_again(path: Path):
    async def goes_down(writer: Any) -> None:
        server.refuse_connections()
        await reset(writer)

    with RawServer(goes_down) as server, ad.Session(path=path) as session:
        run = submit(session, server, **KEYED, key_seconds=0.5)
        settle(run)
        assert states(run) == {"held"}
        assert len(server.arrived) == 1


def test_a_key_that_ages_while_nothing_runs_is_not_used_again(path: Path):
    with Partner(Fault(reset), LATER) as partner:
        with ad.Session(path=path) as session:
            run = submit(session, partner, **KEYED)
            wait_for(run, partner, state="planned", requests=2)
        with reopened(path, partner, **KEYED, key_seconds=0.001) as run:
            settle(run)
            assert states(run) == {"held"}
        assert partner.sent.total() == 2
