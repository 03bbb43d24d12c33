"""Against the pure partner with a movable clock, and against the real server over loopback."""

import http.client
import json
import random
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, closing

import pytest
from pandas import DataFrame, isna

from asyncdest_nb import Session
from asyncdest_nb.errors import UnknownName, UsageError
from asyncdest_nb.simulators import SIMULATORS, simulate
from asyncdest_nb.simulators.example_async import (
    ExampleAsync,
    ExampleAsyncKnobs,
    StoredOperation,
    canonical,
    payload_error,
    planned,
    progress,
)
from asyncdest_nb.simulators.exchange import IncomingRequest
from asyncdest_nb.simulators.faults import Bucket
from asyncdest_nb.simulators.faulty_server import FaultyServer
from asyncdest_nb.simulators.server import LoopbackServer

ANNA = {"user_id": "c-1", "operation_type": "sync_profile", "data": {"email": "anna@example.com"}}
BERT = {"user_id": "c-2", "operation_type": "process_data", "data": {"email": "bert"}}
CARL = {"user_id": "", "operation_type": "sync_profile"}


class Clock:
    """A clock that only a test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def play():
    """Start simulators of example-async that end with the test."""
    with ExitStack() as stack:
        yield lambda **knobs: stack.enter_context(simulate("example-async", **knobs))


def connected(simulator):
    return http.client.HTTPConnection(simulator.endpoint.removeprefix("http://"), timeout=10)


def ask(simulator, method, path, document=None, **headers):
    body = None if document is None else json.dumps(document)
    with closing(connected(simulator)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers


def desk(clock, **knobs):
    settings = ExampleAsyncKnobs.of(knobs)
    return FaultyServer(ExampleAsync(settings), settings, clock)


def posted(document, path="/operations"):
    return IncomingRequest("POST", path, json.dumps(document).encode())


def told(desk, method, path, document=None):
    body = b"" if document is None else json.dumps(document).encode()
    reply = desk.answer(IncomingRequest(method, path, body)).reply
    return reply.status, reply.document


# One operation


def test_an_operation_is_pending_then_processing_then_completed(clock):
    partner = desk(clock, duration_seconds=10, pending_share=0.2, failing=0)
    status, accepted = told(partner, "POST", "/operations", ANNA)
    assert (status, accepted["status"], accepted["user_id"]) == (202, "accepted", "c-1")
    seen = []
    for _ in range(11):
        _, standing = told(partner, "GET", f"/operations/{accepted['operation_id']}")
        seen.append((standing["status"], standing["progress"]))
        clock.now += 1
    assert seen[:2] == [("pending", 0)] * 2
    assert seen[2:10] == [("processing", int(100 * age / 8)) for age in range(8)]
    assert seen[10] == ("completed", 100)
    assert standing["result"]["user_id"] == "c-1"


def test_a_failed_operation_says_why_and_how_far_it_got(clock):
    partner = desk(clock, duration_seconds=1, failing=1)
    _, accepted = told(partner, "POST", "/operations", ANNA)
    clock.now += 1
    _, standing = told(partner, "GET", f"/operations/{accepted['operation_id']}")
    assert standing["status"] == "failed"
    assert 0 < standing["progress"] < 100
    assert standing["error_code"].isupper()
    assert standing["error_message"]
    assert "result" not in standing


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, "INVALID_JSON"),
        ([ANNA], "INVALID_JSON"),
        ({"operation_type": "sync_profile"}, "INVALID_USER_ID"),
        ({"operation_type": "sync_profile", "user_id": "  "}, "INVALID_USER_ID"),
        ({"operation_type": "sync_profile", "user_id": 7}, "INVALID_USER_ID"),
        ({"operation_type": "delete_all", "user_id": "c-1"}, "INVALID_OPERATION_TYPE"),
        ({"operation_type": ["sync_profile"], "user_id": "c-1"}, "INVALID_OPERATION_TYPE"),
        ({**ANNA, "data": "a"}, "INVALID_DATA"),
    ],
)
def test_a_misfit_is_refused_with_a_reason_and_not_held(clock, payload, code):
    partner = desk(clock)
    status, document = told(partner, "POST", "/operations", payload)
    assert (status, document["status"], document["error"]["code"]) == (400, "failed", code)
    assert (document["error_code"], document["error_message"]) == payload_error(payload)
    assert partner.operations == []


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": {}}, {"data": {"email": None}}])
def test_data_and_its_email_may_be_missing(data):
    payload = {"user_id": "c-1", "operation_type": "sync_profile", **data}
    assert payload_error(payload) is None
    assert planned(payload, ExampleAsyncKnobs(failing=0)).error is None


@pytest.mark.parametrize("email", ["bert", "", "a@b", "a b@example.com", "a@example.com ", 7, []])
def test_what_is_no_email_address_fails(email):
    plan = planned({**ANNA, "data": {"email": email}}, ExampleAsyncKnobs(failing=0))
    assert plan.error == ("INVALID_EMAIL", f"{email!r} is not an email address")


@pytest.mark.parametrize("body", [b"", b"{", b'{"user_id": NaN}', b"\xff", b"null"])
def test_what_is_not_json_is_refused(clock, body):
    answer = desk(clock).answer(IncomingRequest("POST", "/operations", body))
    assert answer.reply.status == 400
    assert answer.reply.document["error_code"] == "INVALID_JSON"


def test_a_synchronous_partner_answers_at_once(clock):
    partner = desk(clock, synchronous=True, failing=0)
    status, document = told(partner, "POST", "/operations", ANNA)
    assert (status, document["status"]) == (200, "completed")
    assert document["result"]["user_id"] == "c-1"
    assert told(partner, "POST", "/operations", BERT)[0] == 422
    status, document = told(partner, "POST", "/operations/batch", {"operations": [ANNA, ANNA]})
    assert (status, document["status"]) == (200, "completed")
    assert [each["user_id"] for each in document["results"]] == ["c-1", "c-1"]


# Many


def test_a_batch_is_answered_with_an_id_for_each_in_order(clock):
    partner = desk(clock, duration_seconds=5, failing=0)
    sent = {"operations": [ANNA, {**ANNA, "user_id": "c-9"}]}
    status, document = told(partner, "POST", "/operations/batch", sent)
    assert (status, document["status"], set(document)) == (
        202,
        "accepted",
        {"status", "operation_ids"},
    )
    assert document["operation_ids"] == [held["operation_id"] for held in partner.operations]
    assert [held["payload"] for held in partner.operations] == sent["operations"]


def test_an_id_of_what_was_refused_or_is_done_at_once_says_so_at_its_first_poll(clock):
    partner = desk(clock, synchronous=True, failing=0)
    sent = {"operations": [ANNA, CARL, BERT, None]}
    status, document = told(partner, "POST", "/operations/batch", sent)
    assert (status, len(document["operation_ids"])) == (202, 4)
    polled = [told(partner, "GET", f"/operations/{each}")[1] for each in document["operation_ids"]]
    assert [(each["status"], each.get("error_code")) for each in polled] == [
        ("completed", None),
        ("failed", "INVALID_USER_ID"),
        ("failed", "INVALID_EMAIL"),
        ("failed", "INVALID_JSON"),
    ]


def test_a_batch_of_objects_that_is_done_at_once_says_so_in_place(clock):
    partner = desk(clock, synchronous=True, failing=0, batch_answer="operations")
    status, document = told(partner, "POST", "/operations/batch", {"operations": [ANNA, BERT]})
    assert (status, document["status"]) == (200, "completed")
    assert [entry["status"] for entry in document["operations"]] == ["completed", "failed"]


def test_a_batch_of_objects_answers_in_order_and_refuses_in_place(clock):
    partner = desk(clock, batch_answer="operations")
    sent = {"operations": [ANNA, CARL, BERT, None]}
    status, document = told(partner, "POST", "/operations/batch", sent)
    assert (status, document["status"]) == (202, "accepted")
    words = [(entry["status"], entry.get("user_id")) for entry in document["operations"]]
    assert words == [("accepted", "c-1"), ("failed", None), ("accepted", "c-2"), ("failed", None)]
    assert document["operations"][1]["error_code"] == "INVALID_USER_ID"
    assert [held["payload"] for held in partner.operations] == [ANNA, BERT]


@pytest.mark.parametrize("sent", [None, [], {}, {"operations": []}, {"operations": ANNA}])
def test_a_batch_of_nothing_is_refused(clock, sent):
    status, document = told(desk(clock), "POST", "/operations/batch", sent)
    assert (status, document["error_code"]) == (400, "INVALID_BATCH")


def test_equal_payloads_are_two_operations_with_one_fate(clock):
    partner = desk(clock)
    told(partner, "POST", "/operations/batch", {"operations": [ANNA, ANNA]})
    first, second = partner.operations
    assert first["operation_id"] != second["operation_id"]
    assert first["duration_seconds"] == second["duration_seconds"]


# Chance


def payloads(count):
    return [{**ANNA, "user_id": f"c-{number}"} for number in range(count)]


def fates(payloads, **knobs):
    settings = ExampleAsyncKnobs.of(knobs)
    return {each["user_id"]: planned(each, settings) for each in payloads}


def test_a_fate_depends_on_the_seed_and_the_payload_and_on_no_order():
    sent = payloads(50)
    mixed = random.Random(1).sample(sent, len(sent))
    respelled = [dict(reversed(payload.items())) for payload in mixed]
    assert fates(sent, seed=1) == fates(mixed, seed=1) == fates(respelled, seed=1)
    assert fates(sent, seed=1) != fates(sent, seed=2)


def test_turning_one_knob_moves_nothing_else():
    quick, slow = (
        fates(payloads(200), failing=0.3, duration_seconds=d) for d in (1, ("lognormal", 60, 1))
    )
    assert [plan.error for plan in quick.values()] == [plan.error for plan in slow.values()]
    more = fates(payloads(200), failing=0.6, duration_seconds=1)
    assert all(more[user_id].error for user_id, plan in quick.items() if plan.error)


@pytest.mark.parametrize(("share", "least", "most"), [(0, 0, 0), (0.1, 60, 140), (1, 1000, 1000)])
def test_about_the_wanted_share_fails(share, least, most):
    failed = sum(plan.error is not None for plan in fates(payloads(1000), failing=share).values())
    assert least <= failed <= most


@pytest.mark.parametrize(
    ("knobs", "low", "median", "high"),
    [
        ({"duration_seconds": 3}, 3, 3, 3),
        ({"duration_seconds": (2, 4)}, 2, 3, 4),
        ({"duration_seconds": ("lognormal", 60, 0.5)}, 0, 60, 1000),
        ({"duration_seconds": ("lognormal", 60, 0)}, 59.9, 60, 60.1),
        ({}, 2, 6, 10),
    ],
)
def test_durations_are_drawn_as_asked(knobs, low, median, high):
    drawn = sorted(plan.duration_seconds for plan in fates(payloads(999), **knobs).values())
    assert low <= drawn[0] <= drawn[-1] <= high
    assert drawn[499] == pytest.approx(median, rel=0.1)


@pytest.mark.parametrize("pending_share", [0, 0.5, 1])
@pytest.mark.parametrize("duration", [0, 1e-9, 5])
def test_progress_only_grows_and_reaches_its_end_only_at_the_end(pending_share, duration):
    plan = planned(ANNA, ExampleAsyncKnobs(duration_seconds=duration, failing=0))
    held = StoredOperation("op_1", ANNA, plan, accepted_at=0.0)
    seen = [progress(held, now=age / 10, pending_share=pending_share) for age in range(51)]
    percents = [percent for _, percent in seen]
    assert percents == sorted(percents)
    assert all((status == "completed") == (percent == 100) for status, percent in seen)
    assert seen[-1] == ("completed", 100)


def test_the_same_request_draws_anew_each_time_and_the_same_in_every_run(clock):
    def statuses(seed):
        partner = desk(clock, throttle_share=0.5, seed=seed)
        return [told(partner, "GET", "/operations/op_1")[0] for _ in range(40)]

    assert set(statuses(1)) == {404, 429}
    assert statuses(1) == statuses(1) != statuses(2)


# Faults


def test_a_bucket_lets_through_its_rate_and_saves_up_one_second():
    bucket = Bucket(rate=2, now=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(0.5) for _ in range(2)] == [True, False]
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]


def test_a_slow_bucket_holds_one_token():
    bucket = Bucket(rate=0.1, now=0.0)
    assert [bucket.take(at) for at in (0.0, 9.0, 10.0, 11.0)] == [True, False, True, False]


def test_above_the_limit_requests_are_answered_429(clock):
    partner = desk(clock, requests_per_second_limit=2, retry_after_seconds=3)
    answers = [partner.answer(posted(ANNA)).reply for _ in range(3)]
    assert [reply.status for reply in answers] == [202, 202, 429]
    assert answers[2].headers == {"retry-after": "3"}
    clock.now += 0.5
    assert partner.answer(posted(ANNA)).reply.status == 202


def test_an_outage_begins_and_ends(clock):
    partner = desk(clock, outages=[(10, 5), (30, 1)], retry_after_seconds=0.25)
    seen = {}
    for age in (0, 9.9, 10, 14.9, 15, 30.5, 31):
        clock.now = 1000 + age
        seen[age] = partner.answer(posted(ANNA)).reply
    assert [age for age, reply in seen.items() if reply.status == 503] == [10, 14.9, 30.5]
    assert seen[10].headers == {"retry-after": "0.25"}


def test_one_request_in_so_many_is_answered_503_without_a_time(clock):
    partner = desk(clock, unavailable_every=2)
    answers = [partner.answer(posted(ANNA)).reply for _ in range(4)]
    assert [reply.status for reply in answers] == [202, 503, 202, 503]
    assert (answers[1].document["error_code"], answers[1].headers) == ("UNAVAILABLE", {})
    assert len(partner.operations) == 2


def test_a_refused_request_is_counted_as_an_attempt_and_not_applied(clock):
    partner = desk(clock, throttle_share=1)
    partner.answer(posted(ANNA))
    partner.answer(posted({"operations": [BERT, ANNA]}, "/operations/batch"))
    assert partner.attempts == {canonical(ANNA): 2, canonical(BERT): 1}
    assert partner.operations == []
    assert partner.requests == {"POST /operations": {429: 1}, "POST /operations/batch": {429: 1}}


def test_only_an_applied_request_loses_its_reply(clock):
    partner = desk(clock, lose_reply_share=1, outages=[(0, 1)])
    assert not partner.answer(posted(ANNA)).is_lost
    clock.now += 1
    assert partner.answer(posted(ANNA)).is_lost
    assert partner.requests == {"POST /operations": {503: 1, "lost": 1}}
    assert len(partner.operations) == 1


def test_latency_is_drawn_between_its_bounds(clock):
    partner = desk(clock, latency_seconds=(0.1, 0.2))
    drawn = {partner.answer(posted(ANNA)).latency_seconds for _ in range(20)}
    assert len(drawn) == 20
    assert all(0.1 <= seconds <= 0.2 for seconds in drawn)


# Knobs and names


@pytest.mark.parametrize(
    ("knob", "value", "valid"),
    [
        ("failing", 1.5, r"in \[0, 1\]"),
        ("failing", float("nan"), r"in \[0, 1\]"),
        ("throttle_share", -0.1, r"in \[0, 1\]"),
        ("duration_seconds", -1, ">= 0"),
        ("duration_seconds", (4, 2), r"\(low, high\)"),
        ("duration_seconds", ("lognormal", 0, 1), "median > 0"),
        ("duration_seconds", ("normal", 1, 1), "lognormal"),
        ("latency_seconds", "slow", ">= 0"),
        ("requests_per_second_limit", 0, "> 0"),
        ("unavailable_every", 0, ">= 1"),
        ("outages", [(1, 2, 3)], r"\(start, length\)"),
        ("seed", 1.5, "whole number"),
        ("batch_answer", "ids", '"operation_ids", a list of ids, or "operations"'),
    ],
)
def test_a_bad_value_is_refused_and_the_range_named(knob, value, valid):
    with pytest.raises(UsageError, match=valid) as caught:
        simulate("example-async", **{knob: value})
    assert f"{knob}={value!r}" in str(caught.value)


def test_a_bad_key_is_not_repeated():
    with pytest.raises(UsageError, match="api_key=<hidden>"):
        simulate("example-async", api_key=5318008)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownName, match="no simulator 'example_async'; did you mean"):
        simulate("example_async")
    with pytest.raises(UnknownName, match="no knob 'failling'; did you mean 'failing'"):
        simulate("example-async", failling=0.5)


@pytest.mark.parametrize("slug", SIMULATORS)
def test_every_knob_says_its_unit_and_range_and_is_in_the_help(slug):
    for name, field in SIMULATORS[slug].Knobs.model_fields.items():
        assert field.description
        assert f"``{name}``" in simulate.__doc__


# Over real HTTP


def test_a_whole_run_over_http(play, clock):
    simulator = play(clock=clock, duration_seconds=5, failing=0)
    status, accepted, headers = ask(simulator, "POST", "/operations", ANNA)
    assert (status, headers["content-type"]) == (202, "application/json")
    path = f"/operations/{accepted['operation_id']}"
    assert ask(simulator, "GET", path)[1]["status"] == "pending"
    clock.now += 5
    assert ask(simulator, "GET", path)[1]["status"] == "completed"
    assert simulator.requests == {"POST /operations": {202: 1}, "GET /operations/{id}": {200: 2}}
    (held,) = simulator.operations
    assert held["operation_id"] == accepted["operation_id"]
    assert (held["payload"], held["status"], held["polls"]) == (ANNA, "completed", 2)


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/", 404, None),
        ("GET", "/operations/op_nobody", 404, None),
        ("GET", "/operations/op_1/rows", 404, None),
        ("GET", "/operations", 405, "POST"),
        ("DELETE", "/operations/op_1", 405, "GET"),
        ("GET", "/operations/batch", 405, "POST"),
    ],
)
def test_what_does_not_exist_is_said_in_json(play, method, path, status, allowed):
    found, document, headers = ask(play(), method, path)
    assert (found, document["status"], headers["allow"]) == (status, "failed", allowed)


def test_a_key_is_asked_for_and_never_shown(play):
    simulator = play(api_key="sesame")
    assert simulator.settings == {"endpoint": simulator.endpoint, "api_key": "sesame"}
    for wrong in ({}, {"Authorization": "Bearer sesam"}, {"Authorization": "sesame"}):
        status, document, headers = ask(simulator, "POST", "/operations", ANNA, **wrong)
        assert (status, document["error_code"]) == (401, "UNAUTHORIZED")
        assert "sesam" not in f"{document} {headers}"
    assert ask(simulator, "POST", "/operations", ANNA, Authorization="Bearer sesame")[0] == 202
    assert "sesame" not in repr(simulator) + simulator._repr_html_()


def test_without_a_key_the_endpoint_is_all_a_connection_needs(play):
    simulator = play()
    assert simulator.settings == {"endpoint": simulator.endpoint}
    assert simulator.endpoint.startswith("http://127.0.0.1:")


def test_a_lost_reply_is_a_reset_connection_and_an_applied_request(play):
    simulator = play(lose_reply_share=1)
    with pytest.raises(ConnectionResetError):
        ask(simulator, "POST", "/operations", ANNA)
    assert [held["payload"] for held in simulator.operations] == [ANNA]


def test_throttling_is_said_with_retry_after(play):
    status, document, headers = ask(play(throttle_share=1), "POST", "/operations", ANNA)
    assert (status, document["status"], headers["retry-after"]) == (429, "failed", "1")


def test_a_big_batch_arrives_whole(play):
    simulator = play()
    sent = [{**ANNA, "user_id": f"c-{n}", "data": {"name": "ü" * 500}} for n in range(2000)]
    status, document, _ = ask(simulator, "POST", "/operations/batch", {"operations": sent})
    assert status == 202
    users = {each["operation_id"]: each["payload"]["user_id"] for each in simulator.operations}
    assert [users[each] for each in document["operation_ids"]] == [f"c-{n}" for n in range(2000)]


@pytest.mark.parametrize("synchronous", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("batch_answer", ["operation_ids", "operations"])
def test_a_batch_ends_as_the_simulator_has_it_in_either_spelling(play, batch_answer, synchronous):
    rows = [*payloads(30), {**BERT, "user_id": "c-bert"}]
    simulator = play(
        duration_seconds=0.1, failing=0.3, synchronous=synchronous, batch_answer=batch_answer
    )
    with Session() as session:
        crm = session.connect(simulator)
        run = crm.submit(DataFrame(rows), "asyncOperation", batch_size=8)
        assert run.wait(timeout=60) == "partial"
        results = run.results()
    ended = {each["payload"]["user_id"]: each for each in simulator.operations}
    truth = [ended[each["user_id"]] for each in rows]
    assert list(results["status"]) == [each["status"] for each in truth]
    found = [None if isna(each) else each for each in results["error_code"]]
    assert found == [each.get("error_code") for each in truth]
    assert set(simulator.attempts.values()) == {1}


def test_outcomes_do_not_depend_on_concurrency(play):
    def outcomes(threads):
        simulator = play(seed=3, failing=0.3)
        left = payloads(60)
        lock = threading.Lock()

        def send():
            while True:
                with lock:
                    if not left:
                        return
                    payload = left.pop()
                ask(simulator, "POST", "/operations", payload)

        started = [threading.Thread(target=send) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return {held["operation_id"]: held["duration_seconds"] for held in simulator.operations}

    assert outcomes(threads=1) == outcomes(threads=6)


def test_an_answer_is_not_held_back_by_the_kernel(clock):
    """Nagle's algorithm would cost 40 ms an answer."""
    server = LoopbackServer(desk(clock), name="test")
    server.start()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", "/operations/op_1")
        connection.getresponse().read()
        (taken,) = server.server_state.connections
        plug = taken.transport.get_extra_info("socket")
        assert plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    server.stop()


# Starting and stopping


def test_many_start_in_one_process_and_stop_alone(play):
    simulators = [play() for _ in range(5)]
    assert len({simulator.endpoint for simulator in simulators}) == 5
    simulators[0].stop()
    simulators[0].stop()
    with pytest.raises(ConnectionRefusedError):
        ask(simulators[0], "GET", "/")
    assert all(ask(simulator, "GET", "/")[0] == 404 for simulator in simulators[1:])


def test_it_stops_in_the_middle_of_an_answer(play):
    simulator = play(latency_seconds=1e6)
    with closing(connected(simulator)) as connection:
        connection.request("POST", "/operations", json.dumps(ANNA))
        while not simulator.operations:
            pass
        simulator.stop()


def test_it_says_what_it_is_and_stays_readable_when_stopped(play):
    simulator = play()
    ask(simulator, "POST", "/operations", ANNA)
    assert repr(simulator) == (
        f"<Simulator example-async at {simulator.endpoint}, 1 operations, 1 requests>"
    )
    simulator.stop()
    assert repr(simulator) == "<Simulator example-async stopped, 1 operations, 1 requests>"
    assert "stopped, 1 operations" in simulator._repr_html_()


def test_it_writes_nothing_to_the_screen(play, capfd):
    simulator = play()
    ask(simulator, "POST", "/operations", ANNA)
    with closing(connected(simulator)) as connection:
        connection.connect()
        connection.sock.sendall(b"what is HTTP\r\n\r\n")
        connection.sock.recv(1000)
    simulator.stop()
    assert capfd.readouterr() == ("", "")


def run(code):
    """Run *code* in an interpreter of its own, where every warning is an error."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_ends_silently_with_the_interpreter():
    ended = run(
        "import http.client, logging\n"
        "from asyncdest_nb.simulators import simulate\n"
        # On a busy machine the development mode finds a step of the loop slow, and logs it.
        "logging.getLogger('asyncio').setLevel('ERROR')\n"
        "simulators = [simulate('example-async', latency_seconds=s) for s in (0, 60)]\n"
        "connections = [http.client.HTTPConnection(s.endpoint[7:]) for s in simulators]\n"
        "for connection in connections: connection.request('GET', '/')\n"
        "assert connections[0].getresponse().read()\n"
        "for connection in connections: connection.close()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_it_leaves_nothing_open_when_it_is_stopped_in_the_middle_of_answers():
    ended = run(
        "import gc, http.client, logging\n"
        "from asyncdest_nb.simulators import simulate\n"
        # On a busy machine the development mode finds a step of the loop slow, and says so.
        "logging.getLogger('asyncio').setLevel('ERROR')\n"
        "with simulate('example-async', latency_seconds=60) as simulator:\n"
        "    where = simulator.endpoint[7:]\n"
        "    connections = [http.client.HTTPConnection(where) for _ in range(10)]\n"
        '    body = b\'{"user_id": "c-1", "operation_type": "sync_profile"}\'\n'
        "    for each in connections: each.request('POST', '/operations', body)\n"
        "    while len(simulator.operations) < 10: pass\n"
        "gc.collect()\n"
        "for each in connections: each.close()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_it_leaves_nothing_open_when_it_is_stopped_while_it_accepts():
    ended = run(
        "import logging, socket\n"
        "from asyncdest_nb.simulators import simulate\n"
        "logging.getLogger('asyncio').setLevel('ERROR')\n"
        "for _ in range(20):\n"
        "    with simulate('example-async') as simulator:\n"
        "        where = ('127.0.0.1', int(simulator.endpoint.rsplit(':', 1)[1]))\n"
        "        connections = [socket.create_connection(where) for _ in range(3)]\n"
        "    for each in connections: each.close()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_it_leaves_nothing_open_where_nest_asyncio_has_replaced_asyncio_run():
    ended = run(
        "import gc, nest_asyncio2\n"
        "nest_asyncio2.apply()\n"
        "from urllib.request import urlopen\n"
        "from asyncdest_nb.simulators import simulate\n"
        "with simulate('example-async', synchronous=True) as simulator:\n"
        '    body = b\'{"user_id": "c-1", "operation_type": "sync_profile"}\'\n'
        "    assert urlopen(simulator.endpoint + '/operations', body).read()\n"
        "gc.collect()\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_the_server_is_imported_only_to_start_one():
    ended = run(
        "import sys\n"
        "import asyncdest_nb.simulators\n"
        "assert not {'uvicorn', 'starlette'} & set(sys.modules)\n"
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "asyncdest_nb.simulators.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UsageError, match=r'uvicorn.*pip install "asyncdest-nb\[demo\]"'):
        simulate("example-async")
