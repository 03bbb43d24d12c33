"""A partner that takes jobs of rows, counts what it did, and loses replies on demand::

    with Partner(Fault(reset)) as partner:
        ...partner.url, partner.effects...

A job is applied as soon as its rows are there. One that was opened without rows
waits for its commit.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from raw_server import Answer, Arrived, RawServer, Writer, answer

JOB_SECONDS = 0.05
PAUSE_SECONDS = 0.01  # At most, before a request is applied and again before its reply.
LAG_SECONDS = 0.1  # How far the list of jobs lags behind.

KEY = "idempotency-key"

Reply = tuple[int, Any]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a writing request once it was read.

    *reply* goes out in place of the answer. *late_seconds* is how long after that
    the request is applied; 0 = it was before.
    """

    reply: Answer
    is_applied: bool = True
    late_seconds: float = 0.0


@dataclass
class Job:
    """Some rows at the partner.

    ``applied_at`` is of a monotonic clock, None = not committed; ``effects`` counts
    the rows that changed something.
    """

    id: str
    rows: list[dict[str, str]]
    is_upsert: bool = False
    reference: str | None = None
    applied_at: float | None = None
    effects: int = 0

    def as_json(self) -> dict[str, str]:
        """Return its status."""
        is_done = self.applied_at is not None and _since(self.applied_at) >= JOB_SECONDS
        return {"id": self.id, "status": "completed" if is_done else "pending"}


class Partner(RawServer):
    """The server. The n-th request that writes meets the n-th of *faults*, None = it meets none.

    The first *hidden* requests for a job by its id find nothing. Rows are refused together if
    one of them is of a user in *bad*. ``effects`` has how often the rows of a user had an effect.
    """

    def __init__(
        self,
        *faults: Fault | None,
        seed: int | str = 0,
        hidden: int = 0,
        bad: Collection[str] = (),
    ) -> None:
        super().__init__(self._respond)
        self._bad = bad
        self.jobs: dict[str, Job] = {}
        self.effects: Counter[str] = Counter()
        self._names: dict[str, str] = {}  # Of users, by id.
        self._replies: dict[str, tuple[bytes, Reply]] = {}
        self._faults = iter(faults)
        self._random = random.Random(seed)
        self._hidden = hidden
        self._work: set[asyncio.Task[Reply]] = set()

    @property
    def sent(self) -> Counter[tuple[str, bytes]]:
        """How often each submission came, by its name ("" = it has none) and its whole body."""
        posts = [each for each in self.arrived if (each.method, each.target) == ("POST", "/jobs")]
        return Counter((_name(each), each.body) for each in posts)

    def settle(self) -> None:
        """Return once all that was read is applied."""
        self.run(self._settle())

    def __exit__(self, *raised: object) -> None:
        self.settle()
        super().__exit__(*raised)

    async def _settle(self) -> None:
        await asyncio.gather(*self._work)

    async def _respond(self, writer: Writer) -> None:
        arrived = self.arrived[-1]
        if arrived.method == "GET":
            await answer(*self._found(arrived))(writer)
            return
        fault = next(self._faults, None)
        if fault is not None and not fault.is_applied:
            await fault.reply(writer)
            return
        # A task of its own: it goes on when the connection is gone.
        work = self._begin(self._written(arrived, fault.late_seconds if fault else 0.0))
        if fault is None or not fault.late_seconds:
            reply = await work
            await self._pause()
        await (fault.reply if fault else answer(*reply))(writer)

    def _begin(self, work: Coroutine[Any, Any, Reply]) -> asyncio.Task[Reply]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    async def _pause(self) -> None:
        await asyncio.sleep(self._random.uniform(0, PAUSE_SECONDS))

    async def _written(self, arrived: Arrived, late_seconds: float) -> Reply:
        key = arrived.headers.get(KEY, "")
        if key in self._replies:
            body, reply = self._replies[key]
            return reply if body == arrived.body else (422, {"error": "another body"})
        if key:
            self._replies[key] = arrived.body, (409, {"error": "in progress"})
        await asyncio.sleep(late_seconds)
        await self._pause()
        reply = self._do(arrived)
        if key:
            self._replies[key] = arrived.body, reply
        return reply

    def _do(self, arrived: Arrived) -> Reply:
        sent = json.loads(arrived.body)
        match [arrived.method, *arrived.target.split("/")[1:]]:
            case ["POST", "jobs"]:
                return self._created(**sent)
            case ["PUT", "jobs", name, "rows"] if self.jobs[name].applied_at is None:
                self.jobs[name].rows = sent
                return 200, {}
            case ["POST", "jobs", name, "commit"]:
                self._apply(self.jobs[name])
                return 200, {}
        return 409, {"error": "it was committed"}

    def _created(
        self,
        *,
        rows: list[Any] | None = None,
        upsert: bool = False,
        id: str = "",
        reference: str | None = None,
    ) -> Reply:
        if id in self.jobs:
            return 409, {"error": f"{id} is there"}
        if bad := [row["user_id"] for row in rows or [] if row["user_id"] in self._bad]:
            return 422, {"error": f"{bad[0]} is bad"}
        job = Job(id or f"j-{len(self.jobs)}", rows or [], upsert, reference)
        self.jobs[job.id] = job
        if rows is not None:
            self._apply(job)
        return 201, job.as_json()

    def _apply(self, job: Job) -> None:
        if job.applied_at is not None:
            return
        job.applied_at = time.monotonic()
        for row in job.rows:
            user, name = row["user_id"], row["name"]
            if not job.is_upsert or self._names.get(user) != name:
                self.effects[user] += 1
                job.effects += 1
            self._names[user] = name

    def _found(self, arrived: Arrived) -> Reply:
        url = urlsplit(arrived.target)
        if url.query:
            (reference,) = parse_qs(url.query)["reference"]
            jobs = self.jobs.values()
            return 200, [each.as_json() for each in jobs if _is_listed(each, reference)]
        job = self.jobs.get(url.path.removeprefix("/jobs/"))
        if job is None or self._hidden > 0:
            self._hidden -= 1
            return 404, {"error": "no such job"}
        return 200, job.as_json()


def _since(at: float) -> float:
    return time.monotonic() - at


def _is_listed(job: Job, reference: str) -> bool:
    return job.reference == reference and _since(job.applied_at or 0.0) >= LAG_SECONDS


def _name(arrived: Arrived) -> str:
    sent = json.loads(arrived.body)
    key = arrived.headers.get(KEY)
    return key or sent.get("id") or sent.get("reference") or ""
