"""One request and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..errors import NotSent, RequestFailed

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MOVED = frozenset({301, 302, 307, 308})


class Effect(StrEnum):
    """What a request did at the destination, as far as anyone here can know."""

    NONE = "none"
    APPLIED = "applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, with every secret masked, for people to read.

    ``request_body`` and ``answer`` are cut after 8,000 characters. ``status`` None =
    no answer; ``problem`` says why, or what is wrong with the answer. ``retry_after``
    is the wait the answer asked for, in seconds; None = it did not.
    """

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str | None
    status: int | None
    answer: str
    problem: str | None
    effect: Effect
    seconds: float
    retry_after: float | None = None


def effect_of(method: str, status: int, *, retry_after: float | None) -> Effect:
    """Say what a request did, from the status of its answer.

    A refusal (4xx) did nothing, but for 408 (the destination may have read it). Nor did
    what has moved (301, 302, 307, 308: RFC 9110, section 15.4): it is to be sent
    elsewhere. But 303 is how a destination shows the result of what it has done. A 503
    that says when to come back did nothing either; any other failure may have come halfway.
    """
    if method in SAFE_METHODS:
        return Effect.NONE
    if 200 <= status <= 299:
        return Effect.APPLIED
    refused = 400 <= status <= 499 and status != 408
    postponed = status == 503 and retry_after is not None
    is_harmless = refused or postponed or status in MOVED or status == 501
    return Effect.NONE if is_harmless else Effect.UNKNOWN


def effect_of_failure(method: str, kind: type[RequestFailed]) -> Effect:
    """Say what a request did that got no whole answer."""
    is_harmless = method in SAFE_METHODS or issubclass(kind, NotSent)
    return Effect.NONE if is_harmless else Effect.UNKNOWN
