"""Access tokens by OAuth 2 client credentials: real HTTP to a small server that gives them."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from raw_server import RawServer, Writer, answer
from scripted_jobs import Payload, connect, submit

SECRET = "s3cret-of-the-client"


class Account(RawServer):
    """Gives token-1, token-2 … at /token, and accepts the last of them elsewhere.

    ``expires_in`` is what it says about them. ``granted`` are the requests for a token.
    """

    def __init__(self, expires_in: Any = 3600, refusal: Any = None) -> None:
        super().__init__(self._answer)
        self.expires_in = expires_in
        self.refusal = refusal
        self.granted: list[Any] = []
        self.served: list[str] = []

    async def _answer(self, writer: Writer) -> None:
        arrived = self.arrived[-1]
        if arrived.target == "/token":
            self.granted.append(arrived)
            await asyncio.sleep(0.02)
            await (self.refusal or answer(200, self._grant()))(writer)
            return
        good = arrived.headers.get("authorization") == f"Bearer token-{len(self.granted)}"
        self.served.append(str(arrived.headers.get("authorization")))
        await answer(200 if good else 401, {})(writer)

    def _grant(self) -> dict[str, Any]:
        token = f"token-{len(self.granted)}"
        return {"access_token": token, "expires_in": self.expires_in, "rest_url": f"{self.url}/v1"}


def with_token(data: Any) -> dict[str, Any]:
    base = data.state_context.get_request_context("rest_url") or data.settings.endpoint
    return {
        "base_url": base,
        "headers": ad.bearer_auth(data.access_token) if data.access_token else {},
    }


def refresh_with(**options: Any) -> Any:
    async def refresh_access_token(request: Any, data: Any) -> ad.OAuthToken:
        found = await ad.client_credentials(
            request,
            f"{data.settings.endpoint}/token",
            client_id="id",
            client_secret=SecretStr(SECRET),
            **options,
        )
        data.state_context.set_response_context("rest_url", found.answer["rest_url"])
        return found

    return refresh_access_token


async def ping(request: Any, data: Any) -> Any:
    return await request("/ping", method="POST", json={})


def connected(session: ad.Session, server: Account, perform: Any, **options: Any) -> ad.Connection:
    act = ad.Action(title="Act", payload=Payload, perform=perform)
    return connect(
        session,
        act,
        server.url,
        extend_request=with_token,
        refresh_access_token=refresh_with(**options),
    )


def run_of(crm: ad.Connection, users: str = "a") -> ad.Run:
    run = submit(crm, list(users))
    run.wait(timeout=30)
    return run


@pytest.mark.parametrize(
    "how",
    [{}, {"as_json": True}, {"as_login": True}, {"scope": "a b", "fields": {"account_id": 7}}],
)
def test_the_credentials_are_sent_as_the_endpoint_reads_them(session: ad.Session, how: Any):
    with Account() as server:
        assert run_of(connected(session, server, ping, **how)).status == "completed"
    (granted,) = server.granted
    body = granted.body.decode()
    fields = json.loads(body) if how.get("as_json") else dict(parse_qsl(body))
    assert fields.pop("grant_type") == "client_credentials"
    if how.get("as_login"):
        login = base64.b64encode(f"id:{SECRET}".encode()).decode()
        assert granted.headers["authorization"] == f"Basic {login}"
        assert fields == {}
        return
    assert "authorization" not in granted.headers
    assert (fields.pop("client_id"), fields.pop("client_secret")) == ("id", SECRET)
    assert fields == ({"scope": "a b", "account_id": "7"} if "scope" in how else {})


def test_requests_go_where_the_answer_with_the_token_says(session: ad.Session):
    with Account() as server:
        run_of(connected(session, server, ping))
    assert [each.target for each in server.arrived] == ["/token", "/v1/ping"]


@pytest.mark.real_time
def test_a_token_is_renewed_before_it_expires_once_for_all_requests(session: ad.Session):
    async def slowly(request: Any, data: Any) -> Any:
        for _ in range(3):
            await request("/ping", method="POST", json={})
            await asyncio.sleep(0.2)
        return {}

    with Account(expires_in="0.3") as server:
        crm = connected(session, server, slowly)
        began = time.monotonic()
        assert run_of(crm, "abcdefgh").status == "completed"
        seconds = time.monotonic() - began
    assert 2 <= len(server.granted) <= seconds / 0.27 + 1


def test_a_token_whose_end_is_not_said_is_used_until_it_is_refused(session: ad.Session):
    with Account(expires_in=None) as server:
        crm = connected(session, server, ping)
        assert run_of(crm, "abcd").status == "completed"
        server.granted.append(None)  # Another client has got a token, and ours is refused.
        assert run_of(crm, "efgh").status == "completed"
    assert len(server.granted) == 3


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (answer(401, {"error": "invalid_client", "error_description": "who"}), "client: who"),
        (answer(200, {"error": "invalid_client"}), "invalid_client"),
        (answer(200, {"access_token": ""}), "no access token"),
        (answer(200, "<html>Log in</html>"), "no access token"),
    ],
)
def test_many_requests_that_wait_share_one_refusal(session: ad.Session, refusal: Any, reason: str):
    async def at_once(request: Any, data: Any) -> Any:
        pings = [request("/ping", method="POST", json={}) for _ in range(4)]
        errors = await asyncio.gather(*pings, return_exceptions=True)
        raise errors[-1]

    with Account(refusal=refusal) as server:
        run = run_of(connected(session, server, at_once))
    assert run.status == "failed"
    assert reason in run.results().message[0]
    assert SECRET not in str(run.results().to_dict())
    assert server.served == []
    assert len(server.granted) == 1


def test_a_token_shows_nothing_of_itself():
    token = ad.OAuthToken("token-of-mine", 60, {"access_token": "token-of-mine"})
    assert "mine" not in repr(token)
