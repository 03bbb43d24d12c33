"""A simulated partner behind its faults: requests are counted, refused or passed on."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .exchange import IncomingRequest, JSONObject, Reply, Routes
from .faults import Faults, Knobs

LOST = "lost"


class Partner(Protocol):
    """A simulated destination.

    The first of ``routes`` that matches a path is used; with ``forgives_paths``, case and
    a slash at the end do not matter. ``attempts`` counts how often each operation was
    sent here, by its canonical JSON.
    """

    routes: Routes
    forgives_paths: bool
    attempts: Counter[str]

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection to it at *endpoint*."""

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in the format of this destination; see exchange.ErrorReply."""

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without valid credentials, None if they are valid."""

    def attempted(self, request: IncomingRequest) -> None:
        """Count the operations that *request* carries."""

    def operations(self, now: float) -> list[JSONObject]:
        """Return the operations it has, in the order of arrival."""

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return its records by object; empty for a destination without records."""


@dataclass(frozen=True, slots=True)
class FaultyReply:
    """A reply, how long it takes, and whether it is lost on the way, or the half of it."""

    reply: Reply
    latency_seconds: float
    is_lost: bool
    is_cut: bool = False


class FaultyServer:
    """One partner behind its faults. Thread-safe."""

    def __init__(self, partner: Partner, knobs: Knobs, clock: Callable[[], float]) -> None:
        self._partner = partner
        self._clock = clock
        self._faults = Faults(knobs, partner.error_reply, clock())
        self._lock = threading.Lock()
        self._requests: dict[str, Counter[int | str]] = {}
        self._tries: dict[str, Counter[str]] = {}
        self._templates = [
            (_pattern(template, forgives=partner.forgives_paths), template)
            for template in partner.routes
        ]

    def answer(self, request: IncomingRequest) -> FaultyReply:
        """Draw the faults of *request*, apply it if none prevents that, and return the reply."""
        template, parts = self._route(request.path)
        with self._lock:
            self._partner.attempted(request)
            now, draw = self._clock(), self._faults.draw(request)
            refusal = (
                self._faults.outage_reply(now=now)
                or self._partner.unauthorized(request, now)
                or self._faults.throttle_reply(draw, now=now)
            )
            reply = refusal or self._dispatch(request, template, parts, now)
            kind = f"{request.method} {template or '*'}"
            # Only the reply to an applied request can be lost: a refused request changes nothing.
            fate = None if refusal else self._faults.lost_reply(kind)
            if isinstance(fate, int):
                reply = self._partner.error_reply(fate, "The gateway lost the answer")
            is_lost = fate == "reset" or (draw.is_lost and refusal is None)
            is_cut = fate == "cut"
            counted = LOST if is_lost or is_cut else reply.status
            self._requests.setdefault(kind, Counter())[counted] += 1
            self._count_repeat(request, kind)
        return FaultyReply(reply, draw.latency_seconds, is_lost, is_cut)

    def _count_repeat(self, request: IncomingRequest, kind: str) -> None:
        """Count what clients by Stainless say of themselves: which try this is, from 0."""
        if number := request.headers.get("x-stainless-retry-count"):
            self._tries.setdefault(kind, Counter())[number] += 1

    def _route(self, path: str) -> tuple[str | None, tuple[str, ...]]:
        for pattern, template in self._templates:
            if found := pattern.fullmatch(path):
                return template, found.groups()
        return None, ()

    def _dispatch(
        self, request: IncomingRequest, template: str | None, parts: tuple[str, ...], now: float
    ) -> Reply:
        if template is None:
            return self._partner.error_reply(404, f"Nothing lives at {request.path}")
        methods = self._partner.routes[template]
        if request.method not in methods:
            allowed = ", ".join(sorted(methods))
            message = f"{template} answers to {allowed}"
            return self._partner.error_reply(405, message, allow=allowed)
        return methods[request.method](request, now, *parts)

    @property
    def operations(self) -> list[JSONObject]:
        """The partner's operations now, in the order of arrival."""
        with self._lock:
            return self._partner.operations(self._clock())

    @property
    def records(self) -> dict[str, list[JSONObject]]:
        """The partner's records now, by object."""
        with self._lock:
            return self._partner.records(self._clock())

    @property
    def requests(self) -> dict[str, dict[int | str, int]]:
        """How many requests of each kind got each status; "lost" counts lost replies."""
        with self._lock:
            return {kind: dict(counts) for kind, counts in self._requests.items()}

    @property
    def tries(self) -> dict[str, dict[str, int]]:
        """How many requests of each kind carried each number of a repetition."""
        with self._lock:
            return {kind: dict(counts) for kind, counts in self._tries.items()}

    @property
    def attempts(self) -> Counter[str]:
        """How often each operation was sent."""
        with self._lock:
            return self._partner.attempts.copy()


def _pattern(template: str, *, forgives: bool) -> re.Pattern[str]:
    pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(template))
    return re.compile(pattern + "/?", re.IGNORECASE) if forgives else re.compile(pattern)
