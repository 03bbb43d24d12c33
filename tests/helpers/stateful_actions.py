"""Actions that store and read state, and clocks that stand still until they are set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot

EAGER = {"minimum": 0.02, "cost": 0.001}
DAY = 86_400.0


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint", default="https://one.example")
    api_key: SecretStr | None = ad.field("API key")


class Times:
    """Two clocks that stand still until they are set."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 1_000.0

    def pass_seconds(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


async def soon(seconds: float) -> None:
    await asyncio.sleep(0.01)


def destination(*, slug: str = "test", **action: Any) -> ad.Destination:
    act = ad.Action(title="Act", payload=Payload, **action)
    return ad.Destination(name="Test", slug=slug, settings=Settings, actions={"act": act})


def run_of(crm: ad.Connection, *users: str) -> ad.Run:
    frame = pd.DataFrame({"user_id": list(users)})
    run = crm.submit(frame, "act", schedule=SquareRoot(**EAGER))
    run.wait(timeout=20)
    return run


async def store(request: Any, data: Any) -> Any:
    """Return what the state has, and store the user: "a for 2 hours" or "a" (for good)."""
    user, _, hours = data.payload.user_id.partition(" for ")
    found = data.state_context.get_request_context("user")
    ttl = {"hour": float(hours.split()[0])} if hours else None
    data.state_context.set_response_context("user", user, ttl)
    return {"found": found}


async def read(request: Any, data: Any) -> Any:
    return {"found": data.state_context.get_request_context("user")}


def values_read(run: ad.Run) -> list[Any]:
    assert run.status == "completed", run.results()
    return [each["found"] for each in run.results()["result"]]


def value_read(crm: ad.Connection) -> Any:
    executed = crm.execute_action("act", {"user_id": "anyone"})
    assert executed.error is None
    return executed.answer["found"]


STORE, READ = destination(perform=store), destination(perform=read)


def accept(payload: Any) -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": payload.user_id}])


async def store_and_accept(request: Any, data: Any) -> Any:
    data.state_context.set_response_context("user", data.payload.user_id)
    return accept(data.payload)


async def poll_what_was_stored(request: Any, data: Any) -> Any:
    user = data.state_context.get_request_context("user")
    return ad.AsyncPollResponse.of(
        [ad.AsyncOperationResult(status="completed", result={"found": user})]
    )


def wait_until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
