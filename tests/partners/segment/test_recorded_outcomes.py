"""What a run makes of the answers of ``perform_batch``, against outcomes of Segment's framework.

``data/batch.jsonl`` has, for each batch, what its function answered or raised, and what Segment
made of it for each event. A run uses other words for the same; where it knows more, or must not
guess, ``expected`` says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from paths import DATA
from raw_server import RawServer, answer
from segment_framework import comparable

MISSING = "MultiStatusResponse is missing a response at the specified index"
UNSUBSCRIBED = "Payload is either invalid or does not match the subscription"
# What a run never comes to: no batch function, no such action, no rows, no fields, a wrong mapping
# or subscription (errors of submit), one row that loses all others, and a key of Segment's own.
ELSEWHERE = (
    "b-047 b-048 b-049 b-050 b-051 b-052 b-054 b-069 b-087 b-090 b-103 b-104 b-105 b-106 b-107 "
    "b-108"
).split()
RECORDED = [
    each
    for each in map(json.loads, (DATA / "batch.jsonl").read_text("utf-8").splitlines())
    if each["kind"] in ("batch", "async_batch", "on_batch") and each["id"] not in ELSEWHERE
]


EVENTS = [
    each
    for each in map(json.loads, (DATA / "batch.jsonl").read_text("utf-8").splitlines())
    # The others have a wrong subscription, no such action, or several subscriptions.
    if each["kind"] == "on_event" and each["id"] not in "b-119 b-120 b-126 b-127 b-128".split()
]
_DONE, _INVALID = ("completed", None), ("invalid", None)
# Where a run differs on purpose.
EXCEPTIONS = {
    # Its answer should be JSON and is not: perhaps a page of some proxy.
    "b-013": [("unknown", None), _INVALID, _INVALID, ("unknown", None)],
    # A row without an entry beside the id of a job belongs to the job, whose poll says "done".
    "b-064": [_DONE, _INVALID, _INVALID, _DONE],
    "b-065": [_DONE, _INVALID, _INVALID, _DONE],
    "b-066": [_DONE, _INVALID, _INVALID, _DONE],
    # So does each row if there are no entries at all, which is an error in Segment.
    "b-085": [_DONE, _INVALID, _INVALID, _DONE],
    # Nothing to tell what became of the rows, where a job is expected; an error in Segment.
    "b-086": [("unknown", None), _INVALID, _INVALID, ("unknown", None)],
    # A token is renewed for the next request; the rows that were applied are not sent again.
    "b-112": [("failed", "u"), _INVALID, _INVALID, _DONE],
}


class Function:
    """A ``perform_batch`` that does what was recorded, call by call; the last repeats."""

    def __init__(self, recorded: Mapping[str, Any]) -> None:
        self._outcomes = recorded.get("perform_outcomes") or [recorded["perform_outcome"]]
        self._is_job = recorded["kind"] == "async_batch"
        self.payloads: list[Any] = []

    async def __call__(self, request: Any, data: Any) -> Any:
        self.payloads.append([dict(each.as_json()) for each in data.payload])
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


setattr(Function, "async", Function.job)


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
            made.set_at(op["unset"], None)
        else:
            pushed = {key.replace("set", "push"): value for key, value in op.items()}
            made.set_at(op["at"], multi_status([pushed]).responses[0])
    return made


def run_of(session: ad.Session, recorded: Mapping[str, Any], function: Function) -> pd.DataFrame:
    """Return the results of a run that sends the recorded events to the recorded function."""
    outcomes = recorded.get("perform_outcomes") or [recorded["perform_outcome"]]
    is_job = recorded["kind"] == "async_batch"
    more = {"poll": succeeded, "operation_per": "batch", "operation_id": "job_id"} if is_job else {}
    action = ad.Action(title="Act", fields=recorded["fields"], perform_batch=function, **more)
    # A 429 is answered as recorded once.
    again = [answer(200, {})] if outcomes[-1].get("status") == 429 else []
    with RawServer(*map(reply, outcomes), *again) as server:
        crm = session.connect(destination(action, server.url, refresh=recorded.get("refresh")))
        own = recorded.get("subscription") or {"mapping": recorded["mapping"]}
        return sent_by(crm, pd.DataFrame(recorded["events"]), own)


def destination(action: ad.Action, url: str, *, refresh: Any = None) -> ad.Destination:
    def extend(data: Any) -> Any:
        token = data.access_token
        return {"base_url": url, "headers": {} if token is None else ad.bearer_auth(token)}

    def renew(request: Any, data: Any) -> str:
        if refresh == "fail" and data.access_token is not None:
            raise ad.InvalidAuthenticationError("refresh rejected")
        return "a-token" if data.access_token is None else "another-token"

    return ad.Destination(
        name="Act",
        slug="act",
        actions={"act": action},
        extend_request=extend,
        refresh_access_token=renew if refresh else None,
    )


def sent_by(crm: ad.Connection, frame: pd.DataFrame, own: Mapping[str, Any]) -> pd.DataFrame:
    """Return the results of a run of *frame* by a recorded subscription, or a mapping alone."""
    subscribe = own.get("subscribe")
    run = crm.submit(
        frame,
        "act",
        mapping=ad.StoredMapping(own["mapping"]),
        subscribe=None if subscribe is None else ad.StoredSubscription(subscribe),
    )
    run.wait(timeout=30)
    return run.results()


def reply(outcome: Mapping[str, Any]) -> Any:
    body, kind = outcome.get("body", ""), outcome.get("content_type", "application/json")
    text = body if isinstance(body, str) else json.dumps(body)
    answered = answer(outcome.get("status", 200), text, {"content-type": kind})

    async def late(writer: Any) -> None:
        await asyncio.sleep(outcome.get("delay_ms", 0) / 1000)
        await answered(writer)

    return late


async def succeeded(request: Any, data: Any) -> Any:
    context = data.async_contexts[0]
    ok = {"status": 200, "sent": {}, "body": "done"}
    rows = multi_status([{"push_ok": ok}] * context["uploadCount"])
    job = {"jobId": context["job_id"], "status": 200, "jobStatus": "SUCCEEDED"}
    return {**job, "multiStatusResponse": rows}


def expected(recorded: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Return the status, and the message of a failed row, that a run has for what was recorded."""
    if "error" in recorded:
        one = of_error(recorded["error"])
        return [one if is_sent else ("invalid", None) for is_sent in sent(recorded)]
    found = recorded["result"]
    entries = found["responses"] if isinstance(found, dict) else found
    if recorded["kind"] == "on_batch":
        entries = entries[0].get("multistatus", [])
    rows = [each.get("value", each) for each in entries]
    # A row that does not match is not in the results.
    return [of_entry(each, recorded) for each in rows if each.get("errormessage") != UNSUBSCRIBED]


def sent(recorded: Mapping[str, Any]) -> list[bool]:
    """Return for each event whether its payload was valid: of these events two were."""
    return [index in (0, 3) for index in range(len(recorded["events"]))]


def of_error(error: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what becomes of the rows when the function raises, which loses them in Segment."""
    status = error.get("status") or error.get("response_status")
    if error["class"] == "RetryableError" or status == 429:
        return "completed", None  # It was sent again.
    if error["class"] == "TimeoutError" or (error["class"] == "HTTPError" and status >= 500):
        return "unknown", None  # It may have been applied.
    # Without a function for another token there is no other error than that of the request.
    is_plain = error.get("code") == "OAUTH_REFRESH_FAILED"
    return "failed", "401 Unauthorized" if is_plain else error["message"]


def of_entry(entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> tuple[str, str | None]:
    message, status = entry.get("errormessage"), entry.get("status", 200)
    if message and entry["errortype"] == "PAYLOAD_VALIDATION_FAILED" and "sent" not in entry:
        if message == MISSING:
            return "unknown", MISSING
        return ("failed" if message == "m" else "invalid"), message
    outcome = (recorded.get("perform_outcomes") or [recorded["perform_outcome"]])[0]
    if outcome["type"] in ("http", "http_error_returned", "throw"):
        if status == 429 or outcome.get("class") == "RetryableError":
            return "completed", None
        if status >= 500 and outcome["type"] != "throw":
            return "unknown", None
        return ("failed", message) if status >= 400 else ("completed", None)
    # An entry that was pushed as a success is one, whatever its status.
    return ("failed", message) if message else ("completed", None)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["id"])
def test_the_rows_of_a_batch_end_as_in_segment(session, recorded):
    function = Function(recorded)
    found = run_of(session, recorded, function)
    rows = EXCEPTIONS.get(recorded["id"]) or expected(recorded)
    assert found["status"].tolist() == [status for status, _ in rows]
    for message, (_, wanted) in zip(found["message"], rows, strict=True):
        assert (wanted or "") in message


@pytest.mark.parametrize("recorded", EVENTS, ids=lambda recorded: recorded["id"])
def test_a_single_event_ends_as_in_segment(session, recorded):
    own, outcome = recorded["subscription"], recorded["perform_outcome"]
    answers: list[Any] = []

    async def perform(request: Any, data: Any) -> Any:
        answers.append(data.payload.as_json())
        return await getattr(Function(recorded), outcome["type"])(request, outcome)

    action = ad.Action(title="Act", fields=recorded["fields"], perform=perform)
    frame = pd.DataFrame([recorded["event"]])
    with RawServer(reply(outcome)) as server:
        crm = session.connect(destination(action, server.url))
        found = sent_by(crm, frame, own)
    assert comparable(answers) == comparable(
        [each["payload"] for each in recorded["perform_calls"]]
    )
    if "error" in recorded:
        is_invalid = recorded["error"]["class"] == "AggregateAjvError"
        assert found["status"].tolist() == ["invalid" if is_invalid else "unknown"]
        assert not is_invalid or found["message"].tolist() == [recorded["error"]["message"]]
    elif recorded["result"][-1]["output"] == "Action Executed":
        assert found["status"].tolist() == ["completed"]
    else:
        assert (recorded["result"], len(found)) == ([{"output": "not subscribed"}], 0)
