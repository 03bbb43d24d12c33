"""A partner that keeps books, on virtual time, and the destination that speaks to it.

It is a transport at one end and a ledger at the other: what came, what took effect,
and what it has told anybody. What was sent to it arrives, and takes effect, whether or
not the sender lives to see that. ``troubles`` are what the next requests meet.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

import asyncdest_nb as ad
from virtual_time import Time

TRAVEL_SECONDS = 0.02  # Of a request, and of its answer.
WORK_SECONDS = 0.05  # From its arrival to its effect.
LATE_SECONDS = 3.0
LAG_SECONDS = 1.0  # How far a search lags behind.
SETTLE_SECONDS = 10.0
KEY_SECONDS = 60.0
MERCY_SECONDS = 5.0  # How much longer keys are remembered than is promised.
KEY = "idempotency-key"


# What goes wrong


@dataclass(frozen=True)
class Trouble:
    """What a request meets. ``how`` it ends:

    "unsent" before it left, "reset" or "hang" without an answer, "garbage" with a page
    of HTML, "refused" with ``status``; with any other word the answer is told as that
    says. ``is_applied``: it does its work, ``late`` seconds later than usual. A refusal
    takes ``slow`` seconds longer than an answer.
    """

    how: str
    status: int = 0
    retry_after: float | None = None
    is_applied: bool = False
    late: float = 0.0
    slow: float = 0.0


def _refused(status: int, **more: Any) -> Trouble:
    return Trouble("refused", status, **more)


REFUSALS = {
    "400": _refused(400),
    "401": _refused(401),
    "409": _refused(409),
    "429": _refused(429),
    "429 for 3 s": _refused(429, retry_after=3.0),
    "429 for 70 s": _refused(429, retry_after=70.0),
    "503 for 2 s": _refused(503, retry_after=2.0),
    "unsent": Trouble("unsent"),
}
DOUBTS = {
    f"{name}{', applied' * is_applied}{' late' * bool(late)}": Trouble(
        how, status, None, is_applied, late
    )
    for name, how, status in [
        ("408", "refused", 408),
        ("500", "refused", 500),
        ("503", "refused", 503),
        ("reset", "reset", 0),
        ("hang", "hang", 0),
        ("garbage", "garbage", 200),
    ]
    for is_applied, late in [(False, 0.0), (True, 0.0), (True, LATE_SECONDS)]
}
ODD_ANSWERS = {word: Trouble(word, is_applied=True) for word in ("short", "twins", "nameless")}
ON_WRITE = REFUSALS | DOUBTS | ODD_ANSWERS

_ON_READ = {
    "404": _refused(404),
    "500": _refused(500),
    "429 for 3 s": _refused(429, retry_after=3.0),
    "401": _refused(401),
    "unsent": Trouble("unsent"),
    "reset": Trouble("reset"),
    "hang": Trouble("hang"),
    "garbage": Trouble("garbage", 200),
}
_ODD_WORDS = ("pending", "odd", "null", "fewer", "strangers", "turned", "short rows")
_LAST_WORDS = ("no more", "forgets")
ON_POLL = _ON_READ | {word: Trouble(word) for word in _ODD_WORDS + _LAST_WORDS}
ON_FIND = {name: each for name, each in _ON_READ.items() if name != "404"}
ON_CANCEL = _ON_READ | {
    "409": _refused(409),
    "409 slowly": _refused(409, slow=LATE_SECONDS),
    "reset, applied": Trouble("reset", is_applied=True),
}


# What the partner has


@dataclass(frozen=True)
class Ending:
    """How the rows of a job end: all "completed", all "failed", or "mixed".

    ``at_once``: that is said in the answer to the submission already, row by row.
    """

    word: str = "completed"
    seconds: float = 2.0
    at_once: bool = False

    def of(self, index: int) -> str:
        """Return the word for a row: "retryable" is a failure that bears repeating."""
        words = ("completed", "retryable", "failed") if self.word == "mixed" else (self.word,)
        return words[index % len(words)]


_WORDS_OF_ROWS: dict[str, dict[str, Any]] = {
    "completed": {"status": "completed"},
    "failed": {"status": "failed", "error": {"code": "BAD", "message": "no good"}},
    "retryable": {"status": "failed", "error": {"code": "LOCKED"}, "retryable": True},
    "canceled": {"status": "canceled", "message": "never came to it"},
}


_GONE = {"status": "pending", "shouldContinuePolling": False}


@dataclass
class Job:
    """Rows at the partner; they take effect when it ends. Times None = not yet."""

    id: str
    trace: str
    ending: Ending
    rows: list[dict[str, str]] = field(default_factory=list)
    is_upsert: bool = False
    reference: str | None = None
    applied_at: float | None = None
    ends_at: float | None = None
    is_over: bool = False
    is_closed: bool = False  # Said to have failed, since it was never committed.
    is_hidden: bool = False
    canceled: set[int] = field(default_factory=set)

    def word(self, index: int) -> str:
        """Say how a row ended, or that it is "pending"."""
        if index in self.canceled or self.is_closed:
            return "canceled"
        return self.ending.of(index) if self.is_over else "pending"


@dataclass
class Delivery:
    """A request on its way, and its answer once there is one."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    trouble: Trouble | None
    is_lost: bool = False
    reply: tuple[int, Any] | None = None
    told: list[tuple[str, int, str]] = field(default_factory=list)  # Of a job's row: its word.


class Partner:
    """The books. *per* "row" or "batch" is what one operation is."""

    def __init__(self, time: Time, *, per: str) -> None:
        self._time = time
        self.now = time.now
        self.per = per
        self.jobs: dict[str, Job] = {}
        self.troubles: dict[str, deque[Trouble]] = defaultdict(deque)
        self.endings: deque[Ending] = deque()
        self.effects: Counter[str] = Counter()  # By user.
        self.arrived: set[str] = set()  # Users whose rows came here.
        self.told: dict[tuple[str, int], str] = {}  # What it said, and somebody heard.
        self.blurs: dict[str, set[str]] = defaultdict(set)  # Why nobody may know, by user.
        self._names: dict[str, str] = {}
        self._keys: dict[str, tuple[float, bytes, tuple[int, Any] | None]] = {}
        self._work: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._on_their_way: list[Delivery] = []

    # Time

    def catch_up(self) -> None:
        """Do what was to be done by now, each at its time."""
        while self._work and self._work[0][0] <= self._time.now + 1e-9:
            self.now, _, work = heapq.heappop(self._work)
            work()
        self.now = self._time.now

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._work, (self.now + seconds, next(self._order), work))

    def recover(self) -> None:
        """Meet no more troubles."""
        self.troubles.clear()

    def lose_what_has_not_arrived(self) -> None:
        """Let a sender's death take with it what was on the way."""
        self.catch_up()
        for each in self._on_their_way:
            each.is_lost = True
            self._on_their_way = []

    # Requests that write

    def send(self, delivery: Delivery) -> None:
        """Put a request on its way; the rest does not need its sender."""
        self.catch_up()
        self._on_their_way.append(delivery)
        self._later(TRAVEL_SECONDS, lambda: self._arrive(delivery))

    def _arrive(self, delivery: Delivery) -> None:
        if delivery.is_lost:
            return
        self._on_their_way.remove(delivery)
        for row in self._rows_of(delivery):
            self.arrived.add(row["user_id"])
        self._blur(delivery)
        trouble = delivery.trouble
        if trouble is not None and not (trouble.is_applied or trouble.how in ODD_ANSWERS):
            return
        if (key := delivery.headers.get(KEY, "")) and self._is_known(key, delivery):
            return
        late = trouble.late if trouble else 0.0
        self._later(WORK_SECONDS + late, lambda: self._do(delivery, key))

    def _blur(self, delivery: Delivery) -> None:
        trouble = delivery.trouble
        if trouble is None or delivery.method == "DELETE":
            return
        why = "refused" if trouble in REFUSALS.values() else "lost"
        if trouble == REFUSALS["409"] and KEY in delivery.headers:
            why = "lost"  # The first request of the key may be at work.
        if trouble.how in ("garbage", *ODD_ANSWERS):
            why = "odd"
        self.blur(why, (row["user_id"] for row in self._rows_of(delivery)))

    def blur(self, why: str, users: Any) -> None:
        """Note why nobody may know what became of *users*."""
        for user in users:
            self.blurs[user].add(why)

    def _rows_of(self, delivery: Delivery) -> list[dict[str, str]]:
        sent = json.loads(delivery.body or b"{}")
        name = "".join(delivery.target.split("/")[2:3])
        found: list[dict[str, str]] = self.jobs[name].rows if name in self.jobs else []
        return sent.get("rows") or found

    def _is_known(self, key: str, delivery: Delivery) -> bool:
        """Answer a request whose *key* was used before with what was answered then."""
        since, body, reply = self._keys.get(key, (0.0, b"", None))
        if key not in self._keys or self.now - since > KEY_SECONDS + MERCY_SECONDS:
            self._keys[key] = self.now, delivery.body, None
            return False
        same = body == delivery.body
        delivery.reply = (reply or (409, {"error": "in progress"})) if same else (422, {})
        return True

    def _do(self, delivery: Delivery, key: str) -> None:
        match [delivery.method, *delivery.target.split("/")[1:]]:
            case ["POST", "jobs"]:
                delivery.reply = self._created(**json.loads(delivery.body))
            case ["PUT", "jobs", name, "rows"]:
                delivery.reply = self._uploaded(self.jobs[name], json.loads(delivery.body)["rows"])
            case ["POST", "jobs", name, "commit"]:
                delivery.reply = self._committed(self.jobs[name])
            case ["DELETE", "jobs", name]:
                delivery.reply = self._canceled(self.jobs[name], None)
            case ["DELETE", "jobs", name, index]:
                delivery.reply = self._canceled(self.jobs[name], int(index))
        if key:
            since, body, _ = self._keys[key]
            self._keys[key] = since, body, delivery.reply

    def _created(
        self,
        *,
        trace: str,
        rows: list[dict[str, str]] | None = None,
        upsert: bool = False,
        id: str = "",
        reference: str | None = None,
    ) -> tuple[int, Any]:
        if id in self.jobs:
            return 409, {"error": f"{id} is there"}
        ending = self.endings.popleft() if self.endings else Ending()
        if self.per == "batch" and ending.at_once:
            ending = Ending(ending.word, ending.seconds)
        name = id or f"j-{len(self.jobs)}"
        job = self.jobs[name] = Job(name, trace, ending, rows or [], upsert, reference)
        if rows is not None:
            self._apply(job)
        return 201, self._card(job)

    def _card(self, job: Job) -> dict[str, Any]:
        rows = [{"id": f"{job.id}.{index}"} for index in range(len(job.rows))]
        if job.ending.at_once:
            rows = [_WORDS_OF_ROWS[job.ending.of(index)] for index in range(len(job.rows))]
        return {"id": job.id, "operations": rows}

    def _uploaded(self, job: Job, rows: list[dict[str, str]]) -> tuple[int, Any]:
        if job.applied_at is not None or job.is_closed:
            return 409, {"error": "it is closed"}
        job.rows = rows
        return 200, {}

    def _committed(self, job: Job) -> tuple[int, Any]:
        if job.is_closed or job.canceled:
            return 409, {"error": "it is closed"}
        if job.applied_at is None:
            self._apply(job)
        return 200, {}

    def _apply(self, job: Job) -> None:
        job.applied_at = self.now
        seconds = 0.0 if job.ending.at_once else job.ending.seconds
        job.ends_at = self.now + seconds
        self._later(seconds, lambda: self._end(job))

    def _end(self, job: Job) -> None:
        job.is_over = True
        for index, row in enumerate(job.rows):
            if job.word(index) == "completed":
                user, name = row["user_id"], row["name"]
                if not job.is_upsert or self._names.get(user) != name:
                    self.effects[user] += 1
                self._names[user] = name

    def _canceled(self, job: Job, index: int | None) -> tuple[int, Any]:
        if job.is_over:
            return 409, {"error": "too late"}
        job.canceled |= set(range(len(job.rows))) if index is None else {index}
        job.is_closed = job.is_closed or (index is None and job.applied_at is None)
        return 200, {}

    # Requests that read

    def read(self, delivery: Delivery) -> None:
        """Answer a question."""
        url = httpx.URL(delivery.target)
        parameters = {name: each[0] for name, each in parse_qs(url.query.decode()).items()}
        if "reference" in parameters:
            delivery.reply = self._found(parameters["reference"])
        elif "ids" in parameters:
            delivery.reply = self._standing(delivery, parameters["ids"].split(","))
        else:
            job = self.jobs.get(url.path.removeprefix("/jobs/by-id/"))
            delivery.reply = (404, {}) if job is None else (200, self._card(job))

    def _found(self, reference: str) -> tuple[int, Any]:
        before = self.now - LAG_SECONDS
        jobs = [each for each in self.jobs.values() if each.reference == reference]
        return 200, [self._card(each) for each in jobs if (each.applied_at or 0.0) <= before]

    def _standing(self, delivery: Delivery, ids: Sequence[str]) -> tuple[int, Any]:
        named = [self._named(each) for each in ids]
        trouble = delivery.trouble or Trouble("as it is")
        if trouble.how == "forgets" or trouble.status == 404:
            for job, _ in named:
                job.is_hidden = job.is_hidden or trouble.how == "forgets"
                self.blur("gone", (row["user_id"] for row in job.rows))
        if len(ids) == 1 and named[0][0].is_hidden:
            return 404, {}
        found = [self._told(delivery, each, *name) for each, name in zip(ids, named, strict=True)]
        if trouble.how == "fewer":
            found = found[1:]
        if trouble.how == "turned":
            found.reverse()
        return 200, {"results": found}

    def _named(self, operation_id: str) -> tuple[Job, int | None]:
        name, _, index = operation_id.rpartition(".") if self.per == "row" else ("", "", "")
        return (self.jobs[name], int(index)) if name else (self.jobs[operation_id], None)

    def _told(
        self, delivery: Delivery, operation_id: str, job: Job, index: int | None
    ) -> dict[str, Any]:
        """Say how an operation stands, in the way that its trouble has it."""
        how = delivery.trouble.how if delivery.trouble else ""
        context = {"operation_id": f"x-{operation_id}" if how == "strangers" else operation_id}
        if job.is_hidden:
            return {**_GONE, "context": context}
        if job.applied_at is None:
            job.is_closed = True
        indexes = range(len(job.rows)) if index is None else [index]
        words = [job.word(each) for each in indexes]
        if how in ("pending", "odd", "null", "no more") or "pending" in words:
            if how == "no more":
                self.blur("gone", (row["user_id"] for row in job.rows))
            status = {"odd": "zombie", "null": None}.get(how, "pending")
            more = {"shouldContinuePolling": False} if how == "no more" else {}
            return {"status": status, "progress": 40, "context": context, **more}
        rows = [_WORDS_OF_ROWS[word] for word in words]
        if how == "short rows":
            self.blur("odd", (row["user_id"] for row in job.rows))
            return {"status": "completed", "context": context, "rows": rows[1:]}
        if how != "strangers":
            delivery.told += [(job.id, each, job.word(each)) for each in indexes]
        if set(words) == {"completed"}:
            return {"status": "completed", "progress": 100, "context": context}
        if set(words) == {"failed"}:
            return {"status": "failed", "context": context, "error": {"code": "BAD"}}
        status = "completed" if "completed" in words else "failed"
        return {"status": status, "context": context, "rows": rows}

    # What it has in its books

    def of(self, trace: str) -> list[Job]:
        """Return the jobs that a submission has made, and that take effect."""
        return [each for each in self._taken() if each.trace == trace]

    def doubles(self) -> list[str]:
        """Return the submissions that were taken twice, where that is not harmless."""
        times = Counter(each.trace for each in self._taken() if not each.is_upsert)
        return [trace for trace, count in times.items() if count > 1]

    def _taken(self) -> list[Job]:
        return [each for each in self.jobs.values() if each.applied_at is not None]

    def heard(self, delivery: Delivery) -> None:
        """Note that an answer has arrived, with what it tells."""
        self.told.update({(job, index): word for job, index, word in delivery.told})
        answer = delivery.reply[1] if delivery.reply else {}
        cards = [answer] if isinstance(answer, dict) else answer
        for job in [self.jobs[each["id"]] for each in cards if "operations" in each]:
            if job.ending.at_once:
                self.told.update({(job.id, at): job.ending.of(at) for at in range(len(job.rows))})


# The way there


class Line(httpx.AsyncBaseTransport):
    """The way to the partner, for one process; *moment* is told where a request is."""

    def __init__(self, partner: Partner, moment: Callable[[str], Awaitable[None]]) -> None:
        self._partner = partner
        self._moment = moment

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._moment("asked")
        kind = _kind(request)
        queue = self._partner.troubles[kind]
        trouble = queue.popleft() if queue else None
        if trouble is not None and trouble.how == "unsent":
            await asyncio.sleep(TRAVEL_SECONDS)
            raise httpx.ConnectError("nobody there")
        body = b"".join([chunk async for chunk in _stream(request)])
        target = request.url.raw_path.decode()
        delivery = Delivery(request.method, target, request.headers, body, trouble)
        await (self._read(delivery) if request.method == "GET" else self._written(delivery))
        await asyncio.sleep(TRAVEL_SECONDS)
        return await self._answer(delivery)

    async def _written(self, delivery: Delivery) -> None:
        self._partner.send(delivery)
        await self._moment("sent")
        await asyncio.sleep(TRAVEL_SECONDS)
        self._partner.catch_up()
        await self._moment("arrived")
        await asyncio.sleep(WORK_SECONDS)
        self._partner.catch_up()
        await self._moment("applied")

    async def _read(self, delivery: Delivery) -> None:
        await asyncio.sleep(TRAVEL_SECONDS)
        self._partner.catch_up()
        self._partner.read(delivery)

    async def _answer(self, delivery: Delivery) -> httpx.Response:
        trouble = delivery.trouble or Trouble("as it is")
        match trouble.how:
            case "reset":
                raise httpx.ReadError("reset by peer")
            case "hang":
                await asyncio.sleep(1e6)
            case "garbage":
                page = "<html>Sign in to the hotel's network</html>"
                return httpx.Response(200, headers={"content-type": "text/html"}, text=page)
            case "refused":
                await asyncio.sleep(trouble.slow)
                seconds = trouble.retry_after
                headers = {} if seconds is None else {"retry-after": f"{seconds:g}"}
                return httpx.Response(trouble.status, headers=headers, json={"error": "trouble"})
        status, answer = delivery.reply or (500, {})
        await self._moment("answered")
        twisted = _twisted(answer, trouble.how)
        if twisted == answer:
            self._partner.heard(delivery)
        return httpx.Response(status, json=twisted)


def _kind(request: httpx.Request) -> str:
    if request.method == "DELETE":
        return "cancel"
    if request.url.path.endswith("/commit"):
        return "commit"
    if request.method != "GET":
        return "write"
    return "poll" if "ids" in request.url.params else "find"


async def _stream(request: httpx.Request) -> AsyncIterator[bytes]:
    assert isinstance(request.stream, httpx.AsyncByteStream)
    async for chunk in request.stream:
        yield chunk


def _twisted(answer: Any, how: str) -> Any:
    """Return the answer to a submission as its trouble has it."""
    if how not in ODD_ANSWERS or not isinstance(answer, dict) or "operations" not in answer:
        return answer
    operations = answer["operations"]
    is_decided = any("status" in each for each in operations)
    if how == "short" or is_decided or not operations:
        return {"operations": operations[1:]}
    named = operations[0]["id"] if how == "twins" else ""
    return {**answer, "id": "", "operations": [{"id": named} for _ in operations]}


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


def destination(recovery: str, *, per: str, can_cancel: bool) -> ad.Destination:
    """Return the destination, with one action, called "send"."""
    action = ad.Action(
        title="Send",
        payload=Payload,
        **_ways(per)[recovery],
        recovery=recovery,  # type: ignore[arg-type]  # one of RECOVERIES
        poll=_poll,
        cancel=_cancel if can_cancel else None,
        operation_per=per,  # type: ignore[arg-type]  # "row" or "batch"
        poll_batch_size=3 if per == "row" else 1,
    )
    return ad.Destination(
        name="Bookkeeper",
        slug="bookkeeper",
        actions={"send": action},
        extend_request=lambda data: {"base_url": "http://partner.test"},
        requests_per_second=1000.0,
    )
