"""Jobs of many rows and submissions of several requests: real HTTP to scripted servers."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, answer, reset
from scripted_jobs import (
    BAD,
    BUSY,
    CREATED,
    GATEWAY,
    GOOD,
    LEFT,
    LOST,
    OK,
    STEPS,
    abort,
    answering,
    asked,
    close,
    connect,
    create,
    job,
    read_all,
    submit,
    upload,
)

# Steps


def test_a_submission_takes_its_steps_in_order_with_the_same_rows(session):
    with RawServer(CREATED, OK, OK) as server:
        run = submit(connect(session, job(), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "completed"
        assert asked(server) == STEPS
        assert json.loads(server.arrived[1].body) == ["a", "b"]
    assert list(run.results()["operation_id"]) == ["j-1", "j-1"]


def test_the_id_is_on_disk_before_the_next_step(tmp_path: Path):
    seen: list[Any] = []

    async def look(request: Any, data: Any) -> None:
        with sqlite3.connect(tmp_path / "s.sqlite") as file:
            seen.extend(file.execute("SELECT state, step, operation_id FROM operation"))
        file.close()

    with ad.Session(path=tmp_path / "s.sqlite") as session, RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(steps=(look, close)), server.url), ["a"])
        run.wait(timeout=10)
    assert seen == [("submitting", 1, "j-1")]


@pytest.mark.parametrize("trouble", [BUSY, GATEWAY, reset, answer(500), answer(429), answer(408)])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_step_in_trouble_is_repeated_alone(session, trouble, at):
    script = [CREATED, OK, OK]
    script.insert(at, trouble)
    with RawServer(*script) as server:
        run = submit(connect(session, job(), server.url), ["a", "b"])
        assert run.wait(timeout=20) == "completed"
        assert asked(server) == [*STEPS[:at], *[STEPS[at]] * 2, *STEPS[at + 1 :]]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_refused_step_means_that_nothing_was_applied(session, at):
    script = [*[CREATED, OK, OK][:at], answer(400, {"error": "no such list"})]
    with RawServer(*script) as server:
        run = submit(connect(session, job(), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "failed"
        assert asked(server) == STEPS[: at + 1]
    row = run.results().iloc[0]
    assert row["error_code"] == "400"
    assert "no such list" in row["message"]


def test_a_bug_after_the_last_step_is_for_the_polls_to_settle_and_an_earlier_one_refuses(session):
    async def buggy(request: Any, data: Any) -> Any:
        response = await close(request, data)
        return response.data["missing"]

    outcomes = {}
    for name, steps in {"last": (upload, buggy), "earlier": (buggy, close)}.items():
        with RawServer(CREATED, OK, OK) as server:
            run = submit(connect(session, job(steps=steps), server.url), ["a"])
            run.wait(timeout=10)
            outcomes[name] = run.results().iloc[0]
    assert outcomes["last"]["status"] == "completed"
    assert outcomes["earlier"]["status"] == "failed"
    assert "not submitted" in outcomes["earlier"]["message"]


@pytest.mark.parametrize("refusal", [answer(400), answer(401), answer(404), answer(409)])
@pytest.mark.parametrize("trouble", [reset, answer(500), answer(503)])
def test_a_refusal_after_a_lost_reply_to_the_last_step_says_nothing_of_the_first(
    session, trouble, refusal
):
    with RawServer(CREATED, OK, trouble, refusal) as server:
        run = submit(connect(session, job(poll=answering(GOOD, BAD)), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "partial"
        assert asked(server) == [*STEPS, STEPS[2]]


def test_a_page_instead_of_an_answer_is_no_step_done(session):
    page = answer(200, "<html>please log in</html>", {"content-type": "text/html"})
    with RawServer(CREATED, page) as server:
        run = submit(connect(session, job(), server.url), ["a"])
        assert run.wait(timeout=10) == "failed"
        assert "HTML page" in run.results()["message"][0]
    with RawServer(CREATED, OK, page) as server:
        run = submit(connect(session, job(), server.url), ["a"])
        assert run.wait(timeout=10) == "completed"


def test_what_is_left_of_a_refused_submission_is_canceled_there(session):
    with RawServer(CREATED, answer(400), OK) as server:
        run = submit(connect(session, job(cancel=abort), server.url), ["a"])
        assert run.wait(timeout=10) == "failed"
        assert asked(server) == [*STEPS[:2], "POST /jobs/j-1/cancel"]


def test_polls_that_are_refused_for_long_are_a_notice(session):
    with RawServer(CREATED, OK, OK, answer(403, "not for you")) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        while not any("cannot be polled: GET " in each for each in run.notices):
            assert run.wait(timeout=0.05) == "pending"
        assert run.operations[0].poll_errors >= 3


def test_an_answer_without_an_id_is_no_doubt_before_the_last_step(session):
    async def nameless(request: Any, data: Any) -> Any:
        await create(request, data)
        return ad.AsyncActionResponse(async_contexts=[{}])

    with RawServer(CREATED) as server:
        run = submit(connect(session, job(perform_batch=nameless), server.url), ["a"])
        assert run.wait(timeout=10) == "failed"


def test_a_call_to_look_at_takes_the_steps_too(session):
    with RawServer(CREATED, OK, OK) as server:
        crm = connect(session, job(), server.url)
        executed = crm.execute_batch("act", [{"user_id": "a"}])
        assert [each.method for each in executed.exchanges] == ["POST", "PUT", "PATCH"]
        assert crm.execute_poll("act", executed).answer.overall_status == "completed"


def test_a_call_to_look_at_stops_where_there_is_no_id_and_takes_one_kind(session):
    async def nameless(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": None}])

    action = job(perform_batch=nameless, batch_keys=("list_id",))
    crm = connect(session, action, "http://127.0.0.1:1")
    assert crm.execute_batch("act", [{"user_id": "a"}]).exchanges == []
    for wrong in ([], [{"user_id": "a"}, {"user_id": "b", "list_id": "l"}]):
        with pytest.raises(ad.UsageError, match="give 1 or more, all with the same list_id"):
            crm.execute_batch("act", wrong)


def test_steps_need_a_job_and_a_poll():
    for wrong in ({"operation_per": "row"}, {"poll": None}, {"perform_batch": None}):
        with pytest.raises(ad.UsageError, match="steps"):
            job(**{"perform": create, **wrong})


# Outcomes row by row


def test_of_a_large_job_the_rows_that_did_not_make_it_are_looked_at_first(session):
    poll = answering(*[BAD if at in (7, 140) else LOST if at == 199 else GOOD for at in range(200)])
    with RawServer(CREATED) as server:
        run = submit(
            connect(session, job(steps=(), poll=poll), server.url), list(map(str, range(200)))
        )
        assert run.wait(timeout=10) == "partial"
        details = run.details(0)
    assert details["row_count"] == 200
    labels = [row["label"] for row in details["rows"]]
    assert labels == ["7", "140", "199", *(str(at) for at in range(98) if at != 7)]
    assert {row["payload"]["user_id"] == row["label"] for row in details["rows"]} == {True}
    assert [row["status"] for row in details["rows"][:4]] == [
        "failed",
        "failed",
        "unknown",
        "completed",
    ]


@pytest.mark.parametrize(
    ("rows", "state", "run_status"),
    [
        ([GOOD, GOOD], "completed", "completed"),
        ([GOOD, BAD], "partial", "partial"),
        ([GOOD, LEFT], "partial", "partial"),
        ([GOOD, LOST], "partial", "partial"),
        ([BAD, BAD], "failed", "failed"),
        ([BAD, LEFT], "failed", "failed"),
        ([LEFT, LEFT], "canceled", "failed"),
    ],
)
def test_a_job_ends_as_its_rows_did(session, rows, state, run_status):
    with RawServer(CREATED, OK, OK) as server:
        action = job(poll=answering(*rows), result_columns=("id", "new"))
        run = submit(connect(session, action, server.url), ["a", "b"])
        assert run.wait(timeout=10) == run_status
    assert run.operations[0].state == state
    results = run.results()
    assert list(results["status"]) == [row.status for row in rows]
    assert list(results["id"].fillna("")) == ["r-1" if row is GOOD else "" for row in rows]
    assert list(results["retryable"].fillna(False)) == [bool(row.retryable) for row in rows]
    assert "result" not in results
    assert len(run.failed()) == sum(row in (BAD, LEFT) for row in rows)


def test_rows_keep_their_place_when_others_are_dropped_before_sending(session):
    with RawServer(CREATED, OK, OK) as server:
        action = job(poll=answering(GOOD, BAD, GOOD))
        crm = connect(session, action, server.url)
        frame = pd.DataFrame({"user_id": ["a", None, "b", None, "c"]}, index=list("xxyyz"))
        run = crm.submit(frame, "act", schedule=SquareRoot(minimum=0.02))
        assert run.wait(timeout=10) == "partial"
        assert json.loads(server.arrived[1].body) == ["a", "b", "c"]
    results = run.results()
    assert list(results.index) == list("xxyyz")
    assert list(results["status"]) == ["completed", "invalid", "failed", "invalid", "completed"]


@pytest.mark.parametrize("trouble", [BUSY, GATEWAY, reset, answer(429)])
def test_a_poll_that_reads_several_things_does_not_start_over_for_one_failure(session, trouble):
    script = [CREATED, OK, OK, OK, trouble, OK, trouble, trouble, OK]
    with RawServer(*script) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        assert run.wait(timeout=30) == "completed"
        names = ["job", "good", "good", "bad", "bad", "bad"]
        assert asked(server) == [*STEPS, *(f"GET /{name}" for name in names)]


def test_a_poll_whose_first_request_fails_is_for_the_schedule_to_repeat(session):
    with RawServer(CREATED, OK, OK, BUSY, OK) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        assert run.wait(timeout=30) == "completed"
        assert run.operations[0].polls == 2


def test_a_refusal_is_not_repeated(session):
    with RawServer(CREATED, OK, OK, OK, answer(403), OK) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        assert run.wait(timeout=30) == "completed"
        names = ["job", "good", "job", "good", "bad"]
        assert asked(server) == [*STEPS, *(f"GET /{name}" for name in names)]


# Batches


def test_rows_that_differ_in_a_batch_key_go_in_different_batches(session):
    frame = pd.DataFrame({"user_id": list("abcd"), "list_id": ["1", "2", "1", None]})
    crm = connect(session, job(batch_keys=("list_id",)), "http://127.0.0.1:1")
    assert crm.preview(frame, "act").batches == [2, 1, 1]


def test_a_batch_key_must_be_a_field():
    with pytest.raises(ad.UnknownName, match="list_id"):
        job(batch_keys=("list",))


def test_batches_are_cut_by_the_bytes_the_action_counts(session):
    crm = connect(
        session,
        job(batch_bytes=11, row_bytes=lambda payload: len(payload.user_id)),
        "http://127.0.0.1:1",
    )
    preview = crm.preview(pd.DataFrame({"user_id": ["aaaa", "bbbb", "c" * 11, "d" * 12]}), "act")
    assert preview.batches == [2, 1]
    assert "12 bytes" in preview.invalid[3]


def test_a_keyword_is_the_constant_of_a_field(session):
    crm = connect(session, job(), "http://127.0.0.1:1")
    frame = pd.DataFrame({"user_id": ["a"]})
    preview = crm.preview(frame, "act", list_id="l-1")
    assert preview.payloads[0] == {"user_id": "a", "list_id": "l-1"}
    with pytest.raises(ad.UnknownName, match="did you mean 'list_id'"):
        crm.submit(frame, "act", list_ids="l-1")
    with pytest.raises(ad.MappingError, match="keep one"):
        crm.submit(frame, "act", list_id="l-1", mapping={"list_id": "l-2"})


# The check before anything is sent


async def twice(request: Any, data: Any) -> list[str | None]:
    users = [payload.user_id for payload in data.payload]
    return ["twice" if users.count(user) > 1 else None for user in users]


def test_rows_that_fail_the_check_are_invalid_and_the_others_go(session):
    with RawServer(CREATED, OK, OK) as server:
        run = submit(connect(session, job(check=twice), server.url), ["a", "b", "a", None])
        assert run.wait(timeout=10) == "partial"
        assert json.loads(server.arrived[1].body) == ["b"]
    assert list(run.results()["status"]) == ["invalid", "completed", "invalid", "invalid"]
    assert run.results()["message"][0] == "twice"


def test_a_preview_reports_the_faults_by_reason_with_labels(session):
    crm = connect(session, job(check=twice), "http://127.0.0.1:1")
    frame = pd.DataFrame({"user_id": ["a", "b", "a"]}, index=["x", "y", "z"])
    preview = crm.preview(frame, "act")
    assert preview.invalid == {0: "twice", 2: "twice"}
    assert "invalid: rows x, z: twice" in repr(preview)


@pytest.mark.parametrize("trouble", [BUSY, reset, answer(429)])
def test_trouble_during_the_check_is_waited_out(session, trouble):
    async def check(request: Any, data: Any) -> None:
        await request(f"{data.settings.endpoint}/fields")

    with RawServer(trouble, OK, CREATED, OK) as server:
        run = submit(connect(session, job(check=check), server.url), ["a"])
        assert run.wait(timeout=20) == "completed"
        assert asked(server) == ["GET /fields", "GET /fields", *STEPS]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda request, data: ["x"], "1 answers for 2 payloads"),
        (lambda request, data: "no", "'no'"),
        (lambda request, data: {}["oops"], "oops"),
    ],
)
def test_a_check_that_cannot_be_made_refuses_all_and_sends_nothing(session, check, message):
    with RawServer(CREATED) as server:
        run = submit(connect(session, job(check=check), server.url), ["a", "b"])
        assert run.wait(timeout=10) == "failed"
        assert message in run.results()["message"][0]
        assert server.arrived == []
        with pytest.raises((ad.AsyncDestError, KeyError), match=message):
            connect(session, job(check=check), server.url).preview(
                pd.DataFrame({"user_id": ["a", "b"]}), "act"
            )
