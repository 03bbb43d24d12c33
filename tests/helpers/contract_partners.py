"""Destinations under contract: rows for each, and what its simulator says became of them.

Every row has a key of its own, such as k00042z, in a text that the partner stores. So the same
few lines read what arrived, and what was applied, of every partner.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from settled_soon import settled_soon

SETTLE_SECONDS = 30.0
_KEY = re.compile(r"k\d{5}z")


_RESULTS: Mapping[str, Mapping[str, Any]] = {
    "shuffled": {"shuffle_results": True},
    "truncated": {"truncate_results": 0.2},
    "expired": {"results_expire_seconds": 1e-6},
}


@dataclass(frozen=True)
class Contract:
    """A destination under contract.

    *names* are those that the frame has for the columns key and email, if not these; *columns*
    and *options* are arguments of the submit. *results* has the knobs for each thing that may be
    wrong with the results of a job; it is empty if there are none.
    *create* is the kind of request that begins a job. *second* is what a lost reply to it may
    lead to: no second job ("none"), one that has no effect beyond the first ("harmless"), or
    no second job, and rows that wait for the user ("held").
    """

    slug: str
    action: str
    create: str
    second: Literal["none", "harmless", "held"]
    names: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _RESULTS)
    is_blind: bool = False  # What jobs there are does not show whose they are, until they end.

    def frame(self, count: int) -> pd.DataFrame:
        """Return *count* rows; the labels are neither numbers nor in order."""
        keys = keys_of(count)
        frame = pd.DataFrame({"key": keys, "email": [f"{each}@example.com" for each in keys]})
        if self.names:
            frame = frame[list(self.names)].rename(columns=dict(self.names))
        return frame.set_axis([f"row {(at * 7919) % 10_007}" for at in range(count)], axis=0)

    def submit(
        self,
        session: ad.Session,
        settings: Mapping[str, Any],
        rows: int,
        batch_size: int,
        *,
        minimum: float = 0.05,
    ) -> ad.Run:
        """Submit so many rows, or attach to the run that has sent them before.

        Their state is asked for *minimum* seconds after they were sent, and then less often.
        """
        crm = session.connect(
            settled_soon(self.slug, SETTLE_SECONDS), requests_per_second=2_000, **settings
        )
        return crm.submit(
            self.frame(rows),
            self.action,
            columns=dict(self.columns) or None,
            batch_size=batch_size,
            schedule=SquareRoot(minimum=minimum, cost=0.01),
            **self.options,
        )


def keys_of(count: int) -> list[str]:
    """Return the keys of the first rows."""
    return [f"k{at:05}z" for at in range(count)]


def keys_arrived(simulator: ad.Simulator) -> Counter[str]:
    """Return how often each row is in a job of the partner."""
    return _counted(row for job in simulator.operations for row in job.get("rows", [job]))


def keys_applied(simulator: ad.Simulator) -> Counter[str]:
    """Return how often each row was applied: it has a record, or its operation completed."""
    kinds = simulator.records.values()
    done = (each for each in simulator.operations if "rows" not in each)
    completed = (each["payload"] for each in done if each["status"] == "completed")
    return _counted([*(record for kind in kinds for record in kind), *completed])


def check_statuses(statuses: Sequence[str], simulator: ad.Simulator) -> None:
    """Check that the *statuses* of the first rows are what the partner has."""
    applied = keys_applied(simulator)
    for key, status in zip(keys_of(len(statuses)), statuses, strict=True):
        assert applied[key] <= 1, f"{key} was applied {applied[key]} times"
        if status not in ("unknown", "pending"):
            assert (status == "completed") == bool(applied[key]), (key, status)


def _counted(rows: Any) -> Counter[str]:
    # Some partners repeat a row's key within the row, and an answer may be quoted.
    return Counter(key for row in rows for key in {*_KEY.findall(json.dumps(row, default=str))})


_ASK = {"prompt": {"@template": "Say {{key}}"}}

CONTRACTS = [
    Contract(
        "example-async",
        "asyncOperation",
        "POST /operations/batch",
        "held",
        columns={"user_id": "key"},
        options={"operation_type": "sync_profile"},
        results={},  # An operation is a row, and its result is in the answer to a poll.
    ),
    Contract(
        "salesforce-bulk",
        "upsert",
        "POST /services/data/v{version}.0/jobs/ingest",
        "none",
        names={"key": "Customer_Id__c", "email": "LastName"},
        options={"object": "Contact", "external_id": "Customer_Id__c"},
        # Its results are always shuffled, and its jobs go with their results.
        results={**_RESULTS, "shuffled": {}, "expired": {"retention_seconds": 1e-6}},
    ),
    Contract(
        "klaviyo-profiles",
        "upsert",
        "POST /api/profile-bulk-import-jobs",
        "none",
        columns={"email": "email"},
    ),
    Contract("hubspot-imports", "upsert", "POST /crm/v3/imports", "none", names={"email": "email"}),
    Contract(
        "mailchimp-batches",
        "upsert",
        "POST /3.0/batches",
        "none",
        columns={"email_address": "email"},
        options={"list_id": "L1"},
    ),
    Contract(
        "sfmc-rows",
        "upsert",
        "PUT /rest/data/v1/async/dataextensions/{name}/rows",
        "held",
        names={"key": "customer_id"},
        options={"data_extension": "Customers"},
    ),
    Contract(
        "openai-batch", "chat", "POST /v1/batches", "none", options={**_ASK, "model": "gpt-5"}
    ),
    Contract(
        "anthropic-batches",
        "messages",
        "POST /v1/messages/batches",
        "none",
        options={**_ASK, "model": "claude", "max_tokens": 100},
        is_blind=True,
    ),
    Contract(
        "gemini-batches",
        "generate",
        "POST /{version}/models/{model}:batchGenerateContent",
        "none",
        options={**_ASK, "model": "gemini-2.5-flash"},
    ),
]
