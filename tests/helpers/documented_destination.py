"""The document's own ``perform`` and ``poll``, and the batch they go with, line by line.

Nothing is made better on the way: to this ``poll``, what failed is pending.
"""

from __future__ import annotations

import json
from typing import Any

import asyncdest_nb as ad

SETTINGS = {
    "endpoint": {"label": "Endpoint", "type": "string", "required": True},
    "api_key": {"label": "API Key", "type": "password", "required": True},
}
FIELDS = {
    "user_id": {"label": "User ID", "type": "string", "required": True},
    "operation_type": {"label": "Operation Type", "type": "string", "required": True},
    "data": {"label": "Operation Data", "type": "object"},
}


def extend_request(*, settings: Any) -> Any:
    return {
        "headers": {
            "Authorization": f"Bearer {settings.api_key.get_secret_value()}",
            "Content-Type": "application/json",
        }
    }


async def perform(request: Any, *, settings: Any, payload: Any, stateContext: Any) -> Any:
    response = await request(f"{settings.endpoint}/operations", {"method": "post", "json": payload})

    if getattr(response.data, "status", None) == "accepted":
        # Store context if needed
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
            "message": f"Operation {response.data.operation_id} submitted",
            "status": 202,
        }

    return response  # Synchronous response


async def perform_batch(request: Any, *, settings: Any, payload: Any, stateContext: Any) -> Any:
    response = await request(
        f"{settings.endpoint}/operations/batch",
        {"method": "post", "json": {"operations": payload}},
    )

    if getattr(response.data, "status", None) == "accepted":
        operation_ids = response.data.operation_ids
        stateContext.setResponseContext(
            "batch_operation_ids", json.dumps(operation_ids), {"hour": 24}
        )

        return {
            "isAsync": True,
            "asyncContexts": [
                {
                    "operation_id": operation_id,
                    "user_id": payload[index].user_id,
                    "operation_type": payload[index].operation_type,
                    "batch_index": index,
                }
                for index, operation_id in enumerate(operation_ids)
            ],
            "message": f"Batch operations submitted: {', '.join(map(str, operation_ids))}",
            "status": 202,
        }

    return response  # Synchronous response


# Unified polling for both single and batch operations
async def poll(request: Any, *, settings: Any, asyncContext: Any) -> Any:
    async_contexts = asyncContext.asyncContexts or []
    results = []

    # Poll each operation in the array
    for context in async_contexts:
        response = await request(f"{settings.endpoint}/operations/{context.operation_id}")

        results.append(
            {
                "status": "completed" if response.data.status == "completed" else "pending",
                "progress": response.data.progress or 0,
                "message": f"Operation {context.operation_id} is {response.data.status}",
                "shouldContinuePolling": response.data.status != "completed",
                "context": context,
            }
        )

    # Determine overall status
    completed_count = len([r for r in results if r["status"] == "completed"])
    pending_count = len([r for r in results if r["status"] == "pending"])

    return {
        "results": results,
        "overallStatus": "pending" if pending_count > 0 else "completed",
        "shouldContinuePolling": pending_count > 0,
        "message": results[0]["message"]
        if len(results) == 1
        else f"{len(results)} operations: {completed_count} completed, {pending_count} pending",
    }


documented = ad.Destination(
    name="Example Async Destination",
    slug="documented",
    settings=SETTINGS,
    extend_request=extend_request,
    actions={
        "asyncOperation": {
            "title": "Async Operation",
            "fields": FIELDS,
            "perform": perform,
            "performBatch": perform_batch,
            "poll": poll,
        }
    },
)
