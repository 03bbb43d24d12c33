"""The simulated Salesforce by aiosalesforce, which was written for the real one: whole flows.

It accepts addresses of Salesforce alone: its requests are led to loopback, unchanged.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest
from aiosalesforce import Salesforce as AioSalesforce
from aiosalesforce.auth import ClientCredentialsFlow
from aiosalesforce.exceptions import AuthenticationError, NotFoundError, SalesforceError

from salesforce_client import CLIENT, KEY, NOT_THERE, by_key

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


def run_with_aiosalesforce(org, flow, *, secret=CLIENT["client_secret"]):
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


def test_aiosalesforce_completes_its_flows(org_with_client):
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

    org = org_with_client(token_seconds=600)
    run_with_aiosalesforce(org, flow)
    (account,) = org.records["Account"]
    (left,) = org.records["Contact"]
    assert (left[KEY], left["LastName"], left.get("AccountId")) == ("c-2", "Z", None)
    assert account["Name"] == "Acme"


@pytest.mark.slow
def test_aiosalesforce_aborts_deletes_and_lists_jobs(org_with_client):
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

    org = org_with_client()
    run_with_aiosalesforce(org, flow)
    assert org.requests["GET /services/data/v{version}.0/jobs/ingest"] == {200: 3}


def test_aiosalesforce_is_told_in_the_words_of_oauth(org_with_client):
    async def flow(sf):
        with pytest.raises(AuthenticationError) as raised:
            await sf.get_limits()
        assert (raised.value.error_code, raised.value.error_message) == (
            "invalid_client",
            "invalid client credentials",
        )

    run_with_aiosalesforce(org_with_client(), flow, secret="another")


def test_aiosalesforce_gets_a_new_token_when_the_old_one_is_taken_no_more(org_with_client):
    org = org_with_client()

    async def flow(sf):
        await sf.get_limits()
        token = await sf.auth.get_access_token(sf)
        revoke = f"{sf.base_url}/services/oauth2/revoke"
        assert (await sf.httpx_client.post(revoke, data={"token": token})).status_code == 200
        await sf.get_limits()

    run_with_aiosalesforce(org, flow)
    assert org.requests["POST /services/oauth2/token"] == {200: 2}
    assert org.requests["GET /services/data/v{version}.0/limits"] == {200: 2, 401: 1}
