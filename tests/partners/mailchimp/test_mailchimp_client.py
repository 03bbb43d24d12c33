"""The simulated Mailchimp by mailchimp-marketing, Mailchimp's own client: whole flows."""

from __future__ import annotations

import io
import json
import tarfile
from hashlib import md5
from urllib.parse import urlsplit

import pytest
import requests
from mailchimp_marketing import Client
from mailchimp_marketing.api_client import ApiClientError

import asyncdest_nb as ad
from example_partner import Clock
from recorded_requests import recorded_requests


def client_of(simulator, key=None):
    client = Client()
    client.set_config({"api_key": key or simulator.settings["api_key"], "server": "us1"})
    client.api_client.host = simulator.settings["base_url"]
    return client


def operation(number, method="PUT", *, email=None, operation_id=None, **body):
    email = email or f"Anna.{number}@example.com"
    members = "/lists/L1/members"
    body = {"email_address": email, "status_if_new": "subscribed", **body}
    name = md5(email.lower().encode()).hexdigest()
    return {
        "method": method,
        "path": members if method == "POST" else f"{members}/{name}",
        "body": json.dumps(body),
        "operation_id": operation_id or f"row-{number}",
    }


def results_at(url, **headers):
    """Return the files of an archive, and all results in them, by operation id."""
    answer = requests.get(url, headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/gzip")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:gz") as tar:
        files = [tar.extractfile(member) for member in tar if member.isfile()]
        for file in files:
            found |= {each["operation_id"]: each for each in json.load(file)}
    return len(files), found


def test_the_client_follows_a_batch_to_its_results():
    clock = Clock()
    with ad.simulate("mailchimp-batches", clock=clock, duration_seconds=100, failing=0.2) as sim:
        batches = client_of(sim).batches
        rows = [operation(number) for number in range(600)]
        made = batches.start({"operations": rows})
        assert (made["status"], made["total_operations"]) == ("pending", 600)
        seen = []
        for seconds in (10, 40, 45, 5):
            clock.now += seconds
            seen.append(batches.status(made["id"]))
        words = [each["status"] for each in seen]
        assert words == ["preprocessing", "started", "finalizing", "finished"]
        assert [each["response_body_url"] == "" for each in seen] == [True, True, True, False]
        assert 0 < seen[1]["finished_operations"] < 600
        done = seen[-1]
        assert done["finished_operations"] == 600
        assert 60 < done["errored_operations"] < 180

        files, results = results_at(done["response_body_url"])
        assert (files, set(results)) == (2, {each["operation_id"] for each in rows})
        failed = [each for each in results.values() if each["status_code"] != 200]
        assert len(failed) == done["errored_operations"]
        titles = {json.loads(each["response"])["title"] for each in failed}
        assert titles <= {
            "Forgotten Email Not Subscribed",
            "Member In Compliance State",
            "Invalid Resource",
        }
        held = {member["email_address"] for member in sim.records["member"]}
        sent = {
            json.loads(each["response"])["email_address"]
            for each in results.values()
            if each["status_code"] == 200
        }
        assert held == sent


def test_an_address_of_results_is_elsewhere_signed_short_lived_and_takes_no_key():
    clock = Clock()
    with ad.simulate("mailchimp-batches", clock=clock, duration_seconds=0) as sim:
        batches = client_of(sim).batches
        job_id = batches.start({"operations": [operation(1)]})["id"]
        url, other = (batches.status(job_id)["response_body_url"] for _ in range(2))
        assert url != other
        assert urlsplit(url).netloc != urlsplit(sim.endpoint).netloc

        def refusal(url, **options):
            answer = requests.get(url, timeout=10, **options)
            return answer.status_code, answer.headers["content-type"], answer.text

        with_key = refusal(url, auth=("user", sim.settings["api_key"]))
        assert with_key[:2] == (400, "application/xml")
        assert "Only one auth mechanism allowed" in with_key[2]
        assert "SignatureDoesNotMatch" in refusal(f"{url}0")[2]
        clock.now += 600
        assert "Request has expired" in refusal(url)[2]
        _, results = results_at(batches.status(job_id)["response_body_url"])
        assert set(results) == {"row-1"}


def test_the_client_lists_and_deletes_batches_and_their_results():
    with ad.simulate("mailchimp-batches", duration_seconds=0) as sim:
        client = client_of(sim)
        assert client.ping.get() == {"health_status": "Everything's Chimpy!"}
        first, second = (
            client.batches.start({"operations": [operation(number)]})["id"] for number in (1, 2)
        )
        listed = client.batches.list(count=1)
        assert ([each["id"] for each in listed["batches"]], listed["total_items"]) == ([second], 2)
        url = client.batches.status(first)["response_body_url"]
        assert client.batches.delete_request(first).status_code == 204
        assert requests.get(url, timeout=10).status_code == 404
        with pytest.raises(ApiClientError) as raised:
            client.batches.status(first)
        assert raised.value.status_code == 404
        assert json.loads(raised.value.text)["title"] == "Resource Not Found"


def test_an_operation_is_answered_as_the_request_that_it_is():
    with ad.simulate("mailchimp-batches", duration_seconds=0, failing=0, lists=["L1"]) as sim:
        batches = client_of(sim).batches

        def answers(*rows):
            job_id = batches.start({"operations": list(rows)})["id"]
            _, found = results_at(batches.status(job_id)["response_body_url"])
            return [
                (each["status_code"], json.loads(each["response"] or "{}").get("title"))
                for each in (found[row["operation_id"]] for row in rows)
            ]

        wrong_path = operation(3)
        wrong_path["path"] += "0"
        nan = operation(4)
        nan["body"] = nan["body"].replace('"subscribed"', "NaN")
        strange = operation(5)
        strange["path"] = strange["path"].replace("L1", "L2")
        assert answers(
            operation(1, merge_fields={"FNAME": "Ö", "CITY": "Köln"}),
            operation(2, email="no"),
            wrong_path,
            nan,
            strange,
            operation(6, status_if_new="gone"),
            operation(7, "DELETE"),
        ) == [
            (200, None),
            (400, "Invalid Resource"),
            (400, "Invalid Resource"),
            (400, "JSON Parse Error"),
            (404, "Resource Not Found"),
            (400, "Invalid Resource"),
            (404, "Resource Not Found"),
        ]
        assert answers(
            operation(1, merge_fields={"FNAME": "Z"}),
            operation(1, "POST", operation_id="again", status="subscribed"),
            operation(8, "PATCH"),
        ) == [(200, None), (400, "Member Exists"), (404, "Resource Not Found")]
        (member,) = sim.records["member"]
        assert (member["status"], member["merge_fields"]) == (
            "subscribed",
            {"FNAME": "Z", "CITY": "Köln"},
        )
        assert answers(operation(1, "DELETE")) == [(204, None)]
        assert sim.records == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "operations"),
        ({"operations": [operation(1), {**operation(2), "body": {"a": 1}}]}, "item:1.body"),
        ({"operations": [{"method": "PUT"}]}, "item:0.path"),
    ],
)
def test_the_client_is_told_what_is_wrong_with_a_request(body, field):
    with ad.simulate("mailchimp-batches") as sim:
        with pytest.raises(ApiClientError) as raised:
            client_of(sim).batches.start(body)
        assert (raised.value.status_code, sim.operations) == (400, [])
        (error,) = json.loads(raised.value.text)["errors"]
        assert error["field"].endswith(field)
        with pytest.raises(ApiClientError) as raised:
            client_of(sim, key="another-us1").batches.start(body)
        assert raised.value.status_code == 401


def test_the_clients_requests_are_recorded_as_it_sends_them():
    with recorded_requests("mailchimp-batches", duration_seconds=0) as sim:
        client_of(sim).batches.start({"operations": [operation(1)]})
        (sent,) = sim.of("POST", "/batches", "content-type")
        assert sent == {
            "method": "POST",
            "path": "/3.0/batches",
            "query": [],
            "headers": {"content-type": "application/json"},
            "body": {"operations": [operation(1)]},
        }
