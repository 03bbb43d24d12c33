"""Access tokens that are fetched and refused: real HTTP to scripted servers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import TypeAdapter

import asyncdest_nb as ad
from raw_server import RawServer, answer
from scripted_jobs import CREATED, OK, STEPS, Payload, connect, job, requested, submit

EXPIRED = answer(401, {"error": "expired"})


def tokens(*answers: Any) -> Any:
    found = iter(answers)

    async def refresh_access_token(request: Any, data: Any) -> str:
        token = next(found)
        if isinstance(token, Exception):
            raise token
        return token

    return refresh_access_token


def with_token(data: Any) -> dict[str, Any]:
    token = data.access_token
    return {
        "base_url": data.settings.endpoint,
        "headers": {} if token is None else ad.bearer_auth(token),
    }


def with_tokens(
    session: ad.Session, server: RawServer, refresh: Any, action: ad.Action | None = None
) -> ad.Connection:
    """Connect to a destination that gets its access tokens from *refresh*."""
    return connect(
        session,
        action or job(),
        server.url,
        extend_request=with_token,
        refresh_access_token=refresh,
    )


def sent_tokens(server: RawServer) -> list[str | None]:
    return [each.headers.get("authorization") for each in server.arrived]


def test_plain_functions_that_wait_for_a_token_leave_a_thread_to_fetch_it(session):
    def perform(request: Any, data: Any) -> Any:
        request("/x", method="POST", json={})
        return {}

    def refresh(request: Any, data: Any) -> str:
        return "token-1"

    with RawServer(OK) as server:
        act = ad.Action(title="Act", payload=Payload, perform=perform)
        # Eight a run: together more than asyncio's pool has threads on any machine.
        crm = with_tokens(session, server, refresh, act)
        runs = [submit(crm, [f"{number}-{user}" for user in range(8)]) for number in range(5)]
        assert [run.wait(timeout=30) for run in runs] == ["completed"] * 5
    assert set(sent_tokens(server)) == {"Bearer token-1"}


def test_a_function_may_give_up_waiting_for_a_token(session):
    async def perform(request: Any, data: Any) -> Any:
        try:
            async with asyncio.timeout(0.2):
                await request("/x", method="POST", json={})
        except TimeoutError:
            return {"in_time": False}
        return {"in_time": True}

    async def refresh(request: Any, data: Any) -> str:
        for _ in range(2):  # The second one waits for its turn.
            await request(f"{data.settings.endpoint}/token")
        return "token-1"

    with RawServer(OK) as server:
        act = ad.Action(title="Act", payload=Payload, perform=perform)
        found = with_tokens(session, server, refresh, act).destination
        crm = session.connect(found, endpoint=server.url, requests_per_second=0.01)
        run = submit(crm, ["a"])
        assert run.wait(timeout=10) == "completed"
    assert run.results()["result"][0] == {"in_time": False}


def test_a_token_is_fetched_before_the_first_request_and_after_a_401(session):
    with RawServer(CREATED, EXPIRED, OK) as server:
        crm = with_tokens(session, server, tokens("token-one", "token-two"))
        assert submit(crm, ["a"]).wait(timeout=10) == "completed"
        assert requested(server) == [STEPS[0], STEPS[1], *STEPS[1:]]
        first, second = "Bearer token-one", "Bearer token-two"
        assert sent_tokens(server) == [first, first, second, second]


def test_a_token_refused_twice_is_not_renewed_again(session):
    with RawServer(EXPIRED) as server:
        crm = with_tokens(session, server, tokens("token-one", "token-two"))
        run = submit(crm, ["a"])
        assert run.wait(timeout=10) == "failed"
        assert len(server.arrived) == 2
    assert "401" in run.results()["message"][0]


def test_many_requests_at_once_share_one_new_token(session):
    given: list[str] = []

    async def refresh_access_token(request: Any, data: Any) -> str:
        given.append(f"token-{len(given)}")
        return given[-1]

    with RawServer(OK) as server:
        action = ad.Action(title="Act", payload=Payload, perform=_ping)
        crm = with_tokens(session, server, refresh_access_token, action=action)
        assert submit(crm, list("abcdefgh")).wait(timeout=10) == "completed"
        assert len(server.arrived) == 8
    assert given == ["token-0"]


async def _ping(request: Any, data: Any) -> Any:
    return await request("/ping", method="POST", json={})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ad.InvalidAuthenticationError("no client"), "failed"),
        (ad.HTTPError("400", status=400), "failed"),
        (KeyError("KeyError"), "failed"),
    ],
)
def test_without_a_token_nothing_is_sent_and_the_message_has_the_reason(session, error, status):
    with RawServer(OK) as server:
        crm = with_tokens(session, server, tokens(error, error, error))
        run = submit(crm, ["a"])
        assert run.wait(timeout=10) == status
        assert server.arrived == []
    assert str(error.args[0]) in run.results()["message"][0]


def test_what_extend_request_raises_for_a_new_token_is_said_by_every_row(session):
    def extend(data: Any) -> dict[str, Any]:
        if data.access_token is not None:
            TypeAdapter(int).validate_python("no number")
        return {"base_url": data.settings.endpoint}

    with RawServer(OK) as server:
        action = ad.Action(title="Act", payload=Payload, perform=_ping)
        crm = connect(
            session,
            action,
            server.url,
            extend_request=extend,
            refresh_access_token=tokens(*["one"] * 4),
        )
        run = submit(crm, list("abcd"))
        assert run.wait(timeout=10) == "failed"
        assert server.arrived == []
    messages = run.results()["message"]
    assert len(set(messages)) == 1
    assert "Input should be a valid integer" in messages[0]


def test_a_lost_reply_of_the_token_server_is_waited_out(session):
    with RawServer(CREATED, OK, OK) as server:
        crm = with_tokens(session, server, tokens(ad.ReplyLost("reset"), "token-one"))
        assert submit(crm, ["a"]).wait(timeout=20) == "completed"
        assert requested(server) == STEPS


def test_an_unexpected_answer_with_a_token_in_it_is_never_shown(session, caplog):
    caplog.set_level("DEBUG")

    async def refresh_access_token(request: Any, data: Any) -> str:
        response = await request("/token", method="POST", json={})
        raise ad.ProtocolError(f"not what was expected: {response.text}")

    for status in (200, 401):
        text = '{"access_token": "token-one-of-mine", "error": "no grant"}'
        _never_shown(session, caplog, refresh_access_token, answer(status, text))


def _never_shown(session, caplog, refresh_access_token, given) -> None:
    with RawServer(given) as server:
        crm = with_tokens(session, server, refresh_access_token)
        run = submit(crm, ["a"])
        assert run.wait(timeout=10) == "failed"
    assert "no access token" in run.results()["message"][0]
    assert "token-one-of-mine" not in run.results()["message"][0] + caplog.text


def test_a_token_is_never_shown(session):
    with RawServer(answer(400, "you sent token-one-of-mine")) as server:
        crm = with_tokens(session, server, tokens("token-one-of-mine"))
        run = submit(crm, ["a"])
        run.wait(timeout=10)
        executed = crm.execute_batch("act", [{"user_id": "a"}])
    for text in (repr(run), repr(crm), repr(executed), str(run.results().to_dict())):
        assert "token-one-of-mine" not in text
