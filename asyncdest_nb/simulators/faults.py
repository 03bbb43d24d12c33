"""Faults that any simulated partner can have, set by knobs and drawn reproducibly.

Nothing here reads a clock or a global random generator: the time is an argument, and
every draw follows from the seed and the request, never from the order of arrival.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ..errors import UnknownName, UsageError
from .exchange import ErrorReply, IncomingRequest, Reply

_SECRETS = ("access_token", "api_key", "client_secret", "password", "refresh_token")


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError("low is above high")
    return pair


Secret = Annotated[SecretStr, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Between = Annotated[tuple[Seconds, Seconds], AfterValidator(_ordered)]
LostReply = Literal["reset", "cut", 408, 409, 429, 500, 502, 503, 504]
Lognormal = tuple[Literal["lognormal"], Positive, Seconds]


def seconds_drawn(spread: float | tuple[Any, ...], dice: random.Random) -> float:
    """Draw a time from a number, a (low, high) pair or a ("lognormal", median, sigma) triple."""
    match spread:
        case ("lognormal", median, sigma):
            return dice.lognormvariate(log(median), sigma)
        case (low, high):
            return dice.uniform(low, high)
        case float(constant):
            return constant
    raise AssertionError(f"not a time: {spread!r}")


class Knobs(BaseModel):
    """The knobs of every partner. All faults are off until set.

    Each description has the unit and the range, since error messages show it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    seed: int = Field(default=0, description="a whole number; the same seed gives the same run")
    duration_seconds: Seconds | Between | Lognormal = Field(
        default=(2.0, 10.0),
        description="how long an operation takes: seconds >= 0, a (low, high) pair, or a "
        '("lognormal", median > 0, sigma >= 0) triple',
    )
    pending_share: Share = Field(
        default=0.15,
        description="share of that time spent pending before progress begins, in [0, 1]",
    )
    failing: Share = Field(default=0.03, description="share of rows that fail, a number in [0, 1]")
    latency_seconds: Seconds | Between = Field(
        default=0.0, description="how long each answer takes: seconds >= 0, or a (low, high) pair"
    )
    throttle_share: Share = Field(
        default=0.0, description="share of requests answered 429, a number in [0, 1]"
    )
    retry_after_seconds: Seconds = Field(
        default=1.0, description="the Retry-After of a 429 or 503, seconds >= 0"
    )
    requests_per_second_limit: Positive | None = Field(
        default=None, description="requests a second > 0; more are answered 429; None sets no limit"
    )
    outages: tuple[tuple[Seconds, Seconds], ...] = Field(
        default=(),
        description="a list of (start, length) pairs in seconds >= 0 since the simulator "
        "started, during which every request is answered 503",
    )
    unavailable_every: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="one request in so many, a whole number >= 1, is answered 503 without "
        "Retry-After; None = no request is",
    )
    lose_reply_share: Share = Field(
        default=0.0,
        description="share of requests, a number in [0, 1], that are applied and "
        "whose connection is then reset without an answer",
    )
    lost_replies: dict[str, tuple[LostReply | None, ...]] = Field(
        default={},
        description="what becomes of the replies to the first applied requests of a kind, as "
        '{"POST /operations": ["reset", 503]}: the connection is reset, or "cut" after half of '
        "the answer, or a gateway answers 408, 409, 429, 500, 502, 503 or 504 in "
        "its place; None = it arrives",
    )

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """Read *values*, or raise UnknownName or UsageError about the first that does not fit."""
        for name in values:
            if name not in cls.model_fields:
                raise UnknownName.of("knob", name, cls.model_fields)
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise UsageError(cls._error_text(str(error.errors()[0]["loc"][0]), values)) from None

    @classmethod
    def _error_text(cls, name: str, values: Mapping[str, object]) -> str:
        value = "<hidden>" if name in _SECRETS else repr(values[name])
        return f"knob {name}={value} does not fit; it is {cls.model_fields[name].description}"


class Bucket:
    """A token bucket of *rate* tokens a second that holds those of one second at most."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._size = max(1.0, rate)
        self._tokens = self._size
        self._at = now

    def take(self, now: float) -> bool:
        """Take a token, and return whether there was one."""
        self._tokens = min(self._size, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True, slots=True)
class FaultDraw:
    """The faults that were drawn for one request."""

    is_throttled: bool
    is_lost: bool
    latency_seconds: float


def _fixed_draw(knobs: Knobs) -> FaultDraw | None:
    """Return the draw of every request if the knobs leave nothing to chance, else None."""
    if knobs.throttle_share or knobs.lose_reply_share or isinstance(knobs.latency_seconds, tuple):
        return None
    return FaultDraw(is_throttled=False, is_lost=False, latency_seconds=knobs.latency_seconds)


class Faults:
    """The faults between a request and the partner."""

    def __init__(self, knobs: Knobs, error_reply: ErrorReply, started_at: float) -> None:
        self._knobs = knobs
        self._error_reply = error_reply
        self._started_at = started_at
        self._requests = 0
        self._seen: Counter[int] = Counter()
        limit = knobs.requests_per_second_limit
        self._bucket = Bucket(limit, started_at) if limit else None
        self._fixed_draw = _fixed_draw(knobs)
        self._lost_replies = {kind: list(fates) for kind, fates in knobs.lost_replies.items()}

    def lost_reply(self, kind: str) -> LostReply | None:
        """Return what becomes of the reply to the next applied request of *kind*; None: it arrives.

        Call it once for each applied request: it counts them.
        """
        fates = self._lost_replies.get(kind)
        return fates.pop(0) if fates else None

    def draw(self, request: IncomingRequest) -> FaultDraw:
        """Draw the faults of *request*; a repeated request gets a new draw."""
        if self._fixed_draw:
            return self._fixed_draw
        about = f"{request.method} {request.path} ".encode() + request.body
        key = hash(about)
        self._seen[key] += 1
        dice = random.Random(b"%d %d " % (self._knobs.seed, self._seen[key]) + about)
        return FaultDraw(
            is_throttled=dice.random() < self._knobs.throttle_share,
            is_lost=dice.random() < self._knobs.lose_reply_share,
            latency_seconds=seconds_drawn(self._knobs.latency_seconds, dice),
        )

    def outage_reply(self, *, now: float) -> Reply | None:
        """Return the reply of an outage, None if there is none at *now*.

        Call it once for each request: it counts them.
        """
        self._requests += 1
        age = now - self._started_at
        if any(start <= age < start + length for start, length in self._knobs.outages):
            return self._retry_later(503, "The service is down for maintenance")
        if self._knobs.unavailable_every and self._requests % self._knobs.unavailable_every == 0:
            return self._error_reply(503, "The service is unavailable")
        return None

    def throttle_reply(self, draw: FaultDraw, *, now: float) -> Reply | None:
        """Return the reply to a request above the rate limit, None below it."""
        if self._bucket and not self._bucket.take(now):
            return self._retry_later(429, "Too many requests a second")
        if draw.is_throttled:
            return self._retry_later(429, "Too many requests at the moment")
        return None

    def _retry_later(self, status: int, message: str) -> Reply:
        # HTTP allows whole seconds only. Some vendors send fractions, and so do we, so that
        # a demonstration or a test need not wait a second.
        return self._error_reply(
            status, message, retry_after=f"{self._knobs.retry_after_seconds:g}"
        )
