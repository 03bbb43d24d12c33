"""The simulated Salesforce by simple-salesforce, written for the real one: whole flows.

It accepts addresses of Salesforce alone: its requests are led to loopback, unchanged.
"""

from __future__ import annotations

import csv
import io
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceOperationError,
    SalesforceResourceNotFound,
)

from salesforce_client import CLIENT, KEY, NOT_THERE, USER

# simple-salesforce


class Adapter(HTTPAdapter):
    """Lead requests to Salesforce to an address on loopback."""

    def __init__(self, endpoint):
        super().__init__()
        self._netloc = urlsplit(endpoint).netloc

    def send(self, request, **options):
        parts = urlsplit(request.url)
        request.url = urlunsplit(("http", self._netloc, parts.path, parts.query, parts.fragment))
        return super().send(request, **options)


@pytest.fixture
def session():
    with requests.Session() as session:
        yield session


def app(org, session, **more):
    """Return what simple-salesforce logs in with."""
    session.mount("https://", Adapter(org.endpoint))
    client = {"consumer_key": CLIENT["client_id"], "consumer_secret": CLIENT["client_secret"]}
    return {"session": session, "domain": "acme.my", **client, **more}


def test_simple_salesforce_completes_its_flows(org_with_client, session):
    org = org_with_client(token_seconds=600)
    sf = Salesforce(**app(org, session, **USER))
    assert {"Contact", "Account"} <= {each["name"] for each in sf.describe()["sobjects"]}
    assert sf.Contact.describe()["name"] == "Contact"
    assert sf.Contact.metadata()["objectDescribe"]["keyPrefix"] == "003"
    assert sf.limits()["DailyApiRequests"]["Max"] == sf.api_usage["api-usage"].total
    assert sf.api_usage["api-usage"].used == 4

    sf.bulk2.Account.insert(records=[{KEY: "a-1", "Name": "Acme"}], wait=0.01)
    rows = [
        {KEY: "c-1", "LastName": "A", f"Account.{KEY}": "a-1"},
        {KEY: "c-2", "LastName": "B", f"Account.{KEY}": "a-9"},
    ]
    bulk = sf.bulk2.Contact
    (job,) = bulk.upsert(records=rows, external_id_field=KEY, wait=0.01)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    (failed,) = csv.DictReader(io.StringIO(bulk.get_failed_records(job["job_id"])))
    assert failed["sf__Error"] == NOT_THERE.format("a-9", "Account")
    (account,) = org.records["Account"]
    (contact,) = org.records["Contact"]
    assert contact["AccountId"] == account["Id"]
    bulk.update(records=[{"Id": contact["Id"], "LastName": "Z"}], wait=0.01)
    assert org.records["Contact"][0]["LastName"] == "Z"
    bulk.delete(records=[{"Id": contact["Id"]}], wait=0.01)
    assert "Contact" not in org.records
    with pytest.raises(SalesforceOperationError, match="Unable to find relationship: Acount"):
        bulk.insert(records=[{"LastName": "A", f"Acount.{KEY}": "a-1"}], wait=0.01)

    listed = sf.restful("jobs/ingest", params={"jobType": "V2Ingest"})
    states = [each["state"] for each in listed["records"]]
    assert (states, listed["done"]) == (["JobComplete"] * 4 + ["Failed"], True)
    last = listed["records"][-1]["id"]
    sf.restful(f"jobs/ingest/{last}", method="DELETE")
    with pytest.raises(SalesforceResourceNotFound):
        sf.restful(f"jobs/ingest/{last}")


def test_simple_salesforce_logs_in_with_the_clients_credentials_in_the_header(
    org_with_client, session
):
    token, where = SalesforceLogin(**app(org_with_client(), session))
    assert token.startswith("00D")
    assert where.startswith("127.0.0.1")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"password": "no"}, "invalid_grant"),
        ({"consumer_key": "no"}, "invalid_client_id"),
        ({"consumer_secret": "no"}, "invalid_client"),
    ],
)
def test_simple_salesforce_is_told_in_the_words_of_oauth(org_with_client, session, wrong, error):
    with pytest.raises(SalesforceAuthenticationFailed) as raised:
        SalesforceLogin(**(app(org_with_client(), session, **USER) | wrong))
    assert raised.value.code == error
