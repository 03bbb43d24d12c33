"""30,000 rows in jobs of 10,000: what it takes, and how long the polls were held up.

python tests/benchmarks/salesforce_jobs.py
"""

from __future__ import annotations

import asyncio
import time

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.portal import portal

ROWS = 30_000
LOOK_SECONDS = 0.005


async def watch(held_up: list[float]) -> None:
    """Note by how much the engine's loop comes late to each look."""
    while True:
        started = time.perf_counter()
        await asyncio.sleep(LOOK_SECONDS)
        held_up.append(time.perf_counter() - started - LOOK_SECONDS)


def main() -> None:
    """Run it once and print the figures."""
    numbers = range(ROWS)
    contacts = pd.DataFrame(
        {
            "Customer_Id__c": [f"c-{number}" for number in numbers],
            "LastName": [f"Name {number}" for number in numbers],
            "Email": [f"person{number}@example.org" for number in numbers],
            "Orders__c": [None if number % 7 == 0 else number for number in numbers],
            "Last_Seen__c": pd.Timestamp("2026-01-02 03:04:05", tz="Europe/Berlin"),
            "Newsletter__c": [number % 3 == 0 for number in numbers],
        }
    )
    held_up: list[float] = []
    with ad.simulate("salesforce-bulk", duration_seconds=1) as org, ad.Session() as session:
        sf = session.connect(org)
        watching = portal().start(watch(held_up))
        started = time.perf_counter()
        run = sf.submit(contacts, "upsert", object="Contact", external_id="Customer_Id__c")
        submitted = time.perf_counter() - started
        run.wait(timeout=120)
        total = time.perf_counter() - started
        watching.cancel()
        assert len(org.records["Contact"]) == run.counts["completed"]
    print(f"{ROWS:,} rows in {len(run.operations)} jobs: {run.counts}")
    print(f"submit took {submitted:.2f} s, {100 * submitted / total:.0f} % of {total:.1f} s in all")
    print(
        f"the loop was late by {max(held_up):.2f} s at most, {100 * max(held_up) / total:.0f} %; "
        f"by over 0.1 s {sum(late > 0.1 for late in held_up)} times"
    )


if __name__ == "__main__":
    main()
