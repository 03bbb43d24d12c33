"""The outcome of each row of salesforce-bulk, against its simulator over real HTTP."""

from __future__ import annotations

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


# What becomes of rows


def test_an_upsert_updates_what_is_there_and_creates_the_rest(session):
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        sf.submit(contacts(3), "upsert", **CONTACTS, schedule=eager()).wait(timeout=20)
        run = sf.submit(contacts(3, start=2), "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "completed"
        results = run.results()
        assert list(results["sf__Created"]) == [False, True, True]
        ids = [stored(simulator)[key]["Id"] for key in contacts(3, start=2)["Customer_Id__c"]]
        assert list(results["sf__Id"]) == ids


def test_missing_values_leave_or_clear_a_field(session):
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        for nulls, email in [("ignore", "person0@example.org"), ("clear", None)]:
            first = sf.submit(contacts(1), "upsert", **CONTACTS, schedule=eager(), again=True)
            first.wait(timeout=20)
            without = contacts(1).assign(Email=None)
            run = sf.submit(without, "upsert", **CONTACTS, nulls=nulls, schedule=eager())
            assert run.wait(timeout=20) == "completed"
            assert stored(simulator)["c-00000"].get("Email") == email


def test_update_and_delete_go_by_id(session):
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(contacts(4), "insert", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "completed"
        ids = run.results()["sf__Id"]
        changes = pd.DataFrame({"Id": ids, "LastName": ["A", "B", "C", None]})
        changes.loc[1, "Id"] = "003000000000000AAA"
        run = sf.submit(changes, "update", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "partial"
        assert list(run.results()["status"]) == ["completed", "failed", "completed", "completed"]
        assert stored(simulator)["c-00002"]["LastName"] == "C"
        assert stored(simulator)["c-00003"]["LastName"] == "Name 3"
        run = sf.submit(changes, "delete", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "partial"
        assert list(stored(simulator)) == ["c-00001"]


def test_inserted_rows_without_a_key_are_told_apart_by_all_they_hold(session):
    people = pd.DataFrame(
        {
            "LastName": ["A", "B", "B", None, "C"],
            "Email": ["a@b.cd", "b@b.cd", "b@b.cd", "d@b.cd", "no"],
        }
    )
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(people, "insert", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "partial"
    results = run.results()
    assert list(results["status"]) == ["completed", "completed", "completed", "invalid", "failed"]
    assert results["message"][3] == "LastName is missing: insert needs it"
    assert results["error_code"][4] == "INVALID_EMAIL_ADDRESS"
    # Two rows are the same: both were created, and nobody can say which Id is whose.
    assert list(results["sf__Id"].notna()) == [True, False, False, False, False]


def test_a_locked_row_may_be_sent_again(session):
    with simulate_salesforce(locked=0.5) as simulator:
        sf = session.connect(simulator)
        run = sf.submit(contacts(20), "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "partial"
        failed = run.failed()
        assert set(failed["error_code"]) == {"UNABLE_TO_LOCK_ROW"}
        assert failed["retryable"].all()
        again = run.retry(schedule=eager())
        assert again.wait(timeout=20) == "completed"
        assert len(stored(simulator)) == 20
        assert sum(simulator.attempts.values()) == 20 + len(failed)
    assert (again.retry_of, len(again.labels)) == (run, len(failed))
    assert list(again.results()["status"]) == ["completed"] * 20
    assert list(run.results()["status"].value_counts()[["failed"]]) == [len(failed)]
