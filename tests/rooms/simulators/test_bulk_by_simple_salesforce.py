"""Simulated Salesforce jobs, by simple-salesforce and by plain requests over real HTTP."""

import pytest
import requests
from IPython.core.formatters import HTMLFormatter
from simple_salesforce.bulk2 import SFBulk2Handler
from simple_salesforce.exceptions import SalesforceOperationError

from bulk_org import DATA, GONE, KEY, contacts, rows_of


@pytest.fixture
def judged(simulated_salesforce):
    """Start a simulator and return it with a simple-salesforce that talks to it."""
    with requests.Session() as session:

        def start(**knobs):
            simulator = simulated_salesforce(**knobs)
            url = f"{simulator.endpoint}{DATA}/jobs/"
            return simulator, SFBulk2Handler("x", url, session=session)

        yield start


# Judged by simple-salesforce


def test_an_insert_an_update_and_a_delete_by_simple_salesforce(judged):
    simulator, salesforce = judged()
    (done,) = salesforce.Contact.insert(records=contacts(3), wait=0.01)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (3, 0)
    made_ids = {row["Id"]: row["LastName"] for row in simulator.records["Contact"]}
    assert sorted(made_ids.values()) == ["Name 0", "Name 1", "Name 2"]
    assert all(each.startswith("003") and len(each) == 18 for each in made_ids)

    renamed = [{"Id": each, "LastName": "Miller"} for each in made_ids]
    (done,) = salesforce.Contact.update(records=renamed, wait=0.01)
    assert {row["LastName"] for row in simulator.records["Contact"]} == {"Miller"}
    successful = salesforce.Contact.get_all_ingest_records(done["job_id"])["successfulRecords"]
    assert {row["sf__Id"]: row["sf__Created"] for row in successful} == dict.fromkeys(
        made_ids, "false"
    )

    salesforce.Contact.delete(records=[{"Id": each} for each in made_ids], wait=0.01)
    assert simulator.records == {}


def test_an_upsert_by_simple_salesforce_and_its_results(judged):
    simulator, salesforce = judged()
    salesforce.Contact.insert(records=contacts(1), wait=0.01)
    rows = [*contacts(3), {KEY: "c-3", "LastName": ""}]
    (done,) = salesforce.Contact.upsert(records=rows, external_id_field=KEY, wait=0.01)
    assert done["numberRecordsTotal"] == done["numberRecordsProcessed"] == 4
    assert done["numberRecordsFailed"] == 1
    found = salesforce.Contact.get_all_ingest_records(done["job_id"])
    created = {row[KEY]: row["sf__Created"] for row in found["successfulRecords"]}
    assert created == {"c-0": "false", "c-1": "true", "c-2": "true"}
    assert found["failedRecords"] == [
        {
            "sf__Id": "",
            "sf__Error": "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]"
            ":LastName --",
            KEY: "c-3",
            "LastName": "",
        }
    ]
    assert found["unprocessedRecords"] == []
    assert len(simulator.records["Contact"]) == 3


def test_what_simple_salesforce_makes_of_a_missing_value_is_stored_as_text(judged):
    simulator, salesforce = judged()
    row = {KEY: "c-1", "LastName": float("nan"), "Amount__c": 1.5}
    salesforce.Contact.insert(records=[row], wait=0.01)
    (stored,) = simulator.records["Contact"]
    assert (stored["LastName"], stored["Amount__c"]) == ("nan", 1.5)
    (done,) = salesforce.Contact.insert(
        records=[{KEY: "c-2", "LastName": "A", "Amount__c": float("nan")}], wait=0.01
    )
    (refused,) = salesforce.Contact.get_all_ingest_records(done["job_id"])["failedRecords"]
    assert refused["sf__Error"].startswith("INVALID_FIELD:Failed to deserialize field at col")
    assert "'nan' is not a valid value for the type xsd:double:Amount__c --" in refused["sf__Error"]


def test_a_job_that_cannot_be_read_is_raised_by_simple_salesforce_in_our_words(judged):
    simulator, salesforce = judged()
    with pytest.raises(SalesforceOperationError, match="Field name not found : Foo"):
        salesforce.Contact.insert(records=[{"LastName": "A", "Foo": "1"}], wait=0.01)
    (job,) = simulator.operations
    found = salesforce.Contact.get_all_ingest_records(job["id"])
    assert found["unprocessedRecords"] == [{"LastName": "A", "Foo": "1"}]
    assert simulator.records == {}


def test_an_upload_of_crlf_and_semicolons_by_simple_salesforce(judged):
    simulator, salesforce = judged()
    salesforce.Lead.insert(
        records=[{"LastName": "A;B", "Company": "C\nD"}],
        column_delimiter="SEMICOLON",
        line_ending="CRLF",
        wait=0.01,
    )
    (lead,) = simulator.records["Lead"]
    assert (lead["LastName"], lead["Company"]) == ("A;B", "C\nD")


# Over plain HTTP


def test_answers_over_http_have_the_types_and_bodies_of_salesforce(simulated_salesforce):
    simulator = simulated_salesforce(duration_seconds=0)
    jobs = f"{simulator.endpoint}{DATA}/jobs/ingest"
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer x"
        job = session.post(jobs, json={"operation": "insert", "object": "Contact"}).json()
        assert (job["state"], job["contentType"], job["apiVersion"]) == ("Open", "CSV", 59.0)
        put = session.put(
            f"{simulator.endpoint}/{job['contentUrl']}", data="LastName\nGroß\n".encode()
        )
        assert (put.status_code, put.content) == (201, b"")
        session.patch(f"{jobs}/{job['id']}", json={"state": "UploadComplete"})
        results = session.get(f"{jobs}/{job['id']}/successfulResults")
        assert results.headers["content-type"] == "text/csv"
        (row,) = rows_of(results.content.decode())
        assert row["LastName"] == "Groß"
        assert (
            results.content
            == f'"sf__Id","sf__Created","LastName"\n"{row["sf__Id"]}","true","Groß"\n'.encode()
        )
        deleted = session.delete(f"{jobs}/{job['id']}")
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert session.get(f"{jobs}/{job['id']}").json() == GONE


def test_a_token_for_the_clients_credentials_opens_everything(simulated_salesforce):
    simulator = simulated_salesforce(token_seconds=60, client_id="me", client_secret="sesame")
    assert simulator.settings == {
        "instance_url": simulator.endpoint,
        "client_id": "me",
        "client_secret": "sesame",
    }
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "sesame"}
    with requests.Session() as session:
        url = f"{simulator.endpoint}/services/oauth2/token"
        token = session.post(url, data=form).json()
        assert (token["instance_url"], token["token_type"]) == (simulator.endpoint, "Bearer")
        limits = f"{simulator.endpoint}{DATA}/limits"
        for word, status in ((token["access_token"], 200), ("x", 401)):
            answer = session.get(limits, headers={"Authorization": f"Bearer {word}"})
            assert answer.status_code == status
        wrong = session.post(url, data=form | {"client_secret": "sesam"})
        assert (wrong.status_code, wrong.json()) == (
            400,
            {"error": "invalid_client", "error_description": "invalid client credentials"},
        )
    assert "sesame" not in repr(simulator) + HTMLFormatter()(simulator)
