"""Loops over HTTP clients: for each row a POST, then a GET of what it was accepted as.

All keep 64 connections open. By default httpx keeps only 20 of them: it opens others again and
again, and its pool, which walks all that are open for each request (encode/httpx#3215), has less
to walk. That is a client of its own here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

CONNECTIONS = 64

Row = dict[str, Any]
Send = Callable[[str, str, Row | None], Awaitable[Any]]
Loop = Callable[[str, Sequence[Row]], Awaitable[None]]


async def _each(rows: Sequence[Row], send: Send) -> None:
    left: Iterator[Row] = iter(rows)

    async def work() -> None:
        for row in left:
            accepted = await send("POST", "/operations", row)
            found = await send("GET", f"/operations/{accepted['operation_id']}", None)
            assert found["status"] == "completed"

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


def _httpx_loop(module: str, transport: str = "", *, kept: int | None = CONNECTIONS) -> Loop:
    """Return a loop over the client of *module*, with a *transport* as "module.Class".

    It keeps *kept* connections open; None = as many as by default.
    """

    async def loop(url: str, rows: Sequence[Row]) -> None:
        client, options = import_module(module), {}
        if kept is not None:
            limits = client.Limits(max_connections=kept, max_keepalive_connections=kept)
            options["limits"] = limits
        if transport:
            where, _, name = transport.rpartition(".")
            options["transport"] = getattr(import_module(where), name)(**options)
        async with client.AsyncClient(base_url=url, **options) as client:

            async def send(method: str, path: str, row: Row | None) -> Any:
                answer = await client.request(method, path, json=row)
                return answer.json()

            await _each(rows, send)

    return loop


async def _aiohttp_loop(url: str, rows: Sequence[Row]) -> None:
    aiohttp = import_module("aiohttp")
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(url, connector=connector) as session:

        async def send(method: str, path: str, row: Row | None) -> Any:
            async with session.request(method, path, json=row) as answer:
                return json.loads(await answer.read())

        await _each(rows, send)


# By name: the loop, and which modules it needs.
CLIENTS: dict[str, tuple[Loop, tuple[str, ...]]] = {
    "httpx": (_httpx_loop("httpx"), ("httpx",)),
    "httpx, its default limits": (_httpx_loop("httpx", kept=None), ("httpx",)),
    "httpx over aiohttp": (
        _httpx_loop("httpx", "httpx_aiohttp.AiohttpTransport"),
        ("httpx", "httpx_aiohttp"),
    ),
    "httpx2": (_httpx_loop("httpx2"), ("httpx2",)),
    "aiohttp": (_aiohttp_loop, ("aiohttp",)),
}
