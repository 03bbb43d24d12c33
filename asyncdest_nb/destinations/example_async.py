"""Example Async: an API that answers "accepted, operation id" and is polled for the rest.

POST /operations         one operation: {"status": "accepted", "operation_id": …}
POST /operations/batch   many: {"status": "accepted", "operation_ids": [id, …]}, in order; or
                         with "operations": [{"operation_id": …}, …], where each can also say
                         that it failed or completed at once
GET  /operations/{id}    {"status": "pending" | "processing" | "completed" | "failed", …}

Any other answer to a POST is synchronous: the operations are done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import HttpUrl, SecretStr

from .. import destination as ad
from ..errors import HTTPError, InvalidAuthenticationError, ProtocolError
from ..request import Response, bearer_auth
from ..responses import (
    MISSING_CONTEXT,
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    JSONObject,
    RowResult,
    failure_in,
    not_asked,
)


class ExampleSettings(ad.Settings):
    """Where the API is, and the key it asks for, if any."""

    endpoint: HttpUrl = ad.field("Endpoint", description="The URL of the API")
    api_key: SecretStr | None = ad.field("API key", description="Sent as a bearer token")


class ExamplePayload(ad.Payload):
    """One operation."""

    user_id: str = ad.field(
        "User ID", description="Whom the operation is about", default={"@path": "$.userId"}
    )
    operation_type: Literal["sync_profile", "process_data", "generate_report"] = ad.field(
        "Operation Type", description="What to do"
    )
    data: dict[str, Any] | None = ad.field(
        "Operation Data",
        description="Whatever the operation needs",
        default={"@path": "$.properties"},
    )


_KEPT = {"hour": 24}  # How long state is kept.
_ENDS = ("completed", "failed")


def extend_request(data: ad.ActionData[ExampleSettings, None]) -> dict[str, Any]:
    """Send every request to the endpoint, with the key if there is one."""
    key = data.settings.api_key
    return {
        "base_url": str(data.settings.endpoint),
        "headers": {"content-type": "application/json", **(bearer_auth(key) if key else {})},
    }


async def perform(request: ad.Request, data: ad.ActionData[ExampleSettings, ExamplePayload]) -> Any:
    """Submit one operation."""
    response = await request("/operations", method="POST", json=data.payload.as_json())
    if not _is_accepted(response.data):
        return response
    operation_id = response.data.get("operation_id")
    data.state_context.set_response_context("operation_id", operation_id, _KEPT)
    data.state_context.set_response_context("user_id", data.payload.user_id, _KEPT)
    return AsyncActionResponse(
        async_contexts=[_context(operation_id, data.payload)],
        message=f"Operation {operation_id} submitted successfully",
        status=202,
    )


async def perform_batch(
    request: ad.Request, data: ad.ActionData[ExampleSettings, list[ExamplePayload]]
) -> Any:
    """Submit many operations at once; each gets an id of its own, or is refused in its place."""
    body = {"operations": [payload.as_json() for payload in data.payload]}
    response = await request("/operations/batch", method="POST", json=body)
    operations = _operations(response.data)
    if operations is None:
        return response
    ids = [each.get("operation_id") for each in operations]
    data.state_context.set_response_context("batch_operation_ids", json.dumps(ids), _KEPT)
    return AsyncActionResponse(
        async_contexts=_contexts(ids, data.payload),
        rows=[_decided(each) for each in operations],
        message=f"Batch operations submitted: {', '.join(map(str, ids))}",
        status=202,
    )


async def poll(
    request: ad.Request, data: ad.ActionData[ExampleSettings, None]
) -> AsyncPollResponse:
    """Ask how each operation stands: one context or many, it is the same."""
    contexts = data.async_contexts
    return AsyncPollResponse.of([await _looked_up(request, context) for context in contexts])


async def test_authentication(
    request: ad.Request, data: ad.ActionData[ExampleSettings, None]
) -> None:
    """Ask for an operation that cannot be there: only the refusal of the key matters."""
    response = await request("/operations/none", throw_http_errors=False)
    if response.status in (401, 403):
        given = "the API key is not accepted" if data.settings.api_key else "it wants an API key"
        raise InvalidAuthenticationError(f"{given} ({response.status})")


async def _looked_up(request: ad.Request, context: JSONObject) -> AsyncOperationResult:
    try:
        return await _ask(request, context)
    except ProtocolError as error:
        return not_asked(error, context)
    except HTTPError as error:
        # What ails the host says nothing of this context: whoever polls finds out.
        if error.status >= 500 or error.status in (408, 425, 429):
            raise
        return not_asked(error, context)


async def _ask(request: ad.Request, context: JSONObject) -> AsyncOperationResult:
    operation_id = context.get("operation_id")
    if operation_id in (None, ""):  # An id may be 0.
        return MISSING_CONTEXT.model_copy(update={"context": context})
    # The id is the destination's own text: quoted, it cannot lead to another path.
    answer = _object(await request(f"/operations/{quote(str(operation_id), safe='')}"))
    status = answer.get("status")
    error = failure_in(answer) if status == "failed" else None
    return AsyncOperationResult.model_validate(
        {
            # "processing" is the API's word for pending; any other is kept as odd.
            "status": "pending" if status == "processing" else status,
            "progress": _progress(answer),
            "message": error.message if error else _standing(operation_id, status),
            "result": _result(answer),
            "error": error,
            "context": context,
        }
    )


def _object(response: Response) -> JSONObject:
    """Return the answer's JSON object; anything else is no answer of this API."""
    if not isinstance(response.data, dict):
        raise ProtocolError(response.problem or f"not a JSON object: {_excerpt(response.data)}")
    return response.data


def _excerpt(answer: Any) -> str:
    text = repr(answer)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _is_accepted(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("status") == "accepted"


def _operations(answer: Any) -> list[JSONObject] | None:
    """Return an entry for each operation of a batch; None = the answer is synchronous.

    Raises ProtocolError if a batch is accepted and the answer names no operations.
    """
    found = answer if isinstance(answer, dict) else {}
    ids, operations = found.get("operation_ids"), found.get("operations")
    if isinstance(ids, list) and found.get("status") not in _ENDS:
        return [{"operation_id": each} for each in ids]
    is_list = isinstance(operations, list) and all(isinstance(each, dict) for each in operations)
    # A synchronous answer may hold the operations as they were sent.
    if is_list and (_is_accepted(answer) or any(map(_is_told, operations or ()))):
        return operations
    if _is_accepted(answer):
        raise ProtocolError(
            f"accepted with no operation_ids and no list of operations: {_excerpt(answer)}"
        )
    return None


def _is_told(entry: JSONObject) -> bool:
    return "operation_id" in entry or entry.get("status") in _ENDS


def _context(operation_id: Any, payload: ExamplePayload) -> JSONObject:
    user_id, operation_type = payload.user_id, payload.operation_type
    return {"operation_id": operation_id, "user_id": user_id, "operation_type": operation_type}


def _contexts(ids: Sequence[Any], payloads: Sequence[ExamplePayload]) -> list[JSONObject]:
    if len(ids) != len(payloads):  # Whose ids they are is not known; the engine says so.
        return [{"operation_id": each} for each in ids]
    pairs = enumerate(zip(ids, payloads, strict=True))
    return [{**_context(each, payload), "batch_index": index} for index, (each, payload) in pairs]


def _decided(answer: JSONObject) -> RowResult | None:
    """Return the outcome of an operation of a batch that was refused or done at once."""
    if answer.get("status") == "failed":
        return RowResult(status="failed", error=failure_in(answer))
    if answer.get("status") == "completed":
        return RowResult(status="completed", result=answer.get("result"))
    return None


def _progress(answer: JSONObject) -> Any:
    if answer.get("status") == "completed":
        return 100
    return answer.get("progress", None if answer.get("status") == "failed" else 0)


def _result(answer: JSONObject) -> Any:
    result = answer.get("result")
    return {} if result is None and answer.get("status") == "completed" else result


def _standing(operation_id: Any, status: Any) -> str:
    if status == "completed":
        return f"Operation {operation_id} completed successfully"
    return f"Operation {operation_id} is {status}"


example_async = ad.Destination(
    name="Example Async",
    slug="example-async",
    description="Operations that are accepted at once and done later; every kind of answer",
    settings=ExampleSettings,
    extend_request=extend_request,
    test_authentication=test_authentication,
    actions={
        "asyncOperation": ad.Action(
            title="Async Operation",
            description="Submit operations and poll them until they have completed or failed",
            payload=ExamplePayload,
            perform=perform,
            perform_batch=perform_batch,
            poll=poll,
            # A GET for each: of several an answer waits for those that come after it. Of 300
            # operations of 2 to 20 s, with answers that take 0.1 s, each was known 6.2 s after
            # its end, and 8.8 s ten by ten, at 20 requests a second; at 200, 1.7 s and 2.2 s.
            poll_batch_size=1,
        )
    },
)
