"""The simulated Salesforce over plain HTTP, against Salesforce's developer guides: upload,
close, delete and list jobs."""

from __future__ import annotations

import pytest

from documented_salesforce import JOBS, refusal

# Upload, close, delete


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_an_upload_is_text_csv(documented_org, kind):
    org = documented_org()
    job_id = org.open()["id"]
    assert refusal(org.upload(job_id, "LastName\nA\n", kind)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert org.upload(job_id, "LastName\nA\n", "Text/CSV; charset=UTF-8").status_code == 201


@pytest.mark.parametrize("text", [None, "", "\n", "LastName\n"])
def test_an_empty_upload_ends_complete_without_rows(documented_org, text):
    org = documented_org()
    job_id = org.open()["id"]
    if text is not None:
        assert org.upload(job_id, text).status_code == 201
    org.change(job_id, "UploadComplete")
    job = org.ended(job_id)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        0,
        0,
    )
    for part in ("successfulResults", "failedResults", "unprocessedrecords"):
        answer = org.ask("GET", f"{JOBS}/{job_id}/{part}")
        assert (answer.status_code, len(answer.text.splitlines())) == (200, 1)


def in_state(org, state):
    job_id = org.open()["id"]
    if state == "Open":
        return job_id
    org.upload(job_id, "LastName,Foo\nA,1\n" if state == "Failed" else "LastName\nA\n")
    org.change(job_id, "Aborted" if state == "Aborted" else "UploadComplete")
    return job_id


@pytest.mark.parametrize(
    ("state", "knobs", "status"),
    [
        ("Open", {}, 400),
        ("UploadComplete", {"duration_seconds": 60, "pending_share": 1}, 204),
        ("InProgress", {"duration_seconds": 60, "pending_share": 0}, 400),
        ("JobComplete", {}, 204),
        ("Aborted", {}, 204),
        ("Failed", {}, 204),
    ],
)
def test_a_job_is_deleted_in_the_states_that_the_guide_names(documented_org, state, knobs, status):
    # "To be deleted, a job must have a state of UploadComplete, JobComplete, Aborted, or Failed."
    org = documented_org(**knobs)
    job_id = in_state(org, state)
    assert org.ask("GET", f"{JOBS}/{job_id}").json()["state"] == state
    answer = org.ask("DELETE", f"{JOBS}/{job_id}")
    assert answer.status_code == status
    if status == 400:
        assert refusal(answer) == (400, "INVALIDJOBSTATE")
    left = org.ask("GET", f"{JOBS}/{job_id}")
    assert left.status_code == (200 if status == 400 else 404)


def test_a_deleted_job_is_not_processed(documented_org):
    now = [0.0]
    org = documented_org(duration_seconds=10, pending_share=1, clock=lambda: now[0])
    job_id = in_state(org, "UploadComplete")
    assert org.ask("DELETE", f"{JOBS}/{job_id}").status_code == 204
    now[0] = 100.0
    assert org.simulator.records == {}


def test_a_job_is_found_by_either_of_its_ids(documented_org):
    org = documented_org()
    job_id = org.open()["id"]
    assert org.upload(job_id[:15], "LastName\nA\n").status_code == 201
    assert org.change(job_id[:15], "UploadComplete").status_code == 200
    assert org.ask("GET", f"{JOBS}/{job_id[:15]}/").json()["id"] == job_id
    assert sum(org.simulator.attempts.values()) == 1
    assert org.ask("DELETE", f"{JOBS}/{job_id[:15]}").status_code == 204
    assert org.ask("GET", f"{JOBS}/{job_id}").status_code == 404


# The list


def listed(org, query=""):
    """Follow the pages of the list and return the Ids on each."""
    pages, path = [], f"{JOBS}{query}"
    while path:
        page = org.ask("GET", path).json()
        assert set(page) == {"done", "records", "nextRecordsUrl"}
        assert page["done"] == (page["nextRecordsUrl"] is None)
        pages.append([job["id"] for job in page["records"]])
        path = page["nextRecordsUrl"]
    return pages


@pytest.mark.slow
def test_the_list_has_pages_of_1000_and_misses_none_that_stays(documented_org):
    org = documented_org()
    made = [org.open()["id"] for _ in range(1_002)]
    assert listed(org) == [made[:1_000], made[1_000:]]
    first = org.ask("GET", JOBS).json()
    assert first["nextRecordsUrl"].startswith(f"{JOBS}?queryLocator=")
    # What is deleted between two pages moves no other job from one to the other.
    org.change(made[0], "Aborted")
    assert org.ask("DELETE", f"{JOBS}/{made[0]}").status_code == 204
    second = org.ask("GET", first["nextRecordsUrl"]).json()
    assert [job["id"] for job in second["records"]] == made[1_000:]
    assert {job["jobType"] for job in first["records"]} == {"V2Ingest"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?jobType=V2Ingest", 2),
        ("?jobType=Classic", 0),
        ("?jobType=BigObjectIngest", 0),
        ("?isPkChunkingEnabled=true", 0),
        ("?isPkChunkingEnabled=false", 2),
        ("?isPkChunkingEnabled=false&jobType=V2Ingest", 2),
    ],
)
def test_the_list_is_filtered(documented_org, query, count):
    org = documented_org()
    for _ in range(2):
        org.open()
    assert [len(page) for page in listed(org, query)] == [count]


@pytest.mark.parametrize("query", ["?jobType=V3", "?queryLocator=01g-1000", "?queryLocator="])
def test_a_filter_that_is_none_is_refused(documented_org, query):
    answer = documented_org().ask("GET", f"{JOBS}{query}")
    # An empty value counts as none at all.
    assert answer.status_code == (200 if query.endswith("=") else 400)
