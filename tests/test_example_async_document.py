"""The customer's document, sentence by sentence, against the simulated destination.

"Testing" and "Implementation Pattern" are the headings of the document; every
bullet and every step of them has a test of that name here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest

from asyncdest_nb import (
    AsyncActionResponse,
    AsyncPollResponse,
    Connection,
    Session,
    Simulator,
    simulate,
)
from asyncdest_nb.destinations.example_async import example_async
from asyncdest_nb.request import Response
from asyncdest_nb.schedule import SquareRoot

ACTION = "asyncOperation"
ONE = {"user_id": "u-1", "operation_type": "sync_profile", "data": {"plan": "pro"}}
TWO = {"user_id": "u-2", "operation_type": "process_data"}
THREE = {"user_id": "u-3", "operation_type": "generate_report"}
FRAME = pd.DataFrame([ONE, TWO, THREE])
EAGER = {"minimum": 0.02, "cost": 0.001}


@pytest.fixture
def session() -> Iterator[Session]:
    with Session() as session:
        yield session


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulate(
        "example-async", duration_seconds=0.2, failing=0.0, api_key="sk-document-key"
    ) as simulator:
        yield simulator


@pytest.fixture
def crm(session: Session, simulator: Simulator) -> Connection:
    return session.connect(simulator)


class TestTesting:
    def test_synchronous_operation_handling_returns_regular_response(self, session):
        with simulate("example-async", synchronous=True, failing=0.0) as simulator:
            crm = session.connect(simulator)
            executed = crm.execute_action(ACTION, ONE)
            assert isinstance(executed.answer, Response)
            assert executed.answer.data["status"] == "completed"
            run = crm.submit(FRAME, ACTION, batch_size=1)
            assert run.wait(timeout=20) == "completed"
            assert run.stats["polls"] == 0

    def test_async_operation_submission_returns_async_action_response_type(self, crm):
        answer = crm.execute_action(ACTION, ONE).answer
        assert isinstance(answer, AsyncActionResponse)
        wire = answer.model_dump()
        operation_id = wire["asyncContexts"][0]["operation_id"]
        assert wire["isAsync"] is True
        assert wire["asyncContexts"] == [
            {"operation_id": operation_id, "user_id": "u-1", "operation_type": "sync_profile"}
        ]
        assert wire["message"] == f"Operation {operation_id} submitted"
        assert wire["status"] == 202

    def test_batch_operation_handling_multiple_operation_ids(self, crm):
        answer = crm.execute_batch(ACTION, [ONE, TWO, THREE]).answer
        assert isinstance(answer, AsyncActionResponse)
        assert [each["user_id"] for each in answer.async_contexts] == ["u-1", "u-2", "u-3"]
        assert len({each["operation_id"] for each in answer.async_contexts}) == 3

    def test_single_operation_polling_1_element_in_async_contexts_array(self, crm):
        submitted = crm.execute_action(ACTION, ONE)
        polled = crm.execute_poll(ACTION, submitted).answer
        assert isinstance(polled, AsyncPollResponse)
        assert len(polled.results) == 1
        assert polled.overall_status == "pending"
        assert polled.should_continue_polling
        assert polled.message == polled.results[0].message
        assert polled.results[0].context == submitted.answer.async_contexts[0]

    def test_multiple_operation_polling_n_elements_in_async_contexts_array(self, crm):
        submitted = crm.execute_batch(ACTION, [ONE, TWO, THREE])
        polled = crm.execute_poll(ACTION, submitted).answer
        assert [each.status for each in polled.results] == ["pending"] * 3
        assert polled.message == "3 operations: 0 completed, 3 pending, 0 failed"

    def test_error_handling_and_status_aggregation(self, crm, simulator):
        nothing = crm.execute_poll(ACTION, []).answer
        assert nothing.overall_status == "failed"
        assert nothing.results[0].error.code == "MISSING_CONTEXT"
        without_id = crm.execute_poll(ACTION, [{"user_id": "u-1"}]).answer
        assert without_id.results[0].error.code == "MISSING_CONTEXT"
        refused = crm.execute_action(ACTION, {**ONE, "user_id": " "})
        assert refused.answer is None or refused.error is None
        unknown = crm.execute_poll(ACTION, [{"operation_id": "no-such"}])
        assert "404" in str(unknown.error)


class TestImplementationPattern:
    def test_1_perform_and_perform_batch_check_if_the_api_response_indicates_async_processing(
        self, session
    ):
        kinds = {}
        for synchronous in (False, True):
            with simulate("example-async", synchronous=synchronous, failing=0.0) as simulator:
                crm = session.connect(simulator)
                one = crm.execute_action(ACTION, ONE).answer
                many = crm.execute_batch(ACTION, [ONE, TWO]).answer
                kinds[synchronous] = (type(one), [row is None for row in many.rows])
        assert kinds[False] == (AsyncActionResponse, [True, True])
        assert kinds[True] == (Response, [False, False])

    def test_2_if_async_return_async_action_response_type_with_contexts_in_the_array(self, crm):
        one = crm.execute_action(ACTION, ONE).answer
        many = crm.execute_batch(ACTION, [ONE, TWO]).answer
        assert (len(one.async_contexts), len(many.async_contexts)) == (1, 2)
        assert one.async_contexts[0].keys() == many.async_contexts[0].keys()

    def test_3_the_framework_automatically_calls_poll_with_the_stored_contexts(
        self, crm, simulator
    ):
        run = crm.submit(FRAME, ACTION, schedule=SquareRoot(**EAGER))
        assert run.wait(timeout=20) == "completed"
        asked = {each.operation_id for each in run.operations}
        assert asked == {each["operation_id"] for each in simulator.operations}
        assert all(each.polls >= 1 for each in run.operations)
        assert all(each.context["operation_id"] == each.operation_id for each in run.operations)

    def test_4_poll_handles_both_single_operations_and_batch_operations(self, crm):
        single = crm.submit(FRAME, ACTION, batch_size=1, again=True, schedule=SquareRoot(**EAGER))
        batch = crm.submit(FRAME, ACTION, again=True, schedule=SquareRoot(**EAGER))
        assert single.wait(timeout=20) == batch.wait(timeout=20) == "completed"


class TestOverview:
    def test_submitted_operations_return_immediately_with_an_operation_id(self, crm):
        executed = crm.execute_action(ACTION, ONE)
        assert executed.exchanges[0].status == 202

    def test_context_is_stored_in_the_state_context_for_later_requests(
        self, crm, session, simulator
    ):
        async def read(request, data):
            return data.state_context.get_request_context("operation_id")

        submitted = crm.execute_action(ACTION, ONE)
        reading = replace(example_async.actions[ACTION], perform=read)
        later = session.connect(
            replace(example_async, actions={ACTION: reading}), endpoint=simulator.endpoint
        )
        stored = later.execute_action(ACTION, ONE).answer
        assert stored == submitted.answer.async_contexts[0]["operation_id"]

    def test_results_have_comprehensive_status_tracking_and_error_handling(self, session):
        with simulate("example-async", duration_seconds=0.1, failing=1.0) as simulator:
            crm = session.connect(simulator)
            run = crm.submit(FRAME, ACTION, schedule=SquareRoot(**EAGER))
            assert run.wait(timeout=20) == "failed"
        results = run.results()
        assert list(results["status"]) == ["failed"] * 3
        assert results["error_code"].notna().all()
        assert (results["message"].str.len() > 0).all()

    def test_the_action_says_that_it_supports_polling(self):
        assert example_async.action(ACTION).has_poll_support
