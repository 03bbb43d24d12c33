"""The server that the customer's document talks to, written from a description of its wire alone.

It shares no code with the package::

    with DocumentedServer(api_key="sk-1", failing=0.1, throttled=0.02) as server:
        ...server.url, server.applied, server.truth...

A row is told from another by its ``user_id``: the counts, and what a test scripts, are by
that name. A batch is answered with ``operation_ids``, one for each row, in order. An
operation is pending when it is first asked about, then processing, then as ``truth`` has it.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from raw_server import Answer, Arrived, RawServer, Writer, answer

FAILURES: tuple[dict[str, str], ...] = (
    {"error_code": "INSUFFICIENT_DATA", "error_message": "Profile has too little data"},
    {},
)


@dataclass
class Operation:
    """One row that was applied, how often it was asked about, and its last answer."""

    id: str | int
    row: dict[str, Any]
    final: dict[str, Any]
    polls: int = 0

    def stands(self, *, polls_until_final: int) -> dict[str, Any]:
        """Return the answer of this poll."""
        if self.polls > polls_until_final:
            return self.final
        words = [{"status": "pending"}, {"status": "processing", "progress": 50}]
        return words[min(self.polls, 2) - 1]


class DocumentedServer(RawServer):
    """The server; all knobs are keywords.

    *instead* is what every POST is answered with that was applied, in place of "accepted";
    *standing* has, by user, what each poll of an operation answers, and *broken* the GETs
    that fail. *throttled* is the share of requests that get a 429 and have no effect, and
    *failing* the share of operations that end "failed". With *api_key* a request without
    it is refused. With *number_ids* the ids are JSON numbers.
    """

    def __init__(
        self,
        *,
        instead: Answer | None = None,
        standing: Mapping[str, Mapping[str, Any]] | None = None,
        broken: Mapping[str, Answer] | None = None,
        throttled: float = 0.0,
        failing: float = 0.0,
        polls_until_final: int = 2,
        latency_seconds: float = 0.0,
        api_key: str | None = None,
        number_ids: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(self._respond)
        self.operations: dict[str, Operation] = {}  # By id, as in an address.
        self.posted: Counter[str] = Counter()  # By user: how often a row arrived.
        self.applied: Counter[str] = Counter()  # By user: how often it had an effect.
        self.throttled: Counter[str] = Counter()  # By user: how often it got a 429.
        self._instead, self._standing, self._broken = instead, standing or {}, broken or {}
        self._throttled_share, self._failing_share = throttled, failing
        self._polls_until_final = polls_until_final
        self._latency_seconds = latency_seconds
        self._api_key, self._number_ids = api_key, number_ids
        self._counts: Counter[str] = Counter()  # Of requests, by method.
        self._random = random.Random(seed)

    @property
    def truth(self) -> dict[str, dict[str, Any]]:
        """The last answer about each row that was applied, by user."""
        return {each.row["user_id"]: each.final for each in self.operations.values()}

    @property
    def asked(self) -> list[str]:
        """The ids that were asked about, in order."""
        gets = [each for each in self.arrived if each.method == "GET"]
        return [each.target.rpartition("/")[2] for each in gets]

    async def _respond(self, writer: Writer) -> None:
        arrived = self.arrived[-1]
        reply = self._answered(arrived)
        await asyncio.sleep(self._latency_seconds)
        await reply(writer)

    def _answered(self, arrived: Arrived) -> Answer:
        rows = _rows(arrived)
        self.posted.update(each["user_id"] for each in rows)
        if self._api_key and arrived.headers.get("authorization") != f"Bearer {self._api_key}":
            return answer(401, {"error": "no such key"})
        if arrived.headers.get("content-type") != "application/json":
            return answer(415, {"error": "every request says that it is JSON"})
        if self._is_throttled(arrived):
            self.throttled.update(each["user_id"] for each in rows)
            return answer(429, {"error": "too many requests"}, {"retry-after": "0"})
        match [arrived.method, *urlsplit(arrived.target).path.split("/")[1:]]:
            case ["POST", "operations"]:
                (operation,) = self._apply(rows)
                return self._instead or answer(200, _accepted(operation_id=operation.id))
            case ["POST", "operations", "batch"]:
                ids = [each.id for each in self._apply(rows)]
                return self._instead or answer(200, _accepted(operation_ids=ids))
            case ["GET", "operations", name] if name in self.operations:
                return self._polled(self.operations[name])
        return answer(404, {"error": f"no {arrived.method} {arrived.target}"})

    def _is_throttled(self, arrived: Arrived) -> bool:
        """Whether to throttle: every 50th request of a method, where the share is 1/50."""
        self._counts[arrived.method] += 1
        count, share = self._counts[arrived.method], self._throttled_share
        return int(count * share) > int((count - 1) * share)

    def _apply(self, rows: list[dict[str, Any]]) -> list[Operation]:
        return [self._applied(row) for row in rows]

    def _applied(self, row: dict[str, Any]) -> Operation:
        self.applied[row["user_id"]] += 1
        number = len(self.operations)  # An id may be 0.
        own = number if self._number_ids else f"op-{7000 + number}"
        operation = Operation(own, row, self._final(row))
        self.operations[str(operation.id)] = operation
        return operation

    def _final(self, row: dict[str, Any]) -> dict[str, Any]:
        if self._random.random() >= self._failing_share:
            return {"status": "completed", "progress": 100, "result": {"user": row["user_id"]}}
        return {"status": "failed", **self._random.choice(FAILURES)}

    def _polled(self, operation: Operation) -> Answer:
        user = operation.row["user_id"]
        if user in self._broken:
            return self._broken[user]
        operation.polls += 1
        stands = operation.stands(polls_until_final=self._polls_until_final)
        return answer(200, self._standing.get(user) or stands)


def _accepted(**ids: Any) -> dict[str, Any]:
    return {"status": "accepted", **ids}


def _rows(arrived: Arrived) -> list[dict[str, Any]]:
    if not arrived.body:
        return []
    body = json.loads(arrived.body)
    return body["operations"] if arrived.target.endswith("/batch") else [body]
