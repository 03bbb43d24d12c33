"""The simulated Salesforce over plain HTTP, against Salesforce's developer guides: creating jobs,
also together with their rows."""

from __future__ import annotations

import pytest

from documented_salesforce import JOBS, KEY, refusal

# Create


def test_a_job_says_what_the_guide_says_of_it(documented_org):
    org = documented_org(duration_seconds=30)
    asked = {"operation": "upsert", "object": "Lead", "externalIdFieldName": KEY}
    job = org.open(**asked, assignmentRuleId="01Q000000000001AAA")
    told = {
        **asked,
        "assignmentRuleId": "01Q000000000001AAA",
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
        "apiVersion": 59.0,
        "jobType": "V2Ingest",
        "contentUrl": f"services/data/v59.0/jobs/ingest/{job['id']}/batches",
    }
    times = {"createdById", "createdDate", "systemModstamp"}
    assert {name: job[name] for name in told} == told
    assert set(job) == {*told, *times, "id"}
    counts = {
        "retries",
        "totalProcessingTime",
        "apiActiveProcessingTime",
        "apexProcessingTime",
        "numberRecordsProcessed",
        "numberRecordsFailed",
    }
    assert set(org.ask("GET", f"{JOBS}/{job['id']}").json()) == {*job, *counts}
    closed = org.change(job["id"], "UploadComplete").json()
    # "Only valid if the job is in Open state."
    assert set(closed) == set(job) - {"contentUrl"}
    assert "contentUrl" not in org.ask("GET", f"{JOBS}/{job['id']}").json()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"concurrencyMode": "Serial"}, "INVALIDJOB"),
        ({"state": "Open"}, "INVALIDJOB"),
        ({"columnDelimiter": "SPACE"}, "INVALIDJOB"),
        ({"columnDelimiter": ["COMMA"]}, "INVALIDJOB"),
        ({"object": "User"}, "INVALIDENTITY"),
    ],
)
def test_a_job_that_the_guide_does_not_have_is_refused(documented_org, more, code):
    org = documented_org()
    wanted = {"operation": "insert", "object": "Contact", **more}
    assert refusal(org.ask("POST", JOBS, json=wanted)) == (400, code)
    assert org.ask("GET", JOBS).json()["records"] == []


# Create with rows: the example of the guide, whose lines end with LF

GUIDE = """--BOUNDARY
Content-Type: application/json
Content-Disposition: form-data; name="job"

{
  "object":"Contact",
  "contentType":"CSV",
  "operation": "insert",
  "lineEnding" : "LF"
}

--BOUNDARY
Content-Type: text/csv
Content-Disposition: form-data; name="content"; filename="content"

FirstName,LastName,MailingCity
Astro,Nomical,San Francisco
Hootie,McOwl,San Francisco
Appy,Camper,San Francisco
Earnie,Badger,San Francisco
--BOUNDARY--
"""


@pytest.mark.parametrize("boundary", ['"BOUNDARY"', "BOUNDARY"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_guides_multipart_request_makes_a_job_that_is_uploaded(documented_org, boundary, end):
    org = documented_org(duration_seconds=0.3)
    kind = f"multipart/form-data; boundary={boundary}"
    head, blank, rows = GUIDE.rpartition("\n\n")
    body = head.replace("\n", end) + blank.replace("\n", end) + rows
    answer = org.ask("POST", f"{JOBS}/", data=body.encode(), headers={"Content-Type": kind})
    job = answer.json()
    assert (answer.status_code, job["state"]) == (200, "UploadComplete")
    assert "contentUrl" not in job
    assert sum(org.simulator.attempts.values()) == 4
    assert org.upload(job["id"], "LastName\nA\n").status_code == 400
    assert org.ended(job["id"])["numberRecordsProcessed"] == 4
    made = {each["FirstName"]: each["MailingCity"] for each in org.simulator.records["Contact"]}
    assert made == dict.fromkeys(("Astro", "Hootie", "Appy", "Earnie"), "San Francisco")


def posted(org, job, rows):
    files = {"job": (None, job, "application/json"), "content": ("content", rows, "text/csv")}
    return org.ask("POST", JOBS, files={name: part for name, part in files.items() if part[1]})


INSERT = '{"operation": "insert", "object": "Contact"}'


def test_a_multipart_request_takes_100000_characters(documented_org):
    org = documented_org()
    line = "é" * 39 + "\n"
    fits = "LastName\n" + line * 2499 + "é" * 30 + "\n"
    assert len(fits) == 100_000
    answer = posted(org, INSERT, fits)
    assert answer.json()["state"] == "UploadComplete", answer.text
    assert org.ended(answer.json()["id"])["numberRecordsProcessed"] == 2500
    assert refusal(posted(org, INSERT, fits + "é")) == (400, "INVALIDJOB")


@pytest.mark.parametrize(
    ("job", "rows", "code"),
    [
        ("", "LastName\nA\n", "JSON_PARSER_ERROR"),
        ("{", "LastName\nA\n", "JSON_PARSER_ERROR"),
        (INSERT, "", "INVALIDJOB"),
        (INSERT.replace("Contact", "Foo"), "LastName\nA\n", "INVALIDENTITY"),
        (
            '{"operation": "insert", "object": "Contact", "columnDelimiter": "X"}',
            "LastName\nA\n",
            "INVALIDJOB",
        ),
        (
            '{"operation": "insert", "object": "Contact", "columnDelimiter": {}}',
            "LastName\nA\n",
            "INVALIDJOB",
        ),
    ],
)
def test_a_multipart_request_without_what_it_needs_makes_no_job(documented_org, job, rows, code):
    org = documented_org()
    assert refusal(posted(org, job, rows)) == (400, code)
    assert org.simulator.operations == []
