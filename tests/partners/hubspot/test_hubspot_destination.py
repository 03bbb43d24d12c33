"""The destination HubSpot at its simulator: outcomes on their labels, and what is sent."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hubspot import HubSpot

import asyncdest_nb as ad
from recorded_requests import essence, recorded_requests

QUICK = {"duration_seconds": 0.2, "retry_after_seconds": 0.05}


def people(count: int, **more) -> pd.DataFrame:
    emails = [f"Anna.{at}@example.com" for at in range(count)]
    names = [f'Zoë "{at}",\nÖ' for at in range(count)]
    labels = [f"p{at}" for at in range(count)]
    return pd.DataFrame({"email": emails, "firstname": names, **more}, index=labels)


def sent(session, simulator, frame, action="upsert", **options) -> ad.Run:
    crm = session.connect("hubspot-imports", requests_per_second=1000, **simulator.settings)
    run = crm.submit(frame, action, **options)
    run.wait(timeout=60)
    return run


@pytest.mark.parametrize(
    "faults",
    [{}, {"shuffle_results": True}, {"throttle_share": 0.2}, {"lose_reply_share": 0.5}],
    ids=lambda faults: next(iter(faults), "no faults"),
)
def test_each_row_ends_as_the_partner_has_it_and_each_batch_is_one_import(session, faults):
    frame = people(360)
    with ad.simulate("hubspot-imports", failing=0.3, **QUICK, **faults) as simulator:
        found = sent(session, simulator, frame, "create", batch_size=120).results()
        kept = {each["email"] for each in simulator.records["contact"]}
        assert len(simulator.operations) == 3
    is_kept = frame["email"].isin(kept)
    assert found["status"].tolist() == [("failed", "completed")[each] for each in is_kept]
    codes = {"GDPR_BLACKLISTED_EMAIL", "FAILED_VALIDATION", "LIMIT_EXCEEDED"}
    assert set(found.loc[~is_kept, "error_code"]) == codes


@pytest.mark.parametrize(
    ("knobs", "status", "message"),
    [
        ({"failing_jobs": 1.0}, "failed", "The import failed for an unknown reason"),
        ({"reverted_jobs": 1.0}, "canceled", "the import was reverted in HubSpot"),
    ],
)
def test_an_import_may_fail_or_be_undone_as_a_whole(session, knobs, status, message):
    with ad.simulate("hubspot-imports", failing=0, **QUICK, **knobs) as simulator:
        found = sent(session, simulator, people(5)).results()
    assert found["status"].tolist() == [status] * 5
    assert found["message"].tolist() == [message] * 5


def test_rows_are_unknown_if_errors_are_missing_from_the_list(session):
    with ad.simulate("hubspot-imports", failing=0.5, truncate_results=0.3, **QUICK) as simulator:
        found = sent(session, simulator, people(60)).results()
    assert set(found["status"]) == {"failed", "unknown"}
    [message] = found.loc[found["status"] == "unknown", "message"].unique()
    assert message.startswith("HubSpot counts")
    assert "errors, and lists" in message


def test_keys_that_are_missing_or_repeated_are_found_before_anything_is_sent(session):
    frame = people(4).assign(email=["a@x.de", None, " A@x.de", "b@x.de"])
    with ad.simulate("hubspot-imports", failing=0, **QUICK) as simulator:
        run = sent(session, simulator, frame)
        attempts = simulator.attempts
    assert run.results()["status"].tolist() == ["invalid", "invalid", "invalid", "completed"]
    assert "email: 2 rows have it" in run.results().loc["p0", "message"]
    assert "email: no value" in run.results().loc["p1", "message"]
    assert sum(attempts.values()) == 1


def test_a_column_that_is_no_property_is_found_before_anything_is_sent(session):
    frame = people(2, firstname="Zoë", hs_object_id=["1", "2"])
    frame.loc["p1", "frist_name"] = "Anna"
    known = ["email", "firstname", "lastname"]
    with ad.simulate("hubspot-imports", properties=known, **QUICK) as simulator:
        client = HubSpot(access_token=simulator.settings["access_token"], host=simulator.endpoint)
        shown = client.crm.properties.core_api.get_all("0-1")
        found = sent(session, simulator, frame).results()
        assert not simulator.operations
    assert [each.name for each in shown.results] == known
    message = "no property 'frist_name'; did you mean 'firstname'?"
    assert found["message"].tolist() == [message] * 2


def test_a_request_is_that_of_hubspots_own_client(session, tmp_path):
    frame = people(2)
    with recorded_requests("hubspot-imports", **QUICK) as ours:
        sent(session, ours, frame)
    found = essence(ours.requests[1], "authorization")
    with recorded_requests("hubspot-imports", **QUICK) as theirs:
        file = tmp_path / "rows.csv"
        file.write_text(found["body"]["files"], "utf-8")
        client = HubSpot(access_token=theirs.settings["access_token"], host=theirs.endpoint)
        asked = {
            "name": found["body"]["importRequest"]["name"],
            "importOperations": {"0-1": "UPSERT"},
            "files": [
                {
                    "fileName": "rows.csv",
                    "fileFormat": "CSV",
                    "fileImportPage": {
                        "hasHeader": True,
                        "columnMappings": [
                            {
                                "columnObjectTypeId": "0-1",
                                "columnName": name,
                                "propertyName": name,
                                "columnType": kind,
                            }
                            for name, kind in [
                                ("email", "HUBSPOT_ALTERNATE_ID"),
                                ("firstname", "STANDARD"),
                            ]
                        ],
                    },
                }
            ],
        }
        client.crm.imports.core_api.create(import_request=json.dumps(asked), files=str(file))
    wanted = essence(theirs.requests[0], "authorization")
    # Their path ends in a slash.
    assert wanted["path"] == f"{found['path']}/"
    assert {**wanted, "path": found["path"]} == found


def test_values_arrive_as_hubspot_means_them(session):
    frame = people(
        1,
        firstname="Zoë\u2028\U0001f600",
        lastname=[None],
        ext_id=["12345678901234567890"],
        score=[Decimal("1.10")],
        seen=[pd.Timestamp("2026-01-02 03:04:05")],
        born=[date(2000, 2, 29)],
        gone=[pd.NaT],
        rate=[np.nan],
        visits=[np.int64(3)],
        is_vip=[True],
        tags=[["a", "b"]],
    )
    with recorded_requests("hubspot-imports", **QUICK) as ours:
        sent(session, ours, frame)
    assert essence(ours.requests[1])["body"]["files"] == (
        "email,firstname,lastname,ext_id,score,seen,born,gone,rate,visits,is_vip,tags\n"
        "Anna.0@example.com,Zoë\u2028\U0001f600,,12345678901234567890,1.10,2026-01-02T03:04:05,"
        "2000-02-29,,,3,true,a;b\n"
    )


def test_a_token_that_is_not_accepted_says_so(session):
    with ad.simulate("hubspot-imports") as simulator:
        settings = {**simulator.settings, "access_token": "pat-wrong-token"}
        with pytest.raises(ad.InvalidAuthenticationError, match="not accepted"):
            session.connect("hubspot-imports", **settings).test_authentication()
