"""The transport between a destination and the ledger partner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from ledger_jobs import TRAVEL_SECONDS, WORK_SECONDS, Delivery
from ledger_partner import Partner
from ledger_troubles import ODD_ANSWERS, Trouble

# The way there


class Line(httpx.AsyncBaseTransport):
    """The way to the partner, for one process; *moment* is told where a request is."""

    def __init__(self, partner: Partner, moment: Callable[[str], Awaitable[None]]) -> None:
        self._partner = partner
        self._moment = moment

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._moment("asked")
        kind = _kind(request)
        queue = self._partner.troubles[kind]
        trouble = queue.popleft() if queue else None
        if trouble is not None and trouble.how == "unsent":
            await asyncio.sleep(TRAVEL_SECONDS)
            raise httpx.ConnectError("nobody there")
        body = b"".join([chunk async for chunk in _stream(request)])
        target = request.url.raw_path.decode()
        delivery = Delivery(request.method, target, request.headers, body, trouble)
        await (self._read(delivery) if request.method == "GET" else self._written(delivery))
        await asyncio.sleep(TRAVEL_SECONDS)
        return await self._answer(delivery)

    async def _written(self, delivery: Delivery) -> None:
        self._partner.send(delivery)
        await self._moment("sent")
        await asyncio.sleep(TRAVEL_SECONDS)
        self._partner.catch_up()
        await self._moment("arrived")
        await asyncio.sleep(WORK_SECONDS)
        self._partner.catch_up()
        await self._moment("applied")

    async def _read(self, delivery: Delivery) -> None:
        await asyncio.sleep(TRAVEL_SECONDS)
        self._partner.catch_up()
        self._partner.read(delivery)

    async def _answer(self, delivery: Delivery) -> httpx.Response:
        trouble = delivery.trouble or Trouble("as it is")
        match trouble.how:
            case "reset":
                raise httpx.ReadError("reset by peer")
            case "hang":
                await asyncio.sleep(1e6)
            case "garbage":
                page = "<html>Sign in to the hotel's network</html>"
                return httpx.Response(200, headers={"content-type": "text/html"}, text=page)
            case "refused":
                await asyncio.sleep(trouble.slow)
                seconds = trouble.retry_after
                headers = {} if seconds is None else {"retry-after": f"{seconds:g}"}
                return httpx.Response(trouble.status, headers=headers, json={"error": "trouble"})
        status, answer = delivery.reply or (500, {})
        await self._moment("answered")
        twisted = _twisted(answer, trouble.how)
        if twisted == answer:
            self._partner.heard(delivery)
        return httpx.Response(status, json=twisted)


def _kind(request: httpx.Request) -> str:
    if request.method == "DELETE":
        return "cancel"
    if request.url.path.endswith("/commit"):
        return "commit"
    if request.method != "GET":
        return "write"
    return "poll" if "ids" in request.url.params else "find"


async def _stream(request: httpx.Request) -> AsyncIterator[bytes]:
    assert isinstance(request.stream, httpx.AsyncByteStream)
    async for chunk in request.stream:
        yield chunk


def _twisted(answer: Any, how: str) -> Any:
    """Return the answer to a submission as its trouble has it."""
    if how not in ODD_ANSWERS or not isinstance(answer, dict) or "operations" not in answer:
        return answer
    operations = answer["operations"]
    is_decided = any("status" in each for each in operations)
    if how == "short" or is_decided or not operations:
        return {"operations": operations[1:]}
    named = operations[0]["id"] if how == "twins" else ""
    return {**answer, "id": "", "operations": [{"id": named} for _ in operations]}
