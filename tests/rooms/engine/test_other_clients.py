"""Functions that send by other means than ``request``, and fail: real sockets on loopback.

The servers here are the standard library's own, and count what they were told to do. What
may have been applied is never offered to a retry; a plain mistake before that is.
"""

from __future__ import annotations

import asyncio
import functools
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import ContextVar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
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
                if self.path == "/refused":
                    return self._answer(400)
                bank.applied.append(body.decode())
                return self._answer(bank.status)

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


# Clients that are reached on other ways, each with a connection that is open already


def in_a_namespace(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    holder = SimpleNamespace(client=vendor)

    def perform(request: Any, data: Any) -> Any:
        found = holder
        found.client.create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_context_variable(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    holder = ContextVar("holder", default=vendor)

    def perform(request: Any, data: Any) -> Any:
        holder.get().create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_slot(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Holder:
        __slots__ = ("client",)

    holder = Holder()
    holder.client = vendor  # type: ignore[attr-defined]

    def perform(request: Any, data: Any) -> Any:
        holder.client.create(data.payload.user_id)  # type: ignore[attr-defined]
        raise KeyError("id")

    return perform


def in_a_class(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Holder:
        client = vendor

    def perform(request: Any, data: Any) -> Any:
        vars(Holder)["client"].create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_cache(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    @functools.lru_cache
    def client() -> Vendor:
        return vendor

    def perform(request: Any, data: Any) -> Any:
        client().create(data.payload.user_id)
        raise KeyError("id")

    return perform


def in_a_generator(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    def sending() -> Iterator[None]:
        while True:
            vendor.create((yield))  # type: ignore[func-returns-value, arg-type]

    sender: Any = sending()
    next(sender)

    def perform(request: Any, data: Any) -> Any:
        sender.send(data.payload.user_id)
        raise KeyError("id")

    return perform


def under_the_name_of_another(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(json.dumps)
    def dumps(value: str) -> None:
        send(value)

    def perform(request: Any, data: Any) -> Any:
        dumps(data.payload.user_id)
        raise KeyError("id")

    return perform


def by_name(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    names = {"__builtins__": __builtins__, "send": send}
    source = """def perform(request, data):
        globals()["send"](data.payload.user_id)
        raise KeyError("id")"""
    exec(source, names)
    return names["perform"]


def in_a_text(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Name(str):
        def create(self) -> None:
            send(self)

    name = Name("u-1")

    def perform(request: Any, data: Any) -> Any:
        name.create()
        raise KeyError("id")

    return perform


def in_a_worker(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    waiting = deque[str]()

    def work() -> None:
        while not waiting:
            time.sleep(0.01)
        send(waiting[0])
        waiting.clear()

    threading.Thread(target=work, daemon=True).start()

    def perform(request: Any, data: Any) -> Any:
        waiting.append(data.payload.user_id)
        while waiting:
            time.sleep(0.01)
        raise KeyError("id")

    return perform


def through_a_pipe(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    reading, writing = os.pipe()
    lines, pipe = os.fdopen(reading), os.fdopen(writing, "w")
    ended: list[bool] = []

    def work() -> None:
        with lines:
            send(lines.readline().strip())
        ended.append(True)

    threading.Thread(target=work, daemon=True).start()

    def perform(request: Any, data: Any) -> Any:
        pipe.write(f"{data.payload.user_id}\n")
        pipe.close()
        while not ended:
            time.sleep(0.01)
        raise KeyError("id")

    return perform


def in_a_clause_that_is_always_run(vendor: Vendor, send: Callable[..., Any]) -> Any:
    def perform(request: Any, data: Any) -> Any:
        try:
            return {"x": 1}["id"]  # type: ignore[index]
        finally:
            send(data.payload.user_id)

    return perform


def in_a_clause_that_lets_it_pass(vendor: Vendor, send: Callable[..., Any]) -> Any:
    async def perform(request: Any, data: Any) -> Any:
        try:
            await request(f"{data.settings.endpoint}/refused", method="POST", json={})
        except ad.HTTPError:
            send(data.payload.user_id)
            raise

    return perform


def before_a_refusal(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    async def perform(request: Any, data: Any) -> Any:
        send(data.payload.user_id)
        await request(f"{data.settings.endpoint}/refused", method="POST", json={})

    return perform


def by_a_base_class(vendor: Vendor, send: Callable[..., Any]) -> Callable[..., Any]:
    class Base:
        client = vendor

        def sent(self, text: str) -> None:
            self.client.create(text)

    class Sender(Base):
        def sent(self, text: str) -> None:
            super().sent(text)

        def __call__(self, request: Any, data: Any) -> Any:
            super().sent(data.payload.user_id)
            raise KeyError("id")

    return Sender()


def by_a_helper_that_fails_the_second_time(vendor: Vendor, send: Callable[..., Any]) -> Any:
    def sent(row: dict[str, str]) -> None:
        send(row["id"])

    def perform(request: Any, data: Any) -> Any:
        for row in [{"id": data.payload.user_id}, {}]:
            sent(row)

    return perform


WAYS = [
    in_a_namespace,
    in_a_context_variable,
    in_a_slot,
    in_a_class,
    in_a_cache,
    in_a_generator,
    under_the_name_of_another,
    by_name,
    in_a_text,
    in_a_worker,
    through_a_pipe,
    in_a_clause_that_is_always_run,
    in_a_clause_that_lets_it_pass,
    before_a_refusal,
    by_a_base_class,
    by_a_helper_that_fails_the_second_time,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_client_with_an_open_connection_may_have_sent_on_whatever_way_it_is_reached(
    session: ad.Session, bank: Bank, vendor: Vendor, way: Callable[..., Any]
):
    require_unknown(run_of(session, bank, way(vendor, vendor.create)))
    assert bank.applied == ["u-1"]


def test_a_named_pipe_is_a_way_out(session: ad.Session, bank: Bank, tmp_path: Path):
    os.mkfifo(tmp_path / "outbox")
    end = os.open(tmp_path / "outbox", os.O_RDONLY | os.O_NONBLOCK)

    def perform(request: Any, data: Any) -> Any:
        with open(f"{tmp_path}/outbox", "w") as outbox:
            outbox.write(data.payload.user_id)
        request(f"{data.settings.endpoint}/refused", method="POST", json={})

    require_unknown(run_of(session, bank, perform))
    assert os.read(end, 100) == b"u-1"
    os.close(end)


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


def before_a_helper_sends(vendor: Vendor) -> Callable[..., Any]:
    def sent(payload: Any) -> None:
        vendor.create(payload.nobody)

    def perform(request: Any, data: Any) -> Any:
        sent(data.payload)

    return perform


def before_a_method_sends(vendor: Vendor) -> Callable[..., Any]:
    class Sender:
        def __init__(self) -> None:
            self.client = vendor

        async def __call__(self, request: Any, data: Any) -> Any:
            self.client.create(data.payload.nobody)

    return Sender()


def before_a_decorated_function_sends(vendor: Vendor) -> Callable[..., Any]:
    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def inner(request: Any, data: Any) -> Any:
            return await function(request, data)

        return inner

    @decorated
    async def perform(request: Any, data: Any) -> Any:
        body = data.payload.nobody
        vendor.create(body)

    return perform


def before_a_client_that_is_given_sends(vendor: Vendor) -> Callable[..., Any]:
    def perform(client: Vendor, request: Any, data: Any) -> Any:
        body = data.payload.nobody
        client.create(body)

    return functools.partial(perform, vendor)


def in_another_case(vendor: Vendor) -> Callable[..., Any]:
    def perform(request: Any, data: Any) -> Any:
        if data.payload.user_id == "u-2":
            vendor.create("u-2")
        else:
            raise ValueError("no")

    return perform


def in_a_function_that_imports(vendor: Vendor) -> Callable[..., Any]:
    def perform(request: Any, data: Any) -> Any:
        import os
        import urllib.request

        body = os.environ["A_VARIABLE_THAT_NOBODY_HAS_SET"]
        urllib.request.urlopen(data.settings.endpoint, body.encode())

    return perform


def in_a_function_that_reads_a_file(vendor: Vendor) -> Callable[..., Any]:
    def perform(request: Any, data: Any) -> Any:
        with open(__file__) as file:
            return json.loads(file.read())

    return perform


def with_an_object_that_is_no_client(vendor: Vendor) -> Callable[..., Any]:
    class Names:
        def __init__(self) -> None:
            self.count = 0

        def named(self, text: str) -> str:
            self.count += 1
            return f"{text}-{self.count}"

    names = Names()

    def perform(request: Any, data: Any) -> Any:
        return {names.named(data.payload.user_id): 1}["id"]

    return perform


async def refused_after_a_library(request: Any, data: Any) -> Any:
    import colorsys
    import platform

    body = {"node": platform.node(), "hue": colorsys.rgb_to_hsv(1, 0, 0)}
    await request(f"{data.settings.endpoint}/refused", method="POST", json=body)


def refused(vendor: Vendor) -> Callable[..., Any]:
    return refused_after_a_library


@pytest.mark.parametrize(
    "way",
    [
        before_a_helper_sends,
        before_a_method_sends,
        before_a_decorated_function_sends,
        before_a_client_that_is_given_sends,
        in_another_case,
        in_a_function_that_imports,
        in_a_function_that_reads_a_file,
        with_an_object_that_is_no_client,
        refused,
    ],
)
def test_what_ends_before_a_client_at_hand_is_used_is_not_applied(
    session: ad.Session, bank: Bank, vendor: Vendor, way: Callable[[Vendor], Callable[..., Any]]
):
    run = run_of(session, bank, way(vendor))
    assert run.counts["failed"] == 1, run.results()
    assert run.retryable == 1
    assert bank.applied == []
