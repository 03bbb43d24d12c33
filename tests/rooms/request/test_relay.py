"""Requests that are handed to somebody else, who answers, fails, is lost, or is not there."""

from __future__ import annotations

import asyncio

import pytest

from asyncdest_nb.errors import NotSent, ReplyLost
from asyncdest_nb.request import Client, RelayedResponse, RelayTransport
from raw_server import RawServer, answer

URL = "http://127.0.0.1:1/jobs"


def posted(relay, url=URL):
    async def post():
        client = Client(transport=RelayTransport(relay, route=None))
        try:
            headers = {"authorization": "Bearer secret-token-1"}
            return await client.call()(url, method="POST", json={"a": 1}, headers=headers)
        finally:
            await client.aclose()

    return asyncio.run(post())


def test_a_relayed_request_gets_the_response_and_its_repr_shows_no_header():
    given = []

    async def relay(request):
        given.append(request)
        return RelayedResponse(200, [(b"content-type", b"application/json")], b'{"job": 7}')

    assert posted(relay).data == {"job": 7}
    (request,) = given
    assert (request.method, request.url, request.body) == ("POST", URL, b'{"a":1}')
    assert "secret-token-1" in str(request.headers)
    assert "secret" not in repr(request)


@pytest.mark.parametrize(("is_unsent", "error"), [(True, NotSent), (False, ReplyLost)])
def test_a_relayed_request_fails_as_it_failed_there(is_unsent, error):
    async def relay(request):
        return RelayedResponse(error="ConnectError", message="refused", is_unsent=is_unsent)

    with pytest.raises(error, match="refused"):
        posted(relay)


def test_the_reply_to_a_request_whose_maker_is_lost_is_lost():
    async def relay(request):
        raise ConnectionError("the worker was lost")

    with pytest.raises(ReplyLost, match="the worker was lost"):
        posted(relay)


def test_a_request_that_nobody_takes_is_made_here():
    async def relay(request):
        return None

    with RawServer(answer(200, {"job": 8})) as server:
        assert posted(relay, f"{server.url}/jobs").data == {"job": 8}
        assert [each.body for each in server.arrived] == [b'{"a":1}']
