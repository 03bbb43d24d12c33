"""Answers of the framework's later async action in all their shapes, and runs that get them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer

EAGER = SquareRoot(minimum=0.02, cost=0.001)
TAKEN = answer(202, {"requestId": "req-1"})
GOOD = {"status": 200, "sent": {}, "body": "OK"}
BAD = {"status": 400, "errormessage": "no such list", "errortype": "BAD_REQUEST"}
BUSY = {"status": 429, "errormessage": "Rerun the transaction.", "errortype": "TOO_MANY_REQUESTS"}
DONE = {"jobId": "req-1", "status": 200, "jobStatus": "SUCCEEDED"}


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


def multi_status(*entries: Any) -> ad.MultiStatusResponse:
    """Return the entries as the framework's own value."""
    found = ad.MultiStatusResponse()
    for entry in entries:
        if entry is None:
            found.set_at(len(found.responses), None)
        elif "errormessage" in entry:
            found.push_error(**entry)
        else:
            found.push_success(**entry)
    return found


def as_value(*entries: Any) -> Any:
    return [None if each is None else envelope(each) for each in entries]


def envelope(entry: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "error" if "errormessage" in entry else "success", "value": entry}


def as_object(*entries: Any) -> Any:
    return {**{str(at): each for at, each in enumerate(entries)}, "length": len(entries)}


SHAPES: dict[str, Callable[..., Any]] = {
    "ours": multi_status,
    "a list": lambda *entries: list(entries),
    "a dict of responses": lambda *entries: {"responses": list(entries), "length": len(entries)},
    "an object with indexes": as_object,
    "entries in envelopes": as_value,
    "a class with responses": lambda *entries: SimpleNamespace(responses=list(entries)),
}


def submitting(returned: Any, status: int = 202) -> Any:
    async def perform_batch(request: Any, data: Any) -> Any:
        await request(
            f"{data.settings.endpoint}/rows", method="PUT", json=[], throw_http_errors=False
        )
        return returned

    return perform_batch


def polling(*answers: Any) -> Any:
    left = list(answers)

    async def poll(request: Any, data: Any) -> Any:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return poll


def send(
    session: ad.Session,
    returned: Any,
    *,
    rows: int = 3,
    sent: Any = TAKEN,
    **action: Any,
) -> ad.Run:
    """Submit some rows to an action that returns *returned*, and return its run at the end."""
    options: dict[str, Any] = {"operation_per": "batch", **action}
    act = ad.Action(title="Act", payload=Payload, perform_batch=submitting(returned), **options)
    crm = ad.Destination(name="T", slug="t", settings=Settings, actions={"act": act})
    frame = pd.DataFrame({"user_id": [f"u-{at}" for at in range(rows)]})
    with RawServer(sent) as server:
        run = session.connect(crm, endpoint=server.url).submit(frame, "act", schedule=EAGER)
        run.wait(timeout=20)
        assert len(server.arrived) == 1
    return run


def statuses(run: ad.Run) -> list[str]:
    return list(run.results()["status"])


def send_and_look(session: ad.Session, returned: Any) -> ad.Run:
    """Return a run whose job is still going, and was asked about."""
    going = {"jobId": "req-1", "status": 200, "jobStatus": "IN_PROGRESS"}
    act = ad.Action(
        title="Act",
        payload=Payload,
        perform_batch=submitting(returned),
        poll=polling(going),
        operation_per="batch",
    )
    crm = ad.Destination(name="T", slug="t", settings=Settings, actions={"act": act})
    frame = pd.DataFrame({"user_id": ["a", "b", "c"]})
    with RawServer(TAKEN) as server:
        run = session.connect(crm, endpoint=server.url).submit(frame, "act", schedule=EAGER)
        while not (run.operations and run.operations[0].polls):
            run.wait(timeout=0.1)
    return run
