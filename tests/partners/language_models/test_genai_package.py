"""The simulated batch mode of Gemini by google-genai, Google's own client: whole flows."""

from __future__ import annotations

import io
import json
from typing import Literal

import pytest
from google.genai import errors
from pydantic import BaseModel

from gemini_rows import MODEL, as_sent, contents, genai_client, results, row, rows, state, uploaded

SLUG, CLIENT = "gemini-batches", genai_client


class Person(BaseModel):
    """The schema of an answer."""

    age: int
    mood: Literal["good", "bad"]


def test_the_client_follows_a_job_to_its_inline_results(simulated, client_of, clock):
    simulator = simulated(failing=0.2)
    client = client_of(simulator)
    job = client.batches.create(model=MODEL, src=rows(50), config={"display_name": "k-1"})
    assert (job.state.name, job.display_name, job.model) == (
        "JOB_STATE_PENDING",
        "k-1",
        f"models/{MODEL}",
    )
    clock.now += 5
    assert (state(client, job), client.batches.get(name=job.name).dest) == ("RUNNING", None)
    stats = as_sent(simulator, job.name)["metadata"]["batchStats"]
    assert stats["requestCount"] == "50"
    assert 0 < int(stats["pendingRequestCount"]) < 50
    clock.now += 5
    assert state(client, job) == "SUCCEEDED"
    found = results(client, job.name)
    assert len(found) == 50
    assert list(found) != [f"row-{number}" for number in range(50)]
    failed = {key for key, each in found.items() if each.error}
    assert {found[key].error.code for key in failed} == {3}
    stored = {each["key"]: each["fate"] for each in simulator.operations[0]["rows"]}
    assert {key for key, fate in stored.items() if fate == "failed"} == failed
    answers = {each["key"]: each["answer"] for each in simulator.records["answers"]}
    assert answers == {key: each.response.text for key, each in found.items() if key not in failed}
    good = next(each.response for each in found.values() if each.response)
    assert good.candidates[0].finish_reason.name == "STOP"
    assert good.usage_metadata.total_token_count > good.usage_metadata.prompt_token_count > 0
    # The results are on the wire twice.
    sent = as_sent(simulator, job.name)
    assert sent["done"] is True
    assert sent["response"]["inlinedResponses"] == sent["metadata"]["output"]["inlinedResponses"]


def test_the_client_follows_a_job_of_a_file_to_its_file(simulated, client_of, clock):
    simulator = simulated()
    client = client_of(simulator)
    requests = {f"row-{number}": {"contents": contents(number)} for number in range(20)}
    file = uploaded(client, {**requests, "row-20": {"contents": []}})
    assert (file.display_name, file.state.name) == ("rows", "ACTIVE")
    job = client.batches.create(model=MODEL, src=file.name)
    clock.now += 10
    result_file = client.batches.get(name=job.name).dest.file_name
    lines = client.files.download(file=result_file).decode().splitlines()
    found = {each["key"]: each for each in map(json.loads, lines)}
    assert set(found) == {*requests, "row-20"}
    assert found.pop("row-20")["error"]["code"] == 3
    assert all(each["response"]["candidates"] for each in found.values())
    # Its name is too long to be asked for, and what was uploaded cannot be downloaded.
    with pytest.raises(errors.ClientError, match="40 characters"):
        client.files.get(name=result_file)
    assert client.files.get(name=file.name).size_bytes == file.size_bytes
    with pytest.raises(errors.ClientError, match="Only generated"):
        client.files.download(file=file.name)
    client.files.delete(name=file.name)
    assert [each.name for each in client.files.list()] == [result_file]


def test_a_large_file_comes_in_parts(simulated, client_of, clock):
    client = client_of(simulated())
    requests = {f"row-{number}": {"contents": contents("x" * 9_000_000)} for number in range(2)}
    file = uploaded(client, requests)
    assert file.size_bytes > 18_000_000
    job = client.batches.create(model=MODEL, src=file.name)
    clock.now += 10
    assert state(client, job) == "SUCCEEDED"


@pytest.mark.filterwarnings("ignore::google.genai._common.ExperimentalWarning")
def test_embeddings_have_no_key_inline_and_one_in_a_file(simulated, client_of, clock):
    client = client_of(simulated())
    asked = {"contents": ["a", "b", "a"], "config": {"output_dimensionality": 4}}
    job = client.batches.create_embeddings(model="embed", src={"inlined_requests": asked})
    content = {"content": {"parts": [{"text": "a"}]}, "output_dimensionality": 4}
    file = uploaded(client, {"row-0": content})
    other = client.batches.create_embeddings(model="embed", src={"file_name": file.name})
    clock.now += 10
    found = client.batches.get(name=job.name).dest.inlined_embed_content_responses
    first, second, third = (each.response.embedding.values for each in found)
    assert (len(first), first == third, first == second) == (4, True, False)
    result_file = client.batches.get(name=other.name).dest.file_name
    line = json.loads(client.files.download(file=result_file))
    assert line == {"key": "row-0", "response": {"embedding": {"values": first}}}


def test_a_schema_is_kept_and_answers_can_be_given(simulated, client_of, clock):
    simulator = simulated(
        answer={"What is 1?": {"age": 41, "mood": "good"}}, broken_json_schema=True
    )
    client = client_of(simulator)
    json_type = {"response_mime_type": "application/json"}
    requests = [
        row(1, **json_type, response_schema=Person),
        row(2, **json_type, response_schema=Person),
        row(3, **json_type, response_json_schema=Person.model_json_schema()),
        row(4, max_output_tokens=2),
    ]
    job = client.batches.create(model=MODEL, src=requests)
    clock.now += 10
    found = {key: each.response for key, each in results(client, job.name).items()}
    assert json.loads(found["row-1"].text) == {"age": 41, "mood": "good"}
    assert Person.model_validate_json(found["row-2"].text)
    # Reported of this field in batches, and not of the other one.
    with pytest.raises(ValueError, match="Expecting property name"):
        json.loads(found["row-3"].text)
    assert found["row-4"].candidates[0].finish_reason.name == "MAX_TOKENS"


def test_a_file_that_is_not_jsonl_makes_a_job_that_fails(simulated, client_of, clock):
    simulator = simulated()
    client = client_of(simulator)
    file = client.files.upload(file=io.BytesIO(b"key,text\n"), config={"mime_type": "text/csv"})
    job = client.batches.create(model=MODEL, src=file.name)
    clock.now += 10
    assert state(client, job) == "FAILED"
    assert "Line 1" in as_sent(simulator, job.name)["error"]["message"]


def test_a_cancelled_job_has_no_results(simulated, client_of, clock):
    client = client_of(simulated())
    job = client.batches.create(model=MODEL, src=rows(4))
    clock.now += 5
    client.batches.cancel(name=job.name)
    client.batches.cancel(name=job.name)
    clock.now += 2
    assert (state(client, job), client.batches.get(name=job.name).dest) == ("CANCELLED", None)
    client.batches.delete(name=job.name)
    with pytest.raises(errors.ClientError) as raised:
        client.batches.get(name=job.name)
    assert (raised.value.code, raised.value.status) == (404, "NOT_FOUND")


def test_jobs_are_listed_for_their_key_alone(simulated, client_of):
    simulator = simulated()
    client = client_of(simulator)
    made = [client.batches.create(model=MODEL, src=[row(number)]).name for number in range(25)]
    assert [each.name for each in client.batches.list(config={"page_size": 10})] == made[::-1]
    assert simulator.requests["GET /{version}/batches"] == {200: 3}
    other = client_of(simulator, api_key="another")
    assert list(other.batches.list()) == []
    with pytest.raises(errors.ClientError):
        other.batches.get(name=made[0])
