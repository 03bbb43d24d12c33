"""The customer's document against a server that was written from its wire alone: the five
cases under its heading "Testing", and what it lists beside them."""

from __future__ import annotations

import pytest

import asyncdest_nb as ad
from asyncdest_nb.request import Response
from document_cases import (
    ACTION,
    ALL,
    COMPLETED,
    FAILED,
    ONE,
    PENDING,
    both,
    connect,
    poll_response,
    served,
)
from documented_destination import documented
from raw_server import answer


class TestOperations:
    """The five cases, and what the document lists beside them."""

    @both
    def test_synchronous_operation_handling_returns_regular_response(self, session, destination):
        final = {"profile": "p-1", "score": 17}
        with served(instead=answer(200, final)) as server:
            executed = connect(session, server, destination).execute_action(ACTION, ONE)
        assert isinstance(executed.answer, Response)
        assert (executed.answer.status, executed.answer.data) == (200, final)

    @both
    def test_async_operation_submission_returns_async_action_response_type(
        self, session, destination
    ):
        with served() as server:
            executed = connect(session, server, destination).execute_action(ACTION, ONE)
        wire = ad.AsyncActionResponse.model_validate(executed.answer).model_dump()
        assert (wire["isAsync"], wire["status"]) == (True, 202)
        assert wire["asyncContexts"] == [
            {"operation_id": "op-7000", "user_id": "u-1", "operation_type": "sync_profile"}
        ]
        assert wire["message"].startswith("Operation op-7000 submitted")

    @both
    def test_batch_operation_handling_multiple_operation_ids(self, session, destination):
        with served() as server:
            executed = connect(session, server, destination).execute_batch(ACTION, ALL)
        wire = ad.AsyncActionResponse.model_validate(executed.answer).model_dump()
        assert wire["status"] == 202
        assert wire["asyncContexts"] == [
            {
                "operation_id": f"op-{7000 + index}",
                "user_id": payload["user_id"],
                "operation_type": payload["operation_type"],
                "batch_index": index,
            }
            for index, payload in enumerate(ALL)
        ]
        assert wire["message"] == "Batch operations submitted: op-7000, op-7001, op-7002"

    @both
    def test_single_operation_polling_1_element_in_async_contexts_array(self, session, destination):
        with served(standing={"u-1": COMPLETED}) as server:
            crm = connect(session, server, destination)
            submitted = crm.execute_action(ACTION, ONE)
            polled = poll_response(crm.execute_poll(ACTION, submitted))
        assert [each.status for each in polled.results] == ["completed"]
        assert (polled.overall_status, polled.should_continue_polling) == ("completed", False)
        assert polled.message == polled.results[0].message

    def test_multiple_operation_polling_n_elements_in_async_contexts_array(self, session):
        with served(standing={"u-1": COMPLETED, "u-2": PENDING, "u-3": FAILED}) as server:
            crm = connect(session, server)
            submitted = crm.execute_batch(ACTION, ALL)
            polled = poll_response(crm.execute_poll(ACTION, submitted))
        assert [each.status for each in polled.results] == ["completed", "pending", "failed"]
        assert (polled.overall_status, polled.should_continue_polling) == ("pending", True)
        assert polled.message == "3 operations: 1 completed, 1 failed, 1 pending"
        assert [each.context for each in polled.results] == submitted.answer.async_contexts

    def test_the_documents_own_poll_counts_what_it_knows(self, session):
        with served(standing={"u-1": COMPLETED, "u-2": PENDING, "u-3": PENDING}) as server:
            crm = connect(session, server, documented)
            polled = poll_response(crm.execute_poll(ACTION, crm.execute_batch(ACTION, ALL)))
        assert (polled.overall_status, polled.should_continue_polling) == ("pending", True)
        assert polled.message == "3 operations: 1 completed, 2 pending"

    @pytest.mark.parametrize(
        ("standing", "overall", "message"),
        [
            ([COMPLETED] * 3, "completed", "3 operations: 3 completed, 0 failed, 0 pending"),
            ([FAILED] * 3, "failed", "3 operations: 0 completed, 3 failed, 0 pending"),
            (
                [COMPLETED, FAILED, FAILED],
                "partial",
                "3 operations: 1 completed, 2 failed, 0 pending",
            ),
            (
                [FAILED, PENDING, FAILED],
                "pending",
                "3 operations: 0 completed, 2 failed, 1 pending",
            ),
        ],
        ids=["completed", "failed", "partial", "pending"],
    )
    def test_status_aggregation(self, session, standing, overall, message):
        users = {row["user_id"]: each for row, each in zip(ALL, standing, strict=True)}
        with served(standing=users) as server:
            crm = connect(session, server)
            polled = poll_response(crm.execute_poll(ACTION, crm.execute_batch(ACTION, ALL)))
        assert (polled.overall_status, polled.message) == (overall, message)
        assert polled.should_continue_polling is (overall == "pending")

    @pytest.mark.parametrize(
        ("standing", "result"),
        [
            (
                {"status": "pending"},
                {"status": "pending", "progress": 0, "message": "Operation {} is pending"},
            ),
            (
                {"status": "processing", "progress": 40},
                {"status": "pending", "progress": 40, "message": "Operation {} is processing"},
            ),
            (
                {"status": "completed", "result": {"id": 7}},
                {
                    "status": "completed",
                    "progress": 100,
                    "message": "Operation {} completed successfully",
                    "result": {"id": 7},
                },
            ),
            ({"status": "completed"}, {"status": "completed", "progress": 100, "result": {}}),
            (
                FAILED,
                {
                    "status": "failed",
                    "message": "no such user",
                    "error": {"code": "E7", "message": "no such user"},
                },
            ),
            (
                {"status": "failed"},
                {
                    "status": "failed",
                    "message": "Operation failed",
                    "error": {"code": "OPERATION_FAILED", "message": "Operation failed"},
                },
            ),
        ],
    )
    def test_what_a_context_becomes(self, session, standing, result):
        with served(standing={"u-1": standing}) as server:
            crm = connect(session, server)
            polled = poll_response(crm.execute_poll(ACTION, crm.execute_action(ACTION, ONE)))
        (found,) = polled.model_dump()["results"]
        expected = {"message": found["message"], **result}
        expected["message"] = expected["message"].format("op-7000")
        assert {key: found[key] for key in expected} == expected
        assert found["shouldContinuePolling"] is (result["status"] == "pending")

    def test_no_contexts_at_all_have_no_results(self, session):
        with served() as server:
            polled = poll_response(connect(session, server).execute_poll(ACTION, []))
        assert polled.model_dump() == {
            "results": [],
            "overallStatus": "failed",
            "shouldContinuePolling": False,
            "message": "No async contexts found for polling",
        }
        assert server.asked == []

    def test_a_context_without_an_id_fails_and_the_others_are_asked(self, session):
        with served(standing={"u-1": COMPLETED}) as server:
            crm = connect(session, server)
            (context,) = crm.execute_action(ACTION, ONE).answer.async_contexts
            nameless = {"user_id": "u-2"}
            polled = poll_response(crm.execute_poll(ACTION, [nameless, context]))
        missing, found = polled.results
        assert (missing.status, missing.should_continue_polling) == ("failed", False)
        assert missing.error.code == "MISSING_CONTEXT"
        assert missing.error.message == missing.message == "Operation ID not found in async context"
        assert missing.context == nameless
        assert (found.status, polled.overall_status) == ("completed", "partial")
