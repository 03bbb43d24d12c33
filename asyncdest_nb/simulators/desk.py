"""Where a request is counted, refused or handed to the partner: all but the server."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .exchange import JSONObject, Reply, Request, Routes
from .faults import Faults, Knobs

LOST = "lost"


class Partner(Protocol):
    """A destination, played.

    Of ``routes`` the first that fits wins; with ``forgives_paths`` neither their case
    nor a slash at the end matters. ``attempts`` counts how often each operation was
    sent here, under its canonical JSON.
    """

    routes: Routes
    forgives_paths: bool
    attempts: Counter[str]

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return what a connection to it needs when it is played at *endpoint*."""

    def refused(self, status: int, message: str, **headers: str) -> Reply:
        """Return a refusal in its own words; see exchange.Refuse."""

    def unauthorized(self, request: Request, now: float) -> Reply | None:
        """Return what a request without valid credentials is answered; None lets it through."""

    def attempted(self, request: Request) -> None:
        """Count the operations that *request* carries."""

    def operations(self, now: float) -> list[JSONObject]:
        """Return what it holds."""

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return what it stores, by the kind of record; empty if it stores nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, how long it takes, and whether it gets through at all."""

    reply: Reply
    latency_seconds: float
    is_lost: bool


class Desk:
    """One partner behind its faults. Safe to ask from any thread."""

    def __init__(self, partner: Partner, knobs: Knobs, clock: Callable[[], float]) -> None:
        self._partner = partner
        self._clock = clock
        self._faults = Faults(knobs, partner.refused, clock())
        self._lock = threading.Lock()
        self._requests: dict[str, Counter[int | str]] = {}
        self._templates = [
            (_pattern(template, forgives=partner.forgives_paths), template)
            for template in partner.routes
        ]

    def answer(self, request: Request) -> Answer:
        """Decide everything about *request*, and apply it if it gets that far."""
        template, parts = self._routed(request.path)
        with self._lock:
            self._partner.attempted(request)
            now, luck = self._clock(), self._faults.luck(request)
            refusal = (
                self._faults.outage(now=now)
                or self._partner.unauthorized(request, now)
                or self._faults.throttling(luck, now=now)
            )
            reply = refusal or self._handed(request, template, parts, now)
            # Only what got past the faults can be lost: a lost reply is an applied request.
            is_lost = luck.is_lost and refusal is None
            counts = self._requests.setdefault(f"{request.method} {template or '*'}", Counter())
            counts[LOST if is_lost else reply.status] += 1
        return Answer(reply, luck.latency_seconds, is_lost)

    def _routed(self, path: str) -> tuple[str | None, tuple[str, ...]]:
        for pattern, template in self._templates:
            if found := pattern.fullmatch(path):
                return template, found.groups()
        return None, ()

    def _handed(
        self, request: Request, template: str | None, parts: tuple[str, ...], now: float
    ) -> Reply:
        if template is None:
            return self._partner.refused(404, f"Nothing lives at {request.path}")
        methods = self._partner.routes[template]
        if request.method not in methods:
            allowed = ", ".join(sorted(methods))
            message = f"{template} answers to {allowed}"
            return self._partner.refused(405, message, allow=allowed)
        return methods[request.method](request, now, *parts)

    @property
    def operations(self) -> list[JSONObject]:
        """What the partner holds now, in the order of arrival."""
        with self._lock:
            return self._partner.operations(self._clock())

    @property
    def records(self) -> dict[str, list[JSONObject]]:
        """What the partner stores now."""
        with self._lock:
            return self._partner.records(self._clock())

    @property
    def requests(self) -> dict[str, dict[int | str, int]]:
        """How many requests of each kind got each status, or were "lost"."""
        with self._lock:
            return {kind: dict(counts) for kind, counts in self._requests.items()}

    @property
    def attempts(self) -> Counter[str]:
        """How often each operation was sent."""
        with self._lock:
            return self._partner.attempts.copy()


def _pattern(template: str, *, forgives: bool) -> re.Pattern[str]:
    pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(template))
    return re.compile(pattern + "/?", re.IGNORECASE) if forgives else re.compile(pattern)
