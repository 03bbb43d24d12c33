"""A server that puts the key of a request into ids and URLs of jobs, and its destination."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from asyncdest_nb.widgets.record import record_html, record_text
from raw_server import RawServer, Writer, answer

KEY = "abc12345"
LONG = 'sk-live-4eC39HqLyjW"DarjtT1/zdp7dc'
FRAME = pd.DataFrame({"user_id": ["a", "b", "c"]})


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")
    api_key: SecretStr = ad.field("API key")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def extend_request(data: Any) -> dict[str, Any]:
    return {"base_url": data.settings.endpoint, "headers": ad.bearer_auth(data.settings.api_key)}


async def perform(request: Any, data: Any) -> Any:
    job = (await request("/jobs", method="POST", json=data.payload.as_json())).data
    data.state_context.set_response_context(f"of {job['id']}", job["url"])
    return ad.AsyncActionResponse(async_contexts=[dict(job)], message=f"is {job['id']}")


async def poll(request: Any, data: Any) -> Any:
    results = []
    for context in data.async_contexts:
        url = data.state_context.get_request_context(f"of {context['id']}")
        assert url == context["url"]
        job = (await request(url)).data
        results.append(
            ad.AsyncOperationResult(
                status=job["status"], message=job.get("message", ""), result=job, context=context
            )
        )
    return ad.AsyncPollResponse.of(results)


jobs = ad.Destination(
    name="Jobs",
    slug="jobs",
    settings=Settings,
    extend_request=extend_request,
    actions={
        "send": ad.Action(
            title="Send", payload=Payload, perform=perform, poll=poll, operation_id="id"
        )
    },
)


class Echo:
    """Names each job after the key, and answers only for known names."""

    def __init__(self, named: Callable[[str, int], str], *, pending: int = 0) -> None:
        self.server = RawServer(self._answer)
        self.asked: list[str] = []
        self.more: dict[str, Any] = {}
        self._named = named
        self._pending = pending
        self._known: set[str] = set()

    async def _answer(self, writer: Writer) -> None:
        arrived = self.server.arrived[-1]
        key = arrived.headers["authorization"].removeprefix("Bearer ")
        if arrived.method == "POST":
            name = self._named(key, len(self._known))
            path = f"/jobs/{quote(name, safe='')}"
            self._known.add(path)
            found = answer(200, {"id": name, "url": f"{self.server.url}{path}"})
        elif arrived.target not in self._known:
            found = answer(404, {"error": f"no {arrived.target}"})
        else:
            self.asked.append(arrived.target)
            status = "pending" if len(self.asked) <= self._pending else "completed"
            found = answer(200, {"status": status, "id": arrived.target, **self.more})
        await found(writer)


def connected(session: ad.Session, server: RawServer, key: str = KEY) -> Any:
    return session.connect(jobs, endpoint=server.url, api_key=key)


def submitted(crm: Any) -> Any:
    return crm.submit(FRAME, "send", schedule=SquareRoot(minimum=0.01))


def shown(session: ad.Session, run: Any, caplog: Any, path: Path) -> str:
    """Return everything that is shown of *run*, and the files in *path*."""
    texts = [run.results().to_json(), run.results().to_csv(), run.contexts.to_csv(), repr(run)]
    texts += [repr(list(run.operations)), json.dumps(run.details(0)), *run.notices, caplog.text]
    texts += [record_text(run), record_html(run), repr(list(session.state))]
    session.close()
    files = [each.read_bytes().decode("latin-1") for each in path.iterdir()]
    return "\n".join(texts + files)
