"""A server on loopback that stores the rows it gets, and a destination that sends to it.

It takes jobs of rows and answers later. ``stored`` is what it has, by id; ``arrived_rows`` is
every row that came, in order. What it does with rows a test sets: ``fails`` and
``fails_but_stores`` are ids, ``meets`` what happens to the next jobs. ``is_cut`` is called when a
request has arrived, and when it is applied; from then on the sender gets no answer if it is True.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, Writer, answer, close

MEETS = ("refused", "lost before", "lost after")


class RowShelf(RawServer):
    """The server. ``is_done`` False = its jobs stay pending. Requests of ``dead`` lives fail."""

    def __init__(self) -> None:
        super().__init__(self._respond)
        self.stored: dict[str, str] = {}
        self.arrived_rows: list[tuple[str, str]] = []
        self.fails: set[str] = set()
        self.fails_but_stores: set[str] = set()
        self.meets: deque[str] = deque()
        self.is_done = True
        self.dead: set[str] = set()
        self.is_cut: Callable[[], bool] = lambda: False
        self._jobs: list[list[dict[str, Any]]] = []

    def take_arrived(self) -> list[tuple[str, str]]:
        """Return the rows that came since this was called last."""
        found, self.arrived_rows = self.arrived_rows, []
        return found

    async def _respond(self, writer: Writer) -> None:
        request = self.arrived[-1]
        self.arrived[:] = [request]
        if request.headers["life"] in self.dead or self.is_cut():
            return await close(writer)
        if request.method == "GET":
            number = int(request.target.rpartition("/")[2])
            found = {"rows": self._jobs[number] if self.is_done else None}
            return await answer(200, found)(writer)
        meets = self.meets.popleft() if self.meets else ""
        if meets == "refused":
            return await answer(400, {"error": "refused"})(writer)
        if meets == "lost before":
            return await close(writer)
        job = self._applied(json.loads(request.body)["rows"])
        is_lost = self.is_cut() or meets == "lost after"
        await (close(writer) if is_lost else answer(200, {"job": job})(writer))

    def _applied(self, rows: list[dict[str, str]]) -> int:
        outcomes = []
        for row in rows:
            self.arrived_rows.append((row["id"], row["value"]))
            has_failed = row["id"] in self.fails | self.fails_but_stores
            if row["id"] not in self.fails:
                self.stored[row["id"]] = row["value"]
            outcomes.append({"status": "failed" if has_failed else "completed"})
        self._jobs.append(outcomes)
        return len(self._jobs) - 1


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")
    life: SecretStr = ad.field("Which life of the session sends")


class Payload(ad.Payload):
    id: str = ad.field("ID")
    value: str = ad.field("Value")


async def _send(request: Any, data: Any) -> Any:
    rows = [payload.as_json() for payload in data.payload]
    reply = await request("/jobs", method="POST", json={"rows": rows})
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": str(reply.data["job"])}])


async def _poll(request: Any, data: Any) -> Any:
    rows = (await request(f"/jobs/{data.async_contexts[0]['operation_id']}")).data["rows"]
    if rows is None:
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="pending")])
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", rows=rows)])


def shelf(recovery: str = "natural") -> ad.Destination:
    """Return the destination, with one action, "put", in batches of three rows."""
    action = ad.Action(
        title="Put",
        payload=Payload,
        perform_batch=_send,
        poll=_poll,
        operation_per="batch",
        batch_size=3,
        recovery=recovery,  # type: ignore[arg-type]  # "natural" or "none"
    )
    return ad.Destination(
        name="Shelf",
        slug="shelf",
        settings=Settings,
        actions={"put": action},
        extend_request=lambda data: {
            "base_url": data.settings.endpoint,
            "headers": {"life": data.settings.life.get_secret_value()},
        },
    )


def connect(
    session: ad.Session, server: RowShelf, *, life: str = "life-0", recovery: str = "natural"
) -> ad.Connection:
    return session.connect(shelf(recovery), endpoint=server.url, life=life)


def eager() -> SquareRoot:
    return SquareRoot(minimum=0.02, cost=0.001)
