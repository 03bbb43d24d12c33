"""Servers on loopback that break an exchange, over every transport.

The table of broken exchanges decides: the error must follow from what happened, whatever
class the transport raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from asyncdest_nb.errors import NotSent, ReplyLost, ReplyTimeout, RequestFailed
from asyncdest_nb.request import Call, Client, Effect, OfflineTransport
from asyncdest_nb.request.wire import RequestBody
from client_calls import OF_ONE, TRANSPORTS, NewTransport, ask, every_transport, exchanged
from raw_server import (
    Answer,
    RawServer,
    answer,
    close,
    cut_body,
    cut_headers,
    drip,
    not_http,
    reset,
    silence,
)


@every_transport
@pytest.mark.parametrize("body", [{"json": {"id": 1}}, {}], ids=["body", "no body"])
@pytest.mark.parametrize(
    ("happened", "error"),
    [
        pytest.param(reset, ReplyLost, id="read, then reset"),
        pytest.param(close, ReplyLost, id="read, then closed"),
        pytest.param(cut_headers, ReplyLost, id="headers cut"),
        pytest.param(cut_body, ReplyLost, id="body cut"),
        pytest.param(not_http, ReplyLost, id="not HTTP"),
        pytest.param(silence, ReplyTimeout, id="silence"),
        pytest.param(drip, ReplyTimeout, id="a byte at a time"),
    ],
)
def test_a_request_that_arrived_is_never_reported_as_not_sent(
    new_transport: NewTransport, happened: Answer, error: type[RequestFailed], body: dict[str, Any]
):
    patience = 0.5 if error is ReplyTimeout else 10
    client = Client(timeout_seconds=patience, transport=new_transport())
    with RawServer(happened) as server:
        call, outcome = asyncio.run(exchanged(client, server.url, method="POST", **body))
    assert type(outcome) is error
    assert len(server.arrived) == 1
    assert [each.effect for each in call.exchanges] == [Effect.UNKNOWN]


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def unanswering() -> Iterator[str]:
    """An address where a connection is never made: the backlog is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def unknown() -> Iterator[str]:
    """A name that resolves to nothing (RFC 6761)."""
    yield "http://nobody.invalid"


@every_transport
@pytest.mark.parametrize("nowhere", [refusing, unanswering, unknown])
def test_a_request_without_a_connection_is_reported_as_not_sent(
    new_transport: NewTransport, nowhere: Callable[[], contextlib.AbstractContextManager[str]]
):
    client = Client(timeout_seconds=1, transport=new_transport())
    with nowhere() as url:
        call, outcome = asyncio.run(exchanged(client, url, method="POST", json={"id": 1}))
    assert type(outcome) is NotSent
    assert [each.effect for each in call.exchanges] == [Effect.NONE]


@pytest.mark.parametrize("new_transport", TRANSPORTS[:2])
def test_a_request_without_a_body_to_a_closed_port_is_not_sent(
    new_transport: NewTransport,
):
    with refusing() as url:
        assert type(ask(url, client=Client(transport=new_transport()), method="POST")) is NotSent


@pytest.mark.parametrize("new_transport", OF_ONE)
def test_a_request_that_found_no_free_connection_is_not_sent(new_transport: NewTransport):
    async def second(url: str) -> Exception:
        client = Client(timeout_seconds=5, transport=new_transport())
        first = asyncio.create_task(client.call()(url, method="POST", json=1))
        await asyncio.to_thread(server.has_arrived.wait, 5)
        with pytest.raises(RequestFailed) as raised:
            await client.call()(url, method="POST", json=2, timeout_seconds=0.3)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await client.aclose()
        return raised.value

    with RawServer(silence) as server:
        error = asyncio.run(second(server.url))
    assert type(error) is NotSent
    assert [each.body for each in server.arrived] == [b"1"]


class Broken(httpx.AsyncBaseTransport):
    """Raises an error, before or after it has read the body."""

    def __init__(self, error: Exception, *, is_taken: bool) -> None:
        self._error = error
        self._is_taken = is_taken

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._is_taken:
            await request.aread()
        raise self._error


@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "PoolTimeout"])
def test_a_connection_error_does_not_prove_not_sent_once_the_body_was_read(name: str):
    error = getattr(httpx, name)("no")
    for is_taken, kind in [(False, NotSent), (True, RequestFailed)]:
        client = Client(transport=Broken(error, is_taken=is_taken))
        outcome = ask("http://a.example", client=client, method="POST", json=1)
        assert isinstance(outcome, kind)
        assert isinstance(outcome, ReplyLost) == is_taken


def test_an_unexpected_error_is_a_lost_reply():
    client = Client(transport=Broken(ZeroDivisionError("odd"), is_taken=True))
    outcome = ask("http://a.example", client=client, method="POST", json=1)
    assert type(outcome) is ReplyLost
    assert "ZeroDivisionError: odd" in str(outcome)


@every_transport
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("body", [{"json": 1}, {}], ids=["body", "no body"])
@pytest.mark.parametrize("dead", [reset, close])
def test_nothing_is_sent_twice_when_a_kept_connection_turns_out_dead(
    new_transport: NewTransport, method: str, body: dict[str, Any], dead: Answer
):
    async def twice(url: str) -> None:
        client = Client(transport=new_transport())
        await client.call()(url, method=method, **body)
        with pytest.raises(ReplyLost):
            await client.call()(url, method=method, **body)
        await client.aclose()

    with RawServer(answer(200), dead, answer(200)) as server:
        asyncio.run(twice(server.url))
    assert len(server.arrived) == 2


def test_a_body_can_be_read_once():
    async def take(body: RequestBody) -> list[bytes]:
        return [chunk async for chunk in body]

    body = RequestBody(b"1")
    assert body.is_untouched
    assert asyncio.run(take(body)) == [b"1"]
    assert not body.is_untouched
    with pytest.raises(httpx.StreamConsumed):
        asyncio.run(take(body))


def test_an_offline_transport_sends_nothing_and_records_the_request():
    client = Client(transport=OfflineTransport())
    call, outcome = asyncio.run(exchanged(client, "http://a.example/x", method="POST", json=[1]))
    assert type(outcome) is NotSent
    (exchange,) = call.exchanges
    assert (exchange.method, exchange.url, exchange.request_body, exchange.effect) == (
        "POST",
        "http://a.example/x",
        "[1]",
        Effect.NONE,
    )


def test_a_canceled_request_is_recorded_with_an_unknown_effect():
    async def cancelled(url: str) -> Call:
        client = Client()
        call = client.call()
        task = asyncio.create_task(call(url, method="POST", json=1))
        await asyncio.to_thread(server.has_arrived.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.aclose()
        return call

    with RawServer(silence) as server:
        call = asyncio.run(cancelled(server.url))
    assert [each.effect for each in call.exchanges] == [Effect.UNKNOWN]
