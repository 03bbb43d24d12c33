"""Jobs of many rows and submissions of several requests: real HTTP to scripted servers."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from raw_server import RawServer, answer, reset

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot

BUSY = answer(503)
GATEWAY = answer(504, headers={"retry-after": "0"})
CREATED = answer(200, {"id": "j-1"})
OK = answer(200, {})


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")
    list_id: str | None = ad.field("List")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint", default="http://127.0.0.1:1")


@pytest.fixture
def session() -> Iterator[ad.Session]:
    with ad.Session() as session:
        yield session


async def create(request: Any, data: Any) -> Any:
    response = await request(f"{data.settings.endpoint}/jobs", method="POST", json={})
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": response.data["id"]}])


async def upload(request: Any, data: Any) -> Any:
    job = data.async_contexts[0]["operation_id"]
    users = [payload.user_id for payload in data.payload]
    return await request(f"{data.settings.endpoint}/jobs/{job}/rows", method="PUT", json=users)


async def close(request: Any, data: Any) -> Any:
    job = data.async_contexts[0]["operation_id"]
    return await request(f"{data.settings.endpoint}/jobs/{job}", method="PATCH", json={})


async def done(request: Any, data: Any) -> Any:
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])


def job(**action: Any) -> ad.Action:
    functions = {"perform_batch": create, "steps": (upload, close), "poll": done}
    return ad.Action(
        title="Act", payload=Payload, **{**functions, "operation_per": "batch", **action}
    )


def connect(session: ad.Session, action: ad.Action, url: str, **destination: Any) -> ad.Connection:
    found = ad.Destination(
        name="Test", slug="test", settings=Settings, actions={"act": action}, **destination
    )
    return session.connect(found, endpoint=url)


def submit(crm: ad.Connection, users: list[Any], **options: Any) -> ad.Run:
    frame = pd.DataFrame({"user_id": users})
    return crm.submit(frame, "act", schedule=SquareRoot(minimum=0.02, cost=0.001), **options)


def asked(server: RawServer) -> list[str]:
    return [f"{each.method} {each.target}" for each in server.arrived]


STEPS = ["POST /jobs", "PUT /jobs/j-1/rows", "PATCH /jobs/j-1"]

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
        while not any("cannot be asked about: GET " in each for each in run.notices):
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
        with pytest.raises(ad.UsageError, match="one batch"):
            crm.execute_batch("act", wrong)


def test_steps_need_a_job_and_a_poll():
    for wrong in ({"operation_per": "row"}, {"poll": None}, {"perform_batch": None}):
        with pytest.raises(ad.UsageError, match="steps"):
            job(**{"perform": create, **wrong})


# Outcomes row by row


def answering(*rows: ad.RowResult, status: str = "completed") -> Any:
    async def poll(request: Any, data: Any) -> Any:
        result = ad.AsyncOperationResult(status=status, rows=list(rows))
        return ad.AsyncPollResponse.of([result])

    return poll


GOOD = ad.RowResult(status="completed", result={"id": "r-1", "new": True})
BAD = ad.RowResult(
    status="failed", error=ad.OperationError(code="LOCKED", message="locked"), retryable=True
)
LEFT = ad.RowResult(status="canceled", message="never came to it", retryable=True)
LOST = ad.RowResult(status="unknown", message="no word of it")


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


async def read_all(request: Any, data: Any) -> Any:
    answers = [await request(f"{data.settings.endpoint}/{name}") for name in ("job", "good", "bad")]
    result = ad.AsyncOperationResult(status="completed", message=str(len(answers)))
    return ad.AsyncPollResponse.of([result])


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


# Access tokens

EXPIRED = answer(401, {"error": "expired"})


def tokens(*answers: Any) -> Any:
    found = iter(answers)

    async def refresh_access_token(request: Any, data: Any) -> str:
        token = next(found)
        if isinstance(token, Exception):
            raise token
        return token

    return refresh_access_token


def with_token(data: Any) -> dict[str, Any]:
    token = data.access_token
    return {
        "base_url": data.settings.endpoint,
        "headers": {} if token is None else ad.bearer_auth(token),
    }


def with_tokens(
    session: ad.Session, server: RawServer, refresh: Any, action: ad.Action | None = None
) -> ad.Connection:
    """Connect to a destination that gets its access tokens from *refresh*."""
    return connect(
        session,
        action or job(),
        server.url,
        extend_request=with_token,
        refresh_access_token=refresh,
    )


def sent_tokens(server: RawServer) -> list[str | None]:
    return [each.headers.get("authorization") for each in server.arrived]


def test_a_token_is_had_before_the_first_request_and_again_after_a_401(session):
    with RawServer(CREATED, EXPIRED, OK) as server:
        crm = with_tokens(session, server, tokens("token-one", "token-two"))
        assert submit(crm, ["a"]).wait(timeout=10) == "completed"
        assert asked(server) == [STEPS[0], STEPS[1], *STEPS[1:]]
        first, second = "Bearer token-one", "Bearer token-two"
        assert sent_tokens(server) == [first, first, second, second]


def test_a_token_refused_twice_is_a_refusal_and_no_loop(session):
    with RawServer(EXPIRED) as server:
        crm = with_tokens(session, server, tokens("token-one", "token-two"))
        run = submit(crm, ["a"])
        assert run.wait(timeout=10) == "failed"
        assert len(server.arrived) == 2
    assert "401" in run.results()["message"][0]


def test_many_requests_at_once_share_one_new_token(session):
    given: list[str] = []

    async def refresh_access_token(request: Any, data: Any) -> str:
        given.append(f"token-{len(given)}")
        return given[-1]

    with RawServer(OK) as server:
        action = ad.Action(title="Act", payload=Payload, perform=_ping)
        crm = with_tokens(session, server, refresh_access_token, action=action)
        assert submit(crm, list("abcdefgh")).wait(timeout=10) == "completed"
        assert len(server.arrived) == 8
    assert given == ["token-0"]


async def _ping(request: Any, data: Any) -> Any:
    return await request("/ping", method="POST", json={})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ad.InvalidAuthenticationError("no client"), "failed"),
        (ad.HTTPError("400", status=400), "failed"),
        (KeyError("KeyError"), "failed"),
    ],
)
def test_without_a_token_nothing_is_sent_and_the_reason_is_told(session, error, status):
    with RawServer(OK) as server:
        crm = with_tokens(session, server, tokens(error, error, error))
        run = submit(crm, ["a"])
        assert run.wait(timeout=10) == status
        assert server.arrived == []
    assert str(error.args[0]) in run.results()["message"][0]


def test_a_token_server_in_trouble_is_waited_out(session):
    with RawServer(CREATED, OK, OK) as server:
        crm = with_tokens(session, server, tokens(ad.ReplyLost("reset"), "token-one"))
        assert submit(crm, ["a"]).wait(timeout=20) == "completed"
        assert asked(server) == STEPS


def test_an_answer_with_a_token_that_was_not_understood_is_never_shown(session, caplog):
    caplog.set_level("DEBUG")

    async def refresh_access_token(request: Any, data: Any) -> str:
        response = await request("/token", method="POST", json={})
        raise ad.ProtocolError(f"not what was expected: {response.content}")

    for status in (200, 401):
        text = '{"access_token": "token-one-of-mine", "error": "no grant"}'
        _never_shown(session, caplog, refresh_access_token, answer(status, text))


def _never_shown(session, caplog, refresh_access_token, given) -> None:
    with RawServer(given) as server:
        crm = with_tokens(session, server, refresh_access_token)
        run = submit(crm, ["a"])
        assert run.wait(timeout=10) == "failed"
    assert "no access token" in run.results()["message"][0]
    assert "token-one-of-mine" not in run.results()["message"][0] + caplog.text


def test_a_token_is_never_shown(session):
    with RawServer(answer(400, "you sent token-one-of-mine")) as server:
        crm = with_tokens(session, server, tokens("token-one-of-mine"))
        run = submit(crm, ["a"])
        run.wait(timeout=10)
        executed = crm.execute_batch("act", [{"user_id": "a"}])
    for text in (repr(run), repr(crm), repr(executed), str(run.results().to_dict())):
        assert "token-one-of-mine" not in text


# Retrying


def test_what_was_provably_never_applied_may_be_sent_again_and_nothing_else(session):
    with RawServer(answer(400, "no"), CREATED, OK, OK, CREATED, OK) as server:
        run = submit(connect(session, job(poll=answering(GOOD, BAD)), server.url), ["a", None, "b"])
        assert run.wait(timeout=10) == "failed"
        assert list(run.results()["retryable"]) == [True, False, True]
        second = run.retry(schedule=SquareRoot(minimum=0.02))
        assert second.wait(timeout=10) == "partial"
        assert json.loads(server.arrived[2].body) == ["a", "b"]
        assert list(second.results()["status"]) == ["completed", "invalid", "failed"]
        third = second.retry(schedule=SquareRoot(minimum=0.02))
        with pytest.raises(ad.UsageError, match="still going"):
            third.retry()
        with pytest.raises(ad.UsageError, match=f"went again as <Run {third.id}"):
            second.retry()
        third.wait(timeout=10)
        assert json.loads(server.arrived[5].body) == ["b"]
        # Two outcomes for one row are none.
        assert list(third.results()["status"]) == ["completed", "invalid", "unknown"]


def test_a_refusal_that_only_the_action_claims_is_no_proof(session):
    async def claims(request: Any, data: Any) -> Any:
        with contextlib.suppress(ad.HTTPError):
            await create(request, data)
        raise ad.IntegrationError("it says no", "NO", 400)

    with RawServer(answer(504)) as server:
        action = ad.Action(title="Act", payload=Payload, perform=claims, poll=done)
        run = submit(connect(session, action, server.url), ["a"])
        assert run.wait(timeout=10) == "failed"
        assert run.results()["retryable"].isna().all()


def test_without_a_row_to_send_again_there_is_no_retry(session):
    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(), server.url), ["a", None])
        assert run.wait(timeout=10) == "partial"
        with pytest.raises(ad.UsageError, match="no row may be sent again"):
            run.retry()


# Canceling


async def abort(request: Any, data: Any) -> Any:
    job = data.async_contexts[0]["operation_id"]
    return await request(f"{data.settings.endpoint}/jobs/{job}/cancel", method="POST", json={})


def until_canceled(*rows: ad.RowResult) -> Any:
    """Return a poll that ends with *rows* once /jobs/…/cancel was answered; and what says so."""
    asked_for: list[str] = []

    async def cancel(request: Any, data: Any) -> Any:
        await abort(request, data)
        asked_for.append(data.async_contexts[0]["operation_id"])

    async def poll(request: Any, data: Any) -> Any:
        ended = ad.AsyncOperationResult(status="failed", rows=list(rows))
        pending = ad.AsyncOperationResult(status="pending", message="on it")
        return ad.AsyncPollResponse.of([ended if asked_for else pending])

    return {"poll": poll, "cancel": cancel}


def wait_for(run: ad.Run, state: str) -> None:
    while run.operations[0].state != state if run.operations else True:
        assert run.wait(timeout=0.02) == "pending"


def test_a_canceled_job_ends_as_the_destination_says(session):
    with RawServer(CREATED, OK, OK, answer(503), OK) as server:
        run = submit(connect(session, job(**until_canceled(GOOD, LEFT)), server.url), ["a", "b"])
        wait_for(run, "running")
        run.cancel()
        assert run.wait(timeout=20) == "partial"
        # Asking in trouble is repeated: canceling twice is no more than canceling.
        assert asked(server) == [*STEPS, *["POST /jobs/j-1/cancel"] * 2]
    assert list(run.results()["status"]) == ["completed", "canceled"]


def test_a_refusal_to_cancel_is_told_and_the_polls_go_on(session):
    done_now: list[bool] = []

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if done_now else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    with RawServer(CREATED, OK, OK, answer(400, {"error": "too late"})) as server:
        action = job(cancel=abort, poll=poll)
        run = submit(connect(session, action, server.url), ["a"])
        wait_for(run, "running")
        run.cancel()
        while not any("too late" in each for each in run.notices):
            run.wait(timeout=0.02)
        wait_for(run, "running")
        done_now.append(True)
        assert run.wait(timeout=10) == "completed"


def test_what_was_not_sent_yet_is_canceled_here(session):
    with RawServer(CREATED, BUSY) as server:
        run = submit(connect(session, job(cancel=abort), server.url), ["a"], batch_size=1)
        while len(server.arrived) < 2:
            run.wait(timeout=0.02)
        run.cancel()
        assert run.wait(timeout=20) == "failed"
        assert asked(server) == [*STEPS[:2], "POST /jobs/j-1/cancel"]
    results = run.results()
    assert list(results["status"]) == ["canceled"]
    assert "before it was sent" in results["message"][0]


def test_a_request_that_waits_for_its_turn_is_not_sent_any_more(session):
    later = answer(429, headers={"retry-after": "30"})
    with RawServer(later, CREATED) as server:
        action = ad.Action(title="Act", payload=Payload, perform=create, poll=done)
        run = submit(connect(session, action, server.url), ["a", "b", "c"])
        while not server.arrived:
            run.wait(timeout=0.02)
        run.wait(timeout=0.2)
        arrived = len(server.arrived)
        run.cancel()
        assert run.wait(timeout=10) == "failed"
        assert len(server.arrived) == arrived
    assert set(run.results()["status"]) == {"canceled"}


def test_a_run_can_be_canceled_by_who_listens_to_it_and_after_its_session(session):
    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(**until_canceled(LEFT)), server.url), ["a"])
        run.on_change(lambda numbers, at_rest: None if at_rest else run.cancel())
        assert run.wait(timeout=20) == "failed"
        other = submit(connect(session, job(poll=until_canceled()["poll"]), server.url), ["a"])
        session.close()
        other.cancel()


def test_a_last_step_in_doubt_is_settled_before_it_is_canceled(session):
    with RawServer(CREATED, OK, reset, reset, OK, OK) as server:
        run = submit(connect(session, job(**until_canceled(LEFT)), server.url), ["a"])
        while len(server.arrived) < 3:
            run.wait(timeout=0.02)
        run.cancel()
        assert run.wait(timeout=20) == "failed"
        assert asked(server) == [*STEPS, STEPS[2], STEPS[2], "POST /jobs/j-1/cancel"]


def test_a_last_step_that_was_not_tried_is_not_tried_any_more(session):
    holding = threading.Event()

    def slow(request: Any, data: Any) -> None:
        holding.wait()

    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(steps=(slow, close), cancel=abort), server.url), ["a"])
        while not server.arrived:
            run.wait(timeout=0.02)
        run.cancel()
        holding.set()
        assert run.wait(timeout=10) == "failed"
        assert asked(server) == [STEPS[0], "POST /jobs/j-1/cancel"]
    assert run.operations[0].state == "canceled"


def test_a_destination_that_cannot_cancel_says_so_and_is_polled_on(session):
    done_now: list[bool] = []

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if done_now else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(poll=poll), server.url), ["a"])
        wait_for(run, "running")
        run.cancel()
        assert run.notices == ["Test cannot cancel: 1 operations go on there; nothing more is sent"]
        done_now.append(True)
        assert run.wait(timeout=10) == "completed"


def test_canceling_what_has_ended_changes_nothing(session):
    with RawServer(CREATED, OK) as server:
        run = submit(connect(session, job(cancel=abort), server.url), ["a"])
        assert run.wait(timeout=10) == "completed"
        run.cancel()
        assert run.status == "completed"
