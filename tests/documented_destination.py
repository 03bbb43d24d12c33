"""The document's own ``perform`` and ``poll``, and the batch they go with, line by line.

Nothing is made better on the way: a failed operation is one of the pending to this ``poll``.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

import asyncdest_nb as ad


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")
    api_key: SecretStr = ad.field("API key")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")
    operation_type: str = ad.field("Operation Type")
    data: dict[str, Any] | None = ad.field("Operation Data")


def extend_request(data: Any) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {data.settings.api_key.get_secret_value()}",
        "Content-Type": "application/json",
    }
    return {"base_url": data.settings.endpoint, "headers": headers}


def is_accepted(response: Any) -> bool:
    """``response.data?.status === 'accepted'``"""
    return isinstance(response.data, dict) and response.data.get("status") == "accepted"


async def perform(request: Any, data: Any) -> Any:
    response = await request(
        f"{data.settings.endpoint}/operations", method="post", json=data.payload.as_json()
    )

    if is_accepted(response):
        # Store context if needed
        data.state_context.set_response_context(
            "operation_id", response.data["operation_id"], {"hour": 24}
        )

        return {
            "isAsync": True,
            "asyncContexts": [
                {
                    "operation_id": response.data["operation_id"],
                    "user_id": data.payload.user_id,
                    "operation_type": data.payload.operation_type,
                }
            ],
            "message": f"Operation {response.data['operation_id']} submitted",
            "status": 202,
        }

    return response  # Synchronous response


async def perform_batch(request: Any, data: Any) -> Any:
    response = await request(
        f"{data.settings.endpoint}/operations/batch",
        method="post",
        json={"operations": [payload.as_json() for payload in data.payload]},
    )

    if is_accepted(response):
        operation_ids = response.data["operation_ids"]
        data.state_context.set_response_context(
            "batch_operation_ids", json.dumps(operation_ids), {"hour": 24}
        )

        return {
            "isAsync": True,
            "asyncContexts": [
                {
                    "operation_id": operation_id,
                    "user_id": data.payload[index].user_id,
                    "operation_type": data.payload[index].operation_type,
                    "batch_index": index,
                }
                for index, operation_id in enumerate(operation_ids)
            ],
            "message": f"Batch operations submitted: {', '.join(map(str, operation_ids))}",
            "status": 202,
        }

    return response  # Synchronous response


# Unified polling for both single and batch operations
async def poll(request: Any, data: Any) -> Any:
    async_contexts = data.async_contexts or []
    results = []

    # Poll each operation in the array
    for context in async_contexts:
        response = await request(f"{data.settings.endpoint}/operations/{context['operation_id']}")

        results.append(
            {
                "status": "completed" if response.data["status"] == "completed" else "pending",
                "progress": response.data.get("progress") or 0,
                "message": f"Operation {context['operation_id']} is {response.data['status']}",
                "shouldContinuePolling": response.data["status"] != "completed",
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
    settings=Settings,
    extend_request=extend_request,
    actions={
        "asyncOperation": ad.Action(
            title="Async Operation",
            payload=Payload,
            perform=perform,
            perform_batch=perform_batch,
            poll=poll,
        )
    },
)
