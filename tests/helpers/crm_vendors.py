"""The simulated CRMs as the tests that all of them pass see them: what is sent, what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot

OFTEN = SquareRoot(minimum=0.05, cost=0.001)


@dataclass(frozen=True)
class CrmVendor:
    """A partner: its create request, and the column and the records that have its rows' key.

    ``adopts`` is whether a job whose reply was lost can be found. ``knobs`` are its own.
    """

    slug: str
    create: str
    column: str
    kind: str
    adopts: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    knobs: Mapping[str, Any] = field(default_factory=dict)

    def simulate(self, **knobs: Any) -> ad.Simulator:
        """Simulate it."""
        return ad.simulate(self.slug, **{**self.knobs, **knobs})

    def submit(
        self, session: ad.Session, settings: Mapping[str, Any], frame: pd.DataFrame, **options: Any
    ) -> ad.Run:
        """Send *frame* there."""
        crm = session.connect(self.slug, requests_per_second=1000, **settings)
        return crm.submit(frame, "upsert", schedule=OFTEN, **{**self.fields, **options})

    def frame(self, rows: int) -> pd.DataFrame:
        """Return rows with keys, and labels that repeat and say nothing."""
        keys = [f"anna.{number:05}@example.com" for number in range(rows)]
        labels = [f"label-{number % 97}" for number in range(rows)]
        return pd.DataFrame({self.column: keys}, index=labels)

    def stored(self, simulator: ad.Simulator) -> list[str]:
        """Return the keys of all records that it has."""
        return [record[self.column] for record in simulator.records.get(self.kind, [])]


VENDORS = {
    each.slug: each
    for each in (
        CrmVendor("klaviyo-profiles", "POST /api/profile-bulk-import-jobs", "email", "profile"),
        CrmVendor("hubspot-imports", "POST /crm/v3/imports", "email", "contact", adopts=True),
        CrmVendor(
            "mailchimp-batches",
            "POST /3.0/batches",
            "email_address",
            "member",
            fields={"list_id": "L1"},
        ),
        CrmVendor(
            "sfmc-rows",
            "PUT /rest/data/v1/async/dataextensions/{name}/rows",
            "customer_id",
            "Customers",
            fields={"data_extension": "Customers"},
            knobs={"data_extensions": {"Customers": ["customer_id"]}, "results_page_size": 250},
        ),
    )
}
