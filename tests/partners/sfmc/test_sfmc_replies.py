"""The simulated Marketing Cloud by what is known of the real one, in plain requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

import asyncdest_nb as ad
from example_partner import Clock

DEADLOCK = "Rerun the transaction."


class Account:
    """A simulated account, and a client that is logged in by a form."""

    def __init__(self, simulator):
        self.simulator = simulator
        answer = self.token(data=self.credentials)
        assert answer.status_code == 200
        self.rest = answer.json()["rest_instance_url"]
        self.session = requests.Session()
        self.session.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    @property
    def credentials(self):
        names = ("client_id", "client_secret")
        found = {name: self.simulator.settings[name] for name in names}
        return {"grant_type": "client_credentials", **found}

    def token(self, **body):
        return requests.post(f"{self.simulator.settings['auth_url']}/v2/token", timeout=10, **body)

    def send(self, rows, *, method="PUT", name="key:Customers"):
        url = f"{self.rest}data/v1/async/dataextensions/{name}/rows"
        return self.session.request(method, url, json={"items": rows}, timeout=10)

    def get(self, request_id, what, **query):
        url = f"{self.rest}data/v1/async/{request_id}/{what}"
        return self.session.get(url, params=query, timeout=10)

    def items(self, rows, **options):
        request_id = self.send(rows, **options).json()["requestId"]
        return self.get(request_id, "results").json()["items"]


@pytest.fixture
def account() -> Iterator:
    """Start accounts that end with the test."""
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"duration_seconds": 0, "failing": 0, **knobs}
            simulator = stack.enter_context(ad.simulate("sfmc-rows", **knobs))
            found = Account(simulator)
            stack.callback(found.session.close)
            return found

        yield start


def rows(count):
    return [{"customer_id": f"c-{number}", "Name": f"N{number}"} for number in range(count)]


def test_a_request_has_no_status_before_it_is_picked_up(account):
    clock = Clock()
    customers = account(clock=clock, duration_seconds=10, pending_share=0.4)
    sent = customers.send(rows(4))
    assert sent.status_code == 202
    request_id = sent.json()["requestId"]
    seen = []
    for _ in range(6):
        answer = customers.get(request_id, "status").json()
        assert answer["requestId"] != request_id
        seen.append(answer.get("status", {}).get("requestStatus"))
        clock.now += 2
    assert seen == [None, "Pending", "Executing", "Executing", "Executing", "Complete"]


def test_tokens_are_given_for_json_and_for_a_form_and_expire(account):
    clock = Clock()
    customers = account(clock=clock, token_seconds=60)
    assert customers.token(json=customers.credentials).json()["expires_in"] == 60
    wrong = customers.token(json={**customers.credentials, "client_id": "another"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert customers.send(rows(1)).status_code == 202
    clock.now += 60
    expired = customers.send(rows(1))
    assert (expired.status_code, expired.json()["message"]) == (401, "Not Authorized")


def test_results_are_on_pages_of_50_or_on_one(account):
    paged, whole = account(), account(results_page_size=None, accepted_status=200)
    request_id = paged.send(rows(120)).json()["requestId"]
    pages = [paged.get(request_id, "results", **{"$page": page}).json() for page in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [50, 50, 20, 0]
    assert {page["count"] for page in pages} == {120}
    sent = whole.send(rows(120))
    assert sent.status_code == 200
    assert len(whole.get(sent.json()["requestId"], "results").json()["items"]) == 120


@pytest.mark.parametrize(
    ("codes", "outer", "inner"), [("text", "UnexpectedError", None), ("number", 2, 70001)]
)
def test_a_deadlocked_row_succeeds_the_next_time(account, codes, outer, inner):
    customers = account(deadlocked=1, error_codes=codes)
    (failed,) = customers.items(rows(1))
    assert (failed["status"], failed["errorCode"]) == ("Error", outer)
    assert failed["message"].endswith(DEADLOCK)
    assert (failed["errors"][0]["errorCode"] if "errors" in failed else None) == inner
    assert customers.items(rows(1)) == [{"status": "OK"}]


def test_a_refusal_has_the_id_of_a_request_that_does_not_exist(account):
    customers = account(data_extensions={"Customers": ["customer_id"]})
    refused = customers.send(rows(1), name="key:Nothing")
    assert refused.status_code == 400
    (message,) = refused.json()["resultMessages"]
    assert message["resultCode"] == "CustomObjectNotFound"
    answer = customers.get(refused.json()["requestId"], "status").json()
    assert answer["resultMessages"][0]["resultCode"] == "AsyncRequestStatusNotFound"
    for bad in ([], [1], "rows"):
        assert customers.send(bad).status_code == 400
    assert customers.simulator.operations == []


def test_rows_are_upserted_by_the_primary_key_and_inserted_once(account):
    customers = account(data_extensions={"Customers": ["customer_id"], "Log": []})
    customers.send([{"customer_id": "A", "Name": "N", "City": "K"}])
    assert customers.items([{"customer_id": "a", "Name": None}]) == [{"status": "OK"}]
    (record,) = customers.simulator.records["Customers"]
    assert (record["Name"], record["City"]) == (None, "K")
    again, missing, nested = customers.items(
        [{"customer_id": "a"}, {"Name": "x"}, {"customer_id": "b", "Name": [1]}], method="POST"
    )
    assert "Cannot insert duplicate key" in again["message"]
    assert "Cannot insert the value NULL" in missing["message"]
    assert "'Name'" in nested["message"]
    customers.items([{"Text": "1"}, {"Text": "1"}], name="Log")
    assert len(customers.simulator.records["Log"]) == 2


def test_a_request_can_end_with_an_error_and_results_expire(account):
    clock = Clock()
    failing = account(failing_jobs=1)
    request_id = failing.send(rows(2)).json()["requestId"]
    status = failing.get(request_id, "status").json()["status"]
    assert (status["requestStatus"], status["hasErrors"]) == ("Error", True)
    assert failing.simulator.records == {}
    short = account(clock=clock, results_expire_seconds=60, truncate_results=0.5)
    request_id = short.send(rows(4)).json()["requestId"]
    assert short.get(request_id, "results").json()["count"] == 2
    clock.now += 60
    (message,) = short.get(request_id, "results").json()["resultMessages"]
    assert message["resultMessage"]["resultCode"] == "AsyncRequestStatusNotFound"
