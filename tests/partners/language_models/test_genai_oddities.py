"""The oddities of the simulated batch mode of Gemini, as google-genai, its client, meets them."""

from __future__ import annotations

import warnings
from collections import Counter

import httpx2
import pytest
from google.genai import errors

from gemini_rows import MODEL, as_sent, contents, genai_client, results, rows, state, uploaded

SLUG, CLIENT = "gemini-batches", genai_client
CREATE = "POST /{version}/models/{model}:batchGenerateContent"


def test_a_job_of_failed_rows_has_succeeded(simulated, client_of, clock):
    client = client_of(simulated(failing=1))
    job = client.batches.create(model=MODEL, src=rows(3))
    clock.now += 10
    assert state(client, job) == "SUCCEEDED"
    assert all(each.error for each in results(client, job.name).values())


def test_a_refused_row_has_no_candidates(simulated, client_of, clock):
    client = client_of(simulated(refusing=1))
    job = client.batches.create(model=MODEL, src=rows(1))
    clock.now += 10
    response = results(client, job.name)["row-0"].response
    assert response.candidates is None
    assert response.prompt_feedback.block_reason.name == "PROHIBITED_CONTENT"


@pytest.mark.parametrize(
    ("knobs", "word", "code"),
    [({"failing_jobs": 1}, "FAILED", 13), ({"expiring": 0.5}, "EXPIRED", 4)],
)
def test_a_job_that_failed_or_expired_has_no_results(
    simulated, client_of, clock, knobs, word, code
):
    simulator = simulated(**knobs)
    client = client_of(simulator)
    job = client.batches.create(model=MODEL, src=rows(10))
    clock.now += 10
    ended = client.batches.get(name=job.name)
    # The client drops the error of the operation.
    assert (state(client, job), ended.dest, ended.error) == (word, None, None)
    assert as_sent(simulator, job.name)["error"]["code"] == code


def test_rows_that_the_server_failed_succeed_the_next_time(simulated, client_of, clock):
    client = client_of(simulated(overloaded=0.5))
    codes = []
    for _ in range(2):
        job = client.batches.create(model=MODEL, src=rows(40))
        clock.now += 10
        found = results(client, job.name).values()
        codes.append(Counter(each.error.code if each.error else 0 for each in found))
    assert set(codes[0]) <= {0, 4, 8, 13, 14}
    assert (set(codes[1]), len(codes[0]) > 2) == ({0}, True)


def test_states_that_the_client_does_not_know_never_end(simulated, client_of, clock):
    client = client_of(
        simulated(unknown_status="BATCH_STATE_RESTING", partial_state=True, failing=0.5)
    )
    job = client.batches.create(model=MODEL, src=rows(10))
    clock.now += 5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert client.batches.get(name=job.name).state.value == "BATCH_STATE_RESTING"
        clock.now += 5
        ended = client.batches.get(name=job.name)
    assert (ended.state.value, ended.done) == ("BATCH_STATE_PARTIALLY_SUCCEEDED", False)


def test_too_much_at_once_is_refused_at_the_creation(simulated, client_of, clock):
    client = client_of(simulated(queued_tokens=50))
    client.batches.create(model=MODEL, src=rows(10))
    with pytest.raises(errors.ClientError) as raised:
        client.batches.create(model=MODEL, src=rows(10))
    assert (raised.value.code, raised.value.status) == (429, "RESOURCE_EXHAUSTED")
    clock.now += 10
    client.batches.create(model=MODEL, src=rows(10))


def test_a_lost_reply_is_one_job_and_a_final_part_may_come_twice(simulated, client_of):
    upload = "POST /upload/{version}/files"
    simulator = simulated(lost_replies={CREATE: ["reset"]})
    client = client_of(simulator)
    with pytest.raises(httpx2.TransportError):
        client.batches.create(model=MODEL, src=rows(1))
    assert (simulator.requests[CREATE], len(simulator.operations)) == ({"lost": 1}, 1)

    file = uploaded(client, {"row-0": {"contents": contents(0)}})
    assert simulator.requests[upload] == {200: 2}
    start = httpx2.post(
        f"{simulator.endpoint}/upload/v1/files",
        headers={"x-goog-api-key": "simulated-key", "x-goog-upload-command": "start"},
        json={"file": {}},
    )
    final = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    url = start.headers["x-goog-upload-url"]
    # The address of an upload needs no key.
    names = {httpx2.post(url, headers=final, content=b"{}").json()["file"]["name"] for _ in "ab"}
    assert len(names) == 1
    assert {each.name for each in client.files.list()} == {*names, file.name}


def test_the_key_is_required_and_tokens_are_counted(simulated, client_of):
    simulator = simulated(api_key="AIza-secret")
    assert simulator.settings == {"api_key": "AIza-secret", "base_url": simulator.endpoint}
    with pytest.raises(errors.ClientError, match="API key not valid"):
        client_of(simulator, api_key="other").batches.create(model=MODEL, src=rows(1))
    assert httpx2.get(f"{simulator.endpoint}/v1beta/batches").status_code == 403
    found = client_of(simulator).models.count_tokens(model=MODEL, contents="Hello, world!")
    assert found.total_tokens == 4
