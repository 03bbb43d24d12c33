"""Descriptions of APIs of every shape, run against small servers made from the vendors' facts."""

from __future__ import annotations

import csv
import io
import re

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.api_description import http_destination
from described_api import ApiCall, DescribedApi

EMAIL = {"email": {"label": "Email", "type": "string", "required": True}}
PEOPLE = pd.DataFrame({"email": [f"u{at}@x.de" for at in range(4)]}, index=list("abcd"))


def described(url: str, **action):
    """Return a destination; a job that completes has completed all its rows, if not stated."""
    results = {"results": {"unlisted": "completed"}} if "poll" in action else {}
    whole = {"fields": EMAIL} | results | action
    return http_destination({"name": "Described", "base_url": url, "actions": {"send": whole}})


def sent(session: ad.Session, destination: ad.Destination, frame=PEOPLE) -> ad.Run:
    run = session.connect(destination, requests_per_second=1000).submit(frame, "send")
    run.wait(timeout=60)
    return run


def test_an_id_per_row_is_polled_for_each(session: ad.Session):
    def answer(call: ApiCall):
        if call.method == "POST":
            rows = call.json["operations"]
            return {"operations": [{"id": f"op-{at}"} for at, _ in enumerate(rows)]}
        if call.path.endswith("op-1"):
            return {"status": "failed", "error": {"code": "BAD", "message": "no such user"}}
        return {"status": "completed", "result": {"at": call.path}}

    with DescribedApi(answer) as api:
        run = sent(
            session,
            described(
                api.url,
                handle={"name": "job_id", "per": "row"},
                submit=[
                    {
                        "url": "/operations/batch",
                        "json": {"operations": "{{ rows }}"},
                        "extract": {"job_id": {"path": "$.operations[*].id", "many": True}},
                    }
                ],
                poll={
                    "url": "/operations/{{ job_id }}",
                    "status": {
                        "path": "$.status",
                        "words": {
                            "pending": ["pending", "processing"],
                            "completed": "completed",
                            "failed": "failed",
                        },
                    },
                    "error": {"message": "$.error.message", "code": "$.error.code"},
                    "result": "$.result",
                },
            ),
        )
        assert api.calls[0].json == {"operations": [{"email": each} for each in PEOPLE["email"]]}
    found = run.results()
    assert found["status"].tolist() == ["completed", "failed", "completed", "completed"]
    assert found.loc["b", "message"] == "no such user"


KLAVIYO = {
    "limits": {"rows": 10_000, "bytes": 5_000_000, "row_bytes": 100_000},
    "row": {"type": "profile", "attributes": "{{ row }}"},
    "handle": "job_id",
    "submit": [
        {
            "url": "/api/profile-bulk-import-jobs",
            "json": {"data": {"attributes": {"profiles": {"data": "{{ rows }}"}}}},
            "expect": 202,
            "extract": {"job_id": "$.data.id"},
        }
    ],
    "poll": {
        "url": "/api/profile-bulk-import-jobs/{{ job_id }}",
        "status": {
            "path": "$.data.attributes.status",
            "words": {"pending": ["queued", "processing"], "completed": "complete",
                      "canceled": "cancelled"},
        },
        "progress": {"done": "$.data.attributes.completed_count"},
        "counts": {"failed": "$.data.attributes.failed_count"},
    },
    "results": {
        "sources": [
            {
                "url": "/api/profile-bulk-import-jobs/{{ job_id }}/import-errors",
                "query": {"page[size]": 2},
                "items": "$.data",
                "pages": {"next_url": "$.links.next"},
                "match": {"by": "pointer", "path": "$.source.pointer", "under": "/profiles/data"},
                "outcome": "failed",
                "error": {"message": "$.detail", "code": "$.code"},
            }
        ],
        "unlisted": "completed",
    },
}  # fmt: skip


def klaviyo(call: ApiCall, *, url: str, failed: list[int], counted: int | None = None):
    if call.method == "POST":
        return 202, {"data": {"id": "j-1"}}
    if not call.path.endswith("import-errors"):
        count = len(failed) if counted is None else counted
        return {"data": {"attributes": {"status": "complete", "failed_count": count}}}
    at = int(call.query.get("cursor", 0))
    errors = [
        {
            "code": "invalid",
            "detail": f"bad phone in {each}",
            "source": {"pointer": f"/data/attributes/profiles/data/{each}/attributes/phone"},
        }
        for each in failed[at : at + 2]
    ]
    more = f"{url}{call.path}?cursor={at + 2}" if at + 2 < len(failed) else None
    return {"data": errors, "links": {"next": more}}


def test_a_job_of_many_rows_has_its_failed_rows_by_json_pointer(session: ad.Session):
    with DescribedApi(lambda call: klaviyo(call, url=api.url, failed=[1, 3, 2])) as api:
        found = sent(session, described(api.url, **KLAVIYO)).results()
        assert len(api.asked("GET", "/api/profile-bulk-import-jobs/j-1/import-errors")) == 2
    assert found["status"].tolist() == ["completed", "failed", "failed", "failed"]
    assert found.loc["c", "message"] == "bad phone in 2"


def test_rows_are_unknown_and_not_completed_if_the_counts_do_not_add_up(session: ad.Session):
    with DescribedApi(lambda call: klaviyo(call, url=api.url, failed=[1], counted=3)) as api:
        found = sent(session, described(api.url, **KLAVIYO)).results()
    assert found["status"].tolist() == ["unknown", "failed", "unknown", "unknown"]
    assert "the API counts 3 of rows as failed, and the results 1" in found.loc["a", "message"]


BULK = {
    "handle": "job_id",
    "submit": [
        {"url": "/jobs", "json": {"object": "Lead"}, "extract": {"job_id": "$.id"},
         "checkpoint": True},
        {"method": "PUT", "url": "/jobs/{{ job_id }}/batches", "csv": {}, "expect": 201},
        {"method": "PATCH", "url": "/jobs/{{ job_id }}", "json": {"state": "UploadComplete"}},
    ],
    "poll": {
        "url": "/jobs/{{ job_id }}",
        "status": {"path": "state", "words": {"pending": ["Open", "InProgress"],
                                              "completed": "JobComplete", "failed": "Failed"}},
    },
    "results": {
        "sources": [
            {"url": "/jobs/{{ job_id }}/ok", "format": "csv", "outcome": "completed",
             "match": {"by": "field", "path": "email", "row": "{{ row.email }}"},
             "result": {"id": "sf__Id"}},
            {"url": "/jobs/{{ job_id }}/failed", "format": "csv", "outcome": "failed",
             "match": {"by": "field", "path": "email", "row": "{{ row.email }}"},
             "error": {"message": "sf__Error"}},
        ]
    },
    "result_columns": ["id"],
}  # fmt: skip


def test_steps_create_upload_and_close_a_job_whose_rows_are_found_by_a_field(session: ad.Session):
    uploaded = []

    def answer(call: ApiCall):
        if call.method == "PUT":
            uploaded.extend(csv.DictReader(io.StringIO(call.body.decode())))
            return 201, b""
        if call.path.endswith("/ok"):
            return "sf__Id,email\n" + "".join(
                f"7{at},{row['email']}\n"
                for at, row in reversed(list(enumerate(uploaded)))
                if at != 2
            )
        if call.path.endswith("/failed"):
            return f"sf__Error,email\nDUPLICATE,{uploaded[2]['email']}\n"
        state = "JobComplete" if call.method == "GET" else "Open"
        return {"id": "750", "state": state}

    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **BULK)).results()
        steps = [(call.method, call.path) for call in api.calls[:3]]
    assert steps == [("POST", "/jobs"), ("PUT", "/jobs/750/batches"), ("PATCH", "/jobs/750")]
    assert found["status"].tolist() == ["completed", "completed", "failed", "completed"]
    assert found["id"].tolist()[:2] == ["70", "71"]
    assert found.loc["c", "message"] == "DUPLICATE"


def test_a_file_is_imported_in_one_multipart_request_and_errors_name_its_lines(session: ad.Session):
    def answer(call: ApiCall):
        if call.method == "POST":
            assert re.match("multipart/form-data; boundary=", call.headers["content-type"])
            assert b'"name":"k-' in call.body
            assert b'filename="people.csv"\r\nContent-Type: text/csv' in call.body
            assert b"email\nu0@x.de\n" in call.body
            return {"id": 12, "state": "STARTED"}
        if call.path.endswith("/errors"):
            return {"results": [{"message": "no email", "sourceData": {"lineNumber": 3}}]}
        return {"state": "DONE", "metadata": {"counters": {"FAILED": 1}}}

    description = {
        "handle": "id",
        "submit": [
            {
                "url": "/crm/v3/imports",
                "multipart": {
                    "importRequest": '{"name":"k-{{ batch.key }}"}',
                    "files": {"csv": {}, "filename": "people.csv"},
                },
                "extract": {"id": "$.id"},
            }
        ],
        "poll": {
            "url": "/crm/v3/imports/{{ id }}",
            "status": {"path": "state", "words": {"pending": "STARTED", "completed": "DONE"}},
            "counts": {"failed": "$.metadata.counters.FAILED"},
        },
        "results": {
            "sources": [
                {
                    "url": "/crm/v3/imports/{{ id }}/errors",
                    "items": "$.results",
                    "match": {"by": "line", "path": "$.sourceData.lineNumber"},
                    "outcome": "failed",
                    "error": "$.message",
                }
            ],
            "unlisted": "completed",
        },
    }
    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **description)).results()
    assert found["status"].tolist() == ["completed", "failed", "completed", "completed"]


def test_an_unknown_word_is_shown_and_polled_on(session: ad.Session):
    words = iter(["complete-ish", "complete"])

    def answer(call: ApiCall):
        if call.method == "POST":
            return 202, {"data": {"id": "j-1"}}
        if call.path.endswith("import-errors"):
            return {"data": []}
        return {"data": {"attributes": {"status": next(words), "failed_count": 0}}}

    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **KLAVIYO)).results()
        assert len(api.asked("GET", "/api/profile-bulk-import-jobs/j-1")) == 2
    assert found["status"].tolist() == ["completed"] * 4


def test_a_refusal_names_the_request_and_leaves_the_rows_to_be_retried(session: ad.Session):
    with DescribedApi(lambda call: (400, {"message": "no such list"})) as api:
        run = sent(session, described(api.url, **KLAVIYO))
    assert run.results().loc["a", "message"].startswith("POST ")
    assert set(run.results()["status"]) == {"failed"}
    assert run.retryable == 4


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_description_is_read_from_a_file(tmp_path, suffix: str):
    import json

    import yaml

    given = {
        "name": "My API",
        "base_url": "https://x.test",
        "actions": {"send": {"fields": EMAIL, **BULK}},
    }
    path = tmp_path / f"api{suffix}"
    path.write_text(json.dumps(given) if suffix == ".json" else yaml.safe_dump(given))
    found = http_destination(path)
    assert (found.slug, list(found.actions)) == ("my-api", ["send"])
