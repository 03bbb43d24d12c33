"""The oddities of the simulated Message Batches, as anthropic, its client, meets them."""

from __future__ import annotations

from collections import Counter

import anthropic
import httpx
import httpx2
import pytest

from anthropic_rows import kinds, rows
from asyncdest_nb.simulators.anthropic_batches import validity

SLUG, CLIENT = "anthropic-batches", anthropic.Anthropic
BATCHES = "/v1/messages/batches"
CREATE = f"POST {BATCHES}"


def test_expired_and_overloaded_rows_succeed_the_next_time(simulated, client_of, clock):
    batches = client_of(simulated(expiring=0.5, overloaded=0.2)).messages.batches
    first = batches.create(requests=rows(40))
    clock.now += 10
    found = Counter(kinds(batches, first.id).values())
    assert set(found) == {"succeeded", "expired", "errored"}
    second = batches.create(requests=rows(40))
    clock.now += 10
    assert set(kinds(batches, second.id).values()) == {"succeeded"}


def test_refused_rows_have_succeeded(simulated, client_of, clock):
    batches = client_of(simulated(refusing=1)).messages.batches
    batch = batches.create(requests=rows(1))
    clock.now += 10
    (result,) = batches.results(batch.id)
    assert (result.result.type, result.result.message.stop_reason) == ("succeeded", "refusal")


def test_words_that_are_not_documented_reach_the_client(simulated, client_of, clock):
    simulator = simulated(unknown_status="resting", unknown_results=0.5, unknown_errors=0.9, seed=1)
    batches = client_of(simulator).messages.batches
    batch = batches.create(requests=rows(20))
    assert batch.processing_status == "resting"
    clock.now += 10
    results = [each.result for each in batches.results(batch.id)]
    assert {each.type for each in results} >= {"postponed", "errored"}
    errors = [each.error.error.type for each in results if each.type == "errored"]
    assert set(errors) == {"unheard_of_error"}


def test_a_batch_may_be_unknown_for_some_seconds(simulated, client_of, clock):
    simulator = simulated(not_found_seconds=3)
    batches = client_of(simulator).messages.batches
    batch = batches.create(requests=rows(1))
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(batch.id)
    assert list(batches.list()) == []
    clock.now += 3
    assert batches.retrieve(batch.id).id == batch.id


def test_results_are_gone_after_their_time_since_the_creation(simulated, client_of, clock):
    batches = client_of(simulated(results_expire_seconds=60)).messages.batches
    batch = batches.create(requests=rows(1))
    clock.now += 59
    assert len(kinds(batches, batch.id)) == 1
    clock.now += 1
    archived = batches.retrieve(batch.id)
    assert archived.archived_at is not None
    with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
        batches.results(batch.id)


def test_results_may_be_cleanly_short(simulated, client_of, clock):
    batches = client_of(simulated(truncate_results=0.25)).messages.batches
    batch = batches.create(requests=rows(20))
    clock.now += 10
    assert len(list(batches.results(batch.id))) == 15


def test_a_spending_limit_refuses_without_a_time(simulated, client_of):
    simulator = simulated(spend_limit_jobs=1)
    batches = client_of(simulator, max_retries=1).messages.batches
    batches.create(requests=rows(1))
    with pytest.raises(anthropic.RateLimitError) as raised:
        batches.create(requests=rows(1))
    assert raised.value.body["error"]["details"]["error_code"] == "enforced_spend_limit_reached"
    assert "retry-after" not in raised.value.response.headers
    # The client tries again all the same.
    assert simulator.requests[CREATE] == {200: 1, 429: 2}


def test_the_client_makes_two_batches_if_the_first_reply_is_lost(simulated, client_of):
    simulator = simulated(lost_replies={CREATE: ["reset", 503]})
    batch = client_of(simulator).messages.batches.create(requests=rows(2))
    assert simulator.requests[CREATE] == {"lost": 1, 503: 1, 200: 1}
    assert simulator.tries[CREATE] == {"0": 1, "1": 1, "2": 1}
    assert [each["id"] for each in simulator.operations][2:] == [batch.id]
    assert set(simulator.attempts.values()) == {3}


def test_the_client_makes_one_batch_if_it_does_not_repeat(simulated, client_of):
    simulator = simulated(lost_replies={CREATE: ["reset"]})
    with pytest.raises(anthropic.APIConnectionError):
        client_of(simulator, max_retries=0).messages.batches.create(requests=rows(2))
    assert len(simulator.operations) == 1


def test_results_that_are_cut_raise(simulated, client_of, clock):
    simulator = simulated(lost_replies={f"GET {BATCHES}/{{id}}/results": ["cut"]})
    batches = client_of(simulator).messages.batches
    batch = batches.create(requests=rows(20))
    clock.now += 10
    with pytest.raises(httpx2.RemoteProtocolError):
        list(batches.results(batch.id))
    assert len(list(batches.results(batch.id))) == 20


def test_more_bytes_than_allowed_are_refused(simulated, client_of, monkeypatch):
    monkeypatch.setattr(validity, "MAX_BYTES", 1_000)
    with pytest.raises(anthropic.RequestTooLargeError) as raised:
        client_of(simulated()).messages.batches.create(requests=rows(20))
    assert raised.value.body["error"]["type"] == "request_too_large"


def test_results_at_another_origin_get_the_key_of_the_client(simulated, client_of, clock):
    simulator = simulated(results_elsewhere=True)
    batches = client_of(simulator).messages.batches
    batch = batches.create(requests=rows(1))
    clock.now += 10
    port = simulator.endpoint.rpartition(":")[2]
    assert batches.retrieve(batch.id).results_url.startswith(f"http://localhost:{port}/")
    assert simulator.operations[0]["key_sent_elsewhere"] is False
    assert len(list(batches.results(batch.id))) == 1
    assert simulator.operations[0]["key_sent_elsewhere"] is True


@pytest.mark.parametrize("scheme", ["x-api-key", "authorization"])
def test_both_styles_of_authorization_are_taken(simulated, client_of, scheme):
    simulator = simulated(api_key="sk-ant-secret")
    assert simulator.settings == {"api_key": "sk-ant-secret", "base_url": simulator.endpoint}
    url, version = f"{simulator.endpoint}{BATCHES}", {"anthropic-version": "2023-06-01"}
    prefix = "Bearer " if scheme == "authorization" else ""
    good, bad = ({scheme: f"{prefix}{key}"} for key in ("sk-ant-secret", "sk-ant-other"))
    assert httpx.get(url, headers=version | good).status_code == 200
    refused = httpx.get(url, headers=version | bad)
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")
    assert "sk-ant" not in refused.text
    missing = httpx.get(url, headers=good)
    assert (missing.status_code, missing.json()["error"]["type"]) == (400, "invalid_request_error")
