"""Columns that name a parent by its own key: found out before, sent, and read back.

Against the played Salesforce, and against scripted servers whose descriptions are shaped
as Salesforce shapes them.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer
from simulated_salesforce import CONTACTS, contacts, eager, simulate_salesforce, stored


def invalid(
    session: ad.Session, columns: dict[str, Any], action: str = "upsert", **options: Any
) -> str:
    """Return why a contact with these *columns* is not sent, "" if it is."""
    options = {**(CONTACTS if action == "upsert" else {"object": "Contact"}), **options}
    with simulate_salesforce() as simulator:
        found = session.connect(simulator).preview(contacts(1).assign(**columns), action, **options)
    return found.invalid.get(0, "")


@pytest.mark.parametrize(
    "column",
    ["Account.Ext__c", "account.EXT__C", "Account.Id", "ReportsTo.Email", "Owner.Username"],
)
def test_a_parent_is_named_by_a_key_it_is_found_by(session, column):
    assert invalid(session, {column: "a-1"}) == ""


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("Acount.Ext__c", "no relationship 'Acount' in the column 'Acount.Ext__c'"),
        ("AccountId.Ext__c", "no relationship 'AccountId' in the column 'AccountId.Ext__c'"),
        (
            "Account:Account.Ext__c",
            "Account:Account.Ext__c: the parent has one type only; write 'Account.Ext__c'",
        ),
        ("Account.Name", "Account.Name: Name is not a key of Account; its keys: Id, Ext__c"),
        ("Account.Parent.Ext__c", "Parent.Ext__c is not a key of Account"),
        ("CreatedBy.Username", "CreatedBy.Username: CreatedById is read-only for upsert"),
    ],
)
def test_a_column_that_names_no_parent_is_found_before_anything_is_sent(session, column, reason):
    assert reason in invalid(session, {column: "a-1"})


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("User:Owner.Username", ""),
        (
            "Owner.Username",
            "Owner.Username: name the type of the parent: "
            "'Group:Owner.Username' or 'User:Owner.Username'",
        ),
        ("Contact:Owner.Email", "name the type of the parent"),
        ("User:Owner.Name", "User:Owner.Name: Name is not a key of User"),
    ],
)
def test_a_parent_of_several_types_is_named_with_its_type(session, column, reason):
    found = invalid(session, {"Company": "A", column: "ada"}, object="Lead")
    assert reason in found
    assert bool(reason) == bool(found)


def test_a_lookup_is_set_once_in_a_row(session):
    columns = {"AccountId": "001000000000001AAA", "Account.Ext__c": "a-1"}
    assert "AccountId and Account.Ext__c set one lookup" in invalid(session, columns)
    assert invalid(session, columns | {"AccountId": None}) == ""
    both = {"Account.Ext__c": "a-1", "Account.Customer_Id__c": "a-1"}
    assert "Account.Ext__c and Account.Customer_Id__c set one lookup" in invalid(session, both)


def field(name: str, **more: Any) -> dict[str, Any]:
    usual = {"name": name, "type": "string", "nillable": True}
    return {**usual, "createable": True, "updateable": True, **more}


ACCOUNT = field(
    "AccountId",
    type="reference",
    relationshipName="Account",
    referenceTo=["Account"],
    nillable=False,
)
OPPORTUNITY = {"fields": [field("Ext__c", externalId=True), field("Name"), ACCOUNT]}
PARENT = {"fields": [field("Id", idLookup=True), field("Ext__c", externalId=True, idLookup=True)]}


def scripted(session: ad.Session, frame: pd.DataFrame, *answers: Any, action: str) -> Any:
    with RawServer(*answers) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        found = sf.preview(frame, action, object="Opportunity")
        return found, [each.target.rpartition("/sobjects/")[2] for each in server.arrived]


def test_a_required_lookup_is_missed_in_the_rows_that_lack_it(session):
    frame = pd.DataFrame({"Ext__c": ["o-1", "o-2"], "Account.Ext__c": ["a-1", None]})
    found, asked = scripted(
        session, frame, answer(200, OPPORTUNITY), answer(200, PARENT), action="insert"
    )
    assert found.invalid == {1: "Account.Ext__c is missing: insert needs it"}
    assert asked == ["Opportunity/describe", "Account/describe"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_parent_that_the_user_may_not_see_is_left_to_salesforce(session, status):
    frame = pd.DataFrame({"Ext__c": ["o-1"], "Account.Foo__c": ["a-1"]})
    parent = answer(status, [{"errorCode": "NOT_FOUND", "message": "no"}])
    found, asked = scripted(session, frame, answer(200, OPPORTUNITY), parent, action="insert")
    assert (found.invalid, asked[1:]) == ({}, ["Account/describe"])


def test_a_lookup_that_may_be_set_but_not_changed_is_read_only_for_an_update(session):
    described = {"fields": [field("Id"), ACCOUNT | {"updateable": False}]}
    frame = pd.DataFrame({"Id": ["006000000000001"], "Account.Ext__c": ["a-1"]})
    answers = (answer(200, described), answer(200, PARENT))
    found, _ = scripted(session, frame, *answers, action="update")
    assert found.invalid == {0: "Account.Ext__c: AccountId is read-only for update"}


# What becomes of them


def accounts(session: ad.Session, simulator: ad.Simulator, *keys: str) -> dict[str, str]:
    """Create accounts and return their Ids by their keys."""
    frame = pd.DataFrame({"Ext__c": keys, "Name": "Acme"})
    run = session.connect(simulator).submit(frame, "insert", object="Account", schedule=eager())
    assert run.wait(timeout=20) == "completed"
    return {each["Ext__c"]: each["Id"] for each in simulator.records["Account"]}


def test_contacts_get_their_accounts_by_the_accounts_keys(session):
    people = contacts(4).assign(**{"Account.Ext__c": ["a-1", "a-2", "a-9", None]})
    with simulate_salesforce() as simulator:
        ids = accounts(session, simulator, "a-1", "a-2")
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "partial"
        found = {key: each.get("AccountId") for key, each in stored(simulator).items()}
    assert found == {"c-00000": ids["a-1"], "c-00001": ids["a-2"], "c-00003": None}
    results = run.results()
    assert list(results["status"]) == ["completed", "completed", "failed", "completed"]
    assert results["error_code"][2] == "INVALID_FIELD"
    wanted = "Foreign key external ID: a-9 not found for field Ext__c in entity Account"
    assert results["message"][2] == wanted


def test_a_mapping_names_a_parent_as_a_column_does(session):
    people = contacts(2).assign(firm=["a-1", "a-2"])
    record = {name: {"@path": f"$.{name}"} for name in ("Customer_Id__c", "LastName")}
    record["Account.Ext__c"] = {"@path": "$.firm"}
    with simulate_salesforce() as simulator:
        ids = accounts(session, simulator, "a-1", "a-2")
        run = session.connect(simulator).submit(
            people, "upsert", **CONTACTS, mapping={"record": record}, schedule=eager()
        )
        assert run.wait(timeout=20) == "completed"
        found = {each["AccountId"] for each in stored(simulator).values()}
    assert found == set(ids.values())


@pytest.mark.parametrize(("nulls", "kept"), [("ignore", True), ("clear", False)])
def test_a_missing_key_leaves_or_clears_the_lookup(session, nulls, kept):
    with simulate_salesforce() as simulator:
        ids = accounts(session, simulator, "a-1")
        sf = session.connect(simulator)
        for key in ("a-1", None):
            people = contacts(1).assign(**{"Account.Ext__c": pd.Series([key], dtype=object)})
            run = sf.submit(people, "upsert", **CONTACTS, nulls=nulls, schedule=eager())
            assert run.wait(timeout=20) == "completed"
        assert stored(simulator)["c-00000"]["AccountId"] == (ids["a-1"] if kept else None)


@pytest.mark.parametrize("key", ["2026-01-02T03:04:05", "2026-01-02T03:04:05+01:00", "007"])
def test_a_key_of_a_parent_is_sent_as_it_is(session, key):
    with simulate_salesforce() as simulator:
        ids = accounts(session, simulator, key)
        people = contacts(1).assign(**{"Account.Ext__c": key})
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "completed"
        assert stored(simulator)["c-00000"]["AccountId"] == ids.get(key, "")
        (job, upserted) = simulator.operations
    assert (job["rows"][0]["Ext__c"], upserted["rows"][0]["Account.Ext__c"]) == (key, key)
