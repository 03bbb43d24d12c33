"""The simulated Salesforce over plain HTTP, against Salesforce's developer guides: relationships
in the header row. The answers are as real organisations gave them."""

from __future__ import annotations

import pytest

from documented_salesforce import JOBS, KEY

# Relationships in the header row

ACCOUNTS = "Name,Ext__c\nAcme,a-1\nBeta,a-2\n"


def test_a_lookup_is_set_by_a_key_of_the_parent(documented_org):
    org = documented_org()
    org.run(ACCOUNTS, object="Account")
    ids = {each[KEY]: each["Id"] for each in org.simulator.records["Account"]}
    rows = "Ext__c,LastName,account.ext__c\nc-1,A,A-1\nc-2,B,\nc-3,C,a-9\n"
    job = org.run(rows, "upsert", externalIdFieldName=KEY)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 1)
    assert org.errors(job) == [
        "INVALID_FIELD:Foreign key external ID: a-9 not found for field Ext__c in entity Account:--"
    ]
    made = {each[KEY]: each.get("AccountId") for each in org.simulator.records["Contact"]}
    assert made == {"c-1": ids["a-1"], "c-2": None}
    echoed = org.ask("GET", f"{JOBS}/{job['id']}/failedResults").text.splitlines()[0]
    assert echoed == '"sf__Id","sf__Error","Ext__c","LastName","account.ext__c"'

    org.run("Ext__c,Account.Ext__c\nc-1,#N/A\nc-2,a-2\n", "upsert", externalIdFieldName=KEY)
    made = {each[KEY]: each["AccountId"] for each in org.simulator.records["Contact"]}
    assert made == {"c-1": None, "c-2": ids["a-2"]}


def test_the_guides_example_names_a_contacts_manager_by_email(documented_org):
    org = documented_org()
    org.run("LastName,Email\nBuyer,buyer@salesforcesample.com\n")
    job = org.run("FirstName,LastName,ReportsTo.Email\nTom,Jones,buyer@salesforcesample.com\n")
    assert job["numberRecordsFailed"] == 0
    buyer, tom = org.simulator.records["Contact"]
    assert tom["ReportsToId"] == buyer["Id"]
    org.run("LastName,Email\nOther,buyer@salesforcesample.com\n")
    job = org.run("LastName,ReportsTo.Email\nAnn,buyer@salesforcesample.com\n")
    (error,) = org.errors(job)
    assert error.startswith("DUPLICATE_EXTERNAL_ID:Email: more than one record found")


def test_an_owner_is_named_with_a_type_where_there_are_several(documented_org):
    org = documented_org(username="ada@example.com")
    job = org.run("LastName,Owner.Username\nA,ada@example.com\n")
    assert job["numberRecordsFailed"] == 0
    rows = "LastName,Company,User:Owner.Username\nA,B,ada@example.com\n"
    assert org.run(rows, object="Lead")["numberRecordsFailed"] == 0
    user = org.simulator.records["Contact"][0]["OwnerId"]
    assert (org.simulator.records["Lead"][0]["OwnerId"], user[:3]) == (user, "005")
    assert org.run(f"LastName,Owner.Id\nB,{user}\n")["numberRecordsFailed"] == 0


@pytest.mark.parametrize(
    ("column", "error"),
    [
        (
            "Account:Account.Ext__c",
            "type is not needed for non polymorphic foreign key references: Account",
        ),
        ("Parent:Contact.Ext__c", "Unable to find relationship: Contact"),
        ("Account:Account:Ext__c", "Field name not found : Account:Account:Ext__c"),
        ("AccountId.Ext__c", "Unable to find relationship: AccountId"),
        ("Account.Foo__c", "Field name not found : Account.Foo__c"),
        ("Account.Name", "Field name not found : Account.Name"),
        ("Account.Parent.Ext__c", "Field name not found : Account.Parent.Ext__c"),
        ("CreatedBy.Username", "Field name not found : CreatedBy.Username"),
        (".Ext__c", "Unable to find relationship: "),
    ],
)
def test_a_header_that_names_no_relationship_fails_the_job(documented_org, column, error):
    org = documented_org()
    job = org.run(f"LastName,{column}\nA,1\n")
    assert (job["state"], job["errorMessage"]) == ("Failed", f"InvalidBatch : {error}")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (0, 0)


@pytest.mark.parametrize(
    ("column", "error"),
    [
        ("Owner.Username", "type is needed for polymorphic foreign key references: Owner"),
        ("Contact:Owner.Ext__c", "Contact is no type of the foreign key references: Owner"),
    ],
)
def test_a_type_is_needed_where_there_are_several(documented_org, column, error):
    org = documented_org()
    job = org.run(f"LastName,Company,{column}\nA,B,ada\n", object="Lead")
    assert (job["state"], job["errorMessage"]) == ("Failed", f"InvalidBatch : {error}")


def test_a_lookup_is_not_set_twice(documented_org):
    org = documented_org()
    org.run(ACCOUNTS, object="Account")
    account = org.simulator.records["Account"][0]["Id"]
    job = org.run(f"LastName,AccountId,Account.Ext__c\nA,{account},a-1\nB,{account},\nC,,a-1\n")
    (error,) = org.errors(job)
    assert error.startswith("INVALID_FIELD:Cannot specify both an external ID reference Account")
    assert len(org.simulator.records["Contact"]) == 2


def test_records_are_upserted_by_an_indexed_field(documented_org):
    org = documented_org()
    rows = "Email,LastName\nada@example.com,{}\n"
    for name in ("A", "B"):
        job = org.run(rows.format(name), "upsert", externalIdFieldName="Email")
        assert job["numberRecordsFailed"] == 0
    assert [each["LastName"] for each in org.simulator.records["Contact"]] == ["B"]
    org.run(rows.format("C"))
    (error,) = org.errors(org.run(rows.format("D"), "upsert", externalIdFieldName="Email"))
    assert error.startswith("DUPLICATE_EXTERNAL_ID:Email: more than one record found")
