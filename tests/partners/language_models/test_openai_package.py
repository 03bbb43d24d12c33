"""The simulated Batch API by openai, OpenAI's own client: whole flows."""

from __future__ import annotations

import json

import openai
import pytest

from openai_rows import (
    AGE,
    CHAT,
    EMBEDDINGS,
    RESPONSES,
    counts,
    created,
    lines,
    results,
    row,
    rows,
    uploaded,
)

SLUG, CLIENT = "openai-batch", openai.OpenAI


def test_the_client_follows_a_batch_to_its_results(simulated, client_of, clock):
    simulator = simulated(failing=0.2)
    client = client_of(simulator)
    file = uploaded(client, rows(50))
    assert (file.filename, file.purpose, file.status) == ("rows.jsonl", "batch", "processed")
    assert client.files.content(file.id).content.count(b"\n") == 50
    batch = client.batches.create(
        input_file_id=file.id, endpoint=CHAT, completion_window="24h", metadata={"key": "k-1"}
    )
    assert (batch.status, counts(batch), batch.metadata) == (
        "validating",
        (0, 0, 0),
        {"key": "k-1"},
    )
    clock.now += 5
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.model, batch.output_file_id) == ("in_progress", "gpt-4o-mini", None)
    assert 0 < batch.request_counts.completed < 50
    clock.now += 4.9
    assert client.batches.retrieve(batch.id).status == "finalizing"
    clock.now += 0.1
    batch = client.batches.retrieve(batch.id)
    good, bad = results(client, batch.id)
    assert batch.status == "completed"
    assert counts(batch) == (50, len(good), len(bad))
    assert (len(good) + len(bad), batch.completed_at - batch.created_at) == (50, 10)
    answers = [each["response"]["body"] for each in good.values()]
    assert {each["choices"][0]["finish_reason"] for each in answers} == {"stop"}
    assert batch.usage.output_tokens == sum(each["usage"]["completion_tokens"] for each in answers)
    for each in bad.values():
        assert each["error"] is None
        assert each["response"]["status_code"] in (400, 404)
        assert each["response"]["body"]["error"]["code"]
    # What the simulator stored is what the client was given.
    stored = {each["key"]: each["fate"] for each in simulator.operations[0]["rows"]}
    assert stored == {**dict.fromkeys(good, "succeeded"), **dict.fromkeys(bad, "failed")}
    assert {each["key"]: each["answer"] for each in simulator.records["answers"]} == {
        key: each["response"]["body"]["choices"][0]["message"]["content"]
        for key, each in good.items()
    }


@pytest.mark.parametrize(
    ("requests", "code", "line"),
    [
        ([], "empty_file", None),
        ([row(1), row(1)], "duplicate_custom_id", 2),
        ([row(1), row(2, model="gpt-4.1")], "model_mismatch", 2),
        ([row(1), row(2, url=RESPONSES)], "url_mismatch", 2),
        ([{**row(1), "custom_id": None}], "missing_required_parameter", 1),
        ([row(1, temperature=float("nan"))], "invalid_json_line", 1),
    ],
)
def test_a_wrong_file_makes_a_batch_that_fails(simulated, client_of, clock, requests, code, line):
    client = client_of(simulated())
    batch = created(client, requests)
    assert (batch.status, batch.errors) == ("validating", None)
    clock.now += 10
    batch = client.batches.retrieve(batch.id)
    (error,) = batch.errors.data
    assert (batch.status, error.code, error.line) == ("failed", code, line)
    assert (batch.output_file_id, batch.error_file_id, counts(batch)) == (None, None, (0, 0, 0))


def test_wrong_requests_are_refused_with_the_parameter(simulated, client_of):
    client = client_of(simulated())
    with pytest.raises(openai.BadRequestError, match=r"\.jsonl"):
        client.files.create(file=("rows.csv", b"{}"), purpose="batch")
    for param, options in {
        "endpoint": {"endpoint": "/v1/nowhere"},
        "completion_window": {"completion_window": "1h"},
        "metadata": {"metadata": {str(number): "x" for number in range(17)}},
        "metadata.k": {"metadata": {"k": "x" * 513}},
        "output_expires_after.seconds": {
            "output_expires_after": {"anchor": "created_at", "seconds": 60}
        },
    }.items():
        with pytest.raises(openai.BadRequestError) as raised:
            created(client, rows(1), **options)
        assert raised.value.param == param
        assert raised.value.request_id.startswith("req_")
    with pytest.raises(openai.BadRequestError, match="input_file_id"):
        client.batches.create(input_file_id="file-0", endpoint=CHAT, completion_window="24h")
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_0")


def test_invalid_requests_are_in_the_error_file_of_a_completed_batch(simulated, client_of, clock):
    client = client_of(simulated())
    schema = {"name": "age", "strict": True, "schema": {**AGE, "required": ["age"]}}
    requests = [
        row(1, messages=[]),
        row(2, temperature=3),
        row(3, response_format={"type": "json_schema", "json_schema": schema}),
    ]
    batch = created(client, requests)
    clock.now += 10
    batch = client.batches.retrieve(batch.id)
    # No row succeeded, so there is no output file.
    assert (batch.status, counts(batch), batch.output_file_id) == ("completed", (3, 0, 3), None)
    bad = lines(client, batch.error_file_id)
    errors = [bad[f"row-{number}"]["response"]["body"]["error"]["param"] for number in (1, 2, 3)]
    assert errors == ["messages", "temperature", "response_format"]


@pytest.mark.parametrize("url", [CHAT, RESPONSES])
def test_a_schema_is_kept_and_answers_can_be_given(simulated, client_of, clock, url):
    client = client_of(simulated(answer={"What is 1?": {"age": 41, "mood": "good"}}))
    schema = {"name": "age", "strict": True, "schema": AGE}
    asked = {
        CHAT: {"response_format": {"type": "json_schema", "json_schema": schema}},
        RESPONSES: {"text": {"format": {"type": "json_schema", **schema}}},
    }[url]
    most = "max_completion_tokens" if url == CHAT else "max_output_tokens"
    requests = [row(1, url, **asked), row(2, url, **asked), row(3, url, **{most: 2})]
    batch = created(client, requests, url)
    clock.now += 10
    good, _ = results(client, batch.id)
    bodies = {key: each["response"]["body"] for key, each in good.items()}
    if url == CHAT:
        answers = [bodies[f"row-{number}"]["choices"][0] for number in (1, 2, 3)]
        texts = [each["message"]["content"] for each in answers]
        assert answers[2]["finish_reason"] == "length"
    else:
        answers = [openai.types.responses.Response(**bodies[f"row-{n}"]) for n in (1, 2, 3)]
        texts = [each.output_text for each in answers]
        assert answers[2].status == "incomplete"
        assert answers[2].incomplete_details.reason == "max_output_tokens"
    assert json.loads(texts[0]) == {"age": 41, "mood": "good"}
    drawn = json.loads(texts[1])
    assert isinstance(drawn["age"], int)
    assert drawn["mood"] in ("good", "bad")


def test_embeddings_are_the_same_for_the_same_text(simulated, client_of, clock):
    client = client_of(simulated())
    requests = [
        row(1, EMBEDDINGS, dimensions=8),
        row(2, EMBEDDINGS, input=["What is 1?", "other"], dimensions=8),
    ]
    batch = created(client, requests, EMBEDDINGS)
    clock.now += 10
    good, _ = results(client, batch.id)
    one, two = (good[f"row-{number}"]["response"]["body"]["data"] for number in (1, 2))
    assert [len(each) for each in (one, two, one[0]["embedding"])] == [1, 2, 8]
    assert one[0]["embedding"] == two[0]["embedding"] != two[1]["embedding"]


def test_a_cancelled_batch_keeps_what_was_done(simulated, client_of, clock):
    client = client_of(simulated())
    batch = created(client, rows(20))
    clock.now += 5
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert client.batches.cancel(batch.id).status == "cancelling"
    clock.now += 2
    batch = client.batches.retrieve(batch.id)
    good, bad = results(client, batch.id)
    assert (batch.status, len(good) + len(bad)) == ("cancelled", 20)
    assert batch.cancelled_at > batch.cancelling_at
    assert counts(batch) == (20, len(good), 0)
    assert {each["error"]["code"] for each in bad.values()} == {"batch_cancelled"}
    assert {each["response"] for each in bad.values()} == {None}
    done = created(client, rows(1))
    clock.now += 10
    with pytest.raises(openai.ConflictError):
        client.with_options(max_retries=0).batches.cancel(done.id)


def test_batches_and_files_are_listed_the_newest_first(simulated, client_of):
    client = client_of(simulated())
    made = [created(client, [row(number)]).id for number in range(45)]
    page = client.batches.list()
    assert (len(page.data), page.has_more) == (20, True)
    assert [each.id for each in page] == made[::-1]
    files = client.files.list(purpose="batch", limit=10, order="asc")
    assert (len(files.data), len(list(files))) == (10, 45)
    with pytest.raises(openai.BadRequestError, match="limit"):
        client.batches.list(limit=101)
