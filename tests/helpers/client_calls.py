"""Single requests of a client to a server on loopback, over every transport."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from asyncdest_nb.request import AiohttpTransport, Call, Client, Transport
from raw_server import Answer, RawServer

KEY = 'sk_live_Zq81+/"x7Wf'
NewTransport = Callable[[], Transport]


def httpx_of_one() -> Transport:
    return httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1))


def aiohttp_of_one() -> Transport:
    return AiohttpTransport(max_connections=1)


def pyreqwest() -> Transport:
    from pyreqwest.compatibility.httpx import HttpxTransport

    return HttpxTransport()


def pyreqwest_of_one() -> Transport:
    from pyreqwest.client import ClientBuilder
    from pyreqwest.compatibility.httpx import HttpxTransport

    return HttpxTransport(ClientBuilder().max_connections(1).build())


TRANSPORTS: list[NewTransport] = [AiohttpTransport, httpx.AsyncHTTPTransport]
OF_ONE: list[NewTransport] = [aiohttp_of_one, httpx_of_one]
if importlib.util.find_spec("pyreqwest"):
    TRANSPORTS.append(pyreqwest)
    OF_ONE.append(pyreqwest_of_one)
every_transport = pytest.mark.parametrize("new_transport", TRANSPORTS)


async def exchanged(client: Client, url: str, **options: Any) -> tuple[Call, Any]:
    """Make one call, close the client, and return the call with its response or error."""
    call = client.call()
    outcome: Any = None
    try:
        outcome = await call(url, **options)
    except Exception as error:
        outcome = error
    finally:
        await client.aclose()
    return call, outcome


def ask(url: str, *, client: Client | None = None, **options: Any) -> Any:
    """Return the response to one request, or the error it raised."""
    return asyncio.run(exchanged(client or Client(timeout_seconds=5), url, **options))[1]


def answered(given_answer: Answer, **options: Any) -> Any:
    """Return the response to a GET, for which the server sends *given_answer*."""
    with RawServer(given_answer) as server:
        return ask(server.url, **options)
