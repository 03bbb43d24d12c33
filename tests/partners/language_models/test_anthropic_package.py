"""The simulated Message Batches by anthropic, Anthropic's own client: whole flows."""

from __future__ import annotations

import json
from collections import Counter

import anthropic
import pytest

from anthropic_rows import counted, kinds, row, rows

SLUG, CLIENT = "anthropic-batches", anthropic.Anthropic
AGE = {
    "type": "object",
    "properties": {"age": {"type": "integer"}, "mood": {"enum": ["good", "bad"]}},
    "required": ["age", "mood"],
    "additionalProperties": False,
}


def test_the_client_follows_a_batch_to_its_results(simulated, client_of, clock):
    simulator = simulated(failing=0.2)
    batches = client_of(simulator).messages.batches
    batch = batches.create(requests=rows(50))
    assert (batch.processing_status, counted(batch)) == ("in_progress", {"processing": 50})
    clock.now += 9
    # Nothing is counted before the end.
    assert counted(batches.retrieve(batch.id)) == {"processing": 50}
    clock.now += 1
    ended = batches.retrieve(batch.id)
    assert (ended.processing_status, sum(counted(ended).values())) == ("ended", 50)
    assert ended.ended_at > ended.created_at
    assert (ended.expires_at - ended.created_at).total_seconds() == 24 * 3600
    results = list(batches.results(batch.id))
    assert Counter(each.result.type for each in results) == counted(ended)
    assert len({each.custom_id for each in results}) == 50
    assert [each.custom_id for each in results] != [each["custom_id"] for each in rows(50)]
    errored = [each.result.error for each in results if each.result.type == "errored"]
    # An error has two levels.
    assert {each.type for each in errored} == {"error"}
    assert {each.error.type for each in errored} <= {"invalid_request_error", "not_found_error"}
    message = next(each.result.message for each in results if each.result.type == "succeeded")
    assert (message.role, message.stop_reason, message.usage.service_tier) == (
        "assistant",
        "end_turn",
        "batch",
    )
    assert "What is" in message.content[0].text
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    # What the simulator stored is what the client was given.
    stored = {each["key"]: each["fate"] for each in simulator.operations[0]["rows"]}
    answers = {each["key"]: each["answer"] for each in simulator.records["answers"]}
    for each in results:
        is_good = each.result.type == "succeeded"
        assert stored[each.custom_id] == ("succeeded" if is_good else "failed")
        assert answers.get(each.custom_id) == (
            each.result.message.content[0].text if is_good else None
        )


def test_a_failing_row_is_the_same_in_every_run(simulated, client_of, clock):
    found = []
    for _ in range(2):
        batches = client_of(simulated(failing=0.3)).messages.batches
        batch = batches.create(requests=rows(30))
        clock.now += 10
        found.append(kinds(batches, batch.id))
    assert found[0] == found[1]
    assert set(found[0].values()) == {"succeeded", "errored"}


def test_rows_are_validated_when_they_are_processed(simulated, client_of, clock):
    batches = client_of(simulated()).messages.batches
    schema = {"type": "json_schema", "schema": {"type": "object", "properties": {}}}
    wrong = {
        "messages: at least one message is required": {"messages": []},
        "max_tokens: Input should be greater than or equal to 1": {"max_tokens": 0},
        "stream: Streaming is not supported in batches": {"stream": True},
        "betas: Extra inputs are not permitted": {"betas": ["files-api-2025-04-14"]},
        "temperature: Extra inputs are not permitted": {"temperature": 1.0},
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly "
        "set to false": {"output_config": {"format": schema}},
    }
    requests = [row(number, **params) for number, params in enumerate(wrong.values())]
    batch = batches.create(requests=[*requests, row(99)])
    clock.now += 10
    results = {each.custom_id: each.result for each in batches.results(batch.id)}
    assert results.pop("row-99").type == "succeeded"
    found = [results[f"row-{number}"].error.error.message for number in range(len(wrong))]
    assert found == list(wrong)


def test_sampling_is_allowed_in_the_version_before(simulated, client_of, clock):
    batches = client_of(
        simulated(), default_headers={"anthropic-version": "2023-06-01"}
    ).messages.batches
    batch = batches.create(requests=[row(1, temperature=0.5)])
    clock.now += 10
    assert kinds(batches, batch.id) == {"row-1": "succeeded"}


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([], "requests: List should have at least 1 item"),
        ([{**row(1), "custom_id": "a b"}], "requests.0.custom_id: String should match pattern"),
        ([row(1), {**row(2), "custom_id": "x" * 65}], "requests.1.custom_id: String should match"),
        ([row(1), row(1)], "requests.1.custom_id: Duplicate custom_id 'row-1'"),
        ([{**row(1), "custom_id": 1}], "requests.0.custom_id: Input should be a valid string"),
    ],
)
def test_a_wrong_custom_id_is_refused_at_the_creation(simulated, client_of, requests, message):
    simulator = simulated()
    with pytest.raises(anthropic.BadRequestError) as raised:
        client_of(simulator).messages.batches.create(requests=requests)
    assert raised.value.body["error"]["type"] == "invalid_request_error"
    assert message in raised.value.body["error"]["message"]
    assert raised.value.request_id.startswith("req_")
    assert simulator.operations == []


def test_a_schema_is_kept_and_answers_can_be_given(simulated, client_of, clock):
    simulator = simulated(answer={"What is 1?": {"age": 41, "mood": "good"}, "What is 2?": "Two."})
    batches = client_of(simulator).messages.batches
    config = {"format": {"type": "json_schema", "schema": AGE}}
    tool = {"name": "note", "input_schema": AGE}
    requests = [
        row(1, output_config=config),
        row(2),
        row(3, output_config=config),
        row(4, tools=[tool], tool_choice={"type": "tool", "name": "note"}),
        row(5, max_tokens=2),
    ]
    batch = batches.create(requests=requests)
    clock.now += 10
    results = {each.custom_id: each.result.message for each in batches.results(batch.id)}
    assert json.loads(results["row-1"].content[0].text) == {"age": 41, "mood": "good"}
    assert results["row-2"].content[0].text == "Two."
    drawn = json.loads(results["row-3"].content[0].text)
    assert isinstance(drawn["age"], int)
    assert drawn["mood"] in ("good", "bad")
    assert (results["row-4"].stop_reason, set(results["row-4"].content[0].input)) == (
        "tool_use",
        {"age", "mood"},
    )
    cut = results["row-5"]
    assert (cut.stop_reason, cut.usage.output_tokens) == ("max_tokens", 2)


def test_a_cancelled_batch_ends_with_what_was_done(simulated, client_of, clock):
    batches = client_of(simulated()).messages.batches
    batch = batches.create(requests=rows(20))
    clock.now += 5
    cancelled = batches.cancel(batch.id)
    assert (cancelled.processing_status, counted(cancelled)) == ("canceling", {"processing": 20})
    assert batches.cancel(batch.id).processing_status == "canceling"
    clock.now += 2
    ended = batches.retrieve(batch.id)
    assert ended.processing_status == "ended"
    assert set(counted(ended)) == {"succeeded", "canceled"}
    assert Counter(kinds(batches, batch.id).values()) == counted(ended)


def test_all_batches_are_listed_the_newest_first(simulated, client_of):
    batches = client_of(simulated()).messages.batches
    made = [batches.create(requests=[row(number)]).id for number in range(45)]
    page = batches.list()
    assert (len(page.data), page.has_more) == (20, True)
    assert [each.id for each in page] == made[::-1]
    before = batches.list(before_id=made[10], limit=5)
    assert [each.id for each in before.data] == made[15:10:-1]
    with pytest.raises(anthropic.BadRequestError, match="limit"):
        batches.list(limit=1001)


def test_a_batch_that_has_ended_can_be_deleted(simulated, client_of, clock):
    batches = client_of(simulated()).messages.batches
    batch = batches.create(requests=rows(1))
    with pytest.raises(anthropic.BadRequestError, match="in progress"):
        batches.delete(batch.id)
    clock.now += 10
    assert batches.delete(batch.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(batch.id)


def test_tokens_are_counted(simulated, client_of):
    messages = client_of(simulated()).messages
    asked = {"model": "claude-haiku-4-5", "messages": row(1)["params"]["messages"]}
    short = messages.count_tokens(**asked).input_tokens
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    part = [{"type": "text", "text": "What is this?"}, image]
    long = messages.count_tokens(
        **{**asked, "messages": [{"role": "user", "content": part}]}, system="Be short."
    ).input_tokens
    assert 0 < short < 100 < long
