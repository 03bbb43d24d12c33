"""Wrong and broken answers of a destination, over real HTTP on loopback.

Each ends in a state that is true and a message that a person understands: no run hangs, and
no row is completed that the destination did not complete.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from asyncdest_nb import Run, Session
from asyncdest_nb.operation import State
from asyncdest_nb.schedule import SquareRoot
from raw_server import Answer, RawServer, Writer, answer, raw, reset, silence

TAKEN = answer(202, {"status": "accepted", "operation_id": "op-1"})
DONE = answer(200, {"status": "completed", "progress": 100, "result": {"ok": True}})
THREE = pd.DataFrame({"user_id": ["a", "b", "c"], "operation_type": "sync_profile"})
HTML = "<!DOCTYPE html><html><body>Please log in</body></html>"


@pytest.fixture
def session() -> Iterator[Session]:
    with Session() as session:
        yield session


def submit(
    session: Session,
    server: RawServer,
    *,
    rows: pd.DataFrame = THREE,
    reply: Answer | None = None,
    **options: object,
) -> Run:
    """Submit *rows*; the timeout is short only if the *reply* is silence."""
    timeout = 0.5 if reply is silence else 10
    crm = session.connect("example-async", endpoint=server.url, timeout_seconds=timeout)
    return crm.submit(rows, "asyncOperation", schedule=SquareRoot(minimum=0.02), **options)


def submit_one(session: Session, server: RawServer, *, reply: Answer | None = None) -> Run:
    return submit(session, server, rows=THREE.head(1), reply=reply, batch_size=1)


def wait_until(run: Run, is_so: Callable[[Run], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so(run):
        assert time.monotonic() < deadline, run
        run.wait(timeout=0.02)


def until(event: threading.Event, before: Answer, after: Answer) -> Answer:
    """Answer with *before* until *event* is set, then with *after*."""

    async def write(writer: Writer) -> None:
        await (after if event.is_set() else before)(writer)

    return write


def ids(*found: object) -> Answer:
    return answer(202, {"status": "accepted", "operations": [{"operation_id": i} for i in found]})


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(answer(200, HTML, {"content-type": "text/html"}), "HTML page", id="html"),
        pytest.param(
            answer(200, '{"status": "accep', {"content-type": "application/json"}),
            "should be JSON but is not",
            id="truncated JSON",
        ),
        pytest.param(
            raw(b"HTTP/1.1 202 Accepted\r\ncontent-length: 900\r\n\r\n{"),
            "may have been applied",
            id="truncated body",
        ),
        pytest.param(answer(202, []), "not an AsyncActionResponse", id="a list"),
        pytest.param(answer(202, b""), "not an AsyncActionResponse", id="nothing"),
        pytest.param(answer(202, {"status": "accepted"}), "no list of operations", id="no ids"),
        pytest.param(ids(), "0 operation ids (none) for 3", id="no ids at all"),
        pytest.param(ids("1", "2"), "2 operation ids (1, 2) for 3", id="fewer ids"),
        pytest.param(ids("1", "2", "3", "4"), "4 operation ids (1, 2, 3, 4) for 3", id="more ids"),
        pytest.param(ids("1", "1", "1"), "3 rows were given the same", id="the same id"),
        pytest.param(ids(None, None, None), "without an operation id", id="null ids"),
        pytest.param(ids({}, [], True), "is not an operation id", id="ids that are none"),
        pytest.param(reset, "may have been applied", id="reset after reading"),
        pytest.param(silence, "may have been applied", id="silence"),
        pytest.param(answer(500, "oops"), "answered 500", id="500"),
        pytest.param(answer(502, HTML), "answered 502", id="502"),
        pytest.param(answer(503, "busy"), "answered 503", id="503 without a time"),
        pytest.param(answer(303, "", {"location": "/login"}), "redirect", id="see other"),
    ],
)
def test_rows_in_doubt_wait_for_the_user_and_are_sent_once(session, reply, message):
    with RawServer(reply) as server:
        run = submit(session, server, reply=reply)
        assert run.wait(timeout=20) == "pending"
        assert run.is_at_rest
        assert run.counts["unknown"] == 3
        assert [each.state for each in run.operations] == [State.HELD] * 3
        assert len(server.arrived) == 1
    results = run.results()
    assert list(results["status"]) == ["unknown"] * 3
    assert results["message"].str.contains(message, regex=False).all(), results["message"][0]


@pytest.mark.parametrize(
    ("status", "requests"),
    # What may be the fault of a row is sent in halves, until every row stands alone.
    [(400, 5), (401, 1), (403, 1), (404, 1), (409, 1), (413, 5), (422, 5), (501, 1)],
)
def test_a_refusal_is_final_and_has_the_reason(session, status, requests):
    with RawServer(answer(status, {"error": "no such field: user_id"})) as server:
        run = submit(session, server)
        assert run.wait(timeout=20) == "failed"
        assert len(server.arrived) == requests
    failed = run.failed()
    assert list(failed["error_code"]) == [str(status)] * 3
    assert failed["message"].str.contains("no such field: user_id").all()
    assert list(failed["user_id"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "reply",
    [
        answer(429, "", {"retry-after": "0"}),
        answer(503, "", {"retry-after": "0"}),
        answer(425, "too early"),
    ],
    ids=["429", "503 with a time", "425"],
)
def test_throttled_rows_are_sent_again_with_the_same_body(session, reply):
    with RawServer(reply, reply, ids("1", "2", "3"), DONE) as server:
        run = submit(session, server)
        assert run.wait(timeout=20) == "completed"
        posts = [each.body for each in server.arrived if each.method == "POST"]
    assert len(posts) == 3
    assert len(set(posts)) == 1


def test_rows_wait_while_no_server_listens_and_a_notice_states_it(session):
    with RawServer(DONE) as server:
        url = server.url
    crm = session.connect("example-async", endpoint=url)
    run = crm.submit(THREE, "asyncOperation")
    wait_until(run, lambda run: any("was not sent" in notice for notice in run.notices))
    assert run.counts["pending"] == 3
    assert run.status == "pending"


def test_an_id_given_twice_in_a_run_leaves_the_second_row_unknown(session):
    with RawServer(TAKEN, TAKEN, DONE) as server:
        run = submit(session, server, rows=THREE.head(2), batch_size=1)
        run.wait(timeout=20)
    counts = run.counts
    assert (counts["completed"], counts["unknown"]) == (1, 1)
    unknown = run.results().query("status == 'unknown'")["message"].iloc[0]
    assert "op-1" in unknown
    assert "was given before" in unknown


def test_some_rows_of_a_batch_may_be_refused_at_once(session):
    refused = {"status": "failed", "error_code": "E7", "error_message": "no such user"}
    reply = {"status": "accepted", "operations": [{"operation_id": "1"}, refused, {}]}
    with RawServer(answer(202, reply), DONE) as server:
        run = submit(session, server)
        run.wait(timeout=20)
    results = run.results()
    assert list(results["status"]) == ["completed", "failed", "unknown"]
    assert (results["error_code"][1], results["message"][1]) == ("E7", "no such user")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(answer(200, HTML, {"content-type": "text/html"}), "HTML page", id="html"),
        pytest.param(
            answer(200, '{"status": "comple', {"content-type": "application/json"}),
            "should be JSON but is not",
            id="truncated JSON",
        ),
        pytest.param(answer(200, {"status": "exploded"}), "is exploded", id="unknown status"),
        pytest.param(answer(200, {"status": None}), "is None", id="null status"),
        pytest.param(answer(200, {"progress": 100}), "is None", id="no status"),
        pytest.param(answer(200, {"status": "complete"}), "is complete", id="another word"),
        pytest.param(answer(200, {"status": ["completed"]}), "is ['completed']", id="a list"),
        pytest.param(answer(500, "oops"), "answered 500", id="500"),
        pytest.param(answer(404, "who?"), "answered 404", id="404 at first"),
        pytest.param(answer(401, "key?"), "answered 401", id="401"),
        pytest.param(answer(429, "", {"retry-after": "0"}), "answered 429", id="429"),
        pytest.param(reset, "got no whole answer", id="reset"),
        pytest.param(silence, "got no whole answer", id="silence"),
    ],
)
def test_a_poll_without_a_status_changes_nothing(session, reply, message):
    has_recovered = threading.Event()
    with RawServer(TAKEN, until(has_recovered, reply, DONE)) as server:
        run = submit_one(session, server, reply=reply)
        wait_until(run, lambda run: bool(run.operations) and run.operations[0].polls >= 2)
        assert run.operations[0].state in (State.ACCEPTED, State.RUNNING)
        assert message in run.operations[0].message
        has_recovered.set()
        assert run.wait(timeout=30) == "completed"
        assert [each.method for each in server.arrived].count("POST") == 1


@pytest.mark.parametrize("progress", ["NaN", float("nan"), -3, 250, None, "half", [50], 1e400])
def test_an_impossible_progress_is_not_shown(session, progress):
    going = answer(200, {"status": "processing", "progress": progress})
    with RawServer(TAKEN, going) as server:
        run = submit_one(session, server)
        wait_until(run, lambda run: bool(run.operations) and run.operations[0].polls >= 2)
        assert run.operations[0].progress is None
        assert run.operations[0].state is State.RUNNING
        assert run.results()["progress"].isna().all()


def test_a_failure_without_a_reason_is_still_a_failure(session):
    with RawServer(TAKEN, answer(200, {"status": "failed"})) as server:
        run = submit_one(session, server)
        assert run.wait(timeout=20) == "failed"
    assert run.failed()["error_code"].iloc[0] == "OPERATION_FAILED"
    assert run.failed()["message"].iloc[0] == "Operation failed"


def test_half_a_surrogate_pair_and_markup_are_kept_as_text(session):
    body = {"status": "failed", "error_code": "\ud800", "error_message": "<img src=x> \udfff ﷽"}
    with RawServer(TAKEN, answer(200, body)) as server:
        run = submit_one(session, server)
        assert run.wait(timeout=20) == "failed"
    assert run.failed()["error_code"].iloc[0] == "\ufffd"
    assert run.failed()["message"].iloc[0] == "<img src=x> \ufffd ﷽"


def test_an_operation_the_destination_no_longer_knows_is_lost(session, monkeypatch):
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.1)
    going = answer(200, {"status": "processing"})
    with RawServer(TAKEN, going, answer(404, "gone")) as server:
        run = submit_one(session, server)
        assert run.wait(timeout=20) == "failed"
    assert run.operations[0].state is State.LOST
    assert run.results()["status"].iloc[0] == "unknown"
