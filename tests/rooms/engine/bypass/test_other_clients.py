"""Functions that send with another client than ``request``, and fail: sockets on loopback.

The servers are the standard library's own, and count what they applied. What may have been
applied is never offered to a retry.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import aiohttp
import httpx
import pytest

import asyncdest_nb as ad
from bank import Bank, require_unknown, run_of


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


def test_a_refused_request_proves_nothing_about_another_client(session: ad.Session, bank: Bank):
    async def perform(request: Any, data: Any) -> Any:
        bank.status = 200
        await asyncio.to_thread(by_urllib, data.settings.endpoint)
        bank.status = 400
        await request(data.settings.endpoint, method="POST", json={})

    require_unknown(run_of(session, bank, perform))
