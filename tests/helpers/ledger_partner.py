"""A partner that keeps a ledger, on virtual time.

It records what arrived, what took effect, and what it has answered to anybody. What was
sent to it arrives, and takes effect, whether or not the sender lives to see that.
``troubles`` are what the next requests meet.
"""

from __future__ import annotations

import heapq
import itertools
import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import httpx

from ledger_jobs import (
    KEY,
    KEY_SECONDS,
    TRAVEL_SECONDS,
    WORK_SECONDS,
    Delivery,
    Job,
    JobEnd,
    bad_rows,
    card,
    ended_answer,
    gone_answer,
    pending_answer,
)
from ledger_troubles import ODD_ANSWERS, REFUSALS, Trouble
from virtual_time import Time

LAG_SECONDS, MERCY_SECONDS = 1.0, 5.0  # A search lags so far; keys are remembered longer.


class Partner:
    """The ledger. *per* "row" or "batch" is what one operation is."""

    def __init__(self, time: Time, *, per: str) -> None:
        self._time = time
        self.now = time.now
        self.per = per
        self.jobs: dict[str, Job] = {}
        self.troubles: dict[str, deque[Trouble]] = defaultdict(deque)
        self.endings: deque[JobEnd] = deque()
        self.effects: Counter[str] = Counter()  # By user.
        self.arrived: set[str] = set()  # Users whose rows came here.
        self.told: dict[tuple[str, int], str] = {}  # What it answered, and somebody received.
        self.blurs: dict[str, set[str]] = defaultdict(set)  # Why an outcome is unclear, by user.
        self._names: dict[str, str] = {}
        self._keys: dict[str, tuple[float, bytes, tuple[int, Any] | None]] = {}
        self._work: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._on_their_way: list[Delivery] = []

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
        """Record why the outcome of *users* may be unclear."""
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
        if refusal := self._refusal(rows or []):
            return refusal
        ending = self.endings.popleft() if self.endings else JobEnd()
        if self.per == "batch" and ending.at_once:
            ending = JobEnd(ending.word, ending.seconds)
        name = id or f"j-{len(self.jobs)}"
        job = self.jobs[name] = Job(name, trace, ending, rows or [], upsert, reference)
        if rows is not None:
            self._apply(job)
        return 201, card(job)

    def _refusal(self, rows: Sequence[dict[str, str]]) -> tuple[int, Any] | None:
        if bad := bad_rows(rows):
            self.blur("refused", (row["user_id"] for row in rows))
        return (400, {"error": "bad rows", "rows": bad}) if bad else None

    def _uploaded(self, job: Job, rows: list[dict[str, str]]) -> tuple[int, Any]:
        if job.applied_at is not None or job.is_closed:
            return 409, {"error": "it is closed"}
        if refusal := self._refusal(rows):
            return refusal
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
        """Answer a request that only reads."""
        url = httpx.URL(delivery.target)
        parameters = {name: each[0] for name, each in parse_qs(url.query.decode()).items()}
        if "reference" in parameters:
            delivery.reply = self._found(parameters["reference"])
        elif "ids" in parameters:
            delivery.reply = self._standing(delivery, parameters["ids"].split(","))
        else:
            job = self.jobs.get(url.path.removeprefix("/jobs/by-id/"))
            delivery.reply = (404, {}) if job is None else (200, card(job))

    def _found(self, reference: str) -> tuple[int, Any]:
        before = self.now - LAG_SECONDS
        jobs = [each for each in self.jobs.values() if each.reference == reference]
        return 200, [card(each) for each in jobs if (each.applied_at or 0.0) <= before]

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
        """Return the status of an operation, changed as its trouble demands."""
        how = delivery.trouble.how if delivery.trouble else ""
        context = {"operation_id": f"x-{operation_id}" if how == "strangers" else operation_id}
        if job.is_hidden:
            return gone_answer(context)
        if job.applied_at is None:
            job.is_closed = True
        indexes = range(len(job.rows)) if index is None else [index]
        words = [job.word(each) for each in indexes]
        if how in ("pending", "odd", "null", "no more") or "pending" in words:
            if how == "no more":
                self.blur("gone", (row["user_id"] for row in job.rows))
            return pending_answer(how, context)
        if how == "short rows":
            self.blur("odd", (row["user_id"] for row in job.rows))
        elif how != "strangers":
            delivery.told += [(job.id, each, job.word(each)) for each in indexes]
        return ended_answer(words, how, context)

    # What the ledger has

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
        """Record that an answer has arrived, and its statuses."""
        self.told.update({(job, index): word for job, index, word in delivery.told})
        answer = delivery.reply[1] if delivery.reply else {}
        cards = [answer] if isinstance(answer, dict) else answer
        for job in [self.jobs[each["id"]] for each in cards if "operations" in each]:
            if job.ending.at_once:
                self.told.update({(job.id, at): job.ending.of(at) for at in range(len(job.rows))})
