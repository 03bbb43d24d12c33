"""What the functions of recorded batches did: answers, errors, and the requests on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import asyncdest_nb as ad
from raw_server import answer


class RecordedFunction:
    """A ``perform_batch`` that does what was recorded, call by call; the last repeats."""

    def __init__(self, recorded: Mapping[str, Any]) -> None:
        self._outcomes = recorded.get("perform_outcomes") or [recorded["perform_outcome"]]
        self._is_job = recorded["kind"] == "async_batch"
        self.payloads: list[Any] = []
        self.beside: list[dict[str, Any]] = []

    async def __call__(self, request: Any, data: Any) -> Any:
        self.payloads.append([dict(each.as_json()) for each in data.payload])
        names = ("syncMode", "matchingKey", "audienceMembership")
        self.beside.append({name: data[name] for name in names})
        outcome = self._outcomes[min(len(self.payloads), len(self._outcomes)) - 1]
        if outcome["type"] == "throw":
            # A run would repeat what may be repeated for ever.
            if len(self.payloads) > 1:
                return {"jobId": "j", "status": 200} if self._is_job else {"ok": True}
            raise thrown(outcome)
        return await getattr(self, outcome["type"])(request, outcome)

    async def undefined(self, request: Any, outcome: Mapping[str, Any]) -> None:
        return None

    async def value(self, request: Any, outcome: Mapping[str, Any]) -> Any:
        return outcome["value"]

    async def http(self, request: Any, outcome: Mapping[str, Any]) -> Any:
        throws = outcome.get("throwHttpErrors", True)
        options = {"timeout_seconds": outcome["timeout"] / 1000} if "timeout" in outcome else {}
        try:
            return await request("/", method="POST", json={}, **options)
        except ad.HTTPError as error:
            if throws:
                raise
            return error.response

    async def http_error_returned(self, request: Any, outcome: Mapping[str, Any]) -> Any:
        try:
            return await request("/", method="POST", json={})
        except ad.HTTPError as error:
            return error

    async def multistatus(self, request: Any, outcome: Mapping[str, Any]) -> Any:
        return multi_status(outcome["ops"])

    # "async" is no name in Python.
    async def job(self, request: Any, outcome: Mapping[str, Any]) -> Any:
        given = {key: outcome[key] for key in ("jobId", "status") if key in outcome}
        return {**given, "multiStatusResponse": multi_status(outcome["ops"])}


setattr(RecordedFunction, "async", RecordedFunction.job)


def thrown(outcome: Mapping[str, Any]) -> Exception:
    message, status = outcome["message"], outcome.get("status")
    match outcome["class"]:
        case "IntegrationError":
            return ad.IntegrationError(message, outcome["code"], status or 400)
        case "APIError":
            return ad.IntegrationError(message, str(status), status)
        case "SelfTimeoutError":
            return ad.IntegrationError(message, "SELF_TIMEOUT", 408)
        case "RetryableError":
            return ad.RetryableError(message, status or 500)
        case "InvalidAuthenticationError":
            return ad.InvalidAuthenticationError(message)
        case "PayloadValidationError":
            return ad.PayloadValidationError(message)
    return RuntimeError(message)


def multi_status(ops: list[dict[str, Any]]) -> ad.MultiStatusResponse:
    made = ad.MultiStatusResponse()
    for op in ops:
        if "push_ok" in op:
            made.push_success(**op["push_ok"])
        elif "push_err" in op:
            made.push_error(**op["push_err"])
        elif "unset" in op:
            if op["unset"] < len(made.responses):  # There, a list never grows by this.
                made.set_at(op["unset"], None)
        else:
            pushed = {key.replace("set", "push"): value for key, value in op.items()}
            made.set_at(op["at"], multi_status([pushed]).responses[0])
    return made


def reply(outcome: Mapping[str, Any]) -> Any:
    body, kind = outcome.get("body", ""), outcome.get("content_type", "application/json")
    text = body if isinstance(body, str) else json.dumps(body)
    answered = answer(outcome.get("status", 200), text, {"content-type": kind})

    async def late(writer: Any) -> None:
        await asyncio.sleep(outcome.get("delay_ms", 0) / 1000)
        await answered(writer)

    return late
