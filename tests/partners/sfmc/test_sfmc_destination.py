"""The destination Marketing Cloud at its simulator: outcomes on their labels, what is sent."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import asyncdest_nb as ad
from recorded_requests import essence, recorded_requests

QUICK = {"duration_seconds": 0.2, "retry_after_seconds": 0.05}


def customers(count: int, **more) -> pd.DataFrame:
    ids, labels = [f"c-{at}" for at in range(count)], [f"p{at}" for at in range(count)]
    return pd.DataFrame({"customer_id": ids, **more}, index=labels)


def sent(session, simulator, frame, **options) -> ad.Run:
    crm = session.connect("sfmc-rows", requests_per_second=1000, **simulator.settings)
    run = crm.submit(frame, "upsert", data_extension="Customers", **options)
    run.wait(timeout=60)
    return run


@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"throttle_share": 0.2},
        {"results_page_size": None, "error_codes": "number", "accepted_status": 200},
        {"account_id": "7000"},
    ],
    ids=lambda faults: next(iter(faults), "no faults"),
)
def test_each_row_ends_as_the_partner_has_it(session, faults):
    frame = customers(360)
    with ad.simulate("sfmc-rows", failing=0.3, **QUICK, **faults) as simulator:
        found = sent(session, simulator, frame, batch_size=120).results()
        kept = {each["customer_id"] for each in simulator.records["Customers"]}
    is_kept = frame["customer_id"].isin(kept)
    assert found["status"].tolist() == [("failed", "completed")[each] for each in is_kept]
    assert found.loc[~is_kept, "retryable"].eq(False).all()


def test_a_lost_reply_is_for_the_user_who_may_send_the_rows_again(session):
    lost = {"PUT /rest/data/v1/async/dataextensions/{name}/rows": ["reset", 503]}
    with ad.simulate("sfmc-rows", failing=0.3, lost_replies=lost, **QUICK) as simulator:
        run = sent(session, simulator, customers(30), batch_size=10)
        held = run.results()
        assert len(simulator.operations) == 3
        assert run.counts["unknown"] == 20
        [notice] = [each for each in run.notices if "nobody can know" in each]
        messages = held.loc[held["status"] == "unknown", "message"]
        hint = "run.resolve(applied=False), then run.retry() sends the rows again"
        assert all("lists no requests" in each and hint in each for each in (notice, *messages))
        run.resolve(applied=False)
        again = run.retry()
        again.wait(timeout=30)
        kept = {each["customer_id"] for each in simulator.records["Customers"]}
        assert len(simulator.operations) == 5
    completed = again.results()["status"] == "completed"
    assert completed.tolist() == [each in kept for each in customers(30)["customer_id"]]
    assert again.counts["unknown"] == 0


def test_rows_that_lost_a_deadlock_are_sent_again(session):
    with ad.simulate("sfmc-rows", failing=0, deadlocked=0.3, **QUICK) as simulator:
        run = sent(session, simulator, customers(100))
        assert 0 < run.counts["failed"] == run.retryable
        assert run.retry().wait(timeout=30) == "completed"
        assert len(simulator.records["Customers"]) == 100


def test_rows_without_a_result_are_unknown(session):
    with ad.simulate("sfmc-rows", failing=0, truncate_results=0.1, **QUICK) as simulator:
        found = sent(session, simulator, customers(100)).results()
    assert found["status"].tolist() == ["completed"] * 90 + ["unknown"] * 10


def test_rows_whose_results_have_expired_are_unknown(session):
    knobs = {"failing": 0, "results_expire_seconds": 0.001, **QUICK}
    with ad.simulate("sfmc-rows", **knobs) as simulator:
        found = sent(session, simulator, customers(3)).results()
    assert found["status"].tolist() == ["unknown"] * 3
    assert "it does not exist" in found.loc["p0", "message"]


def test_a_request_may_fail_as_a_whole(session):
    with ad.simulate("sfmc-rows", failing=0, failing_jobs=1.0, **QUICK) as simulator:
        found = sent(session, simulator, customers(3)).results()
    assert set(found["status"]) <= {"failed", "unknown"}


def test_a_data_extension_that_is_not_there_is_named(session):
    with ad.simulate("sfmc-rows", data_extensions={"Other": ("id",)}, **QUICK) as simulator:
        found = sent(session, simulator, customers(3)).results()
    assert found["status"].tolist() == ["failed"] * 3
    assert "Unable to find a Data Extension" in found.loc["p0", "message"]


def test_values_arrive_as_marketing_cloud_means_them(session):
    frame = customers(
        1,
        name="Zoë\u2028\U0001f600",
        nick=[None],
        ext_id=["12345678901234567890"],
        score=[Decimal("1.10")],
        seen=[pd.Timestamp("2026-01-02 03:04:05")],
        born=[date(2000, 2, 29)],
        gone=[pd.NaT],
        rate=[np.nan],
        visits=[np.int64(3)],
    )
    with recorded_requests("sfmc-rows", **QUICK) as ours:
        sent(session, ours, frame)
    token, rows = (essence(each) for each in ours.requests[:2])
    assert token["body"] == {
        "grant_type": "client_credentials",
        "client_id": "simulated",
        "client_secret": "open-sesame-2026",
    }
    assert (rows["method"], rows["path"]) == (
        "PUT",
        "/rest/data/v1/async/dataextensions/key:Customers/rows",
    )
    assert json.loads(ours.requests[1].body) == {
        "items": [
            {
                "customer_id": "c-0",
                "name": "Zoë\u2028\U0001f600",
                "nick": None,
                "ext_id": "12345678901234567890",
                "score": "1.10",
                "seen": "2026-01-02T03:04:05",
                "born": "2000-02-29",
                "gone": None,
                "rate": None,
                "visits": 3,
            }
        ]
    }
