"""The outcome of each row of a batch of OpenAI, against a server written from documentation."""

from __future__ import annotations

import pandas as pd
import pytest

from batch_answers import chat_answer, failed_answer, undone
from batch_servers import End

ASK = {"prompt": {"@template": "Say {{word}}"}, "model": "gpt-5"}


def frame(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"word": [f"w{at}" for at in range(rows)]}, index=[*"abcdefgh"[:rows]])


def ask(connection, rows=3, action="chat", **options):
    run = connection.submit(frame(rows), action, **{**ASK, **options})
    run.wait(timeout=30)
    return run


def test_answers_in_any_order_become_columns_of_the_right_rows(openai):
    def ending(requests):
        assert [each["url"] for each in requests] == ["/v1/chat/completions"] * 3
        said = [each["body"]["messages"][0]["content"] for each in requests]
        answers = [chat_answer(*pair) for pair in zip(requests, said, strict=True)]
        return End(output=answers[::-1])

    _, connection = openai(ending)
    results = ask(connection).results()
    assert results["text"].tolist() == ["Say w0", "Say w1", "Say w2"]
    assert results.index.tolist() == ["a", "b", "c"]
    first = results.iloc[0]
    numbers = ["input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"]
    assert first[numbers].tolist() == [11, 3, 7, 2]
    assert (first["stop_reason"], first["model"]) == ("stop", "gpt-5-2026-01-01")
    assert first["operation_id"] == "batch_000"


@pytest.mark.parametrize(
    ("line", "status", "code", "retryable"),
    [
        (lambda r: failed_answer(r, 400, code="bad", message="no"), "failed", "bad", False),
        (lambda r: failed_answer(r, 429, type="rate"), "failed", "rate", True),
        (lambda r: failed_answer(r, 500), "failed", "500", True),
        (lambda r: failed_answer(r, 0), "failed", "no_response", True),
        (lambda r: failed_answer(r, 429, code="insufficient_quota"), "failed", None, True),
        (lambda r: undone(r, "batch_expired"), "failed", "batch_expired", True),
        (lambda r: undone(r, "request_timeout"), "failed", "request_timeout", True),
        (lambda r: undone(r, "batch_cancelled"), "canceled", None, True),
        (lambda r: undone(r, "brand_new"), "failed", "brand_new", None),
        (lambda r: {"custom_id": r["custom_id"]}, "unknown", None, None),
        (lambda r: chat_answer(r) | {"error": {"code": "x"}}, "unknown", None, None),
        (lambda r: failed_answer(r, 200), "unknown", None, None),
        (lambda r: failed_answer(r, True), "unknown", None, None),
    ],
)
def test_a_line_says_how_its_row_ended_and_whether_it_is_worth_another_try(
    openai, line, status, code, retryable
):
    _, connection = openai(lambda requests: End(errors=[line(requests[0])]))
    row = ask(connection, rows=1).results().iloc[0]
    assert (row["status"], code is None or row["error_code"] == code) == (status, True)
    assert (None if pd.isna(row["retryable"]) else bool(row["retryable"])) is retryable


def test_a_row_without_an_answer_is_unknown_whatever_the_batch_counts(openai):
    counts = {"request_counts": {"total": 3, "completed": 3, "failed": 0}}
    server, connection = openai(lambda rows: End(output=[chat_answer(rows[1])], batch=counts))
    run = ask(connection)
    assert run.results()["status"].tolist() == ["unknown", "completed", "unknown"]
    assert "OpenAI counts 3 completed" in run.operations[0].message
    assert server.count("GET /v1/files") == 5  # It was read again, as it may have been cut.


def test_foreign_and_doubled_ids_are_never_given_to_a_row(openai):
    def ending(requests):
        first = requests[0]["custom_id"]
        key = first.partition("_")[0]
        foreign = ["0", f"{key}_0", f"{key}_000009", f"x{first}", None, 7, f"{key}_\u0660"]
        lines = [chat_answer({"custom_id": each}, "foreign") for each in foreign]
        twice = [chat_answer(requests[0], "one"), chat_answer(requests[0], "two")]
        same = [chat_answer(requests[1])] * 2
        return End(output=[*lines, *twice, *same, b'{"cut": ', b"[]", b""])

    _, connection = openai(ending)
    run = ask(connection)
    assert run.results()["status"].tolist() == ["unknown", "completed", "unknown"]
    assert "7 answers have ids of no row" in run.operations[0].message
    assert "2 lines of the results cannot be read" in run.operations[0].message


def test_an_emoji_that_was_cut_in_half_does_not_spoil_the_frame(openai):
    cut = {"finish_reason": "length"}
    _, connection = openai(lambda rows: End(output=[chat_answer(rows[0], "a \ud83d", **cut)]))
    results = ask(connection, rows=1).results()
    assert results["text"].iloc[0] == "a \ufffd"
    results.to_json()


def test_lines_end_with_lf_alone(openai):
    text = "one\u2028two\u0085three\rfour"
    _, connection = openai(
        lambda rows: End(
            output=[
                f'{{"custom_id":"{each["custom_id"]}","response":{{"status_code":200,"body":'
                f'{{"choices":[{{"message":{{"content":"{text[:-5]}"}}}}]}}}}}}'.encode()
                for each in rows
            ]
        )
    )
    assert ask(connection).results()["text"].tolist() == [text[:-5]] * 3


@pytest.mark.parametrize("empty", ["", None])
def test_both_files_are_read_and_either_may_be_missing(openai, empty):
    def ending(requests):
        if empty is None:
            return End(errors=[failed_answer(each, 400) for each in requests])
        return End(output=[chat_answer(each) for each in requests], batch={"error_file_id": ""})

    _, connection = openai(ending)
    expected = "failed" if empty is None else "completed"
    assert ask(connection).counts[expected] == 3


def test_a_batch_that_expired_half_way_gives_its_answers_and_the_rest_is_sent_again(openai):
    def ending(requests):
        if len(requests) < 4:
            return End(output=[chat_answer(each, "later") for each in requests])
        done, left = requests[:2], [undone(each, "batch_expired") for each in requests[2:]]
        return End([*map(chat_answer, done)], left, {"status": "expired"})

    server, connection = openai(ending)
    run = ask(connection, rows=5)
    assert run.counts["completed"] == 2
    again = run.retry()
    again.wait(timeout=30)
    assert again.results()["text"].tolist() == ["ok", "ok", "later", "later", "later"]
    keys = {each["metadata"]["asyncdest_submission"] for each in server.batches.values()}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("errors", "statuses", "retryable"),
    [
        ([{"code": "token_limit_exceeded", "message": "later", "line": None}], "fff", [True] * 3),
        ([{"code": "empty_file", "message": "none", "line": None}], "fff", [False] * 3),
        ([{"code": "bad_line", "message": "no", "line": 2}], "cfc", [True, False, True]),
        ([], "fff", [None] * 3),
    ],
)
def test_a_refused_file_says_which_rows_are_at_fault(openai, errors, statuses, retryable):
    batch = {"status": "failed", "errors": {"object": "list", "data": errors}}
    _, connection = openai(lambda rows: End(batch=batch))
    results = ask(connection).results()
    assert "".join(each[0] for each in results["status"]) == statuses
    found = [None if pd.isna(each) else bool(each) for each in results["retryable"]]
    assert found == retryable


def test_an_unknown_status_is_shown_and_polled_on(openai):
    server, connection = openai(lambda rows: End(output=[chat_answer(each) for each in rows]))
    run = connection.submit(frame(), "chat", **ASK)
    while not server.batches:
        run.wait(timeout=0.02)
    server.batches["batch_000"]["status"] = "paused_by_vendor"
    while run.operations[0].odd_status is None:
        run.wait(timeout=0.02)
    assert run.operations[0].odd_status == "paused_by_vendor"
    server.batches["batch_000"]["status"] = "validating"
    assert run.wait(timeout=30) == "completed"


def test_the_answers_of_responses_have_the_same_columns(openai):
    def ending(requests):
        (first, second) = requests
        usage = {
            "input_tokens": 9,
            "output_tokens": 4,
            "input_tokens_details": {"cached_tokens": 1},
            "output_tokens_details": {"reasoning_tokens": 2},
        }
        text = [{"type": "reasoning"}, _says({"type": "output_text", "text": "ok"})]
        cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        refusal = [_says({"type": "refusal", "refusal": "I cannot"})]
        return End(
            output=[
                _answered(first, {"status": "completed", "output": text, "usage": usage}),
                _answered(second, {**cut, "output": refusal, "usage": usage}),
            ]
        )

    _, connection = openai(ending)
    results = ask(connection, rows=2, action="responses").results()
    assert results["status"].tolist() == ["completed"] * 2
    assert results["text"].tolist()[0] == "ok"
    assert results["refusal"].tolist()[1] == "I cannot"
    assert results["stop_reason"].tolist() == ["completed", "max_output_tokens"]
    assert results["input_tokens"].tolist() == [9, 9]
    assert results["reasoning_tokens"].tolist() == [2, 2]


def _says(part):
    return {"type": "message", "content": [part]}


def _answered(request, body):
    return {
        "custom_id": request["custom_id"],
        "response": {"status_code": 200, "body": body},
        "error": None,
    }


def test_embeddings_become_a_column(openai):
    def ending(requests):
        assert requests[0]["body"] == {"model": "gpt-5", "input": "Say w0", "dimensions": 2}
        body = {"model": "e", "data": [{"embedding": [0.5, 1.5]}], "usage": {"prompt_tokens": 4}}
        return End(output=[_answered(each, body) for each in requests])

    _, connection = openai(ending)
    results = ask(connection, action="embeddings", dimensions=2).results()
    assert results["embedding"].tolist() == [[0.5, 1.5]] * 3
    assert results["input_tokens"].tolist() == [4, 4, 4]
