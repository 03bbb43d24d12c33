"""The played Salesforce by the clients that others wrote for the real one: whole flows.

jsforce (npm), aiosalesforce and simple-salesforce log in, describe, insert, update, upsert
and delete rows, read all results, abort, delete and list jobs. The last two take addresses
of Salesforce alone: what they send there is led to loopback, unchanged.
"""

from __future__ import annotations

import asyncio
import csv
import io
from contextlib import ExitStack
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import requests
from aiosalesforce import Salesforce as AioSalesforce
from aiosalesforce.auth import ClientCredentialsFlow
from aiosalesforce.exceptions import AuthenticationError, NotFoundError, SalesforceError
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceOperationError,
    SalesforceResourceNotFound,
)

import jsforce
from asyncdest_nb.simulators import simulate

CLIENT = {"client_id": "a-client", "client_secret": "s3same-of-the-client"}
USER = {"username": "ada@example.com", "password": "s3same-of-the-user"}
KEY = "Ext__c"
NOT_THERE = "INVALID_FIELD:Foreign key external ID: {} not found for field Ext__c in entity {}:--"


@pytest.fixture
def play():
    """Start organisations that end with the test."""
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"duration_seconds": 0.05, "failing": 0, **CLIENT, **USER, **knobs}
            return stack.enter_context(simulate("salesforce-bulk", **knobs))

        yield start


def by_key(rows):
    return {row[KEY]: row for row in rows}


# jsforce


@pytest.mark.timeout(420)  # The first time it is installed.
def test_jsforce_completes_its_flows(play):
    jsforce.module()
    org = play(token_seconds=600)
    settings = {"url": org.endpoint, **USER}
    found = jsforce.flow(
        settings | {"clientId": CLIENT["client_id"], "clientSecret": CLIENT["client_secret"]}
    )
    assert found["wrongPassword"] == ["invalid_grant", "authentication failure"]
    assert found["user"]["organizationId"].startswith("00D")
    assert found["identity"] == USER["username"]
    assert {"Contact", "Account"} <= set(found["objects"])
    assert found["fields"] > 30

    inserted = found["inserted"]
    (made,) = inserted["successfulResults"]
    assert (made[KEY], made["sf__Created"], made["LastName"]) == (
        "c-2",
        "true",
        'two\nlines, "quoted"',
    )
    (failed,) = inserted["failedResults"]
    assert (failed[KEY], failed["LastName"]) == ("c-1", "Hübner")
    assert failed["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:")

    upserted = by_key(found["upserted"]["successfulResults"])
    created = {key: row["sf__Created"] for key, row in upserted.items()}
    assert created == {"c-2": "false", "c-3": "true"}
    (failed,) = found["upserted"]["failedResults"]
    assert failed["sf__Error"] == NOT_THERE.format("c-9", "Contact")

    changed = {row["sf__Created"] for row in found["updated"]["successfulResults"]}
    assert (changed, found["updated"]["failedResults"]) == ({"false"}, [])
    assert len(found["deleted"]["successfulResults"]) == 1
    (left,) = org.records["Contact"]
    assert (left["LastName"], left["Title"]) == ("Z", None)
    assert "Field name not found : Foo" in found["unknownColumn"][1]

    jobs = found["jobs"]
    assert jobs["deletedOpen"][0] == "INVALIDJOBSTATE"
    assert (jobs["aborted"], jobs["gone"][0]) == ("Aborted", "NOT_FOUND")
    assert (jobs["empty"]["state"], jobs["empty"]["numberRecordsProcessed"]) == ("JobComplete", 0)
    assert set(map(str, jobs["emptyResults"].values())) == {"[]"}
    assert [jobs["emptyId"], "JobComplete", "V2Ingest"] in jobs["listed"]
    assert jobs["done"] is True
    assert found["requests"]["Max"] == found["usage"]["limit"]
    assert found["usage"]["used"] > 0
    assert found["afterLogout"][0] == "INVALID_SESSION_ID"


# aiosalesforce


class Loopback(httpx.AsyncBaseTransport):
    """Lead requests to Salesforce to an address on loopback."""

    def __init__(self, endpoint):
        self._inner = httpx.AsyncHTTPTransport()
        self._url = httpx.URL(endpoint)

    async def handle_async_request(self, request):
        where = {"scheme": "http", "host": self._url.host, "port": self._url.port}
        request.url = request.url.copy_with(**where)
        request.headers["host"] = f"{self._url.host}:{self._url.port}"
        return await self._inner.handle_async_request(request)

    async def aclose(self):
        await self._inner.aclose()


def with_aiosalesforce(org, flow, *, secret=CLIENT["client_secret"]):
    """Run *flow* with a client that logs in by its own credentials."""

    async def run():
        async with httpx.AsyncClient(transport=Loopback(org.endpoint), timeout=30) as client:
            auth = ClientCredentialsFlow(CLIENT["client_id"], secret)
            url = "https://acme.my.salesforce.com"
            return await flow(AioSalesforce(client, base_url=url, auth=auth))

    return asyncio.run(run())


async def done(sf, operation, sobject, rows, **options):
    """Do a job to its end and return its outcome."""
    ingest = sf.bulk_v2.ingest
    (result,) = [
        each
        async for each in ingest.perform_operation(
            operation, sobject, rows, polling_interval=0.02, **options
        )
    ]
    return result


def test_aiosalesforce_completes_its_flows(play):
    async def flow(sf):
        assert (await sf.get_limits())["DailyApiRequests"]["Max"] == 100_000
        await done(sf, "insert", "Account", [{KEY: "a-1", "Name": "Acme"}])
        rows = [
            {KEY: "c-1", "LastName": "Hübner, Ö.", "Account": {KEY: "a-1"}, "OptIn__c": True},
            {KEY: "c-2", "LastName": "B", "Account": {KEY: "a-9"}, "OptIn__c": False},
        ]
        inserted = await done(sf, "insert", "Contact", rows)
        (made,) = inserted.successful_results
        assert (made[KEY], made["sf__Created"], made["LastName"]) == ("c-1", "true", "Hübner, Ö.")
        (failed,) = inserted.failed_results
        assert failed["sf__Error"] == NOT_THERE.format("a-9", "Account")
        assert (inserted.job_info.state, inserted.job_info.job_type) == ("JobComplete", "V2Ingest")

        rows = [{KEY: "c-1", "Title": "#N/A"}, {KEY: "c-2", "LastName": "B"}]
        rows[0]["LastName"] = "C"
        upserted = await done(sf, "upsert", "Contact", rows, external_id_field=KEY)
        found = by_key(upserted.successful_results)
        assert {key: row["sf__Created"] for key, row in found.items()} == {
            "c-1": "false",
            "c-2": "true",
        }
        ids = {key: row["sf__Id"] for key, row in found.items()}
        await done(sf, "update", "Contact", [{"Id": ids["c-2"], "LastName": "Z"}])
        deleted = await done(sf, "delete", "Contact", [{"Id": ids["c-1"]}])
        assert [row["sf__Id"] for row in deleted.successful_results] == [ids["c-1"]]

        unknown = await done(sf, "insert", "Contact", [{"LastName": "A", "Foo": "1"}])
        assert unknown.job_info.state == "Failed"
        assert unknown.unprocessed_records == [{"LastName": "A", "Foo": "1"}]

    org = play(token_seconds=600)
    with_aiosalesforce(org, flow)
    (account,) = org.records["Account"]
    (left,) = org.records["Contact"]
    assert (left[KEY], left["LastName"], left.get("AccountId")) == ("c-2", "Z", None)
    assert account["Name"] == "Acme"


def test_aiosalesforce_aborts_deletes_and_lists_jobs(play):
    async def flow(sf):
        ingest = sf.bulk_v2.ingest
        first = await ingest.create_job("insert", "Contact")
        assert (first.state, first.api_version) == ("Open", 60.0)
        with pytest.raises(SalesforceError, match="INVALIDJOBSTATE"):
            await ingest.delete_job(first.id)
        assert (await ingest.abort_job(first.id)).state == "Aborted"
        await ingest.delete_job(first.id)
        with pytest.raises(NotFoundError):
            await ingest.get_job(first.id)
        made = [await ingest.create_job("insert", "Contact") for _ in range(1_001)]
        listed = [job async for job in ingest.list_jobs()]
        assert [job.id for job in listed] == [job.id for job in made]
        assert {job.job_type for job in listed} == {"V2Ingest"}
        assert [job async for job in ingest.list_jobs(is_pk_chunking_enabled=True)] == []

    org = play()
    with_aiosalesforce(org, flow)
    assert org.requests["GET /services/data/v{version}.0/jobs/ingest"] == {200: 3}


def test_aiosalesforce_is_told_in_the_words_of_oauth(play):
    async def flow(sf):
        with pytest.raises(AuthenticationError) as raised:
            await sf.get_limits()
        assert (raised.value.error_code, raised.value.error_message) == (
            "invalid_client",
            "invalid client credentials",
        )

    with_aiosalesforce(play(), flow, secret="another")


def test_aiosalesforce_gets_a_new_token_when_the_old_one_is_taken_no_more(play):
    org = play()

    async def flow(sf):
        await sf.get_limits()
        token = await sf.auth.get_access_token(sf)
        revoke = f"{sf.base_url}/services/oauth2/revoke"
        assert (await sf.httpx_client.post(revoke, data={"token": token})).status_code == 200
        await sf.get_limits()

    with_aiosalesforce(org, flow)
    assert org.requests["POST /services/oauth2/token"] == {200: 2}
    assert org.requests["GET /services/data/v{version}.0/limits"] == {200: 2, 401: 1}


# simple-salesforce


class Adapter(HTTPAdapter):
    """Lead requests to Salesforce to an address on loopback."""

    def __init__(self, endpoint):
        super().__init__()
        self._netloc = urlsplit(endpoint).netloc

    def send(self, request, **options):
        parts = urlsplit(request.url)
        request.url = urlunsplit(parts._replace(scheme="http", netloc=self._netloc))
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


def test_simple_salesforce_completes_its_flows(play, session):
    org = play(token_seconds=600)
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


def test_simple_salesforce_logs_in_with_the_clients_credentials_in_the_header(play, session):
    token, where = SalesforceLogin(**app(play(), session))
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
def test_simple_salesforce_is_told_in_the_words_of_oauth(play, session, wrong, error):
    with pytest.raises(SalesforceAuthenticationFailed) as raised:
        SalesforceLogin(**(app(play(), session, **USER) | wrong))
    assert raised.value.code == error
