"""The destination Klaviyo at its simulator: outcomes on their labels, and what is sent."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from klaviyo_api import KlaviyoAPI

import asyncdest_nb as ad
from recorded_requests import essence, recorded_requests

QUICK = {"duration_seconds": 0.2, "retry_after_seconds": 0.05}


def people(count: int, **more) -> pd.DataFrame:
    emails = [f"Anna.{at}@example.com" for at in range(count)]
    return pd.DataFrame({"email": emails, **more}, index=[f"p{at}" for at in range(count)])


def sent(session, simulator, frame, **options) -> ad.Run:
    crm = session.connect("klaviyo-profiles", requests_per_second=1000, **simulator.settings)
    run = crm.submit(frame, "upsert", **options)
    run.wait(timeout=60)
    return run


def stored(simulator) -> set[str]:
    return {each["email"] for each in simulator.records["profile"]}


@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"shuffle_results": True},
        {"throttle_share": 0.2},
        {"lose_reply_share": 0.4},
        {"unavailable_every": 3},
    ],
    ids=lambda faults: next(iter(faults), "no faults"),
)
def test_each_row_ends_as_the_partner_has_it(session, faults):
    frame = people(300)
    with ad.simulate("klaviyo-profiles", failing=0.3, **QUICK, **faults) as simulator:
        run = sent(session, simulator, frame, batch_size=100)
        found = run.results()
        kept = stored(simulator)
    is_kept = frame["email"].isin(kept)
    assert found["status"].tolist() == [("failed", "completed")[each] for each in is_kept]
    assert found.loc[~is_kept, "message"].unique().tolist() == ["Invalid email address"]


def test_rows_are_unknown_if_errors_are_missing_from_the_list(session):
    frame = people(60)
    with ad.simulate("klaviyo-profiles", failing=0.5, truncate_results=0.3, **QUICK) as simulator:
        found = sent(session, simulator, frame).results()
        kept = stored(simulator)
    assert set(found["status"]) == {"failed", "unknown"}
    assert not frame.loc[found["status"] == "failed", "email"].isin(kept).any()
    assert (
        "as failed, and the results" in found.loc[found["status"] == "unknown", "message"].iloc[0]
    )


def test_the_profiles_of_each_list_have_a_job_of_their_own(session):
    frame = people(4, list_id=["L1", None, "L2", "L1"])
    with ad.simulate("klaviyo-profiles", failing=0, **QUICK) as simulator:
        run = sent(session, simulator, frame)
        records = {each["email"]: each["lists"] for each in simulator.records["profile"]}
    assert run.counts["completed"] == 4
    assert len(run.operations) == 3
    assert [records[each] for each in frame["email"]] == [["L1"], [], ["L2"], ["L1"]]


def test_a_request_is_that_of_klaviyos_own_client(session):
    headers = ("authorization", "content-type")
    attributes = {"email": "Anna.0@example.com", "first_name": "Zoë", "properties": {"n": 1}}
    profile = {"type": "profile", "attributes": attributes}
    job = {
        "type": "profile-bulk-import-job",
        "attributes": {"profiles": {"data": [profile]}},
        "relationships": {"lists": {"data": [{"type": "list", "id": "L1"}]}},
    }
    with recorded_requests("klaviyo-profiles", **QUICK) as theirs:
        client = KlaviyoAPI(theirs.settings["api_key"], test_host=theirs.endpoint)
        client.Profiles.bulk_import_profiles({"data": job})
    with recorded_requests("klaviyo-profiles", **QUICK) as ours:
        frame = people(1, first_name="Zoë", list_id="L1")
        sent(session, ours, frame, mapping={"properties": {"n": 1}})
    wanted, found = (essence(each.requests[0], *headers) for each in (theirs, ours))
    assert found == wanted
    # Theirs is the revision of the day on which it was published.
    assert ours.requests[0].headers["revision"] == "2026-07-15"


def test_values_arrive_as_klaviyo_means_them(session):
    frame = people(
        1,
        first_name="Zoë\u2028\U0001f600",
        last_name=[None],
        external_id=["12345678901234567890"],
        score=[Decimal("1.10")],
        seen=[pd.Timestamp("2026-01-02 03:04:05")],
        born=[date(2000, 2, 29)],
        gone=[pd.NaT],
        rate=[np.nan],
        visits=[np.int64(3)],
    )
    names = ("score", "seen", "born", "gone", "rate", "visits")
    with recorded_requests("klaviyo-profiles", **QUICK) as ours:
        mapping = {"properties": {name: {"@path": f"$.{name}"} for name in names}}
        sent(session, ours, frame, mapping=mapping)
    attributes = json.loads(ours.requests[0].body)["data"]["attributes"]["profiles"]["data"][0]
    assert attributes["attributes"] == {
        "email": "Anna.0@example.com",
        "first_name": "Zoë\u2028\U0001f600",
        "external_id": "12345678901234567890",
        "properties": {
            "score": "1.10",
            "seen": "2026-01-02T03:04:05",
            "born": "2000-02-29",
            "visits": 3,
        },
    }


def test_a_key_that_is_not_accepted_says_so(session):
    with ad.simulate("klaviyo-profiles") as simulator:
        crm = session.connect(
            "klaviyo-profiles", **{**simulator.settings, "api_key": "pk_wrong_key"}
        )
        with pytest.raises(ad.InvalidAuthenticationError, match="not accepted") as raised:
            crm.test_authentication()
    assert "pk_wrong_key" not in str(raised.value)


def test_an_address_that_is_none_is_found_before_klaviyo_refuses_all_rows_for_it(session):
    frame = people(40)
    frame.loc[["p7", "p30"], "email"] = ["no", "anna@example"]
    with ad.simulate("klaviyo-profiles", failing=0, **QUICK) as simulator:
        found = sent(session, simulator, frame).results()
        assert simulator.requests["POST /api/profile-bulk-import-jobs"] == {202: 1}
    assert found.index[found["status"] == "invalid"].tolist() == ["p7", "p30"]
    assert (found["status"] == "completed").sum() == 38
    assert "email" in found.loc["p7", "message"]


def test_profiles_that_klaviyo_names_in_a_refusal_are_left_out_of_one_more_request(session):
    frame = people(40, phone_number=[f"+1234567{at:04}" for at in range(40)])
    frame.loc[["p7", "p30"], "phone_number"] = ["12", "none"]
    with ad.simulate("klaviyo-profiles", failing=0.2, **QUICK) as simulator:
        found = sent(session, simulator, frame).results()
        assert simulator.requests["POST /api/profile-bulk-import-jobs"] == {400: 1, 202: 1}
        is_kept = frame["email"].isin(stored(simulator))
    assert found["status"].tolist() == [("failed", "completed")[each] for each in is_kept]
    assert found.loc[["p7", "p30"], "message"].str.contains("Invalid phone number").all()
    assert (found["status"] == "failed").sum() > 2  # Indexes in the job are not those of the frame.
