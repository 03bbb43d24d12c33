"""Access tokens that are refused inside a 200: real HTTP to a small server that counts."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, Writer, answer
from scripted_jobs import Payload, connect, requested, submit

EXPIRED = {"error": "token expired"}


class Api(RawServer):
    """Accepts one token at a time, and answers 200 to every request.

    ``applied`` are the requests that had the accepted token.
    """

    def __init__(self, *, good: str = "token-2") -> None:
        super().__init__(self._answer)
        self.good = good
        self.applied: list[str] = []
        self.together = 0  # Requests that are answered only when all are there.

    async def _answer(self, writer: Writer) -> None:
        arrived = self.arrived[-1]
        for _ in range(500):
            if len(self.arrived) >= self.together:
                break
            await asyncio.sleep(0.01)
        if arrived.headers.get("authorization") != f"Bearer {self.good}":
            await answer(200, EXPIRED)(writer)
            return
        self.applied.append(f"{arrived.method} {arrived.target} {arrived.body.decode()}")
        await answer(200, {"id": "j-1"})(writer)


async def call(request: Any, path: str, **options: Any) -> Any:
    found = (await request(path, **options)).data
    if found == EXPIRED:
        raise ad.InvalidAuthenticationError("the token has expired")
    return found


async def perform(request: Any, data: Any) -> Any:
    body = {"user": data.payload.user_id, "key": data.submission_id}
    return await call(request, "/rows", method="POST", json=body)


async def perform_for_polls(request: Any, data: Any) -> Any:
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])


async def poll(request: Any, data: Any) -> Any:
    await call(request, "/jobs")
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])


class Tokens:
    """Returns token-1, token-2, and so on; for a *failing* one it raises."""

    def __init__(self, **failing: Exception) -> None:
        self.fetched = 0
        self._failing = failing

    async def refresh(self, request: Any, data: Any) -> str:
        self.fetched += 1
        name = f"token-{self.fetched}"
        if error := self._failing.get(name.replace("-", "_")):
            raise error
        return name


def run_of(
    session: ad.Session, api: Api, tokens: Tokens | None, users: int = 1, **action: Any
) -> ad.Run:
    def with_token(data: Any) -> dict[str, Any]:
        token = data.access_token
        headers = {} if token is None else ad.bearer_auth(token)
        return {"base_url": data.settings.endpoint, "headers": headers}

    act = ad.Action(title="Act", payload=Payload, **{"perform": perform, **action})
    refresh = {} if tokens is None else {"refresh_access_token": tokens.refresh}
    crm = connect(session, act, api.url, extend_request=with_token, **refresh)
    run = submit(crm, [f"u-{number}" for number in range(users)])
    run.wait(timeout=30)
    return run


def test_a_token_that_expired_inside_a_200_is_renewed_and_the_call_repeated(session: ad.Session):
    with Api() as api:
        tokens = Tokens()
        assert run_of(session, api, tokens).status == "completed"
    assert tokens.fetched == 2
    assert len(api.applied) == 1
    assert len(api.arrived) == 2
    assert len({each.body for each in api.arrived}) == 1  # The same submission.


def test_a_poll_is_repeated_too(session: ad.Session):
    with Api() as api:
        tokens = Tokens()
        run = run_of(session, api, tokens, perform=perform_for_polls, poll=poll)
    assert run.status == "completed"
    assert run.operations[0].poll_errors == 0
    assert (tokens.fetched, requested(api)) == (2, ["GET /jobs"] * 2)


def test_a_step_is_repeated_too(session: ad.Session):
    async def begin(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "j-1"}])

    async def commit(request: Any, data: Any) -> Any:
        return await call(request, "/commit", method="POST", json={})

    with Api() as api:
        job = {"perform": None, "perform_batch": begin, "steps": (commit,), "poll": poll}
        run = run_of(session, api, Tokens(), operation_per="batch", **job)
    assert run.status == "completed"
    assert requested(api) == ["POST /commit", "POST /commit", "GET /jobs"]


def test_a_check_is_repeated_too(session: ad.Session):
    async def check(request: Any, data: Any) -> None:
        await call(request, "/fields")

    with Api() as api:
        assert run_of(session, api, Tokens(), check=check).status == "completed"
    assert requested(api) == ["GET /fields", "GET /fields", "POST /rows"]


def test_a_second_refusal_is_final(session: ad.Session):
    with Api(good="never") as api:
        tokens = Tokens()
        run = run_of(session, api, tokens)
        assert len(api.arrived) == 2
    assert run.counts["failed"] == 1
    assert run.failed()["error_code"][0] == "INVALID_AUTHENTICATION"
    assert tokens.fetched == 2
    assert run.retryable == 0  # The code claims the refusal, and no exchange proves it.


def test_a_refusal_after_a_401_is_final(session: ad.Session):
    class Strict(Api):
        async def _answer(self, writer: Writer) -> None:
            is_first = len(self.arrived) == 1
            await (answer(401) if is_first else answer(200, EXPIRED))(writer)

    with Strict() as api:
        tokens = Tokens()
        assert run_of(session, api, tokens).counts["failed"] == 1
        assert len(api.arrived) == 2
    assert tokens.fetched == 2


def test_calls_at_once_share_one_new_token(session: ad.Session):
    with Api() as api:
        api.together = 8
        tokens = Tokens()
        run = run_of(session, api, tokens, users=8)
        assert run.status == "completed"
    assert tokens.fetched == 2
    assert len(api.applied) == 8


def test_without_refresh_access_token_the_refusal_stays(session: ad.Session):
    with Api() as api:
        run = run_of(session, api, None)
        assert len(api.arrived) == 1
    assert run.counts["failed"] == 1


@pytest.mark.parametrize("path", ["first", "both"])
def test_what_was_applied_before_the_refusal_is_not_repeated(session: ad.Session, path: str):
    async def twice(request: Any, data: Any) -> Any:
        await call(request, "/first", method="POST", json=1)
        if path == "both":
            api.good = "another"
        else:
            api.good = "token-2"
        await call(request, "/second", method="POST", json=2)

    with Api(good="token-1") as api:
        run = run_of(session, api, Tokens(), perform=twice)
        assert requested(api) == ["POST /first", "POST /second"]
    assert run.counts["failed"] == 1
    assert run.retryable == 0


def test_a_busy_token_server_is_waited_out(session: ad.Session):
    with Api(good="token-3") as api:
        tokens = Tokens(token_2=ad.RetryableError("busy", retry_after=0.1))
        assert run_of(session, api, tokens).status == "completed"
    assert tokens.fetched == 3
    assert len(api.applied) == 1


def test_without_a_new_token_the_refusal_stays(session: ad.Session):
    with Api() as api:
        tokens = Tokens(token_2=ad.IntegrationError("locked out", "LOCKED", 403))
        run = run_of(session, api, tokens)
        assert len(api.arrived) == 1
    assert run.counts["failed"] == 1
    assert "expired" in run.failed()["message"][0]


def test_a_plain_function_is_repeated_too(session: ad.Session):
    counter = itertools.count()

    def plain(request: Any, data: Any) -> Any:
        next(counter)
        found = request("/rows", method="POST", json=json.loads('{"a": 1}')).data
        if found == EXPIRED:
            raise ad.InvalidAuthenticationError("the token has expired")
        return found

    with Api() as api:
        assert run_of(session, api, Tokens(), perform=plain).status == "completed"
    assert next(counter) == 2
    assert len(api.applied) == 1


@pytest.mark.parametrize("is_renewed", [True, False])
def test_rows_refused_by_a_401_beside_others_go_again_alone_with_a_new_token(session, is_renewed):
    tokens = Tokens(**{} if is_renewed else {"token_2": ad.InvalidAuthenticationError("no")})
    calls: list[tuple[str, list[str]]] = []

    async def perform_batch(request: Any, data: Any) -> Any:
        await request("/rows", method="POST", json={})
        users = [each.user_id for each in data.payload]
        calls.append((api.arrived[-1].headers["authorization"], users))
        answers = ad.MultiStatusResponse()
        for user in users:
            if user == "b" and len(calls) == 1:
                answers.push_error(status=401, errormessage="expired")
            else:
                answers.push_success(status=200)
        return answers

    action = ad.Action(title="Act", payload=Payload, perform_batch=perform_batch)
    with RawServer(answer(200, {})) as api:
        destination = ad.Destination(
            name="Api",
            slug="api",
            actions={"act": action},
            extend_request=lambda data: {
                "base_url": api.url,
                "headers": ad.bearer_auth(data.access_token) if data.access_token else {},
            },
            refresh_access_token=tokens.refresh,
        )
        run = session.connect(destination).submit(pd.DataFrame({"user_id": ["a", "b", "c"]}), "act")
        run.wait(timeout=20)
    again = [("Bearer token-2", ["b"])] if is_renewed else []
    assert calls == [("Bearer token-1", ["a", "b", "c"]), *again]
    ends = ["completed", "completed" if is_renewed else "failed", "completed"]
    assert run.results()["status"].tolist() == ends
