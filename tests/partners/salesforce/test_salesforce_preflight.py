"""What salesforce-bulk finds before anything is sent, against its simulator."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer
from simulated_salesforce import CONTACTS, DESCRIBED, contacts, eager, simulate_salesforce, stored


def preview(
    session: ad.Session, frame: pd.DataFrame, action: str = "upsert", **options: Any
) -> Any:
    with simulate_salesforce() as simulator:
        options = {**(CONTACTS if action == "upsert" else {"object": "Contact"}), **options}
        found = session.connect(simulator).preview(frame, action, **options)
        assert simulator.operations == []
    return found


def test_duplicate_and_missing_keys_are_reported_with_their_labels(session):
    people = contacts(5)
    people.index = list("abcde")
    people["Customer_Id__c"] = ["k-1", "K-1", None, "k-2", ""]
    found = preview(session, people)
    assert sorted(found.invalid) == [0, 1, 2, 4]
    assert "'k-1' is in 2 rows" in found.invalid[0]
    assert "rows c, e: Customer_Id__c is missing: upsert finds the record by it" in repr(found)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("Emial", "no field 'Emial'; did you mean 'Email'?"),
        ("CreatedDate", "CreatedDate is read-only for upsert"),
    ],
)
def test_columns_salesforce_would_not_take_are_reported_once(session, column, reason):
    found = preview(session, contacts(3).assign(**{column: "x"}))
    assert set(found.invalid.values()) == {reason}
    assert repr(found).count(reason) == 1


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("Custmer_Id__c", "no field 'Custmer_Id__c'; did you mean 'Customer_Id__c'?"),
        ("customer_id__c", "no field 'customer_id__c'; did you mean 'Customer_Id__c'?"),
        ("LastName", "LastName is no external ID of Contact: "),
        ("Ext__c", "no column 'Ext__c': upsert finds the record by it"),
    ],
)
def test_a_key_that_is_none_is_reported_once(session, key, reason):
    found = preview(session, contacts(3), external_id=key)
    assert len(set(found.invalid.values())) == 1
    assert found.invalid[0].startswith(reason)


def test_columns_that_are_one_field_are_reported(session):
    found = preview(session, contacts(1).assign(lastname="x"))
    assert "columns LastName, lastname are the same field" in found.invalid[0]


@pytest.mark.parametrize("name", ["object", "nulls", "external_id", "record"])
def test_a_column_does_not_fill_what_is_meant_for_all_rows(session, name):
    found = preview(session, contacts(2).assign(**{name: "x"}))
    assert {each.partition(";")[0] for each in found.invalid.values()} == {f"no field {name!r}"}


def test_a_choice_that_is_none_is_refused_at_once(session):
    with (
        simulate_salesforce() as simulator,
        pytest.raises(ad.MappingError, match="choose one of 'ignore', 'clear'"),
    ):
        session.connect(simulator).submit(contacts(1), "upsert", **CONTACTS, nulls="null")


def test_an_impossible_date_fails_its_own_row(session):
    people = contacts(2).assign(When__c=["2026-02-30T00:00:00", "2026-02-20T00:00:00"])
    with simulate_salesforce() as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "partial"
    assert list(run.results()["status"]) == ["failed", "completed"]


def test_names_of_fields_have_no_case(session):
    people = contacts(2).rename(columns={"LastName": "lastname", "Email": "EMAIL"})
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "completed"


def test_an_exported_report_has_an_id_that_cannot_be_inserted(session):
    found = preview(session, contacts(2).assign(Id=""), "insert")
    assert set(found.invalid.values()) == {"Id is read-only for insert"}


def test_an_insert_without_what_it_needs_is_reported(session):
    found = preview(session, contacts(2).drop(columns="LastName"), "insert")
    assert set(found.invalid.values()) == {"no column 'LastName': insert needs it"}


def test_an_insert_only_tells_rows_apart_by_its_external_id(session):
    people = contacts(3).assign(Email=["a@b.cd", "a@b.cd", None])
    found = preview(session, people, "insert", external_id="Email")
    assert found.invalid[0].endswith("is in 2 rows: it identifies each row in the results")
    assert found.invalid[2] == "Email is missing: it identifies each row in the results"


def test_a_day_with_a_time_zone_stays_the_day(session):
    days = pd.to_datetime(["2024-01-01", "2024-07-01"]).tz_localize("Europe/Berlin")
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        people = contacts(2).assign(Signup_Date__c=days)
        run = sf.submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "completed"
        kept = [stored(simulator)[key]["Signup_Date__c"] for key in people["Customer_Id__c"]]
    assert kept == ["2024-01-01", "2024-07-01"]


def test_a_required_parent_may_be_named_by_its_own_key(session):
    described = {"fields": [*DESCRIBED["fields"]]}
    parent = {"name": "AccountId", "relationshipName": "Account", "nillable": False}
    described["fields"].append({**parent, "type": "reference", "createable": True})
    with RawServer(answer(200, described)) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        people = contacts(1).drop(columns="Email").assign(**{"Account.Ext__c": "a-1"})
        assert sf.preview(people, "insert", object="Contact").invalid == {}
        people = people.drop(columns="Account.Ext__c")
        assert "no column 'AccountId'" in sf.preview(people, "insert", object="Contact").invalid[0]


def test_a_parent_may_be_named_by_its_own_key(session):
    assert preview(session, contacts(1).assign(**{"Account.Ext__c": "a-1"})).invalid == {}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("x" * 32_001, "LastName has 32,001 characters: the field takes 80"),
        ("#N/A", "LastName is the text '#N/A', which clears the field: leave it empty"),
        (["a", "b"], "LastName is a list: a field takes one value (of a picklist: 'a;b')"),
        ({"a": 1}, "LastName is an object: a field takes one value (of a picklist: 'a;b')"),
        (float("inf"), "inf"),
    ],
)
def test_values_salesforce_would_not_take_make_their_row_invalid(session, value, reason):
    found = preview(session, contacts(2).assign(LastName=pd.Series(["fine", value], dtype=object)))
    assert list(found.invalid) == [1]
    assert reason in found.invalid[1]


def test_a_record_over_the_limit_is_invalid(session):
    wide = {f"Field_{number}__c": "x" * 30_000 for number in range(14)}
    found = preview(session, contacts(1).assign(**wide))
    assert "420," in found.invalid[0]
    assert "a record may have 400,000" in found.invalid[0]


def test_delete_takes_the_id_alone(session):
    assert (
        preview(session, pd.DataFrame({"Id": ["003000000000001"], "x": 1}), "delete").invalid == {}
    )
    both = {"record": {"Id": {"@path": "$.Id"}, "LastName": "x"}}
    found = preview(session, pd.DataFrame({"Id": ["003000000000001"]}), "delete", mapping=both)
    assert "delete takes the column Id alone" in found.invalid[0]


def test_the_short_and_the_long_form_of_an_id_are_the_same(session):
    ids = pd.DataFrame({"Id": ["003000000000001", "003000000000001AAA", "00300000000000a"]})
    assert sorted(preview(session, ids, "delete").invalid) == [0, 1]


def test_an_unknown_object_is_refused_before_anything_is_sent(session):
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(contacts(2), "upsert", object="Contct", external_id="Customer_Id__c")
        assert run.wait(timeout=20) == "failed"
        assert "no object 'Contct'" in run.results()["message"][0]
        assert simulator.operations == []


def test_rows_of_several_objects_go_in_jobs_of_their_own(session):
    people = contacts(4).assign(kind=["Contact", "Lead", "Contact", "Lead"])
    record = {name: {"@path": f"$.{name}"} for name in ("Customer_Id__c", "LastName", "Email")}
    record["Company"] = {"@path": "$.company"}
    with simulate_salesforce() as simulator:
        run = session.connect(simulator).submit(
            people.assign(company=None),
            "upsert",
            columns={"object": "kind"},
            external_id="Customer_Id__c",
            mapping={"record": {name: record[name] for name in list(record)[:3]}},
            schedule=eager(),
        )
        run.wait(timeout=20)
        assert [job["object"] for job in simulator.operations] == ["Contact", "Lead"]
    assert list(run.results()["status"]) == ["completed", "failed", "completed", "failed"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give access_token, or client_id and client_secret"),
        ({"client_id": "a"}, "give access_token, or client_id and client_secret"),
        ({"access_token": "t", "api_version": "v59"}, "has the form 59.0"),
    ],
)
def test_settings_say_what_is_missing(session, settings, message):
    with pytest.raises(ad.SettingsError, match=message):
        session.connect("salesforce-bulk", instance_url="https://x.my.salesforce.com", **settings)
