"""A record of one request, its response and its effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..errors import NotSent, RequestFailed

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MOVED = frozenset({301, 302, 307, 308})


class Effect(StrEnum):
    """What a request changed at the destination, as far as it is known here."""

    NONE = "none"
    APPLIED = "applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, with every secret masked, for people to read.

    ``request_body`` and ``answer`` are cut after 8,000 characters. ``status`` None =
    no response; ``problem`` is the reason, or what is wrong with the response.
    ``retry_after`` is the wait that the response asked for, in seconds; None = none.
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
    """Return the effect of a request from the status of its response.

    A refusal (4xx) changes nothing, except 408: the destination may have read the request.
    Nor does a redirect to send it elsewhere (301, 302, 307, 308: RFC 9110, section 15.4);
    but 303 leads to the result of a request that was applied. A 503 with a Retry-After
    changes nothing either; after any other failure the request may be partly applied.
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
    """Return the effect of a request without a complete response."""
    is_harmless = method in SAFE_METHODS or issubclass(kind, NotSent)
    return Effect.NONE if is_harmless else Effect.UNKNOWN
