"""Many rows by salesforce-bulk: failed and aborted jobs, faults, and lost replies."""

from __future__ import annotations

import random
from collections import Counter

import pandas as pd
import pytest

from simulated_salesforce import (
    CONTACTS,
    contacts,
    eager,
    simulate_salesforce,
    stored,
)

pytestmark = pytest.mark.slow


def sorted_out(people: pd.DataFrame) -> pd.DataFrame:
    """Return what is to become of each row: 50 are invalid here, 20 keys are there twice."""
    status = pd.Series("sent", index=range(len(people)))
    status.iloc[list(range(0, 1000, 20))] = "invalid"
    status.iloc[[*range(1, 400, 20), *range(2, 400, 20)]] = "invalid"
    return status


@pytest.mark.parametrize("failing_jobs", [0, 1])
def test_every_one_of_25000_rows_has_its_own_outcome_on_its_own_label(session, failing_jobs):
    people = contacts(25_000)
    people.iloc[list(range(0, 1000, 20)), 1] = "x" * 32_001
    people.iloc[list(range(2, 400, 20)), 0] = (
        people["Customer_Id__c"].iloc[range(1, 400, 20)].values
    )
    # Labels in no order, and each of them five times.
    labels = [number % 5_000 for number in range(25_000)]
    random.Random(1).shuffle(labels)
    people.index = pd.Index(labels)
    expected = sorted_out(people)
    with simulate_salesforce(
        failing=0.03, failing_jobs=failing_jobs, duration_seconds=1, seed=3
    ) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=90) == "partial"
        jobs, there = simulator.operations, stored(simulator)
    assert [len(job["rows"]) for job in jobs] == [10_000, 10_000, 4_910]
    results = run.results()
    assert list(results.index) == labels
    assert len(there) == (results["status"] == "completed").sum()
    for key, outcome, wanted in zip(
        people["Customer_Id__c"], results.itertuples(index=False), expected, strict=True
    ):
        if wanted == "invalid":
            assert outcome.status == "invalid"
        elif key in there:
            assert (outcome.status, outcome.sf__Id) == ("completed", there[key]["Id"])
        else:
            assert outcome.status in ("failed", "canceled")
    counts = Counter(results["status"])
    assert counts["invalid"] == 90
    assert counts["failed"] == sum(job["numberRecordsFailed"] for job in jobs)
    assert 0.02 < counts["failed"] / (counts["failed"] + counts["completed"]) < 0.04
    left = results[results["status"] == "canceled"]
    assert (len(left) > 10_000) == bool(failing_jobs)
    assert left["retryable"].all()
    assert set(left["error_code"]) == ({"UNPROCESSED"} if failing_jobs else set())


def test_rows_a_failed_job_never_came_to_can_be_sent_again(session):
    people = contacts(200)
    with simulate_salesforce(failing_jobs=1) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "partial"
        reached = set(stored(simulator))
    failed = run.failed()
    assert set(failed["status"]) == {"canceled"}
    assert set(failed["Customer_Id__c"]) == set(people["Customer_Id__c"]) - reached
    assert "InternalServerError" in failed["message"].iloc[0]


def test_retries_in_a_row_bring_every_row_to_its_place(session):
    people = contacts(60)
    people.index = pd.Index([number % 7 for number in range(60)])
    people.iloc[10, 0] = None
    people.iloc[20, 2] = "no address"
    with simulate_salesforce(failing_jobs=0.5, locked=0.3, seed=2) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        for _ in range(12):
            run.wait(timeout=20)
            if not run.results()["retryable"].any():
                break
            run = run.retry(schedule=eager())
        there = set(stored(simulator))
    results = run.results()
    assert list(results.index) == list(people.index)
    expected = ["completed"] * 60
    expected[10], expected[20] = "invalid", "failed"
    assert list(results["status"]) == expected
    assert there == set(people["Customer_Id__c"].drop_duplicates().dropna()) - {
        people["Customer_Id__c"].iloc[20]
    }
    assert len(run.failed()) == 2


def test_an_aborted_job_keeps_what_was_processed_and_says_so_row_by_row(session):
    people = contacts(1_000)
    with simulate_salesforce(duration_seconds=3, pending_share=0.1) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        while not (run.operations and (run.operations[0].progress or 0) > 20):
            run.wait(timeout=0.05)
        run.cancel()
        assert run.wait(timeout=20) == "partial"
        assert simulator.operations[0]["state"] == "Aborted"
        there = set(stored(simulator))
    results = run.results()
    assert 200 < len(there) < 1_000
    good = people["Customer_Id__c"].isin(there)
    assert list(results["status"]) == ["completed" if each else "canceled" for each in good]


# Trouble on the way: the true outcome, and no second job


@pytest.mark.parametrize(
    "trouble",
    [
        {"token_seconds": 0.7},
        {"unavailable_every": 3},
        {"throttle_share": 0.5, "retry_after_seconds": 0.05},
        # Of the eight requests at the least each had to take half a second not to meet it.
        {"requests_per_second_limit": 2, "retry_after_seconds": 0.5, "duration_seconds": 0.5},
        {"outages": [(0, 3.0)], "retry_after_seconds": 0.2},
    ],
    ids=lambda trouble: next(iter(trouble)),
)
def test_trouble_changes_no_outcome_and_makes_no_second_job(session, trouble):
    people = contacts(200)
    with simulate_salesforce(
        **{"failing": 0.1, "duration_seconds": 2, "seed": 5, **trouble}
    ) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=60) == "partial"
        jobs, there = simulator.operations, stored(simulator)
        seen = Counter()
        for statuses in simulator.requests.values():
            seen.update(statuses)
    assert [job["state"] for job in jobs] == ["JobComplete"]
    results = run.results()
    good = people["Customer_Id__c"].isin(there)
    assert list(results["status"]) == ["completed" if each else "failed" for each in good]
    assert seen[401] + seen[429] + seen[503] > 0


@pytest.mark.parametrize("seed", range(6))
def test_lost_replies_change_no_outcome_and_nothing_is_applied_twice(session, seed):
    people = contacts(200)
    knobs = {"failing": 0.1, "duration_seconds": 0.5, "lose_reply_share": 0.3, "seed": seed}
    with simulate_salesforce(**knobs) as simulator:
        run = session.connect(simulator).submit(
            people, "insert", object="Contact", schedule=eager()
        )
        assert run.wait(timeout=60) == "partial"
        jobs, there = simulator.operations, simulator.records["Contact"]
    # A job whose id was lost stays open and empty: nothing happens before it is closed.
    assert Counter(job["state"] for job in jobs if job["state"] != "Open") == {"JobComplete": 1}
    assert len(there) == (run.results()["status"] == "completed").sum()
