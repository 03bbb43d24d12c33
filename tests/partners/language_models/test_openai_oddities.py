"""The oddities of the simulated Batch API, as openai, OpenAI's own client, meets them."""

from __future__ import annotations

from collections import Counter

import openai
import pytest

from openai_rows import CHAT, RESPONSES, counts, created, results, row, rows

SLUG, CLIENT = "openai-batch", openai.OpenAI
CREATE = "POST /v1/batches"


def test_the_tokens_of_open_batches_of_a_model_are_limited(simulated, client_of, clock):
    client = client_of(simulated(queued_tokens=50))
    first = created(client, rows(10))
    second = created(client, rows(10))
    other = created(client, rows(10, model="gpt-4.1"))
    clock.now += 10
    second = client.batches.retrieve(second.id)
    assert (second.status, second.errors.data[0].code) == ("failed", "token_limit_exceeded")
    assert second.errors.data[0].line is None
    assert {client.batches.retrieve(each.id).status for each in (first, other)} == {"completed"}
    again = created(client, rows(10))
    clock.now += 10
    assert client.batches.retrieve(again.id).status == "completed"


@pytest.mark.parametrize("url", [CHAT, RESPONSES])
def test_refused_rows_have_succeeded(simulated, client_of, clock, url):
    client = client_of(simulated(refusing=1))
    batch = created(client, [row(1, url)], url)
    clock.now += 10
    (line,) = results(client, batch.id)[0].values()
    body = line["response"]["body"]
    part = body["choices"][0]["message"] if url == CHAT else body["output"][0]["content"][0]
    assert "can't help" in part["refusal"]
    assert not part.get("content")


def test_expired_rows_succeed_the_next_time(simulated, client_of, clock):
    client = client_of(simulated(expiring=0.5, overloaded=0.2))
    batch = created(client, rows(40))
    clock.now += 10
    batch = client.batches.retrieve(batch.id)
    _, bad = results(client, batch.id)
    assert (batch.status, batch.expired_at) == ("expired", batch.created_at + 10)
    codes = Counter((each["error"] or {"code": "answered"})["code"] for each in bad.values())
    assert set(codes) == {"batch_expired", "answered"}
    assert batch.request_counts.failed == codes["answered"]
    batch = created(client, rows(40))
    clock.now += 10
    assert client.batches.retrieve(batch.id).status == "completed"
    assert len(results(client, batch.id)[0]) == 40


def test_rows_without_a_status_are_counted_as_completed(simulated, client_of, clock):
    client = client_of(simulated(without_status=0.3))
    batch = created(client, rows(30))
    clock.now += 10
    batch = client.batches.retrieve(batch.id)
    good, bad = results(client, batch.id)
    assert counts(batch) == (30, 30, 0)
    assert len(good) + len(bad) == 30
    nothing = {"status_code": 0, "request_id": "", "body": {}}
    assert [(each["response"], each["error"]) for each in bad.values()] == [
        (nothing, None) for _ in bad
    ]


def test_a_clean_batch_may_have_an_error_file_id_of_no_text(simulated, client_of, clock):
    client = client_of(simulated(empty_error_file_id=True))
    batch = created(client, rows(2))
    clock.now += 10
    assert client.batches.retrieve(batch.id).error_file_id == ""


def test_a_batch_may_be_unknown_for_seconds_and_have_an_unknown_status(simulated, client_of, clock):
    client = client_of(simulated(not_found_seconds=3, unknown_status="resting"))
    batch = created(client, rows(1))
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve(batch.id)
    clock.now += 3
    assert client.batches.retrieve(batch.id).status == "resting"


def test_result_files_expire_and_can_be_deleted(simulated, client_of, clock):
    client = client_of(simulated(results_expire_seconds=60))
    batch = created(client, rows(1))
    clock.now += 10
    batch = client.batches.retrieve(batch.id)
    file = client.files.retrieve(batch.output_file_id)
    assert (file.purpose, file.expires_at) == ("batch_output", batch.completed_at + 60)
    assert client.files.delete(batch.input_file_id).deleted is True
    clock.now += 60
    with pytest.raises(openai.NotFoundError):
        client.files.content(batch.output_file_id)
    assert list(client.files.list()) == []


def test_results_may_be_cleanly_short(simulated, client_of, clock):
    client = client_of(simulated(truncate_results=0.25))
    batch = created(client, rows(20))
    clock.now += 10
    assert len(results(client, batch.id)[0]) == 15


def test_an_account_without_credit_refuses(simulated, client_of):
    simulator = simulated(spend_limit_jobs=0)
    with pytest.raises(openai.RateLimitError) as raised:
        created(client_of(simulator, max_retries=1), rows(1))
    assert (raised.value.code, raised.value.type) == ("insufficient_quota", "insufficient_quota")
    # The client tries again all the same.
    assert simulator.requests[CREATE] == {429: 2}


def test_the_client_makes_two_of_all_whose_first_reply_is_lost(simulated, client_of):
    simulator = simulated(lost_replies={CREATE: ["reset"], "POST /v1/files": [503]})
    client = client_of(simulator)
    batch = created(client, rows(2))
    assert simulator.requests[CREATE] == {"lost": 1, 200: 1}
    assert simulator.tries[CREATE] == {"0": 1, "1": 1}
    assert [each["id"] for each in simulator.operations][1:] == [batch.id]
    assert len(list(client.files.list())) == 2
    assert set(simulator.attempts.values()) == {2}


def test_the_client_reads_a_file_again_that_was_cut(simulated, client_of, clock):
    content = "GET /v1/files/{id}/content"
    simulator = simulated(lost_replies={content: ["cut"]})
    client = client_of(simulator)
    batch = created(client, rows(20))
    clock.now += 10
    assert len(results(client, batch.id)[0]) == 20
    assert simulator.requests[content] == {"lost": 1, 200: 1}


def test_the_key_is_required_and_never_shown(simulated, client_of):
    simulator = simulated(api_key="sk-secret")
    assert simulator.settings == {"api_key": "sk-secret", "base_url": f"{simulator.endpoint}/v1"}
    client = client_of(simulator, api_key="sk-other")
    with pytest.raises(openai.AuthenticationError) as raised:
        client.batches.list()
    assert raised.value.code == "invalid_api_key"
    assert "sk-" not in raised.value.response.text
    assert list(client_of(simulator).batches.list()) == []
