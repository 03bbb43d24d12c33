"""Example Async: an API that answers "accepted, operation id" and is polled for the rest.

POST /operations         one operation, 202 {"status": "accepted", "operation_id": …}
POST /operations/batch   many, 202 {"status": "accepted", "operations": [{"operation_id": …}, …]}
GET  /operations/{id}    {"status": "pending" | "processing" | "completed" | "failed", …}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import HttpUrl, SecretStr

from .. import destination as ad
from ..errors import IntegrationError, InvalidAuthenticationError, ProtocolError
from ..request import Response, bearer_auth
from ..responses import (
    MISSING_CONTEXT,
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    JSONObject,
    OperationError,
    RowResult,
)


class Settings(ad.Settings):
    """Where the API is, and the key it asks for, if any."""

    endpoint: HttpUrl = ad.field("Endpoint", description="The URL of the API")
    api_key: SecretStr | None = ad.field("API key", description="Sent as a bearer token")


class Payload(ad.Payload):
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


def extend_request(data: ad.ActionData[Settings, None]) -> dict[str, Any]:
    """Send every request to the endpoint, with the key if there is one."""
    key = data.settings.api_key
    return {
        "base_url": str(data.settings.endpoint),
        "headers": bearer_auth(key) if key is not None else {},
    }


async def perform(request: ad.Request, data: ad.ActionData[Settings, Payload]) -> Any:
    """Submit one operation."""
    response = await request("/operations", method="POST", json=data.payload.as_json())
    answer = _object(response)
    if answer.get("status") != "accepted":
        return _synchronous(answer, response)
    operation_id = answer.get("operation_id")
    data.state_context.set_response_context("operation_id", operation_id, {"hour": 24})
    return AsyncActionResponse(
        async_contexts=_contexts([answer], [data.payload]),
        message=f"Operation {operation_id} submitted",
        status=response.status,
    )


async def perform_batch(request: ad.Request, data: ad.ActionData[Settings, list[Payload]]) -> Any:
    """Submit many operations at once; each gets an id of its own, or is refused in its place."""
    body = {"operations": [payload.as_json() for payload in data.payload]}
    response = await request("/operations/batch", method="POST", json=body)
    answer = _object(response)
    operations = answer.get("operations")
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise ProtocolError(f"the answer has no list of operations: {_excerpt(answer)}")
    return AsyncActionResponse(
        async_contexts=_contexts(operations, data.payload),
        rows=[_decided(each) for each in operations],
        message=f"{len(operations)} operations submitted",
        status=response.status,
    )


async def poll(request: ad.Request, data: ad.ActionData[Settings, None]) -> AsyncPollResponse:
    """Ask how each operation stands: one context or many, it is the same."""
    return AsyncPollResponse.of([await _ask(request, context) for context in data.async_contexts])


async def test_authentication(request: ad.Request, data: ad.ActionData[Settings, None]) -> None:
    """Ask for an operation that cannot be there: only the refusal of the key matters."""
    response = await request("/operations/none", throw_http_errors=False)
    if response.status in (401, 403):
        given = "the API key is not accepted" if data.settings.api_key else "it wants an API key"
        raise InvalidAuthenticationError(f"{given} ({response.status})")


async def _ask(request: ad.Request, context: JSONObject) -> AsyncOperationResult:
    operation_id = context.get("operation_id")
    if not operation_id:
        return MISSING_CONTEXT.model_copy(update={"context": context})
    # The id is the destination's own text: quoted, it cannot lead to another path.
    answer = _object(await request(f"/operations/{quote(str(operation_id), safe='')}"))
    status = answer.get("status")
    return AsyncOperationResult.model_validate(
        {
            # "processing" is the API's word for pending; any other is kept as odd.
            "status": "pending" if status == "processing" else status,
            "progress": answer.get("progress"),
            "message": f"Operation {operation_id} is {status}",
            "result": answer.get("result"),
            "error": _error(answer) if status == "failed" else None,
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


def _contexts(operations: list[JSONObject], payloads: list[Payload]) -> list[JSONObject]:
    contexts = [{"operation_id": each.get("operation_id")} for each in operations]
    # Not strict: whether there is an id for each row is for the engine to judge.
    for context, payload in zip(contexts, payloads, strict=False):
        context["user_id"] = payload.user_id
        context["operation_type"] = payload.operation_type
    return contexts


def _synchronous(answer: JSONObject, response: Response) -> Response:
    """Return a synchronous answer as it is, if it says that the operation is done."""
    if answer.get("status") == "failed":
        error = _error(answer)
        raise IntegrationError(error.message, error.code or "FAILED", response.status)
    if answer.get("status") != "completed":
        raise ProtocolError(f"neither accepted, completed nor failed: {_excerpt(answer)}")
    return response


def _decided(answer: JSONObject) -> RowResult | None:
    """Return the outcome of an operation of a batch that was refused or done at once."""
    if answer.get("status") == "failed":
        return RowResult(status="failed", error=_error(answer))
    if answer.get("status") == "completed":
        return RowResult(status="completed", result=answer.get("result"))
    return None


def _error(answer: JSONObject) -> OperationError:
    """Read the reason of a failure, flat or nested: the API writes both."""
    nested = answer.get("error")
    inside = nested if isinstance(nested, Mapping) else {}
    code = answer.get("error_code") or inside.get("code") or "UNKNOWN_ERROR"
    message = answer.get("error_message") or inside.get("message") or "Operation failed"
    return OperationError(code=code, message=message)


example_async = ad.Destination(
    name="Example Async",
    slug="example-async",
    description="Operations that are accepted at once and done later; every kind of answer",
    settings=Settings,
    extend_request=extend_request,
    test_authentication=test_authentication,
    actions={
        "asyncOperation": ad.Action(
            title="Async Operation",
            description="Submit operations and poll them until they have completed or failed",
            payload=Payload,
            perform=perform,
            perform_batch=perform_batch,
            poll=poll,
        )
    },
)
