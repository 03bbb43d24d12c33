"""Functions that send by other means than ``request``, and fail: real sockets on loopback.

The servers here are the standard library's own, and count what they were told to do. What
may have been applied is never offered to a retry; a plain mistake before that is.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import aiohttp
import httpx
import pandas as pd
import pytest

import asyncdest_nb as ad


class Bank:
    """A server that applies every POST, and answers as it is told."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.status = 500
        bank = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                bank.applied.append(body.decode())
                self._answer(bank.status)

            def do_GET(self) -> None:
                self._answer(200)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "2")
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture
def bank() -> Iterator[Bank]:
    bank = Bank()
    thread = threading.Thread(target=bank.server.serve_forever, daemon=True)
    thread.start()
    yield bank
    bank.server.shutdown()
    bank.server.server_close()
    thread.join(10)


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def run_of(session: ad.Session, bank: Bank, perform: Callable[..., Any], **action: Any) -> ad.Run:
    act = ad.Action(title="Act", payload=Payload, perform=perform, **action)
    found = ad.Destination(name="Bank", slug="bank", settings=Settings, actions={"act": act})
    run = session.connect(found, endpoint=bank.url).submit(
        pd.DataFrame({"user_id": ["u-1"]}), "act"
    )
    run.wait(timeout=30)
    return run


def require_unknown(run: ad.Run) -> None:
    assert run.counts["unknown"] == 1, run.results()
    assert run.retryable == 0
    with pytest.raises(ad.UsageError):
        run.retry()


def by_urllib(url: str) -> None:
    try:
        urllib.request.urlopen(urllib.request.Request(url, b"{}", method="POST")).close()
    except urllib.error.HTTPError as error:
        error.close()  # Its socket too.
        raise


def by_http_client(url: str) -> None:
    with closing(http.client.HTTPConnection(url.removeprefix("http://"))) as connection:
        connection.request("POST", "/", b"{}")
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise KeyError("id")


def by_httpx(url: str) -> None:
    httpx.post(url, content=b"{}", trust_env=False).raise_for_status()


def by_socket(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}")
        if b" 500 " in connection.recv(1000):
            raise ValueError("no")


def by_thread(url: str) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            by_http_client(url)
        except KeyError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise errors[0]


def by_pool(url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(by_http_client, url).result()


def by_process(url: str) -> None:
    code = f"import urllib.request as u; u.urlopen(u.Request({url!r}, b'{{}}', method='POST'))"
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)


BY = [by_urllib, by_http_client, by_httpx, by_socket, by_thread, by_pool, by_process]


@pytest.mark.parametrize("send", BY)
def test_what_another_client_has_sent_from_a_plain_function_may_be_applied(
    session: ad.Session, bank: Bank, send: Callable[[str], None]
):
    def perform(request: Any, data: Any) -> Any:
        send(data.settings.endpoint)

    require_unknown(run_of(session, bank, perform))
    assert len(bank.applied) == 1


@pytest.mark.parametrize("send", BY)
def test_what_another_client_has_sent_from_a_coroutine_may_be_applied(
    session: ad.Session, bank: Bank, send: Callable[[str], None]
):
    async def perform(request: Any, data: Any) -> Any:
        await asyncio.to_thread(send, data.settings.endpoint)

    require_unknown(run_of(session, bank, perform))
    assert len(bank.applied) == 1


def test_what_an_asynchronous_client_has_sent_may_be_applied(session: ad.Session, bank: Bank):
    async def perform(request: Any, data: Any) -> Any:
        async with aiohttp.ClientSession() as client:
            response = await client.post(data.settings.endpoint, data=b"{}")
            response.raise_for_status()

    require_unknown(run_of(session, bank, perform))
    assert len(bank.applied) == 1


def test_what_a_stream_of_asyncio_has_sent_may_be_applied(session: ad.Session, bank: Bank):
    async def perform(request: Any, data: Any) -> Any:
        host, port = data.settings.endpoint.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}")
        await reader.readline()
        writer.close()
        raise ValueError("no")

    require_unknown(run_of(session, bank, perform))
    assert len(bank.applied) == 1


class Vendor:
    """A client with a connection of its own, open before it is used."""

    def __init__(self, bank: Bank) -> None:
        self.socket = socket.create_connection(("127.0.0.1", bank.port))

    def create(self, body: str) -> dict[str, Any]:
        content = body.encode()
        head = f"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {len(content)}\r\n\r\n"
        self.socket.sendall(head.encode() + content)
        return {"status": self.socket.recv(10_000).decode()}


@pytest.fixture
def vendor(bank: Bank) -> Iterator[Vendor]:
    vendor = Vendor(bank)
    yield vendor
    vendor.socket.close()


def test_a_mistake_after_a_client_with_an_open_connection_says_nothing(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any) -> Any:
        created = vendor.create(data.payload.user_id)
        return {"id": created["id"]}

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_a_mistake_in_a_loop_that_has_sent_before_says_nothing(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any) -> Any:
        for row in [{"id": data.payload.user_id}, {}]:
            body = row["id"]
            vendor.create(body)

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_a_client_that_a_method_uses_may_have_sent(session: ad.Session, bank: Bank, vendor: Vendor):
    class Sender:
        def __init__(self) -> None:
            self.client = vendor

        def perform(self, request: Any, data: Any) -> Any:
            self.client.create(data.payload.user_id)
            raise KeyError("id")

    require_unknown(run_of(session, bank, Sender().perform))
    assert bank.applied == ["u-1"]


def test_a_client_that_is_a_default_argument_may_have_sent(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any, client: Vendor = vendor) -> Any:
        client.create(data.payload.user_id)
        raise KeyError("id")

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_another_client_may_have_sent_after_a_request_of_ours(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    async def perform(request: Any, data: Any) -> Any:
        await request(data.settings.endpoint)
        created = vendor.create(data.payload.user_id)
        return created["id"]

    require_unknown(run_of(session, bank, perform))
    assert bank.applied == ["u-1"]


def test_a_request_that_is_refused_after_another_client_has_sent_says_nothing_of_that(
    session: ad.Session, bank: Bank
):
    async def perform(request: Any, data: Any) -> Any:
        bank.status = 200
        await asyncio.to_thread(by_urllib, data.settings.endpoint)
        bank.status = 400
        await request(data.settings.endpoint, method="POST", json={})

    require_unknown(run_of(session, bank, perform))


def test_what_the_code_states_after_another_client_is_its_word_and_no_proof(
    session: ad.Session, bank: Bank, vendor: Vendor
):
    def perform(request: Any, data: Any) -> Any:
        vendor.create(data.payload.user_id)
        raise ad.IntegrationError("blocked", "BLOCKED", 403)

    run = run_of(session, bank, perform)
    assert run.counts["failed"] == 1
    assert run.retryable == 0


# Plain mistakes, before anything could leave


def helper(payload: Payload) -> str:
    return json.dumps({"user": payload.user_id["name"]})  # type: ignore[index]


def key_error(request: Any, data: Any) -> Any:
    return {"x": 1}["name"]  # type: ignore[index]


def in_a_helper(request: Any, data: Any) -> Any:
    return helper(data.payload)


async def type_error(request: Any, data: Any) -> Any:
    body = json.dumps({"user": data.payload.user_id, "at": pd.Timestamp("2024-06-01")})
    await request(data.settings.endpoint, method="POST", json=json.loads(body))


async def attribute_error(request: Any, data: Any) -> Any:
    await request(data.settings.endpoint, method="POST", json={"x": data.payload.nobody})


async def division(request: Any, data: Any) -> Any:
    await request(data.settings.endpoint)  # It reads alone.
    await asyncio.sleep(0)
    rows = [1 / number for number in range(3)]
    await request(data.settings.endpoint, method="POST", json=rows)


def before_another_client(request: Any, data: Any) -> Any:
    body = json.dumps({"user": data.payload.nobody})
    urllib.request.urlopen(data.settings.endpoint, body.encode())


@pytest.mark.parametrize(
    "perform",
    [key_error, in_a_helper, type_error, attribute_error, division, before_another_client],
)
def test_a_plain_mistake_before_anything_could_leave_is_not_applied(
    session: ad.Session, bank: Bank, perform: Callable[..., Any]
):
    run = run_of(session, bank, perform)
    assert run.counts["failed"] == 1, run.results()
    assert run.retryable == 1
    assert bank.applied == []


def test_a_mistake_with_the_address_of_an_object_at_hand_is_not_applied(
    session: ad.Session, bank: Bank
):
    async def perform(request: Any, data: Any) -> Any:
        url = f"{bank.url}/{data.payload.nobody}"
        await request(url, method="POST", json={})

    assert run_of(session, bank, perform).retryable == 1
    assert bank.applied == []
