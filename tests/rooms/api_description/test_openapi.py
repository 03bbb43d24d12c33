"""A description proposed from an OpenAPI document, which its reader completes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi
from paths import ROOT

FILE = ROOT / "tests/data/api_descriptions/openapi.yaml"


def test_what_the_document_states_is_filled_in():
    description = ad.http_destination.from_openapi(FILE).description
    action = description["actions"]["importPeople"]
    assert (description["name"], action["title"]) == ("People API", "Import people")
    assert description["settings"]["base_url"]["default"] == "https://api.people.test/v1"
    assert description["auth"] == {"headers": {"X-Api-Key": "{{ settings.api_key }}"}}
    assert {name: each["type"] for name, each in action["fields"].items()} == {
        "email": "string",
        "born": "datetime",
        "tags": "string",
        "plan": "string",
        "score": "number",
        "address": "object",
    }
    assert action["fields"]["email"] == {
        "label": "Email",
        "description": "Where mail goes",
        "type": "string",
        "required": True,
    }
    assert action["fields"]["tags"]["multiple"]
    assert action["fields"]["plan"]["choices"] == ["free", "pro"]
    assert action["limits"] == {"rows": 500}
    (step,) = action["submit"]
    assert (step["url"], step["expect"]) == ("/people/jobs", 202)
    assert step["json"] == {"mode": "upsert", "source": "", "people": "{{ rows }}"}
    assert step["extract"] == {"job_id": "$.jobId"}
    assert action["poll"] == {
        "url": "/people/jobs/{{ job_id }}",
        "status": {
            "path": "$.state",
            "words": {"pending": ["QUEUED", "Running"], "completed": ["Done"]},
        },
        "counts": {"failed": "$.counters.failedCount"},
    }
    (source,) = action["results"]["sources"]
    assert source == {
        "url": "/people/jobs/{{ job_id }}/errors",
        "items": "$.errors",
        "pages": {"next_url": "$.next"},
    }


@pytest.mark.parametrize(("code", "expect"), [("2XX", 200), ("201", 201), (202, 202)])
def test_a_good_answer_may_be_given_for_all_statuses_of_its_kind(code: Any, expect: int):
    answer = {"content": {"application/json": {"schema": {"properties": {"id": {}}}}}}
    path = {"post": {"operationId": "send", "responses": {code: answer}}}
    document = {"openapi": "3.1.0", "info": {"title": "X"}, "paths": {"/jobs": path}}
    found = ad.http_destination.from_openapi(document).description["actions"]["send"]
    assert "$.id" in found["submit"][0]["extract"].values()
    assert found["submit"][0].get("expect", 200) == expect


def test_what_the_document_does_not_say_is_named():
    proposal = ad.http_destination.from_openapi(FILE)
    assert proposal.missing == [
        "submit[0].json.source: it is required; which value has it?",
        "poll.status.words: what does 'zapped' mean?",
        "results.sources[0].match: how does an entry name its row? It has index, why",
        "results.sources[0].outcome: completed or failed, or by which word?",
    ]
    assert "# To be completed (4):\n# submit[0].json.source" in repr(proposal)
    with pytest.raises(ad.UsageError, match=r"sources\[0\].match: is missing"):
        ad.http_destination(proposal.description)


def test_a_proposal_that_is_completed_runs(session: ad.Session):
    description: Any = ad.http_destination.from_openapi(FILE).description
    action = description["actions"]["importPeople"]
    action["submit"][0]["json"]["source"] = "notebook"
    action["poll"]["status"]["words"]["failed"] = "zapped"
    action["results"]["sources"][0] |= {
        "match": {"by": "index", "path": "index"},
        "outcome": "failed",
        "error": "why",
    }
    action["results"]["unlisted"] = "completed"

    def answer(call: ApiCall):
        if call.method == "POST":
            assert call.json["source"] == "notebook"
            return 202, {"jobId": "7"}
        if call.path.endswith("/errors"):
            return {"errors": [{"index": 1, "why": "too young"}]}
        return {"state": "Done", "counters": {"failedCount": 1}}

    people = pd.DataFrame({"email": ["a@x.de", "b@x.de"], "born": ["2000-01-02", "2026-01-02"]})
    with DescribedApi(answer) as api:
        connection = session.connect(
            ad.http_destination(description), base_url=api.url, api_key="k3y-k3y-k3y"
        )
        run = connection.submit(people, "importPeople")
        run.wait(timeout=60)
    assert run.results()["status"].tolist() == ["completed", "failed"]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "this is no OpenAPI document: it has no paths"),
        ({"paths": {}}, "write submit=…, the operation that sends rows; the document has none"),
        ({"paths": {"/a": {"$ref": "other.yaml#/a"}}}, "refers to other.yaml#/a: put all of it"),
        (
            {"paths": {"/a": {"post": {}}, "/b": {"post": {}}}},
            "the document has POST /a, POST /b",
        ),
    ],
)
def test_a_document_that_does_not_suffice_is_refused(document: Any, why: str):
    with pytest.raises(ad.UsageError) as caught:
        ad.http_destination.from_openapi(document)
    assert why in str(caught.value)


def test_an_operation_that_does_not_exist_is_named_with_one_that_does():
    with pytest.raises(ad.UnknownName, match="did you mean 'POST /people/jobs'"):
        ad.http_destination.from_openapi(FILE, submit="POST /people/job")


@pytest.mark.parametrize("odd", [None, 3, [], "x", {"$ref": "#/paths"}, {"$ref": "#/no"}])
def test_odd_parts_of_a_document_are_passed_over(odd: Any):
    for operation in ({"requestBody": odd}, {"responses": odd}, {"responses": {"202": odd}}):
        proposal = ad.http_destination.from_openapi({"paths": {"/a": {"post": operation}}})
        assert any("poll: which request" in each for each in proposal.missing)
