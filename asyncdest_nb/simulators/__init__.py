"""Destinations that need no account: the partners, played over real HTTP on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..errors import UnknownName
from .example_async import ExampleAsync
from .simulator import Simulator

__all__ = ["SIMULATORS", "Simulator", "simulate"]

# A partner is called with its own Knobs: see desk.Partner for what it must have.
SIMULATORS: dict[str, type[ExampleAsync]] = {"example-async": ExampleAsync}


def simulate(slug: str, *, clock: Callable[[], float] = time.monotonic, **knobs: Any) -> Simulator:
    """Play the destination *slug* over real HTTP on a free port of 127.0.0.1.

    The knobs of "example-async", all off but the first three:

    ====================================  =============================================
    ``duration_seconds``                  what an operation takes: a number, a
                                          (low, high) pair, or a ("lognormal", median,
                                          sigma) triple; default: about 2 to 10 s
    ``pending_share``                     share of that time before progress begins
    ``failing``                           share of operations that fail; default 0.03
    ``synchronous``                       share of operations answered at once
    ``latency_seconds``                   what each answer takes: a number or a pair
    ``throttle_share``                    share of requests answered 429
    ``requests_per_second_limit``         above this rate, 429
    ``retry_after_seconds``               what a 429 or 503 asks to wait; default 1
    ``outages``                           (start, length) pairs, in seconds since the
                                          start, when everything is answered 503
    ``lose_reply_share``                  share of requests that are applied and then
                                          reset without an answer
    ``api_key``                           the bearer key to ask for
    ``seed``                              the same seed, the same outcomes; default 0
    ====================================  =============================================

    Shares are in [0, 1], times in seconds. An operation whose ``data.email`` is there
    and is no email address fails, whatever ``failing`` says. *clock* returns seconds
    and never runs backwards; a faster one makes operations end sooner.

    Raises UnknownName for a slug or knob nobody knows, UsageError for a value out of
    range or if the extra ``demo`` is not installed.
    """
    if slug not in SIMULATORS:
        raise UnknownName.of("simulator", slug, SIMULATORS)
    play = SIMULATORS[slug]
    settings = play.Knobs.of(knobs)
    return Simulator(slug, play(settings), settings, clock=clock)
