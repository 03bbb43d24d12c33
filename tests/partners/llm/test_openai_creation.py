"""Creating batches of OpenAI: what is sent, what is repeated, and what a lost reply leads to."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from asyncdest_nb.destinations.openai_batch import batch_list
from asyncdest_nb.schedule import SquareRoot
from batch_answers import chat_answer, undone
from batch_servers import End

ASK = {"prompt": {"@template": "Say {{word}}"}, "model": "gpt-5"}
BATCHES, FILES = "POST /v1/batches", "POST /v1/files"


def frame(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"word": [f"w{at}" for at in range(rows)]})


def all_done(requests):
    return End(output=[chat_answer(each) for each in requests])


@pytest.mark.parametrize("fault", ["reset", 500, (200, b"<html>"), (200, {}), 408])
def test_a_lost_reply_to_the_create_makes_no_second_batch(openai, fault):
    server, connection = openai(all_done)
    server.faults[BATCHES] = [fault]
    if fault != "reset":  # It was applied, though the reply does not say so.
        real = server.answer

        def answer(method, path, query, body):
            if not server.batches and path == "/v1/batches" and method == "GET":
                created = [each for each in server.arrived if each[1] == "/v1/batches"]
                real("POST", path, "", created[0][3])
            return real(method, path, query, body)

        server.answer = answer
    run = connection.submit(frame(), "chat", **ASK)
    assert run.wait(timeout=30) == "completed"
    assert server.count(BATCHES) == len(server.batches) == 1


def test_the_batch_is_found_behind_others_in_the_list(openai):
    server, connection = openai(all_done)
    real = server.answer

    def answer(method, path, query, body):
        found = real(method, path, query, body)
        if (method, path) == ("POST", "/v1/batches") and len(server.batches) == 1:
            for _ in range(4):
                real("POST", path, "", json.dumps({"input_file_id": "file-000"}).encode())
        return found

    server.answer = answer
    server.faults[BATCHES] = ["reset"]
    run = connection.submit(frame(), "chat", **ASK)
    assert run.wait(timeout=30) == "completed"
    assert run.operations[0].operation_id == "batch_000"
    assert server.count("GET /v1/batches?") == 3


@pytest.mark.parametrize("fault", ["reset", 500, 503, (200, b"<html>"), (200, {}), (204, b"")])
def test_an_upload_whose_reply_is_lost_is_repeated(openai, fault):
    server, connection = openai(all_done)
    server.faults[FILES] = [fault]
    run = connection.submit(frame(), "chat", **ASK)
    assert run.wait(timeout=30) == "completed"
    assert (server.count(FILES), server.count(BATCHES)) == (2, 1)


def test_a_throttled_create_is_repeated_with_the_same_file(openai):
    server, connection = openai(all_done)
    server.faults[BATCHES] = [(429, {"error": {"code": "rate_limit_exceeded"}})] * 2
    run = connection.submit(frame(), "chat", **ASK)
    assert run.wait(timeout=30) == "completed"
    assert (server.count(FILES), server.count(BATCHES)) == (1, 3)


def test_a_file_that_is_gone_is_uploaded_again(openai):
    server, connection = openai(all_done)
    server.faults[BATCHES] = [429, (400, {"error": {"message": "no such file"}})]
    run = connection.submit(frame(), "chat", **ASK)
    assert run.wait(timeout=30) == "completed"
    assert (server.count(FILES), server.count(BATCHES)) == (2, 3)


def test_an_account_without_credit_waits_and_says_so(openai):
    server, connection = openai(all_done)
    broke = {"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}
    server.faults[BATCHES] = [(429, broke)]
    run = connection.submit(frame(), "chat", **ASK)
    while not any("no credit left" in each.message for each in run.operations):
        run.wait(timeout=0.02)
    assert run.counts["pending"] == 3
    run.cancel()
    run.wait(timeout=30)
    assert run.counts["canceled"] == 3


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (403, True)])
def test_a_refused_create_fails_the_rows_and_nothing_is_repeated(openai, status, retryable):
    server, connection = openai(all_done)
    server.faults[BATCHES] = [(status, {"error": {"code": "bad", "message": "not so"}})]
    run = connection.submit(frame(), "chat", **ASK)
    assert run.wait(timeout=30) == "failed"
    row = run.results().iloc[0]
    assert (row["error_code"], row["message"], bool(row["retryable"])) == (
        "bad",
        "not so",
        retryable,
    )
    assert (server.count(FILES), server.count(BATCHES)) == (1, 1)


def test_a_wrong_key_fails_before_anything_is_uploaded(openai):
    server, connection = openai(all_done)
    server.faults[FILES] = [401] * 5
    run = connection.submit(frame(), "chat", **ASK)
    assert run.wait(timeout=30) == "failed"
    assert not server.files


def test_each_model_has_a_batch_of_its_own(openai):
    server, connection = openai(all_done)
    rows = frame(4).assign(which=["m1", "m2", "m1", "m2"])
    run = connection.submit(rows, "chat", columns={"model": "which"}, prompt="Say it")
    run.wait(timeout=30)
    models = [[each["body"]["model"] for each in server.requests_of(one)] for one in server.batches]
    assert sorted(models) == [["m1", "m1"], ["m2", "m2"]]
    assert run.results()["operation_id"].nunique() == 2


def test_a_column_that_is_called_model_by_chance_is_not_the_model(openai):
    _, connection = openai(all_done)
    with pytest.raises(Exception, match="nothing fills the required field 'model'"):
        connection.preview(frame().assign(model="Golf GTI"), "chat", prompt="Say it")


def test_queued_tokens_cut_jobs_and_make_them_wait_for_each_other(openai, monkeypatch):
    monkeypatch.setattr(batch_list, "QUEUE_SECONDS", 2)
    server, connection = openai(all_done, polls=2)
    rows = pd.DataFrame({"word": ["x" * 400] * 6})  # About 100 tokens each.
    most = []
    real = server.answer

    def answer(method, path, query, body):
        found = real(method, path, query, body)
        batches = server.batches.values()
        for batch in batches:
            batch["model"] = "gpt-5-2025-08-07"  # The name of the version, as OpenAI states it.
        most.append(sum(each["status"] == "validating" for each in batches))
        return found

    server.answer = answer
    run = connection.submit(rows, "chat", queued_tokens=220, **ASK)
    assert run.wait(timeout=60) == "completed"
    assert len(server.batches) == 3
    assert max(most) == 1
    assert all(int(each["metadata"]["asyncdest_tokens"]) <= 220 for each in server.batches.values())


def test_a_canceled_batch_gives_what_was_done(openai):
    def ending(requests):
        left = [undone(each, "batch_cancelled") for each in requests[1:]]
        return End([chat_answer(requests[0])], left, {"status": "cancelled"})

    server, connection = openai(ending, polls=10_000)
    run = connection.submit(frame(), "chat", **ASK)
    while not run.operations or run.operations[0].state == "planned" or not server.batches:
        run.wait(timeout=0.02)
    run.cancel()
    while not server.count("POST /v1/batches/batch_000/cancel"):
        run.wait(timeout=0.02)
    server.polls = 0
    run.wait(timeout=30)
    assert run.results()["status"].tolist() == ["completed", "canceled", "canceled"]


def test_a_404_right_after_the_create_is_no_end(openai, monkeypatch):
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.01)
    server, connection = openai(all_done)
    server.faults["GET /v1/batches/batch_000"] = [404] * 5
    often = SquareRoot(minimum=0.02, cost=0.001)
    run = connection.submit(frame(), "chat", schedule=often, **ASK)
    assert run.wait(timeout=60) == "completed"


def test_a_404_of_the_results_ends_soon_and_after_one_of_the_batch_counts_anew(openai, monkeypatch):
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.01)
    server, connection = openai(all_done, polls=0)
    server.faults["GET /v1/batches/batch_000"] = [404] * 5
    server.faults["GET /v1/files/file-001/content"] = [404] * 100
    often = SquareRoot(minimum=0.02, cost=0.001)
    run = connection.submit(frame(), "chat", schedule=often, **ASK)
    run.wait(timeout=20)
    assert run.counts["unknown"] == 3
    assert server.count("GET /v1/batches/batch_000") >= 7
