"""A destination translated from TypeScript, and the answers of a scripted server."""

from __future__ import annotations

from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer

EAGER = SquareRoot(minimum=0.02, cost=0.001)
ACCEPTED = answer(202, {"status": "accepted", "operation_id": "op-1", "job_id": "job-1"})
COMPLETED = answer(200, {"status": "completed", "progress": 100, "result": {"items": [{"n": 1}]}})
SYNCHRONOUS = answer(200, {"ok": True})
FIELDS = {
    "user_id": {
        "label": "User ID",
        "description": "Whom the operation is about",
        "type": "string",
        "required": True,
        "default": {"@path": "$.userId"},
    },
    "operation_type": {
        "label": "Operation Type",
        "description": "What to do",
        "type": "string",
        "required": True,
        "choices": [
            {"label": "Sync Profile", "value": "sync_profile"},
            {"label": "Process Data", "value": "process_data"},
        ],
    },
    "data": {"label": "Operation Data", "description": "Whatever it needs", "type": "object"},
}
SETTINGS = {
    "endpoint": {"label": "Endpoint", "description": "URL", "type": "string", "required": True},
    "api_key": {"label": "API Key", "description": "Key", "type": "password", "required": True},
}
ROW = {"user_id": "u-1", "operation_type": "sync_profile", "data": {"plan": "pro"}}


def extend_request(*, settings: Any) -> Any:
    key = settings.api_key.get_secret_value()
    return {"headers": {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}}


def translated(*, fields: Any = FIELDS, **functions: Any) -> ad.Destination:
    """Return a destination with one action, "act", with the names of the framework."""
    action = {"title": "Async Operation", "description": "…", "fields": fields, **functions}
    return ad.Destination(
        name="Example Async",
        slug="example-translated",
        settings=SETTINGS,
        extendRequest=extend_request,
        actions={"act": action},
    )


def submitted(session: ad.Session, server: RawServer, crm: ad.Destination, rows: int = 1) -> ad.Run:
    connection = session.connect(crm, endpoint=server.url, api_key="sk-translated-1")
    run = connection.submit(pd.DataFrame([ROW] * rows), "act", schedule=EAGER)
    run.wait(timeout=20)
    return run


async def perform(request: Any, *, settings: Any, payload: Any, stateContext: Any) -> Any:
    response = await request(f"{settings.endpoint}/operations", {"method": "post", "json": payload})
    if response.data and response.data.status == "accepted" and response.data.operation_id:
        stateContext.setResponseContext("operation_id", response.data.operation_id, {"hour": 24})
        return {
            "isAsync": True,
            "asyncContexts": [
                {
                    "operation_id": response.data.operation_id,
                    "user_id": payload.user_id,
                    "operation_type": payload.operation_type,
                }
            ],
            "message": f"Operation {response.data.operation_id} submitted successfully",
            "status": 202,
        }
    return response


async def poll(request: Any, *, settings: Any, asyncContext: Any, stateContext: Any) -> Any:
    results = []
    for context in asyncContext.asyncContexts:
        assert stateContext.getRequestContext("operation_id") == context.operation_id
        response = await request(f"{settings.endpoint}/operations/{context.operation_id}")
        is_failed = response.data.status == "failed"
        results.append(
            {
                "status": response.data.status,
                "progress": response.data.get("progress", 0),
                "message": f"Operation {context.operation_id} {response.data.status}",
                "result": response.data.get("result", {}),
                "error": response.data.error_message if is_failed else None,
                "context": context,
                "shouldContinuePolling": False,
            }
        )
    return {"results": results, "overallStatus": "completed", "shouldContinuePolling": False}


async def by_keyword(request: Any, *, settings: Any, payload: Any) -> Any:
    return await request(f"{settings.endpoint}/x", method="POST", json=payload)


def returning(answered: Any) -> Any:
    async def function(request: Any, data: Any) -> Any:
        response = await request(f"{data.settings.endpoint}/x", method="POST", json={})
        return answered(response) if callable(answered) else answered

    return function
