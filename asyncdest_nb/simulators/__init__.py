"""Destinations that need no account: the partners, played over real HTTP on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import UnknownName
from . import faults
from .example_async import ExampleAsync
from .faulty_server import Partner
from .salesforce_bulk import SalesforceBulk
from .simulator import Simulator

__all__ = ["SIMULATORS", "Simulator", "simulate"]


class PartnerType(Protocol):
    """A partner's class: it is called with its own Knobs."""

    @property
    def Knobs(self) -> type[faults.Knobs]:
        """What may be set."""

    def __call__(self, knobs: Any) -> Partner:
        """Begin to play."""


SIMULATORS: dict[str, PartnerType] = {
    "example-async": ExampleAsync,
    "salesforce-bulk": SalesforceBulk,
}


def simulate(slug: str, *, clock: Callable[[], float] = time.monotonic, **knobs: Any) -> Simulator:
    """Play the destination *slug* over real HTTP on a free port of 127.0.0.1.

    The knobs of every destination; the faults are all off until set:

    ====================================  =============================================
    ``duration_seconds``                  what an operation takes: a number, a
                                          (low, high) pair, or a ("lognormal", median,
                                          sigma) triple; default: about 2 to 10 s
    ``pending_share``                     share of that time before progress begins
    ``failing``                           share of rows that fail; default 0.03
    ``latency_seconds``                   what each answer takes: a number or a pair
    ``throttle_share``                    share of requests answered 429
    ``requests_per_second_limit``         above this rate, 429
    ``retry_after_seconds``               what a 429 or 503 asks to wait; default 1
    ``outages``                           (start, length) pairs, in seconds since the
                                          start, when everything is answered 503
    ``unavailable_every``                 one request in so many is answered 503 and not
                                          told how long to wait
    ``lose_reply_share``                  share of requests that are applied and then
                                          reset without an answer
    ``seed``                              the same seed, the same outcomes; default 0
    ====================================  =============================================

    Those of "example-async", where an operation is a row:

    ====================================  =============================================
    ``synchronous``                       share of operations answered at once
    ``api_key``                           the bearer key to ask for
    ``batch_answer``                      how a batch is answered: "operation_ids", a list
                                          of ids (default), or "operations", of objects
    ====================================  =============================================

    Those of "salesforce-bulk", where an operation is a job of many rows, of Contact,
    Lead or Account (with Customer_Id__c and Ext__c as external IDs, by which lookups
    find parents: Account.Ext__c):

    ====================================  =============================================
    ``locked``                            share of rows that fail with
                                          UNABLE_TO_LOCK_ROW and go through the next time
    ``failing_jobs``                      share of jobs that end Failed half-way
    ``token_seconds``                     how long a token is taken; default: any token
                                          is, always
    ``retention_seconds``                 how long an ended job is kept; default 7 days
    ``daily_requests``                    how many requests 24 hours bring, above them
                                          403; default 100,000
    ``client_id``, ``client_secret``      what the token endpoint asks for
    ``username``, ``password``            what the grant "password" asks for besides;
                                          without a password any user is taken
    ``refresh_token``                     the one that is taken; default: any is
    ====================================  =============================================

    Shares are in [0, 1], times in seconds. A row that fails by chance fails again until
    it changes. Rows that deserve it fail whatever ``failing`` says: in "example-async"
    those whose ``data.email`` is there and is no email address, in "salesforce-bulk"
    those that do not fit the object's fields. *clock* returns seconds and never runs
    backwards; a faster one makes operations end sooner.

    Raises UnknownName for a slug or knob nobody knows, UsageError for a value out of
    range or if the extra ``demo`` is not installed.
    """
    if slug not in SIMULATORS:
        raise UnknownName.of("simulator", slug, SIMULATORS)
    partner_type = SIMULATORS[slug]
    settings = partner_type.Knobs.of(knobs)
    return Simulator(slug, partner_type(settings), settings, clock=clock)
