"""The destination of the ledger partner, with each way to recover a lost reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncdest_nb as ad
from ledger_jobs import KEY, KEY_SECONDS

SETTLE_SECONDS = 10.0


# The destination


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")
    name: str = ad.field("Name")


Function = Callable[[Any, Any], Any]


def _accepted(job: Any, per: str) -> Any:
    if per == "batch":
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": job["id"]}])
    operations = job["operations"]
    contexts = [{"operation_id": each.get("id", "")} for each in operations]
    rows = [ad.RowResult(**each) if "status" in each else None for each in operations]
    return ad.AsyncActionResponse(async_contexts=contexts, rows=rows)


def _naming(send: Function) -> Function:
    """Return *send*, so that of a refused batch it returns the rows that are named."""

    async def named(request: Any, data: Any) -> Any:
        try:
            return await send(request, data)
        except ad.HTTPError as error:
            answer = error.response.data if error.status == 400 else None
            if not isinstance(answer, dict) or "rows" not in answer:
                raise
        bad = ad.RowResult(status="failed", error=ad.OperationError(message="bad rows"))
        rows = [bad if at in answer["rows"] else None for at in range(len(data.payload))]
        return ad.AsyncActionResponse(async_contexts=[], rows=rows, message="bad rows")

    return named


def _sending(per: str, *, header: str = "", name: str = "", **body: Any) -> Function:
    """Return what sends rows, with the submission's id in a *header* or by a *name*."""

    async def send(request: Any, data: Any) -> Any:
        rows = [payload.as_json() for payload in data.payload]
        named = {name: data.submission_id} if name else {}
        headers = {header: data.submission_id} if header else {}
        sent = {**body, "rows": rows, "trace": data.submission_id, **named}
        answer = await request("/jobs", method="POST", json=sent, headers=headers)
        return _accepted(answer.data, per)

    return send


def _finding_by_id(per: str) -> Function:
    async def find(request: Any, data: Any) -> Any:
        return _accepted((await request(f"/jobs/by-id/{data.submission_id}")).data, per)

    return find


def _searching(per: str) -> Function:
    async def find(request: Any, data: Any) -> Any:
        found = (await request("/jobs", params={"reference": data.submission_id})).data
        return _accepted(found[0], per) if found else None

    return find


async def _prepare(request: Any, data: Any) -> Any:
    sent = {"trace": data.submission_id}
    return _accepted((await request("/jobs", method="POST", json=sent)).data, "batch")


async def _upload(request: Any, data: Any) -> Any:
    rows = [payload.as_json() for payload in data.payload]
    return await request(f"/jobs/{_id(data)}/rows", method="PUT", json={"rows": rows})


async def _commit(request: Any, data: Any) -> Any:
    return await request(f"/jobs/{_id(data)}/commit", method="POST", json={})


async def _poll(request: Any, data: Any) -> Any:
    ids = [context["operation_id"] for context in data.async_contexts]
    return (await request("/operations", params={"ids": ",".join(ids)})).data


async def _cancel(request: Any, data: Any) -> Any:
    await request(f"/jobs/{_id(data).replace('.', '/')}", method="DELETE")


def _id(data: Any) -> str:
    return str(data.async_contexts[0]["operation_id"])


RECOVERIES = ("none", "natural", "key", "client_id", "search", "prepare_commit")


def _ways(per: str) -> dict[str, dict[str, Any]]:
    return {
        "none": {"perform_batch": _sending(per)},
        "natural": {"perform_batch": _sending(per, upsert=True)},
        "key": {"perform_batch": _sending(per, header=KEY), "key_seconds": KEY_SECONDS},
        "client_id": {"perform_batch": _sending(per, name="id"), "find": _finding_by_id(per)},
        "search": {
            "perform_batch": _sending(per, name="reference"),
            "find": _searching(per),
            "settle_seconds": SETTLE_SECONDS,
        },
        "prepare_commit": {"perform_batch": _prepare, "steps": (_upload, _commit)},
    }


def destination(
    recovery: str, *, per: str, can_cancel: bool, isolation_requests: int, names_bad_rows: bool
) -> ad.Destination:
    """Return the destination, with one action, called "send"."""
    way = _ways(per)[recovery]
    if names_bad_rows:
        way["perform_batch"] = _naming(way["perform_batch"])
    action = ad.Action(
        title="Send",
        payload=Payload,
        **way,
        recovery=recovery,  # type: ignore[arg-type]  # one of RECOVERIES
        poll=_poll,
        cancel=_cancel if can_cancel else None,
        operation_per=per,  # type: ignore[arg-type]  # "row" or "batch"
        poll_batch_size=3 if per == "row" else 1,
        isolation_requests=isolation_requests,
    )
    return ad.Destination(
        name="Bookkeeper",
        slug="bookkeeper",
        actions={"send": action},
        extend_request=lambda data: {"base_url": "http://partner.test"},
        requests_per_second=1000.0,
    )
