"""Descriptions from a blank file, run against small servers made from the vendors' facts alone."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi
from paths import ROOT

FILES = ROOT / "tests/data/api_descriptions"
LEADS = pd.DataFrame(
    {"email": ["a@x.de", "b@x.de", "c@x.de"], "firstName": ["Änne", None, 'B, "q"']}
)


class Marketo:
    """Bulk lead import: a token in the query, errors in answers with 200, results as CSV."""

    def __init__(self) -> None:
        self.tokens = 0
        self.csv = ""
        self.refusals = ["601", "606"]  # Before the first import: an old token, a throttle.
        self.polls = iter(["Queued", "Importing", "Complete"])

    def __call__(self, call: ApiCall):
        if call.path == "/identity/oauth/token":
            assert call.query["grant_type"] == "client_credentials"
            assert (call.query["client_id"], call.query["client_secret"]) == ("id", "s3cr3t-s3cr3t")
            self.tokens += 1
            return {"access_token": f"token-{self.tokens}", "expires_in": 3599}
        assert call.headers["authorization"] == f"Bearer token-{self.tokens}"
        if call.path == "/bulk/v1/leads.json":
            return self.imported(call)
        if call.path == "/bulk/v1/leads/batch/3404.json":
            job = {"status": next(self.polls), "numOfLeadsProcessed": 2, "numOfRowsFailed": 1}
            return {"success": True, "result": [{"batchId": 3404, **job}]}
        assert call.path == "/bulk/v1/leads/batch/3404/failures.json"
        return 200, {"content-type": "text/csv"}, self.failures()

    def imported(self, call: ApiCall):
        if self.refusals:
            error = {"code": self.refusals.pop(0), "message": "Access token invalid or too fast"}
            return {"success": False, "errors": [error]}
        assert call.query == {"format": "csv", "lookupField": "email"}
        boundary = call.headers["content-type"].partition("boundary=")[2].encode()
        _, part, _ = call.body.split(b"--" + boundary)
        head, _, self.csv = part.decode().partition("\r\n\r\n")
        assert 'name="file"' in head
        self.csv = self.csv.removesuffix("\r\n")
        return {
            "success": True,
            "result": [{"batchId": 3404, "importId": "3404", "status": "Queued"}],
        }

    def failures(self) -> str:
        rows = list(csv.DictReader(io.StringIO(self.csv)))
        written = io.StringIO()
        writer = csv.DictWriter(written, [*rows[0], "Import Failure Reason"])
        writer.writeheader()
        writer.writerow({**rows[1], "Import Failure Reason": "missing value of firstName"})
        return written.getvalue()


def test_marketo_is_described_in_forty_lines(session: ad.Session):
    file, marketo = FILES / "marketo.yaml", Marketo()
    assert len(file.read_text().splitlines()) < 40
    with DescribedApi(marketo) as api:
        keys = {"client_id": "id", "client_secret": "s3cr3t-s3cr3t", "endpoint": api.url}
        run = session.connect(ad.http_destination(file), **keys).submit(LEADS, "import")
        run.wait(timeout=60)
    assert marketo.csv == 'email,firstName\na@x.de,Änne\nb@x.de,\nc@x.de,"B, ""q"""\n'
    assert run.results()["status"].tolist() == ["completed", "failed", "completed"]
    assert run.results().loc[1, "message"] == "missing value of firstName"
    assert marketo.tokens == 2
    assert len(api.asked("POST", "/bulk/v1/leads.json")) == 3


def test_rows_with_the_same_key_are_not_sent_to_marketo(session: ad.Session):
    leads = pd.DataFrame({"email": ["a@x.de", "b@x.de", "a@x.de"]})
    with DescribedApi(Marketo()) as api:
        keys = {"client_id": "id", "client_secret": "s3cr3t-s3cr3t", "endpoint": api.url}
        found = session.connect(ad.http_destination(FILES / "marketo.yaml"), **keys).preview(
            leads, "import"
        )
        assert api.calls == []
    assert "2 rows have it" in str(found)


@pytest.mark.parametrize(
    ("state", "statuses"),
    [("completed", {"completed"}), ("completed_with_errors", {"unknown"}), ("failed", {"failed"})],
)
def test_intercom_is_described_in_forty_lines(session: ad.Session, state: str, statuses: set[str]):
    file = FILES / "intercom.yaml"
    assert len(file.read_text().splitlines()) < 40
    states = iter(["pending", "running", state])

    def answer(call: ApiCall):
        assert call.headers["authorization"] == "Bearer tok-tok-tok"
        if call.method == "POST":
            assert call.path == "/contacts/bulk"
            tasks = [{"id": "t1", "item_count": len(call.json["contacts"]), "state": "pending"}]
            job = {
                "id": "job_1",
                "state": "pending",
                "tasks": tasks,
                "url": f"{api.url}/jobs/job_1",
            }
            return 202, job
        return {"id": "job_1", "state": next(states)}

    with DescribedApi(answer) as api:
        connection = session.connect(
            ad.http_destination(file), access_token="tok-tok-tok", endpoint=api.url
        )
        run = connection.submit(LEADS, "contacts", columns={"name": "firstName"})
        run.wait(timeout=60)
        sent = api.calls[0].json["contacts"]
    assert sent[1] == {"email": "b@x.de"}  # A null is left out.
    # Which of the contacts failed is never answered.
    assert set(run.results()["status"]) == statuses
