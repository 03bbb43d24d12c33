"""What a line of the results has to state to be an answer, against servers from documentation."""

from __future__ import annotations

import pandas as pd
import pytest

from batch_answers import chat_answer, message_answer
from batch_servers import End

MESSAGE = {"message": {"content": "ok", "refusal": None}}
EMPTY = "the answer is empty"


def answered(request, **body):
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": request["custom_id"], "response": response, "error": None}


def response(request, status, **more):
    part = {"type": "output_text", "text": "ok"}
    output = [{"type": "message", "content": [part]}] if status == "completed" else []
    return answered(request, id="resp_1", status=status, output=output, **more)


def outcome(connection, action, **options):
    frame = pd.DataFrame({"word": ["w"]})
    run = connection.submit(frame, action, prompt={"@path": "$.word"}, model="m", **options)
    run.wait(timeout=30)
    found = run.results().iloc[0]
    is_known = not pd.isna(found["retryable"])
    return found["status"], bool(found["retryable"]) if is_known else None, found["message"]


@pytest.mark.parametrize(
    ("action", "line", "status", "retryable", "message"),
    [
        ("chat", lambda r: answered(r, error={"message": "oops"}), "failed", None, "oops"),
        ("chat", lambda r: chat_answer(r, message=None), "unknown", None, "it has no message"),
        ("chat", lambda r: answered(r, choices=[]), "unknown", None, "it has no message"),
        ("chat", lambda r: chat_answer(r, text=""), "completed", None, EMPTY),
        (
            "responses",
            lambda r: response(r, "completed", error=None),
            "completed",
            None,
            "answered",
        ),
        (
            "responses",
            lambda r: response(r, "failed", error={"code": "server_error", "message": "broke"}),
            *("failed", True, "broke"),
        ),
        (
            "responses",
            lambda r: response(r, "failed", error={"code": "invalid_image", "message": "no"}),
            *("failed", None, "no"),
        ),
        ("responses", lambda r: response(r, "queued"), "unknown", None, "its status is 'queued'"),
        ("responses", lambda r: response(r, "cancelled"), "unknown", None, "is 'cancelled'"),
        ("embeddings", lambda r: answered(r, data=[]), "unknown", None, "it has no vector"),
        ("embeddings", lambda r: answered(r, error={"message": "x"}), "failed", None, "x"),
    ],
)
def test_a_status_200_alone_is_no_answer(openai, action, line, status, retryable, message):
    _, connection = openai(lambda requests: End(output=[line(each) for each in requests]))
    found = outcome(connection, action)
    assert found[:2] == (status, retryable)
    assert message in found[2]


@pytest.mark.parametrize(
    ("message", "status", "said"),
    [
        ({"type": "error", "content": None}, "unknown", "without a message"),
        ({"content": []}, "completed", EMPTY),
        ({"content": [{"type": "tool_use", "id": "t", "input": {}}]}, "completed", "answered"),
    ],
)
def test_a_message_without_content_is_no_answer(anthropic, message, status, said):
    _, connection = anthropic(
        lambda requests: End(output=[message_answer(each, **message) for each in requests])
    )
    found = outcome(connection, "messages")
    assert found[0] == status
    assert said in found[2]


@pytest.mark.parametrize(
    ("line", "status", "retryable", "message"),
    [
        ({"status": {"code": 13, "message": "broke"}}, "failed", True, "broke"),
        ({"response": {"error": {"code": 3, "message": "bad"}}}, "failed", False, "bad"),
        ({"response": {"candidates": [{"finishReason": "STOP"}]}}, "completed", None, EMPTY),
    ],
)
def test_an_error_of_gemini_may_be_called_a_status(gemini, line, status, retryable, message):
    _, connection = gemini(
        lambda requests: End(output=[{"key": each["key"], **line} for each in requests])
    )
    assert outcome(connection, "generate") == (status, retryable, message)


@pytest.mark.parametrize("text", ["[1]", "null", '"word"', "3"])
def test_json_that_is_no_object_is_said_and_makes_no_columns(openai, text):
    _, connection = openai(lambda rows: End(output=[chat_answer(each, text) for each in rows]))
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    status, _, message = outcome(connection, "chat", output_schema=schema)
    assert status == "completed"
    assert message == "the answer is JSON, but no object as in the schema: see the column text"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": null, "b": 1, "c": 2}', "answered"),
        ('{"b": 1}', "the answer lacks a, c, though the schema requires it"),
        ("{}", "the answer lacks a, c, though the schema requires it"),
    ],
)
def test_an_answer_that_does_not_follow_the_schema_says_what_it_lacks(openai, text, message):
    _, connection = openai(lambda rows: End(output=[chat_answer(each, text) for each in rows]))
    properties = {name: {"type": ["integer", "null"]} for name in "abc"}
    schema = {"type": "object", "properties": properties, "required": ["a", "c"]}
    assert outcome(connection, "chat", output_schema=schema) == ("completed", None, message)


def test_a_call_of_a_tool_is_no_answer_by_the_schema(anthropic):
    call = {"type": "tool_use", "id": "t", "name": "look_up", "input": {}}
    _, connection = anthropic(
        lambda rows: End(output=[message_answer(each, content=[call]) for each in rows])
    )
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    found = outcome(connection, "messages", output_schema=schema)
    message = "the model called a tool instead of an answer: see the column tool_calls"
    assert found == ("completed", None, message)


def test_tokens_of_thoughts_count_where_nothing_was_written(gemini):
    usage = {"promptTokenCount": 4, "thoughtsTokenCount": 90}
    candidate = {"finishReason": "MAX_TOKENS"}
    response = {"candidates": [candidate], "usageMetadata": usage}
    _, connection = gemini(
        lambda rows: End(output=[{"key": each["key"], "response": response} for each in rows])
    )
    frame = pd.DataFrame({"word": ["w"]})
    run = connection.submit(frame, "generate", prompt={"@path": "$.word"}, model="m")
    run.wait(timeout=30)
    found = run.results().iloc[0]
    assert (found["output_tokens"], found["message"]) == (90, "cut off at max_tokens")
