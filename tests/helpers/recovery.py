"""A destination with an action for each way of recovery, and rows to send to it::

    with Partner(Fault(reset)) as partner:
        crm = connect(session, partner)
        run = crm.submit(people(10), "key", schedule=eager())

The actions have the names of their ways; "key by row" has an operation for each row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from counting_partner import KEY, Partner

SETTLE_SECONDS = 0.6  # Longer than the partner's list lags behind.
LATE_SECONDS = 2.0  # Longer than a late first request takes.

Function = Callable[[Any, Any], Any]


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")
    name: str = ad.field("Name")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


def _accepted(job: Any) -> Any:
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": job["id"], "job": job["id"]}])


def _rows(data: Any) -> Any:
    return [payload.as_json() for payload in data.payload]


def sending(*, header: str = "", key: str = "", **body: Any) -> Function:
    """Return a function that sends all rows, with the submission's id in a *header* or a *key*."""

    async def send(request: Any, data: Any) -> Any:
        name = data.submission_id
        sent = {**body, "rows": _rows(data), **({key: name} if key else {})}
        headers = {header: name} if header else {}
        return _accepted((await request("/jobs", method="POST", json=sent, headers=headers)).data)

    return send


async def find_by_id(request: Any, data: Any) -> Any:
    return _accepted((await request(f"/jobs/{data.submission_id}")).data)


async def find_by_reference(request: Any, data: Any) -> Any:
    jobs = (await request("/jobs", params={"reference": data.submission_id})).data
    return _accepted(jobs[0]) if jobs else None


async def prepare(request: Any, data: Any) -> Any:
    return _accepted((await request("/jobs", method="POST", json={})).data)


async def upload(request: Any, data: Any) -> Any:
    return await request(f"/jobs/{_job(data)}/rows", method="PUT", json=_rows(data))


async def commit(request: Any, data: Any) -> Any:
    return await request(f"/jobs/{_job(data)}/commit", method="POST", json={})


async def poll(request: Any, data: Any) -> Any:
    status = (await request(f"/jobs/{_job(data)}")).data["status"]
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])


def _job(data: Any) -> Any:
    return data.async_contexts[0]["job"]


def per_row(function: Function) -> Function:
    """Return *function* with a context for every row, not one for the job."""

    async def named(request: Any, data: Any) -> Any:
        found = await function(request, data)
        if found is None:
            return None
        job = found.async_contexts[0]["job"]
        ids = [f"{job}.{number}" for number in range(len(data.payload))]
        contexts = [{"operation_id": each, "job": job} for each in ids]
        return ad.AsyncActionResponse(async_contexts=contexts)

    return named


WAYS: dict[str, dict[str, Any]] = {
    "none": {"perform_batch": sending()},
    "natural": {"perform_batch": sending(upsert=True)},
    "key": {"perform_batch": sending(header=KEY)},
    "client_id": {
        "perform_batch": sending(key="id"),
        "find": find_by_id,
        "settle_seconds": LATE_SECONDS,
    },
    "search": {
        "perform_batch": sending(key="reference"),
        "find": find_by_reference,
        "settle_seconds": SETTLE_SECONDS,
    },
    "prepare_commit": {"perform_batch": prepare, "steps": (upload, commit)},
}


def destination(*, batch_size: int = 200) -> ad.Destination:
    """Return a destination with an action for each way, and "<way> by row" for some."""
    kept = {"title": "Send", "payload": Payload, "poll": poll, "batch_size": batch_size}
    actions = {
        way: ad.Action(**kept, **given, recovery=way, operation_per="batch")
        for way, given in WAYS.items()
    }
    for way in ("key", "search"):
        given = WAYS[way].items()
        by_row = {name: per_row(each) if callable(each) else each for name, each in given}
        actions[f"{way} by row"] = ad.Action(**kept, **by_row, recovery=way)
    return ad.Destination(
        name="Recovering",
        slug="recovering",
        settings=Settings,
        actions=actions,
        extend_request=lambda data: {"base_url": data.settings.endpoint},
        requests_per_second=1000,
    )


def connect(session: ad.Session, partner: Partner | str, **options: Any) -> ad.Connection:
    """Return a connection to *partner*, or to its URL."""
    url = partner if isinstance(partner, str) else partner.url
    batch_size = options.pop("batch_size", 200)
    return session.connect(destination(batch_size=batch_size), endpoint=url, **options)


def people(count: int) -> pd.DataFrame:
    """Return rows of *count* users."""
    users = [f"u-{number}" for number in range(count)]
    return pd.DataFrame({"user_id": users, "name": [f"Name of {user}" for user in users]})


def eager() -> SquareRoot:
    """Return a schedule for jobs of some milliseconds."""
    return SquareRoot(minimum=0.05, cost=0.01)
