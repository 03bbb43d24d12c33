"""Batches whose results lack rows, or come late: what is paid for is kept, and nothing guessed.

The servers are small, and written from the vendors' documentation.
"""

from __future__ import annotations

import pandas as pd
import pytest

from batch_answers import chat_answer, failed_answer, undone
from batch_servers import End
from gemini_server import GeminiServer


def ask(connection, action="chat", rows=4):
    frame = pd.DataFrame({"word": [f"w{at}" for at in range(rows)]})
    run = connection.submit(frame, action, prompt={"@path": "$.word"}, model="m")
    run.wait(timeout=30)
    return run


def counted(status, total, completed, failed=0):
    counts = {"total": total, "completed": completed, "failed": failed}
    return {"status": status, "request_counts": counts}


@pytest.mark.parametrize(
    ("batch", "statuses", "retryable"),
    [
        (counted("cancelled", 4, 2), "ccxx", 2),
        (counted("expired", 4, 2), "ccff", 2),
        (counted("cancelled", 4, 3), "ccuu", 0),  # A third row was answered, and is paid for.
        (counted("cancelled", 5, 2), "ccuu", 0),
        ({"status": "cancelled", "request_counts": None}, "ccuu", 0),
    ],
)
def test_rows_that_a_batch_did_not_come_to_may_be_sent_again(openai, batch, statuses, retryable):
    _, connection = openai(
        lambda rows: End(output=[chat_answer(each) for each in rows[:2]], batch=batch)
    )
    run = ask(connection)
    words = {"c": "completed", "x": "canceled", "f": "failed", "u": "unknown"}
    assert run.results()["status"].tolist() == [words[each] for each in statuses]
    assert run.retryable == retryable


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_a_batch_that_ends_while_it_is_validated_has_done_nothing(openai, status):
    _, connection = openai(lambda rows: End(batch=counted(status, 0, 0)))
    assert ask(connection).retryable == 4


@pytest.mark.parametrize("counts", [None, {}, {"succeeded": 0, "errored": 0}])
def test_a_batch_that_ends_without_counts_and_results_may_have_done_its_rows(anthropic, counts):
    _, connection = anthropic(lambda rows: End(batch={"request_counts": counts}))
    run = ask(connection, "messages")
    assert run.results()["status"].tolist() == ["unknown"] * 4
    assert run.retryable == 0


def test_answers_are_kept_if_the_other_file_is_gone(openai):
    def ending(rows):
        answers = [chat_answer(each) for each in rows[:3]]
        return End(output=answers, batch={"error_file_id": "file-gone"})

    server, connection = openai(ending)
    run = ask(connection)
    assert run.results()["status"].tolist() == ["completed"] * 3 + ["unknown"]
    assert "1 file of results is gone" in run.operations[0].message
    assert server.count("GET /v1/files/file-gone") == 5


def test_a_file_that_is_gone_does_not_matter_if_all_rows_are_in_the_other(openai):
    server, connection = openai(
        lambda rows: End([chat_answer(each) for each in rows], batch={"error_file_id": "gone"})
    )
    assert ask(connection).results()["status"].eq("completed").all()
    assert server.count("GET /v1/files/gone") == 1


def test_results_that_a_batch_names_late_are_waited_for(openai):
    server, connection = openai(
        lambda rows: End([chat_answer(r) for r in rows[:3]], [failed_answer(rows[3], 500)])
    )
    real, late = server.answer, [{"error_file_id": None}, {"output_file_id": None}]

    def answer(method, path, query, body):
        status, found = real(method, path, query, body)
        is_ended = isinstance(found, dict) and found.get("status") == "completed"
        return status, {**found, **late.pop()} if is_ended and late else found

    server.answer = answer
    assert ask(connection).results()["status"].tolist() == ["completed"] * 3 + ["failed"]


def test_results_that_gemini_names_late_are_waited_for(gemini, monkeypatch):
    polled, late = GeminiServer.polled, [True, True]

    def without_results(server, name, *, is_cancel):
        status, found = polled(server, name, is_cancel=is_cancel)
        if found.get("done") and late:
            late.pop()
            return status, {**found, "response": {}, "metadata": {"state": "SUCCEEDED"}}
        return status, found

    monkeypatch.setattr(GeminiServer, "polled", without_results)
    candidate = {"content": {"parts": [{"text": "ok"}]}, "finishReason": "STOP"}
    _, connection = gemini(
        lambda rows: End(
            output=[{"key": each["key"], "response": {"candidates": [candidate]}} for each in rows]
        )
    )
    assert ask(connection, "generate").results()["text"].tolist() == ["ok"] * 4


@pytest.mark.parametrize(
    ("code", "retryable"),
    [("billing_hard_limit_reached", 4), ("insufficient_quota", 4), ("model_not_found", 0)],
)
def test_a_file_that_was_refused_for_the_account_may_be_sent_again(openai, code, retryable):
    error = {"code": code, "message": "it says no", "line": None}
    batch = {"status": "failed", "errors": {"data": [error]}}
    run = ask(openai(lambda rows: End(batch=batch))[1])
    assert run.retryable == retryable
    assert run.results()["message"].str.contains("billing page").all() == (retryable > 0)


def test_rows_that_are_listed_as_not_done_are_no_reason_to_read_again(openai):
    server, connection = openai(
        lambda rows: End(
            [chat_answer(rows[0])],
            [undone(each, "batch_cancelled") for each in rows[1:]],
            counted("cancelled", 4, 1, 3),
        )
    )
    assert ask(connection).retryable == 3
    assert server.count("GET /v1/files") == 2


def test_a_file_that_google_has_deleted_leaves_its_rows_unknown(gemini):
    candidate = {"content": {"parts": [{"text": "ok"}]}, "finishReason": "STOP"}
    server, connection = gemini(
        lambda rows: End([{"key": r["key"], "response": {"candidates": [candidate]}} for r in rows])
    )
    text = "You do not have permission to access the File f001 or it may not exist."
    refused = (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": text}})
    server.faults["GET /v1/files/f001:download"] = [refused] * 100
    run = ask(connection, "generate")
    assert run.results()["status"].tolist() == ["unknown"] * 4
    assert "it may not exist" in run.results()["message"].iloc[0]


def test_the_line_of_an_error_is_that_of_the_file_from_which_rows_were_left_out(openai, tmp_path):
    error = {"code": "invalid_value", "message": "it is bad", "line": 1}
    server, connection = openai(
        lambda rows: End(batch={"status": "failed", "errors": {"data": [error]}})
    )
    images = [tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"]
    for image in images:
        image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    real = server.answer

    def answer(method, path, query, body):
        if (method, path) == ("POST", "/v1/files") and images[0].exists():
            images[0].unlink()
            return 429, {}
        return real(method, path, query, body)

    server.answer = answer
    frame = pd.DataFrame({"prompt": ["hi"] * 3, "picture": [str(each) for each in images]})
    run = connection.submit(frame, "chat", columns={"image": "picture"}, model="m")
    run.wait(timeout=30)
    results = run.results()
    assert results["error_code"].fillna("").tolist() == ["NOT_SENT", "invalid_value", ""]
    assert results["status"].tolist() == ["failed", "failed", "canceled"]
