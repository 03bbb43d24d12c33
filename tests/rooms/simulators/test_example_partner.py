"""The simulated Example Async, without a server: operations and batches."""

import pytest

from asyncdest_nb.simulators.example_async import ExampleAsyncKnobs
from asyncdest_nb.simulators.example_async.operations import payload_error, planned
from asyncdest_nb.simulators.exchange import IncomingRequest
from example_partner import ANNA, BERT, CARL, answered, faulty_server

# One operation


def test_an_operation_is_pending_then_processing_then_completed(clock):
    partner = faulty_server(clock, duration_seconds=10, pending_share=0.2, failing=0)
    status, accepted = answered(partner, "POST", "/operations", ANNA)
    assert (status, accepted["status"], accepted["user_id"]) == (202, "accepted", "c-1")
    seen = []
    for _ in range(11):
        _, polled = answered(partner, "GET", f"/operations/{accepted['operation_id']}")
        seen.append((polled["status"], polled["progress"]))
        clock.now += 1
    assert seen[:2] == [("pending", 0)] * 2
    assert seen[2:10] == [("processing", int(100 * age / 8)) for age in range(8)]
    assert seen[10] == ("completed", 100)
    assert polled["result"]["user_id"] == "c-1"


def test_a_failed_operation_says_why_and_how_far_it_got(clock):
    partner = faulty_server(clock, duration_seconds=1, failing=1)
    _, accepted = answered(partner, "POST", "/operations", ANNA)
    clock.now += 1
    _, polled = answered(partner, "GET", f"/operations/{accepted['operation_id']}")
    assert polled["status"] == "failed"
    assert 0 < polled["progress"] < 100
    assert polled["error_code"].isupper()
    assert polled["error_message"]
    assert "result" not in polled


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
    partner = faulty_server(clock)
    status, document = answered(partner, "POST", "/operations", payload)
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
    answer = faulty_server(clock).answer(IncomingRequest("POST", "/operations", body))
    assert answer.reply.status == 400
    assert answer.reply.document["error_code"] == "INVALID_JSON"


def test_a_synchronous_partner_answers_at_once(clock):
    partner = faulty_server(clock, synchronous=True, failing=0)
    status, document = answered(partner, "POST", "/operations", ANNA)
    assert (status, document["status"]) == (200, "completed")
    assert document["result"]["user_id"] == "c-1"
    assert answered(partner, "POST", "/operations", BERT)[0] == 422
    status, document = answered(partner, "POST", "/operations/batch", {"operations": [ANNA, ANNA]})
    assert (status, document["status"]) == (200, "completed")
    assert [each["user_id"] for each in document["results"]] == ["c-1", "c-1"]


# Many


def test_a_batch_is_answered_with_an_id_for_each_in_order(clock):
    partner = faulty_server(clock, duration_seconds=5, failing=0)
    sent = {"operations": [ANNA, {**ANNA, "user_id": "c-9"}]}
    status, document = answered(partner, "POST", "/operations/batch", sent)
    assert (status, document["status"], set(document)) == (
        202,
        "accepted",
        {"status", "operation_ids"},
    )
    assert document["operation_ids"] == [stored["operation_id"] for stored in partner.operations]
    assert [stored["payload"] for stored in partner.operations] == sent["operations"]


def test_an_id_of_what_was_refused_or_is_done_at_once_says_so_at_its_first_poll(clock):
    partner = faulty_server(clock, synchronous=True, failing=0)
    sent = {"operations": [ANNA, CARL, BERT, None]}
    status, document = answered(partner, "POST", "/operations/batch", sent)
    assert (status, len(document["operation_ids"])) == (202, 4)
    polled = [
        answered(partner, "GET", f"/operations/{each}")[1] for each in document["operation_ids"]
    ]
    assert [(each["status"], each.get("error_code")) for each in polled] == [
        ("completed", None),
        ("failed", "INVALID_USER_ID"),
        ("failed", "INVALID_EMAIL"),
        ("failed", "INVALID_JSON"),
    ]


def test_a_batch_of_objects_that_is_done_at_once_says_so_in_place(clock):
    partner = faulty_server(clock, synchronous=True, failing=0, batch_answer="operations")
    status, document = answered(partner, "POST", "/operations/batch", {"operations": [ANNA, BERT]})
    assert (status, document["status"]) == (200, "completed")
    assert [entry["status"] for entry in document["operations"]] == ["completed", "failed"]


def test_a_batch_of_objects_answers_in_order_and_refuses_in_place(clock):
    partner = faulty_server(clock, batch_answer="operations")
    sent = {"operations": [ANNA, CARL, BERT, None]}
    status, document = answered(partner, "POST", "/operations/batch", sent)
    assert (status, document["status"]) == (202, "accepted")
    words = [(entry["status"], entry.get("user_id")) for entry in document["operations"]]
    assert words == [("accepted", "c-1"), ("failed", None), ("accepted", "c-2"), ("failed", None)]
    assert document["operations"][1]["error_code"] == "INVALID_USER_ID"
    assert [stored["payload"] for stored in partner.operations] == [ANNA, BERT]


@pytest.mark.parametrize("sent", [None, [], {}, {"operations": []}, {"operations": ANNA}])
def test_a_batch_of_nothing_is_refused(clock, sent):
    status, document = answered(faulty_server(clock), "POST", "/operations/batch", sent)
    assert (status, document["error_code"]) == (400, "INVALID_BATCH")


def test_equal_payloads_are_two_operations_with_one_fate(clock):
    partner = faulty_server(clock)
    answered(partner, "POST", "/operations/batch", {"operations": [ANNA, ANNA]})
    first, second = partner.operations
    assert first["operation_id"] != second["operation_id"]
    assert first["duration_seconds"] == second["duration_seconds"]
