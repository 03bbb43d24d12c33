"""What a row of a simulated Salesforce job does to the records."""

import pytest

from asyncdest_nb.simulators.salesforce_bulk.ids import made, read
from bulk_org import KEY, Org, contacts

# What a row does


def test_an_empty_cell_changes_nothing_and_the_null_of_salesforce_empties():
    org = Org()
    org.finished([{KEY: "c-1", "LastName": "A", "FirstName": "B", "Title": "C"}])
    org.finished([{KEY: "c-1", "LastName": "", "FirstName": "#N/A", "Title": "D"}])
    (stored,) = org.contacts()
    assert {**stored, "Id": "003"} == {
        "Id": "003",
        KEY: "c-1",
        "LastName": "A",
        "FirstName": None,
        "Title": "D",
    }


def test_values_are_stored_as_json_shows_them():
    org = Org()
    row = {
        KEY: "c-1",
        "LastName": " nan ",
        "Amount__c": "1e2",
        "When__c": "2026-01-02T03:04:05+01:00",
        "Last_Seen__c": "2025-11-03T13:37:40Z",
        "Signup_Date__c": "2025-10-17",
        "OptIn__c": "TRUE",
        "Newsletter__c": "0",
        "Plan__c": "anything",
        "Orders__c": "53",
    }
    assert org.only(row) is None
    (stored,) = org.contacts()
    assert {name: stored[name] for name in row} == {
        KEY: "c-1",
        "LastName": " nan ",
        "Amount__c": 100.0,
        "When__c": "2026-01-02T02:04:05.000+0000",
        "Last_Seen__c": "2025-11-03T13:37:40.000+0000",
        "Signup_Date__c": "2025-10-17",
        "OptIn__c": True,
        "Newsletter__c": False,
        "Plan__c": "anything",
        "Orders__c": 53.0,
    }


def deserialized(text, kind, name, column=2):
    return (
        f"INVALID_FIELD:Failed to deserialize field at col {column}. "
        f"Due to, '{text}' is not a valid value for the type xsd:{kind}:{name} --"
    )


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ({"Amount__c": "nan"}, deserialized("nan", "double", "Amount__c")),
        ({"Amount__c": "1,5"}, deserialized("1,5", "double", "Amount__c")),
        ({"When__c": "NaT"}, deserialized("NaT", "dateTime", "When__c")),
        (
            {"When__c": "2026-01-02 03:04:05"},
            deserialized("2026-01-02 03:04:05", "dateTime", "When__c"),
        ),
        ({"Signup_Date__c": "2026-02-30"}, deserialized("2026-02-30", "date", "Signup_Date__c")),
        ({"OptIn__c": "maybe"}, deserialized("maybe", "boolean", "OptIn__c")),
        (
            {"OptIn__c": "#N/A"},
            "INVALID_TYPE_ON_FIELD_IN_RECORD:Opt In: value not of required type: null:OptIn__c --",
        ),
        (
            {"Amount__c": "1e16"},
            "NUMBER_OUTSIDE_VALID_RANGE:Amount: value outside of valid range on numeric field: "
            "1e16:Amount__c --",
        ),
        (
            {"Email": "bert"},
            "INVALID_EMAIL_ADDRESS:Email: invalid email address: bert:Email --",
        ),
        (
            {"FirstName": "a" * 41},
            f"STRING_TOO_LONG:First Name: data value too large: {'a' * 41} (max length=40)"
            ":FirstName --",
        ),
        (
            {"AccountId": "003000000000001AAA"},
            "MALFORMED_ID:Account ID: id value of incorrect type: 003000000000001AAA:AccountId --",
        ),
    ],
)
def test_a_cell_that_does_not_fit_its_field_fails_the_row(cells, error):
    org = Org()
    assert org.only({KEY: "c-1", "LastName": "A", **cells}) == error
    assert org.contacts() == []


@pytest.mark.parametrize("text", ["", "#N/A", "  "])
def test_a_new_contact_needs_a_last_name(text):
    error = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert Org().only({KEY: "c-1", "FirstName": "A", "LastName": text}) == error


def test_an_upsert_finds_by_key_whatever_its_case_and_by_no_empty_key():
    org = Org()
    org.finished([{KEY: "c-a", "LastName": "A"}])
    assert org.only({KEY: "C-A", "LastName": "B"}) is None
    assert [row["LastName"] for row in org.contacts()] == ["B"]
    missing = f"MISSING_ARGUMENT:{KEY} not specified:{KEY} --"
    assert org.only({KEY: "", "LastName": "C"}) == missing
    assert org.only({"LastName": "C"}) == missing


def test_a_key_that_two_rows_of_a_job_have_fails_them_all():
    org = Org()
    job_id = org.finished([*contacts(2), {KEY: "C-1", "LastName": "", "Email": "bert"}])
    assert sorted(org.errors(job_id)) == [
        f"DUPLICATE_VALUE:Duplicate external id specified: C-1:{KEY} --",
        f"DUPLICATE_VALUE:Duplicate external id specified: c-1:{KEY} --",
    ]
    assert [row[KEY] for row in org.contacts()] == ["c-0"]


def test_no_two_records_have_one_key():
    org = Org()
    org.finished(contacts(1))
    (known,) = org.contacts()
    error = f"DUPLICATE_VALUE:duplicate value found: {KEY} duplicates value on record with id"
    assert org.only(contacts(1)[0], "insert") == f"{error}: {known['Id']}:--"
    assert org.only({"Id": known["Id"], KEY: "c-9"}, "update") is None
    assert org.only(contacts(1)[0], "insert") is None


def test_a_record_is_found_by_either_of_its_ids():
    org = Org()
    org.finished(contacts(1))
    record_id = org.contacts()[0]["Id"]
    for named in (record_id, record_id[:15]):
        assert org.only({"Id": named, "LastName": named}, "update") is None
        assert org.contacts()[0]["LastName"] == named
    assert org.only({"Id": record_id, "LastName": "Z"}, key="Id") is None
    assert org.only({"Id": record_id}, "delete") is None
    assert org.only({"Id": record_id}, "delete") == "ENTITY_IS_DELETED:entity is deleted:--"
    assert org.only(contacts(1)[0]) is None
    assert org.contacts()[0]["Id"] != record_id


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ("12", "MALFORMED_ID:Contact ID: id value of incorrect type: 12:Id --"),
        (
            made("001", "a"),
            f"MALFORMED_ID:Contact ID: id value of incorrect type: {made('001', 'a')}:Id --",
        ),
        (made("003", "a"), "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"),
        ("", "MISSING_ARGUMENT:Id not specified in an update call:--"),
    ],
)
def test_an_update_names_an_id_that_leads_nowhere(named, error):
    org = Org()
    job_id = org.finished([{"Id": named, "LastName": "A"}], "update")
    (row,) = org.results(job_id, "failedResults")
    assert (row["sf__Error"], row["sf__Id"], row["Id"]) == (error, named, named)


def test_an_id_of_15_characters_has_one_of_18():
    long = made("003", "anything")
    assert read(long[:15], ("003",)) == read(long, ("003",)) == long
    other = "A" if long[-1] != "A" else "B"
    assert read(long[:17] + other, ("003",)) is None
    # From Salesforce's documentation of its Ids.
    assert read("0015000000L2UCJ", ("001",)) == "0015000000L2UCJAA3"
