"""Redirects, refusals and conflicts (409): scripted answers over real HTTP on loopback."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from counting_partner import Fault, Partner
from raw_server import Answer, RawServer, answer, reset
from recovery import connect, eager, people

# Partners list what they have some time after it came, in seconds of the machine.
pytestmark = pytest.mark.real_time

OTHER = "http://127.0.0.1:9/v2/rows"


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def sent_to(session: ad.Session, server: RawServer, **options: Any) -> ad.Run:
    """Submit two rows, with *options* of the request such as throw_http_errors."""

    async def perform(request: Any, data: Any) -> Any:
        return await request(f"{server.url}/v1/rows", method="POST", json={}, **options)

    act = ad.Action(title="Act", payload=Payload, perform=perform)
    found = ad.Destination(name="Test", slug="test", actions={"act": act})
    run = session.connect(found).submit(pd.DataFrame({"user_id": ["u-1", "u-2"]}), "act")
    run.wait(timeout=20)
    return run


@pytest.mark.parametrize("throws", [True, False])
@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_row_sent_to_a_moved_url_was_not_applied(session: ad.Session, status: int, throws: bool):
    with RawServer(answer(status, "", {"location": f"{OTHER}?sig=abc"})) as server:
        run = sent_to(session, server, throw_http_errors=throws)
        assert len(server.arrived) == 2
    assert run.counts["failed"] == run.retryable == 2
    message = run.failed()["message"][0]
    assert f"moved to {OTHER}: correct the endpoint" in message
    assert "sig=abc" not in message


@pytest.mark.parametrize("throws", [True, False])
@pytest.mark.parametrize("status", [300, 302, 303, 304, 305, 306])
def test_a_row_answered_by_another_redirect_may_have_been_applied(
    session: ad.Session, status: int, throws: bool
):
    with RawServer(answer(status, "", {"location": OTHER})) as server:
        run = sent_to(session, server, throw_http_errors=throws)
    assert run.counts["unknown"] == 2
    assert run.retryable == 0
    assert f"redirects to {OTHER}" in run.results()["message"][0]


@pytest.mark.parametrize("throws", [True, False])
def test_a_302_to_the_same_path_of_another_host_applied_nothing(session: ad.Session, throws: bool):
    with RawServer(answer(302, "", {"location": "https://www.crm.test/v1/rows/"})) as server:
        run = sent_to(session, server, throw_http_errors=throws)
    assert run.counts["failed"] == run.retryable == 2
    assert "moved to https://www.crm.test/v1/rows/: correct the endpoint" in run.failed().message[0]


def test_the_new_location_is_relative_to_the_old(session: ad.Session):
    with RawServer(answer(308, "", {"location": "/v2/rows"})) as server:
        run = sent_to(session, server)
        assert f"moved to {server.url}/v2/rows: correct" in run.failed()["message"][0]


@pytest.mark.parametrize("throws", [True, False])
@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_has_the_message_of_the_destination(
    session: ad.Session, status: int, throws: bool
):
    with RawServer(answer(status, {"error": "u-1 is  locked by an import"})) as server:
        run = sent_to(session, server, throw_http_errors=throws)
        assert len(server.arrived) == 2
    assert run.counts["failed"] == run.retryable == 2
    assert "u-1 is locked by an import" in run.failed()["message"][0]
    assert run.failed()["error_code"][0] == str(status)


# 409, by what the action declares of its submissions

ONCE = Counter(people(5)["user_id"])
CONFLICT = Fault(answer(409, {"error": "in progress"}), is_applied=False)


def submitted(session: ad.Session, partner: Partner, way: str) -> ad.Run:
    run = connect(session, partner).submit(people(5), way, schedule=eager())
    run.wait(timeout=30)
    return run


@pytest.mark.parametrize("way", ["none", "natural", "search"])
def test_a_conflict_is_a_refusal(session: ad.Session, way: str):
    with Partner(CONFLICT) as partner:
        run = submitted(session, partner, way)
        assert len(partner.jobs) == 0
    assert run.counts["failed"] == run.retryable == 5
    assert "in progress" in run.failed()["message"].iloc[0]


@pytest.mark.parametrize("count", [1, 3])
def test_a_key_in_conflict_is_sent_again_until_the_first_request_is_done(
    session: ad.Session, count: int
):
    with Partner(*[CONFLICT] * count) as partner:
        run = submitted(session, partner, "key")
        assert len(partner.sent) == 1  # One key, and one body.
        assert partner.sent.total() == count + 1
    assert run.status == "completed"
    assert partner.effects == ONCE


def test_a_key_that_stays_in_conflict_is_held(session: ad.Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("asyncdest_nb.engine.run.reconciler.PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr("asyncdest_nb.engine.run.reconciler.LONGEST_SECONDS", 0.2)
    with Partner(*[CONFLICT] * 500) as partner:
        crm = connect(session, partner)
        way = crm.destination.actions["key"]
        object.__setattr__(way, "settle_seconds", 0.0)
        run = crm.submit(people(5), "key", schedule=eager())
        run.wait(timeout=30)
        assert partner.effects == Counter()
    assert {each.state for each in run.operations} == {State.HELD}
    assert run.retryable == 0
    assert "in progress" in run.results()["message"].iloc[0]


def test_an_id_in_conflict_is_looked_for(session: ad.Session):
    # It was applied, though the answer states only that it is there.
    there = Fault(answer(409, {"error": "it is there"}), is_applied=True)
    with Partner(there) as partner:
        run = submitted(session, partner, "client_id")
        assert partner.sent.total() == 1
    assert run.status == "completed"
    assert partner.effects == ONCE


def test_an_id_in_conflict_with_something_else_is_refused(session: ad.Session):
    with Partner(CONFLICT) as partner:
        run = submitted(session, partner, "client_id")
        assert partner.sent.total() == 1
        assert len(partner.jobs) == 0
    assert run.counts["failed"] == run.retryable == 5
    assert "in progress" in run.failed()["message"].iloc[0]


@pytest.mark.parametrize("way", ["client_id", "search"])
def test_a_conflict_after_a_lost_reply_is_no_proof_that_nothing_was_applied(
    session: ad.Session, way: Any
):
    async def perform(request: Any, data: Any) -> Any:
        await request(f"{server.url}/{data.submission_id}", method="POST", json={})

    async def find(request: Any, data: Any) -> Any:
        return None  # As from a list that lags behind.

    with RawServer(reset, answer(409, {"message": "it is there"})) as server:
        act = ad.Action(
            title="Act", payload=Payload, perform=perform, recovery=way, find=find, settle_seconds=0
        )
        found = ad.Destination(name="Test", slug="test", actions={"act": act})
        run = session.connect(found).submit(pd.DataFrame({"user_id": ["u-1"]}), "act")
        run.wait(timeout=20)
        assert [each.method for each in server.arrived] == ["POST", "POST"]
    assert run.counts["unknown"] == 1
    assert run.retryable == 0
    assert "it is there" in run.results()["message"][0]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_new_location_of_a_token_server_is_in_the_message(session: ad.Session, status: int):
    async def perform(request: Any, data: Any) -> Any:
        return await request(f"{server.url}/rows", method="POST", json={})

    async def refresh(request: Any, data: Any) -> str:
        return str((await request(f"{server.url}/token", method="POST", json={})).data["token"])

    with RawServer(answer(status, "", {"location": OTHER})) as server:
        act = ad.Action(title="Act", payload=Payload, perform=perform)
        found = ad.Destination(
            name="Test", slug="test", actions={"act": act}, refresh_access_token=refresh
        )
        run = session.connect(found).submit(pd.DataFrame({"user_id": ["u-1"]}), "act")
        run.wait(timeout=20)
    assert run.retryable == 1
    message = run.failed()["message"][0]
    assert message.startswith("no access token")
    what = f"redirects to {OTHER}" if status == 302 else f"moved to {OTHER}: correct the endpoint"
    assert what in message


def busy(*answers: Answer) -> list[Answer]:
    return [*answers, answer(200, {"id": "j-1"})]


def test_a_conflict_may_be_returned_instead_of_raised(session: ad.Session):
    async def perform(request: Any, data: Any) -> Any:
        url, key = f"{server.url}/rows", {"idempotency-key": data.submission_id}
        return await request(url, method="POST", json={}, headers=key, throw_http_errors=False)

    with RawServer(*busy(answer(409, "busy"), answer(409, "busy"))) as server:
        act = ad.Action(title="Act", payload=Payload, perform=perform, recovery="key")
        found = ad.Destination(name="Test", slug="test", actions={"act": act})
        run = session.connect(found).submit(pd.DataFrame({"user_id": ["u-1"]}), "act")
        assert run.wait(timeout=20) == "completed"
        assert len({each.headers["idempotency-key"] for each in server.arrived}) == 1
        assert len(server.arrived) == 3
