"""The customer's document against a server that was written from its wire alone: answers
that are synchronous, and those that are neither done nor accepted."""

from __future__ import annotations

import json

import pytest

from document_cases import ACTION, ALL, FAILED, both, connect, served, submit
from raw_server import Answer, answer


class TestSynchronous:
    """An answer at once is done, whatever its body is."""

    BODIES = (
        {"profile": "p-1"},
        {"status": "done", "operation_id": None},
        {"status": "completed", "operation_id": "op-1", "result": {"ok": True}},
        {},
        [],
        [1, 2, 3],
        [{"user_id": "u-1"}],
        {"operations": ALL},
        {"operations": "three"},
        17,
        "thanks",
        None,
        True,
    )

    @both
    @pytest.mark.parametrize("size", [1, 3], ids=["one by one", "a batch"])
    @pytest.mark.parametrize("body", BODIES, ids=repr)
    def test_it_completes_its_rows_without_a_poll(self, session, destination, size, body):
        with served(instead=json_text(json.dumps(body))) as server:
            crm = connect(session, server, destination)
            run = submit(crm, batch_size=size)
            assert run.wait(timeout=20) == "completed"
            executed = crm.execute_batch(ACTION, ALL)
        assert server.asked == []
        assert executed.answer.data == body
        own = [body] * 3 if size == 1 else [None] * 3
        assert [each.result for each in run.operations] == own

    @both
    @pytest.mark.parametrize("size", [1, 3], ids=["one by one", "a batch"])
    @pytest.mark.parametrize(
        "reply",
        [
            answer(200, "thank you", {"content-type": "text/plain"}),
            answer(200, b""),
            answer(201, {"created": 3}),
            answer(204),
        ],
        ids=["text", "empty", "201", "204"],
    )
    def test_it_need_not_be_json_nor_200(self, session, destination, size, reply):
        with served(instead=reply) as server:
            run = submit(connect(session, server, destination), batch_size=size)
            assert run.wait(timeout=20) == "completed"
        assert server.asked == []
        assert set(server.applied.values()) == {1}

    @both
    @pytest.mark.parametrize("size", [1, 3], ids=["one by one", "a batch"])
    @pytest.mark.parametrize(
        ("reply", "code", "message"),
        [
            (answer(200, FAILED), "E7", "no such user"),
            (answer(200, {"status": "FAILED"}), "OPERATION_FAILED", "Operation failed"),
            (
                answer(201, {"status": "failed", "error": {"code": "E8", "message": "no"}}),
                "E8",
                "no",
            ),
            (answer(200, {"status": "failed", "error": "quota"}), "OPERATION_FAILED", "quota"),
            (answer(200, {"status": "error", "error_message": "q"}), "OPERATION_FAILED", "q"),
            (
                answer(200, {"success": False, "errors": [{"message": "q"}]}),
                "OPERATION_FAILED",
                "q",
            ),
        ],
        ids=["flat", "no reason", "nested", "a text", "another word", "no success"],
    )
    def test_what_says_that_it_failed_has_failed(
        self, session, destination, size, reply, code, message
    ):
        with served(instead=reply) as server:
            run = submit(connect(session, server, destination), batch_size=size)
            assert run.wait(timeout=20) == "failed"
        results = run.results()
        assert list(results["error_code"]) == [code] * 3
        assert list(results["message"]) == [message] * 3
        assert not results["retryable"].fillna(False).any(), "it may have been applied"

    @both
    @pytest.mark.parametrize("size", [1, 3], ids=["one by one", "a batch"])
    @pytest.mark.parametrize(
        "reply",
        [
            answer(202, {"profile": "p-1"}),
            answer(202, b""),
            answer(200, {"operation_id": "op-1"}),
            answer(200, {"ok": True, "operationId": "op-1"}),
            answer(200, {"jobs": [{"operation_id": 17}]}),
            answer(200, [{"operation_id": "op-1"}]),
            answer(200, {"status": "pending"}),
            answer(200, {"status": "processing", "progress": 10}),
            answer(200, {"status": "Accepted"}),
            answer(207, {"results": [{"status": 200}, {"status": 200}, {"status": 200}]}),
            answer(200, {"results": [{"status": 200}, {"status": 400}, {"status": 200}]}),
            answer(200, {"status": "completed", "results": [{"status": "failed"}]}),
            answer(200, {"status": "partial"}),
            answer(200, {"errors": [{"message": "denied"}]}),
            answer(200, {"created": 2, "failed": 1}),
        ],
    )
    def test_what_is_not_done_and_cannot_be_asked_about_stays_unknown(
        self, session, destination, size, reply
    ):
        with served(instead=reply) as server:
            run = submit(connect(session, server, destination), batch_size=size)
            run.wait(timeout=20)
        assert run.is_at_rest
        assert run.counts["unknown"] == 3
        assert set(server.applied.values()) == {1}


def json_text(text: str) -> Answer:
    return answer(200, text, {"content-type": "application/json"})
