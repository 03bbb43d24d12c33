"""A record of one request, its response and its effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from ..errors import NotSent, RequestFailed

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_MOVED = frozenset({301, 307, 308})


class Effect(StrEnum):
    """What a request changed at the destination, as far as it is known here."""

    NONE = "none"
    APPLIED = "applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ExchangeTexts:
    """What people read of a request and its response, masked; see Exchange."""

    url: str
    request_headers: Mapping[str, str]
    request_body: str | None
    answer: str


_SHOWN = (
    *("method", "url", "request_headers", "request_body", "status"),
    *("answer", "problem", "effect", "seconds", "retry_after"),
)


class Exchange:
    """One request and its response, with every secret masked, for people to read.

    ``request_body`` and ``answer`` are cut after 8,000 characters. ``status`` None =
    no response; ``problem`` is the reason, or what is wrong with the response.
    ``retry_after`` is the wait that the response asked for, in seconds; None = none.
    The *texts* are masked when one of them is read first, since most are never read.
    """

    __slots__ = ("_texts", "effect", "method", "problem", "retry_after", "seconds", "status")

    def __init__(
        self,
        method: str,
        *,
        status: int | None,
        problem: str | None,
        effect: Effect,
        seconds: float,
        texts: Callable[[], ExchangeTexts],
    ) -> None:
        self.method = method
        self.status = status
        self.problem = problem
        self.effect = effect
        self.seconds = seconds
        self.retry_after: float | None = None
        self._texts: Callable[[], ExchangeTexts] | ExchangeTexts = texts

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _SHOWN)
        return f"Exchange({shown})"

    @property
    def url(self) -> str:
        """The URL, without the values in its query."""
        return self.texts().url

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The headers of the request."""
        return self.texts().request_headers

    @property
    def request_body(self) -> str | None:
        """The body of the request; None = it had none."""
        return self.texts().request_body

    @property
    def answer(self) -> str:
        """The body of the response."""
        return self.texts().answer

    def texts(self) -> ExchangeTexts:
        """Return its texts; from then on it holds nothing that is not masked."""
        if not isinstance(self._texts, ExchangeTexts):
            self._texts = self._texts()
        return self._texts

    def answered(
        self, *, problem: str | None, retry_after: float | None, is_moved: bool = False
    ) -> None:
        """Note what its response says."""
        self.problem, self.retry_after = problem, retry_after
        if self.status is not None:
            self.effect = effect_of(
                self.method, self.status, retry_after=retry_after, is_moved=is_moved
            )


def is_moved(status: int, url: str, location: str | None) -> bool:
    """Whether a response says that its request is to be sent elsewhere, and was not applied.

    301, 307 and 308 say so (RFC 9110, section 15.4); 302 if it leads to the same path on another
    host, or with another slash. By a 302 to another path many servers lead to what they made.
    """
    if status != 302 or location is None:
        return status in _MOVED
    return urlsplit(url).path.rstrip("/") == urlsplit(location).path.rstrip("/")


def effect_of(
    method: str, status: int, *, retry_after: float | None, is_moved: bool = False
) -> Effect:
    """Return the effect of a request from the status of its response.

    A refusal (4xx) changes nothing, except 408: the destination may have read the request.
    Nor does a redirect if the request *is_moved*; but others lead to the result of a request
    that was applied. A 503 with a Retry-After changes nothing either; after any other failure
    the request may be partly applied.
    """
    if method in SAFE_METHODS:
        return Effect.NONE
    if 200 <= status <= 299:
        return Effect.APPLIED
    refused = 400 <= status <= 499 and status != 408
    postponed = status == 503 and retry_after is not None
    is_harmless = refused or postponed or is_moved or status == 501
    return Effect.NONE if is_harmless else Effect.UNKNOWN


def effect_of_failure(method: str, kind: type[RequestFailed]) -> Effect:
    """Return the effect of a request without a complete response."""
    is_harmless = method in SAFE_METHODS or issubclass(kind, NotSent)
    return Effect.NONE if is_harmless else Effect.UNKNOWN
