"""Jobs of many rows on scripted servers: the action, and the requests that it makes."""

from __future__ import annotations

from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer

BUSY = answer(503)
GATEWAY = answer(504, headers={"retry-after": "0"})
CREATED = answer(200, {"id": "j-1"})
OK = answer(200, {})


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")
    list_id: str | None = ad.field("List")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint", default="http://127.0.0.1:1")


async def create(request: Any, data: Any) -> Any:
    response = await request(f"{data.settings.endpoint}/jobs", method="POST", json={})
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": response.data["id"]}])


async def upload(request: Any, data: Any) -> Any:
    job = data.async_contexts[0]["operation_id"]
    users = [payload.user_id for payload in data.payload]
    return await request(f"{data.settings.endpoint}/jobs/{job}/rows", method="PUT", json=users)


async def close(request: Any, data: Any) -> Any:
    job = data.async_contexts[0]["operation_id"]
    return await request(f"{data.settings.endpoint}/jobs/{job}", method="PATCH", json={})


async def done(request: Any, data: Any) -> Any:
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])


def job(**action: Any) -> ad.Action:
    functions = {"perform_batch": create, "steps": (upload, close), "poll": done}
    return ad.Action(
        title="Act", payload=Payload, **{**functions, "operation_per": "batch", **action}
    )


def connect(session: ad.Session, action: ad.Action, url: str, **destination: Any) -> ad.Connection:
    found = ad.Destination(
        name="Test", slug="test", settings=Settings, actions={"act": action}, **destination
    )
    return session.connect(found, endpoint=url)


def submit(crm: ad.Connection, users: list[Any], **options: Any) -> ad.Run:
    frame = pd.DataFrame({"user_id": users})
    return crm.submit(frame, "act", schedule=SquareRoot(minimum=0.02, cost=0.001), **options)


def requested(server: RawServer) -> list[str]:
    return [f"{each.method} {each.target}" for each in server.arrived]


STEPS = ["POST /jobs", "PUT /jobs/j-1/rows", "PATCH /jobs/j-1"]


async def abort(request: Any, data: Any) -> Any:
    job = data.async_contexts[0]["operation_id"]
    return await request(f"{data.settings.endpoint}/jobs/{job}/cancel", method="POST", json={})


def answering(*rows: ad.RowResult, status: str = "completed") -> Any:
    async def poll(request: Any, data: Any) -> Any:
        result = ad.AsyncOperationResult(status=status, rows=list(rows))
        return ad.AsyncPollResponse.of([result])

    return poll


GOOD = ad.RowResult(status="completed", result={"id": "r-1", "new": True})
BAD = ad.RowResult(
    status="failed", error=ad.OperationError(code="LOCKED", message="locked"), retryable=True
)
LEFT = ad.RowResult(status="canceled", message="not reached", retryable=True)
LOST = ad.RowResult(status="unknown", message="no answer")


async def read_all(request: Any, data: Any) -> Any:
    answers = [await request(f"{data.settings.endpoint}/{name}") for name in ("job", "good", "bad")]
    result = ad.AsyncOperationResult(status="completed", message=str(len(answers)))
    return ad.AsyncPollResponse.of([result])


def until_put_off(run: ad.Run, text: str) -> None:
    """Wait until a notice has this *text*, and the operation is known not to be applied."""
    while not any(text in each for each in run.notices) or run.operations[0].state != "planned":
        run.wait(timeout=0.02)
