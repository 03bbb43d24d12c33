"""Operations that are polled as in the customer's document, and polls that fail in some way.

The functions are the document's own, translated line by line, where they do not say otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from status_server import StatusServer, done

EAGER = {"minimum": 0.05, "cost": 0.001}
USERS = ("a", "b", "c", "d", "e", "f", "g")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


async def perform_batch(request: Any, data: Any) -> Any:
    body = {"operations": [payload.as_json() for payload in data.payload]}
    url = f"{data.settings.endpoint}/operations/batch"
    response = await request(url, method="POST", json=body)
    contexts = [{"operation_id": each} for each in response.data["operation_ids"]]
    return {"isAsync": True, "asyncContexts": contexts}


async def poll(request: Any, data: Any) -> Any:
    """Poll as the document does: nothing is caught."""
    results = []
    for context in data.async_contexts:
        url = f"{data.settings.endpoint}/operations/{context['operation_id']}"
        response = await request(url)
        status = response.data["status"]
        results.append(
            {
                "status": "completed" if status == "completed" else "pending",
                "progress": response.data.get("progress") or 0,
                "message": f"Operation {context['operation_id']} is {status}",
                "shouldContinuePolling": status != "completed",
                "context": context,
            }
        )
    pending = sum(each["status"] == "pending" for each in results)
    return {
        "results": results,
        "overallStatus": "pending" if pending > 0 else "completed",
        "shouldContinuePolling": pending > 0,
    }


async def catching_poll(request: Any, data: Any) -> Any:
    """Poll as the original does: a failed GET is a failed result."""
    results = []
    for context in data.async_contexts:
        url = f"{data.settings.endpoint}/operations/{context['operation_id']}"
        try:
            response = await request(url)
        except Exception as error:
            why = {"code": "POLLING_ERROR", "message": str(error)}
            results.append({"status": "failed", "message": str(error), "error": why})
            results[-1] |= {"shouldContinuePolling": False, "context": context}
        else:
            results.append({"status": response.data["status"], "context": context})
    return {"results": results, "overallStatus": "partial", "shouldContinuePolling": False}


def destination(poll: Any = poll, **action: Any) -> ad.Destination:
    act = ad.Action(
        title="Act", payload=Payload, **{"perform_batch": perform_batch, "poll": poll, **action}
    )
    return ad.Destination(
        name="Test",
        slug="test",
        settings=Settings,
        actions={"act": act},
        requests_per_second=1000,
    )


def submit(
    session: ad.Session, server: StatusServer, act: ad.Destination, *users: str, **options: Any
) -> ad.Run:
    frame = pd.DataFrame({"user_id": list(users or USERS)})
    crm = session.connect(act, endpoint=server.url)
    return crm.submit(frame, "act", schedule=SquareRoot(**EAGER), **options)


def wait_until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def statuses(run: ad.Run) -> dict[str, str]:
    """Return the status of each row by its user."""
    return dict(zip(USERS, run.results()["status"], strict=False))


def but_for(bad: str, status: int = 500, body: Any = b"no JSON at all <<<") -> Any:
    """Return the answers to GETs: all operations are done, but for that of one user."""

    def stands(operation_id: str) -> tuple[int, Any]:
        return (status, body) if operation_id == f"op-{bad}" else done(operation_id)

    return stands


def contexts(*users: str) -> list[dict[str, str]]:
    return [{"operation_id": f"op-{each}"} for each in users]
