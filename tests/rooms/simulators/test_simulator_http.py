"""Simulators over real HTTP on loopback."""

import http.client
import socket
import threading
from contextlib import closing

import pytest
from IPython.core.formatters import HTMLFormatter
from pandas import DataFrame, isna

from asyncdest_nb import Session
from asyncdest_nb.simulators.server import LoopbackServer
from example_partner import ANNA, BERT, ask, faulty_server, payloads

# Over real HTTP


def test_a_whole_run_over_http(simulated_example, clock):
    simulator = simulated_example(clock=clock, duration_seconds=5, failing=0)
    status, accepted, headers = ask(simulator, "POST", "/operations", ANNA)
    assert (status, headers["content-type"]) == (202, "application/json")
    path = f"/operations/{accepted['operation_id']}"
    assert ask(simulator, "GET", path)[1]["status"] == "pending"
    clock.now += 5
    assert ask(simulator, "GET", path)[1]["status"] == "completed"
    assert simulator.requests == {"POST /operations": {202: 1}, "GET /operations/{id}": {200: 2}}
    (stored,) = simulator.operations
    assert stored["operation_id"] == accepted["operation_id"]
    assert (stored["payload"], stored["status"], stored["polls"]) == (ANNA, "completed", 2)


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
def test_what_does_not_exist_is_said_in_json(simulated_example, method, path, status, allowed):
    found, document, headers = ask(simulated_example(), method, path)
    assert (found, document["status"], headers["allow"]) == (status, "failed", allowed)


def test_a_key_is_asked_for_and_never_shown(simulated_example):
    simulator = simulated_example(api_key="sesame")
    assert simulator.settings == {"endpoint": simulator.endpoint, "api_key": "sesame"}
    for wrong in ({}, {"Authorization": "Bearer sesam"}, {"Authorization": "sesame"}):
        status, document, headers = ask(simulator, "POST", "/operations", ANNA, **wrong)
        assert (status, document["error_code"]) == (401, "UNAUTHORIZED")
        assert "sesam" not in f"{document} {headers}"
    assert ask(simulator, "POST", "/operations", ANNA, Authorization="Bearer sesame")[0] == 202
    assert "sesame" not in repr(simulator) + HTMLFormatter()(simulator)


def test_without_a_key_the_endpoint_is_all_a_connection_needs(simulated_example):
    simulator = simulated_example()
    assert simulator.settings == {"endpoint": simulator.endpoint}
    assert simulator.endpoint.startswith("http://127.0.0.1:")


def test_a_lost_reply_is_a_reset_connection_and_an_applied_request(simulated_example):
    simulator = simulated_example(lose_reply_share=1)
    with pytest.raises(ConnectionResetError):
        ask(simulator, "POST", "/operations", ANNA)
    assert [stored["payload"] for stored in simulator.operations] == [ANNA]


def test_throttling_is_said_with_retry_after(simulated_example):
    status, document, headers = ask(
        simulated_example(throttle_share=1), "POST", "/operations", ANNA
    )
    assert (status, document["status"], headers["retry-after"]) == (429, "failed", "1")


def test_a_big_batch_arrives_whole(simulated_example):
    simulator = simulated_example()
    sent = [{**ANNA, "user_id": f"c-{n}", "data": {"name": "ü" * 500}} for n in range(2000)]
    status, document, _ = ask(simulator, "POST", "/operations/batch", {"operations": sent})
    assert status == 202
    users = {each["operation_id"]: each["payload"]["user_id"] for each in simulator.operations}
    assert [users[each] for each in document["operation_ids"]] == [f"c-{n}" for n in range(2000)]


@pytest.mark.parametrize("synchronous", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("batch_answer", ["operation_ids", "operations"])
def test_a_batch_ends_as_the_simulator_has_it_in_either_spelling(
    simulated_example, batch_answer, synchronous
):
    rows = [*payloads(30), {**BERT, "user_id": "c-bert"}]
    simulator = simulated_example(
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


def test_outcomes_do_not_depend_on_concurrency(simulated_example):
    def outcomes(threads):
        simulator = simulated_example(seed=3, failing=0.3)
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
        return {
            stored["operation_id"]: stored["duration_seconds"] for stored in simulator.operations
        }

    assert outcomes(threads=1) == outcomes(threads=6)


def test_an_answer_is_not_held_back_by_the_kernel(clock):
    """Nagle's algorithm would cost 40 ms an answer."""
    server = LoopbackServer(faulty_server(clock), name="test")
    server.start()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", "/operations/op_1")
        connection.getresponse().read()
        (taken,) = server.server_state.connections
        plug = taken.transport.get_extra_info("socket")
        assert plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    server.stop()
