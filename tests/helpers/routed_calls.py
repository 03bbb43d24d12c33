"""POST requests on a route, and a destination that sends them."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.request import Client, Effect, Route
from proxy_server import TLS

CA = TLS / "ca.pem"


def post(url: str, **ways: Any) -> Any:
    """Return the response to a POST on a ``Route(**ways)``, or the error it raised."""
    return exchanged(url, **ways)[0]


def exchanged(url: str, **ways: Any) -> tuple[Any, list[Effect]]:
    """Return the response or error of a POST, and the effects of its requests."""

    async def exchange() -> tuple[Any, list[Effect]]:
        client = Client(timeout_seconds=20, route=Route(**ways))
        call = client.call()
        try:
            outcome: Any = await call(url, method="POST", json={"id": 1})
        except Exception as error:
            outcome = error
        await client.aclose()
        return outcome, [each.effect for each in call.exchanges]

    return asyncio.run(exchange())


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Row(ad.Payload):
    id: int = ad.field("ID")


async def perform(request, data):
    return await request(data.settings.endpoint, method="POST", json=data.payload.as_json())


CRM = ad.Destination(
    name="CRM",
    slug="crm",
    settings=Settings,
    actions={"send": ad.Action(title="Send", payload=Row, perform=perform)},
)
