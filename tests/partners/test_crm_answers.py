"""Odd answers of vendors' APIs, from small servers that are made of their documents alone."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi


def outcomes(connection: ad.Connection, column: str, **fields: Any) -> list[str]:
    """Return how four rows end."""
    frame = pd.DataFrame({column: [f"{letter}@x.de" for letter in "abcd"]})
    run = connection.submit(frame, "upsert", **fields)
    run.wait(timeout=60)
    return run.results()["status"].tolist()


class Klaviyo:
    """One job; its second profile fails. *empty* times the list of errors is."""

    def __init__(self, *, completed: int = 3, failed: int = 1, empty: int = 0) -> None:
        self._counts = {"total_count": 4, "completed_count": completed, "failed_count": failed}
        self._failed, self._empty = failed, empty

    def __call__(self, call: ApiCall) -> Any:
        if call.method == "POST":
            return 202, {"data": {"id": "j"}}
        if not call.path.endswith("import-errors"):
            return {"data": {"id": "j", "attributes": {"status": "complete", **self._counts}}}
        self._empty -= 1
        pointer = "/data/attributes/profiles/data/1/attributes/email"
        error = {"attributes": {"detail": "bad", "source": {"pointer": pointer}}}
        return {"data": [error] * (self._failed if self._empty < 0 else 0), "links": {"next": None}}


def klaviyo(session: ad.Session, api: Klaviyo) -> list[str]:
    with DescribedApi(api) as server:
        options = {"base_url": server.url, "api_key": "pk_9f8e7d6c5b4a"}
        crm = session.connect("klaviyo-profiles", requests_per_second=1000, **options)
        return outcomes(crm, "email")


RIGHT = ["completed", "failed", "completed", "completed"]


@pytest.mark.parametrize("completed", [3, 4])
def test_klaviyo_may_count_failed_profiles_as_completed_or_not(session, completed):
    assert klaviyo(session, Klaviyo(completed=completed)) == RIGHT


@pytest.mark.parametrize(("completed", "failed"), [(1, 1), (0, 0)])
def test_profiles_that_klaviyo_did_not_work_on_are_not_completed(session, completed, failed):
    found = klaviyo(session, Klaviyo(completed=completed, failed=failed))
    assert "completed" not in found


def test_errors_that_klaviyo_lists_a_little_later_are_waited_for(session):
    assert klaviyo(session, Klaviyo(empty=1)) == RIGHT


class Mailchimp:
    """One batch, which is not found *missing* times, and ends *unpacked* polls before its file."""

    def __init__(self, *, missing: int = 0, unpacked: int = 0, code: int = 404) -> None:
        self.url, self.polls = "", 0
        self._missing, self._unpacked, self._rows = missing, unpacked, list[str]()
        self._code = code

    def __call__(self, call: ApiCall) -> Any:
        if call.method == "POST":
            self._rows = [each["operation_id"] for each in call.json["operations"]]
            return {"id": "b", "status": "pending"}
        if call.path == "/results":
            return 200, {"content-type": "application/x-gzip"}, self._packed()
        self.polls += 1
        if self.polls <= self._missing:
            problem = {"title": "Resource Not Found", "status": 404, "detail": "not found"}
            return self._code, {"content-type": "application/problem+json"}, problem
        is_there = self.polls > self._missing + self._unpacked
        return {
            "id": "b",
            "status": "finished",
            "total_operations": 4,
            "errored_operations": 0,
            "response_body_url": f"{self.url}/results" if is_there else "",
        }

    def _packed(self) -> bytes:
        answers = [
            {"status_code": 200, "operation_id": row, "response": "{}"} for row in self._rows
        ]
        file, content = io.BytesIO(), json.dumps(answers).encode()
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            entry = tarfile.TarInfo("./a.json")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        return file.getvalue()


@pytest.mark.parametrize(
    "api", [Mailchimp(missing=1), Mailchimp(missing=1, code=200), Mailchimp(unpacked=1)]
)
def test_a_batch_of_mailchimp_that_is_found_a_little_later_is_polled_on(session, api):
    with DescribedApi(api) as server:
        api.url = server.url
        options = {"base_url": server.url, "api_key": "9f8e7d6c5b4a-us1"}
        crm = session.connect("mailchimp-batches", requests_per_second=1000, **options)
        assert outcomes(crm, "email_address", list_id="L") == ["completed"] * 4


class MarketingCloud:
    """One request, whose results are empty *empty* times."""

    def __init__(self, *, empty: int) -> None:
        self.url, self.reads, self._empty = "", 0, empty

    def __call__(self, call: ApiCall) -> Any:
        if call.path == "/v2/token":
            return {
                "access_token": "t0k3n-t0k3n",
                "expires_in": 3600,
                "rest_instance_url": self.url,
            }
        if call.method == "PUT":
            return 202, {"requestId": "r", "resultMessages": []}
        if call.path.endswith("/status"):
            return {"status": {"requestStatus": "Complete", "resultStatus": "Has Errors"}}
        self.reads += 1
        bad = {"status": "Error", "message": "Cannot insert", "errorCode": 2}
        items = [bad if row == 1 else {"status": "OK"} for row in range(4)]
        items = items if self.reads > self._empty else []
        return {"page": 1, "pageSize": 50, "count": len(items), "items": items}


@pytest.mark.parametrize(("empty", "expected", "reads"), [(1, RIGHT, 2), (99, ["unknown"] * 4, 5)])
def test_results_of_marketing_cloud_are_waited_for_but_not_for_ever(
    session, empty, expected, reads
):
    api = MarketingCloud(empty=empty)
    assert marketing_cloud(session, api) == expected
    assert api.reads == reads


def marketing_cloud(session: ad.Session, api: MarketingCloud) -> list[str]:
    with DescribedApi(api) as server:
        api.url = server.url
        options = {"auth_url": server.url, "client_id": "me", "client_secret": "s3cr3t-s3cr3t"}
        crm = session.connect("sfmc-rows", requests_per_second=1000, **options)
        return outcomes(crm, "k", data_extension="D")


class PagedCloud(MarketingCloud):
    """The same in pages of two, of which only the first is there if it *ignores* the number."""

    def __init__(self, *, ignores: bool) -> None:
        super().__init__(empty=0)
        self._ignores = ignores

    def __call__(self, call: ApiCall) -> Any:
        whole = super().__call__(call)
        if not call.path.endswith("/results"):
            return whole
        page = 1 if self._ignores else int(call.query["$page"])
        items = whole["items"][2 * page - 2 : 2 * page]
        # No document says whether this is the number of all.
        count = 4 if self._ignores else len(items)
        return {"page": page, "pageSize": 2, "count": count, "items": items}


@pytest.mark.parametrize(
    ("ignores", "expected"),
    [(False, RIGHT), (True, ["completed", "failed", "unknown", "unknown"])],
)
def test_a_page_of_marketing_cloud_is_not_taken_for_the_next(session, ignores, expected):
    assert marketing_cloud(session, PagedCloud(ignores=ignores)) == expected


class Salesforce:
    """One job, whose second record fails. *empty* times its result files have no lines."""

    def __init__(self, *, empty: int) -> None:
        self.reads, self._lines, self._empty = 0, list[str](), empty

    def __call__(self, call: ApiCall) -> Any:
        what = call.path.rpartition("/")[2]
        if call.method == "PUT":
            self._lines = call.body.decode().splitlines()
            return 201, b""
        if what.lower() in ("successfulresults", "failedresults", "unprocessedrecords"):
            return 200, {"content-type": "text/csv"}, self._file(what.lower())
        if "sobjects" in call.path:
            may = {"createable": True, "updateable": True}
            key = {"name": "Ext__c", "type": "string", "externalId": True, "idLookup": True, **may}
            return {"name": "Contact", "fields": [key], **may}
        state = "Open" if call.method == "POST" else "JobComplete"
        return {"id": "7501", "state": state, "numberRecordsProcessed": 4}

    def _file(self, what: str) -> str:
        self.reads += what == "successfulresults"
        header, *rows = self._lines
        first = {"successfulresults": "sf__Id,sf__Created,", "failedresults": "sf__Id,sf__Error,"}
        kept = {"successfulresults": [rows[0], *rows[2:]], "failedresults": rows[1:2]}
        cells = {"successfulresults": "1,true,", "failedresults": ",E:bad:--,"}
        lines = kept.get(what, []) if self.reads > self._empty else []
        named = [f"{cells[what]}{each}" for each in lines]
        return "\n".join([first.get(what, "") + header, *named, ""])


@pytest.mark.parametrize(("empty", "expected"), [(1, RIGHT), (99, ["unknown"] * 4)])
def test_results_of_salesforce_are_waited_for_but_not_for_ever(session, empty, expected):
    with DescribedApi(Salesforce(empty=empty)) as server:
        options = {"instance_url": server.url, "access_token": "00Dxx-t0k3n"}
        crm = session.connect("salesforce-bulk", requests_per_second=1000, **options)
        found = outcomes(crm, "Ext__c", object="Contact", external_id="Ext__c")
    assert found == expected
