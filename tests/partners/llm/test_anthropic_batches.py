"""Message batches of Anthropic, against a server written from documentation and bug reports."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from asyncdest_nb.schedule import SquareRoot
from batch_answers import errored, message_answer, result_of
from batch_servers import KEY, AnthropicServer, End
from settled_soon import settled_soon

ASK = {"prompt": {"@template": "Say {{word}}"}, "model": "claude-x", "max_tokens": 50}
CREATE = "POST /v1/messages/batches"


def frame(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"word": [f"w{at}" for at in range(rows)]}, index=[*"abcdefgh"[:rows]])


def ask(connection, rows=3, **options):
    run = connection.submit(frame(rows), "messages", **{**ASK, **options})
    run.wait(timeout=30)
    return run


def all_done(requests):
    return End(output=[message_answer(each) for each in requests])


def test_answers_in_any_order_become_columns_of_the_right_rows(anthropic):
    def ending(requests):
        said = [each["params"]["messages"][0]["content"] for each in requests]
        answers = [message_answer(*pair) for pair in zip(requests, said, strict=True)]
        return End(output=answers[::-1])

    server, connection = anthropic(ending)
    results = ask(connection).results()
    assert results["text"].tolist() == ["Say w0", "Say w1", "Say w2"]
    assert results[["input_tokens", "cached_tokens", "output_tokens"]].iloc[0].tolist() == [
        10,
        3,
        7,
    ]
    headers = next(each[2] for each in server.arrived if each[0] == "POST")
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers["x-api-key"].startswith("sk-test")


@pytest.mark.parametrize(
    ("line", "status", "code", "retryable"),
    [
        (lambda r: errored(r, "invalid_request_error"), "failed", "invalid_request_error", False),
        (lambda r: errored(r, "overloaded_error"), "failed", "overloaded_error", True),
        (lambda r: errored(r, "api_error"), "failed", "api_error", True),
        (lambda r: errored(r, "billing_error"), "failed", "billing_error", True),
        (
            lambda r: errored(r, "invalid_request_error", "Your credit balance is too low"),
            "failed",
            "invalid_request_error",
            True,
        ),
        (
            lambda r: errored(r, "rate_limit_error", details={"error_code": "exact"}),
            "failed",
            "exact",
            True,
        ),
        (lambda r: errored(r, "weird_error"), "failed", "weird_error", None),
        (lambda r: result_of(r, "expired"), "failed", "expired", True),
        (lambda r: result_of(r, "canceled"), "canceled", None, True),
        (lambda r: result_of(r, "brand_new"), "unknown", None, None),
        (lambda r: result_of(r, "succeeded"), "unknown", None, None),
    ],
)
def test_a_line_says_how_its_row_ended_and_whether_it_is_worth_another_try(
    anthropic, line, status, code, retryable
):
    _, connection = anthropic(lambda requests: End(output=[line(requests[0])]))
    row = ask(connection, rows=1).results().iloc[0]
    assert (row["status"], code is None or row["error_code"] == code) == (status, True)
    assert (None if pd.isna(row["retryable"]) else bool(row["retryable"])) is retryable


def test_a_credit_that_is_used_up_is_said_plainly(anthropic):
    low = "Your credit balance is too low to access the API"
    _, connection = anthropic(
        lambda rows: End(output=[errored(each, "invalid_request_error", low) for each in rows])
    )
    message = ask(connection).results()["message"].iloc[0]
    assert "the account has no credit left, or reached its spend limit" in message


def test_rows_that_are_missing_in_a_short_file_are_unknown(anthropic):
    def ending(requests):
        counts = {"processing": 0, "succeeded": 3, "errored": 0, "canceled": 0, "expired": 0}
        return End([message_answer(requests[1])], batch={"request_counts": counts})

    server, connection = anthropic(ending)
    run = ask(connection)
    assert run.results()["status"].tolist() == ["unknown", "completed", "unknown"]
    assert "Anthropic counts 3 succeeded" in run.operations[0].message
    assert server.count("GET /v1/messages/batches/msgbatch_000/results") == 5


def test_an_answer_that_was_cut_off_or_refused_is_completed_and_not_parsed(anthropic):
    def ending(requests):
        cut = message_answer(requests[0], '{"topic": "bi', stop_reason="max_tokens")
        no = message_answer(
            requests[1], "", stop_reason="refusal", stop_details={"category": "cyber"}
        )
        return End(output=[cut, no, message_answer(requests[2], '{"topic": "bill"}')])

    _, connection = anthropic(ending)
    schema = {"type": "object", "properties": {"topic": {"type": "string"}}}
    results = ask(connection, output_schema=schema).results()
    assert results["status"].tolist() == ["completed"] * 3
    assert [None if pd.isna(each) else each for each in results["topic"]] == [None, None, "bill"]
    assert results["refusal"].tolist()[1] == "cyber"
    assert "cut off at max_tokens" in results["message"].iloc[0]
    assert "the model refused" in results["message"].iloc[1]


def test_the_key_never_goes_to_another_origin_for_results(anthropic):
    def ending(requests):
        elsewhere = {"results_url": "http://127.0.0.1:9/v1/messages/batches/x/results"}
        return End([message_answer(each) for each in requests], batch=elsewhere)

    _, connection = anthropic(ending)
    assert ask(connection).counts["completed"] == 3


def test_results_that_were_archived_leave_the_rows_unknown(anthropic):
    batch = {"archived_at": "2026-01-01T00:00:00Z", "results_url": None}
    _, connection = anthropic(lambda rows: End(batch=batch))
    results = ask(connection).results()
    assert set(results["status"]) == {"unknown"}
    assert "29 days" in results["message"].iloc[0]


def test_a_404_on_polls_and_results_is_no_end(anthropic, monkeypatch):
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.01)
    server, connection = anthropic(all_done)
    server.faults["GET /v1/messages/batches/msgbatch_000"] = [404] * 5
    server.faults["GET /v1/messages/batches/msgbatch_000/results"] = [404] * 5
    assert ask(connection, schedule=SquareRoot(minimum=0.02, cost=0.001)).counts["completed"] == 3


def test_a_batch_whose_reply_was_lost_is_known_by_the_ids_in_its_results(anthropic):
    server, connection = anthropic(all_done)
    for rows in (3, 3, 5):  # Of somebody else, made at the same time.
        server.add([{"custom_id": f"other-{at}"} for at in range(rows)])
    server.faults[CREATE] = ["reset"]
    run = ask(connection)
    assert run.counts["completed"] == 3
    assert (server.count(CREATE), len(server.batches)) == (1, 4)
    assert run.results()["text"].tolist() == ["ok"] * 3
    assert not server.asked.get("msgbatch_002")  # It has another number of rows.


def test_a_batch_that_never_arrived_is_known_once_those_that_may_be_it_have_ended(anthropic):
    server, connection = anthropic(all_done)
    server.add([{"custom_id": f"other-{at}"} for at in range(3)])
    server.faults[CREATE] = [504]  # From a proxy: the request did not arrive.
    run = ask(connection)
    results = run.results()
    assert set(results["status"]) == {"canceled"}
    assert bool(results["retryable"].all())
    assert "never arrived" in results["message"].iloc[0]
    again = run.retry()
    assert again.wait(timeout=30) == "completed"
    assert len(server.batches) == 2


def test_a_batch_that_never_arrived_is_sent_again_beside_others_of_as_many_rows(session):
    with AnthropicServer(all_done) as server:
        settings = {"api_key": KEY, "base_url": server.url, "version": "2023-06-01"}
        connection = session.connect(settled_soon("anthropic-batches"), **settings)
        assert ask(connection, system="An earlier batch").counts["completed"] == 3
        server.faults[CREATE] = [504]  # From a proxy: the request did not arrive.
        assert ask(connection).counts["completed"] == 3
        assert (server.count(CREATE), len(server.batches)) == (3, 2)


def test_batches_of_another_time_are_not_taken_for_the_one_that_was_lost(anthropic):
    server, connection = anthropic(all_done)
    for when in ("2026-01-01T00:00:00Z", "2199-01-01T00:00:00Z"):
        server.add([{"custom_id": f"other-{at}"} for at in range(3)], created_at=when)
    server.faults[CREATE] = ["reset"]
    run = ask(connection)
    assert run.counts["completed"] == 3
    assert set(server.asked) == {"msgbatch_002"}


def test_where_it_cannot_be_known_the_rows_are_unknown_and_the_batches_are_named(anthropic):
    server, connection = anthropic(all_done)
    gone = {"processing_status": "ended", "archived_at": "2026-01-01T00:00:00Z"}
    server.add([{"custom_id": f"other-{at}"} for at in range(3)], **gone)
    server.faults[CREATE] = [504]
    results = ask(connection).results()
    assert set(results["status"]) == {"unknown"}
    assert "msgbatch_000, which may be it" in results["message"].iloc[0]
    assert server.count(CREATE) == 1


def test_a_reached_spend_limit_waits_and_says_so(anthropic):
    server, connection = anthropic(all_done)
    limit = {"type": "rate_limit_error", "message": "x"}
    limit["details"] = {"error_code": "enforced_spend_limit_reached"}
    server.faults[CREATE] = [(429, {"type": "error", "error": limit})]
    run = connection.submit(frame(), "messages", **ASK)
    while not any("spend limit" in each.message for each in run.operations):
        run.wait(timeout=0.02)
    assert run.counts["pending"] == 3
    run.cancel()
    run.wait(timeout=30)


def test_temperature_is_refused_here_under_the_version_that_refuses_it_there(anthropic):
    server, connection = anthropic(all_done, version="2026-10-21")
    run = ask(connection, temperature=0.5)
    assert run.counts["invalid"] == 3
    assert "version 2026-10-21 refuses temperature" in run.results()["message"].iloc[0]
    assert not server.arrived
    assert ask(connection, parameters={"top_k": 5}).counts["invalid"] == 3
    _, older = anthropic(all_done)
    assert ask(older, temperature=0.5).counts["completed"] == 3


def test_an_estimate_is_counted_by_the_vendor_on_some_rows(anthropic):
    server, connection = anthropic(all_done)
    rows = pd.DataFrame({"word": [f"{at:03d}" for at in range(100)]})
    found = connection.preview(rows, "messages", **ASK).estimate(input_price=2, output_price=10)
    assert server.count("POST /v1/messages/count_tokens") == 20
    assert (found.rows, found.requests, found.input_tokens) == (100, 1, 700)
    assert (found.output_tokens, found.output_cost) == (5000, 0.05)
    assert "counted by Anthropic on 20 of 100 rows" in repr(found)
    sent = json.loads(server.arrived[0][3])
    assert set(sent) == {"model", "messages"}
    assert not server.batches


def test_rows_that_are_not_counted_weigh_in_an_estimate_by_their_lengths(anthropic):
    _, connection = anthropic(all_done)
    # Every fifth row is counted, and they are the long ones.
    rows = pd.DataFrame({"word": ["w" * (1000 if at % 5 == 0 else 10) for at in range(100)]})
    found = connection.preview(rows, "messages", **ASK).estimate()
    assert found.input_tokens == pytest.approx(rows["word"].str.len().sum() + 400, rel=0.1)


def test_the_url_may_end_in_the_version_of_the_paths(session):
    with AnthropicServer(all_done) as server:
        connection = session.connect("anthropic-batches", api_key=KEY, base_url=f"{server.url}/v1/")
        run = connection.submit(frame(), "messages", **ASK)
        assert run.wait(timeout=30) == "completed"


def test_a_lost_batch_is_found_though_an_image_was_gone_when_it_was_sent(anthropic, tmp_path):
    server, connection = anthropic(all_done)
    images = [tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"]
    for image in images:
        image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    real = server.answer

    def answer(method, path, query, body):
        if method == "POST" and images[1].exists():
            images[1].unlink()
            return 429, {}
        return real(method, path, query, body)

    server.answer, server.faults[CREATE] = answer, [None, "reset"]
    rows = frame().assign(picture=[str(each) for each in images])
    run = connection.submit(rows, "messages", columns={"image": "picture"}, **ASK)
    run.wait(timeout=30)
    results = run.results()
    assert results["status"].tolist() == ["completed", "failed", "completed"]
    assert results["error_code"].iloc[1] == "NOT_SENT"
    assert (len(server.batches), run.retryable) == (1, 1)


def test_results_of_a_lost_batch_that_are_not_there_yet_are_waited_for(anthropic):
    server, connection = anthropic(all_done, polls=0)
    server.faults[CREATE] = ["reset"]
    server.faults["GET /v1/messages/batches/msgbatch_000/results"] = [404] * 3
    run = ask(connection)
    assert run.results()["status"].tolist() == ["completed"] * 3
    assert len(server.batches) == 1


@pytest.mark.parametrize("fault", [429, 404, 503, (200, {})])
def test_an_estimate_is_a_guess_if_the_vendor_does_not_count(anthropic, fault):
    server, connection = anthropic(all_done)
    server.faults["POST /v1/messages/count_tokens"] = [fault] * 9
    found = connection.preview(frame(), "messages", **ASK).estimate()
    assert found.input_tokens == 6
    assert "a guess: " in repr(found)
    assert "Anthropic did not count them: it answered" in repr(found)
