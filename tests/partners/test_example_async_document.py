"""The customer's document against a server that was written from its wire alone.

What it sends is tried twice: as the document writes it, translated line by line, and as
the built-in destination does it. "Testing" and "Overview" are headings of the document.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.destinations.example_async import example_async
from asyncdest_nb.request import Response
from asyncdest_nb.schedule import SquareRoot
from documented_destination import documented
from documented_server import DocumentedServer
from raw_server import Answer, answer

ACTION = "asyncOperation"
KEY = "sk-document-key"
ONE = {"user_id": "u-1", "operation_type": "sync_profile", "data": {"plan": "pro"}}
TWO = {"user_id": "u-2", "operation_type": "process_data"}
THREE = {"user_id": "u-3", "operation_type": "generate_report"}
ALL = [ONE, TWO, THREE]
FRAME = pd.DataFrame(ALL)
EAGER = {"minimum": 0.02, "cost": 0.001}
COMPLETED = {"status": "completed"}
FAILED = {"status": "failed", "error_code": "E7", "error_message": "no such user"}
PENDING = {"status": "pending"}

both = pytest.mark.parametrize(
    "destination", [documented, "example-async"], ids=["the document's", "the built-in"]
)


@pytest.fixture
def session() -> Iterator[ad.Session]:
    with ad.Session() as session:
        yield session


def connect(
    session: ad.Session, server: DocumentedServer, destination: Any = "example-async"
) -> ad.Connection:
    return session.connect(destination, endpoint=server.url, api_key=KEY, requests_per_second=5000)


def submit(crm: ad.Connection, frame: pd.DataFrame = FRAME, **options: Any) -> ad.Run:
    return crm.submit(frame, ACTION, schedule=SquareRoot(**EAGER), **options)


def served(**knobs: Any) -> DocumentedServer:
    return DocumentedServer(api_key=KEY, **knobs)


class TestTesting:
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
            polled = said(crm.execute_poll(ACTION, submitted))
        assert [each.status for each in polled.results] == ["completed"]
        assert (polled.overall_status, polled.should_continue_polling) == ("completed", False)
        assert polled.message == polled.results[0].message

    def test_multiple_operation_polling_n_elements_in_async_contexts_array(self, session):
        with served(standing={"u-1": COMPLETED, "u-2": PENDING, "u-3": FAILED}) as server:
            crm = connect(session, server)
            submitted = crm.execute_batch(ACTION, ALL)
            polled = said(crm.execute_poll(ACTION, submitted))
        assert [each.status for each in polled.results] == ["completed", "pending", "failed"]
        assert (polled.overall_status, polled.should_continue_polling) == ("pending", True)
        assert polled.message == "3 operations: 1 completed, 1 failed, 1 pending"
        assert [each.context for each in polled.results] == submitted.answer.async_contexts

    def test_the_documents_own_poll_counts_what_it_knows(self, session):
        with served(standing={"u-1": COMPLETED, "u-2": PENDING, "u-3": PENDING}) as server:
            crm = connect(session, server, documented)
            polled = said(crm.execute_poll(ACTION, crm.execute_batch(ACTION, ALL)))
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
            polled = said(crm.execute_poll(ACTION, crm.execute_batch(ACTION, ALL)))
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
            polled = said(crm.execute_poll(ACTION, crm.execute_action(ACTION, ONE)))
        (found,) = polled.model_dump()["results"]
        expected = {"message": found["message"], **result}
        expected["message"] = expected["message"].format("op-7000")
        assert {key: found[key] for key in expected} == expected
        assert found["shouldContinuePolling"] is (result["status"] == "pending")

    def test_no_contexts_at_all_have_no_results(self, session):
        with served() as server:
            polled = said(connect(session, server).execute_poll(ACTION, []))
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
            polled = said(crm.execute_poll(ACTION, [nameless, context]))
        missing, found = polled.results
        assert (missing.status, missing.should_continue_polling) == ("failed", False)
        assert missing.error.code == "MISSING_CONTEXT"
        assert missing.error.message == missing.message == "Operation ID not found in async context"
        assert missing.context == nameless
        assert (found.status, polled.overall_status) == ("completed", "partial")


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
        with served(instead=told(json.dumps(body))) as server:
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
        ],
        ids=["flat", "no reason", "nested", "a text"],
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


class TestImplementationPattern:
    @pytest.mark.parametrize("size", [1, 3])
    @pytest.mark.parametrize("number_ids", [False, True], ids=["ids are texts", "are numbers"])
    def test_the_framework_automatically_calls_poll_with_the_stored_contexts(
        self, session, size, number_ids
    ):
        with served(number_ids=number_ids) as server:
            run = submit(connect(session, server), batch_size=size)
            assert run.wait(timeout=20) == "completed"
        assert set(server.asked) == {each.operation_id for each in run.operations}
        contexts = [each.context for each in run.operations]
        assert [each["user_id"] for each in contexts] == ["u-1", "u-2", "u-3"]
        assert [each.get("batch_index") for each in contexts] == (
            [0, 1, 2] if size == 3 else [None] * 3
        )
        assert all(type(each["operation_id"]) is (int if number_ids else str) for each in contexts)

    @pytest.mark.parametrize(
        ("operation_ids", "message"),
        [
            ([], "0 operation ids (none) for 3"),
            (["1", "2"], "2 operation ids (1, 2) for 3"),
            (["1", "2", "3", "4"], "4 operation ids (1, 2, 3, 4) for 3"),
            (["1", "1", "1"], "3 rows were given the same"),
            ([None, None, None], "without an operation id"),
            ([{}, [], True], "is not an operation id"),
            ("1, 2, 3", "no list of operations"),
            (None, "no list of operations"),
        ],
    )
    def test_rows_whose_ids_nobody_can_tell_are_unknown(self, session, operation_ids, message):
        taken = answer(200, {"status": "accepted", "operation_ids": operation_ids})
        with served(instead=taken) as server:
            run = submit(connect(session, server))
            run.wait(timeout=20)
        assert run.counts["unknown"] == 3
        assert run.results()["message"].str.contains(message, regex=False).all()
        assert (server.asked, set(server.applied.values())) == ([], {1})

    def test_either_spelling_of_a_batch_is_taken(self, session):
        entries = [{"operation_id": f"op-{7000 + number}"} for number in range(3)]
        taken = answer(202, {"status": "accepted", "operations": entries})
        with served(instead=taken) as server:
            run = submit(connect(session, server))
            assert run.wait(timeout=20) == "completed"
        assert set(server.asked) == {"op-7000", "op-7001", "op-7002"}

    def test_what_is_said_of_a_large_batch_is_kept_short_with_each_row(self, session):
        frame = TestMany.shuffled(300)
        with served() as server:
            crm = connect(session, server)
            executed = crm.execute_batch(ACTION, frame.to_dict("records"))
            run = crm.submit(frame, ACTION, schedule=SquareRoot(minimum=3600))
            while not (run.operations and all(each.operation_id for each in run.operations)):
                run.wait(timeout=0.02)
            run.cancel()
        assert "op-7000, op-7001, " in executed.answer.message
        assert executed.answer.message.endswith(", op-7299")
        messages = {each.message for each in run.operations}
        assert {len(each) for each in messages} == {500}
        assert all(each.startswith("Batch operations submitted: op-7300, ") for each in messages)

    def test_the_key_may_be_left_out(self, session):
        with DocumentedServer() as server:
            for key in ({}, {"api_key": None}, {"api_key": ""}):
                crm = session.connect("example-async", endpoint=server.url, **key)
                executed = crm.execute_action(ACTION, ONE)
                assert executed.answer.status == 202
        assert not any("authorization" in each.headers for each in server.arrived)


class TestOverview:
    """What perform stores, read as poll reads it."""

    def test_the_state_of_one_row(self, session):
        seen, ids = self.seen(session, size=1, keys=["operation_id", "user_id"])
        # The rows travel side by side, and get their ids in the order they arrive.
        assert sorted(each["user_id"] for each in seen) == ["u-1", "u-2", "u-3"]
        assert {each["user_id"]: each["operation_id"] for each in seen} == ids

    def test_the_state_of_a_batch_is_a_json_text_of_its_ids(self, session):
        (seen,), _ = self.seen(session, size=3, keys=["batch_operation_ids"])
        assert json.loads(seen["batch_operation_ids"]) == ["op-7000", "op-7001", "op-7002"]

    @pytest.mark.parametrize("size", [1, 3])
    def test_all_of_it_is_kept_for_a_day(self, session, size):
        kept = {}

        class Noting:
            def set_response_context(self, key: str, value: Any, ttl: Any = None) -> None:
                kept[key] = ttl

        def noted(function: Any) -> Any:
            async def call(request: Any, data: Any) -> Any:
                return await function(request, dataclasses.replace(data, state_context=Noting()))

            return call

        own = example_async.action(ACTION)
        action = dataclasses.replace(
            own, perform=noted(own.perform), perform_batch=noted(own.perform_batch)
        )
        with served() as server:
            crm = connect(session, server, playing(action))
            if size == 1:
                crm.execute_action(ACTION, ONE)
            else:
                crm.execute_batch(ACTION, ALL)
        keys = ["operation_id", "user_id"] if size == 1 else ["batch_operation_ids"]
        assert kept == {key: {"hour": 24} for key in keys}

    def test_the_action_says_that_it_supports_polling(self):
        assert example_async.action(ACTION).has_poll_support
        assert documented.action(ACTION).has_poll_support

    @staticmethod
    def seen(
        session: ad.Session, *, size: int, keys: list[str]
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Return what polls read under *keys*, each once, and the server's ids by user."""
        found = []
        own = example_async.action(ACTION)

        async def poll(request: Any, data: Any) -> Any:
            found.append({key: data.state_context.get_request_context(key) for key in keys})
            return await own.poll(request, data)

        with served() as server:
            crm = connect(session, server, playing(dataclasses.replace(own, poll=poll)))
            assert submit(crm, batch_size=size).wait(timeout=20) == "completed"
        distinct = {json.dumps(each): each for each in found}
        ids = {each.row["user_id"]: str(each.id) for each in server.operations.values()}
        return [distinct[each] for each in sorted(distinct)], ids


@pytest.mark.slow
class TestMany:
    @pytest.mark.parametrize(
        ("count", "size"), [(200, 1), (2000, 20)], ids=["one by one", "batches"]
    )
    @both
    def test_outcomes_are_the_servers_truth_and_nothing_is_sent_twice(
        self, session, destination, count, size
    ):
        # The document's own poll takes what failed for pending.
        failing = 0.1 if destination == "example-async" else 0.0
        frame = self.shuffled(count)
        with served(throttled=0.02, failing=failing, polls_until_final=0) as server:
            run = submit(connect(session, server, destination), frame, batch_size=size)
            status = run.wait(timeout=100)
        assert status == ("partial" if failing else "completed")
        results = run.results()
        assert list(results.index) == list(frame.index)
        truth = [server.truth[user] for user in frame["user_id"]]
        assert list(results["status"]) == [each["status"] for each in truth]
        if failing:
            self.assert_reasons(results, truth)
        assert server.applied == dict.fromkeys(frame["user_id"], 1)
        assert server.posted == server.applied + server.throttled
        assert server.throttled.total() >= count // 50
        # What has ended is not asked about again.
        assert {each.polls for each in server.operations.values()} == {1}

    @staticmethod
    def assert_reasons(results: pd.DataFrame, truth: list[dict[str, Any]]) -> None:
        codes = [
            each.get("error_code", "OPERATION_FAILED") if each["status"] == "failed" else None
            for each in truth
        ]
        assert [None if pd.isna(each) else each for each in results["error_code"]] == codes
        assert list(results["result"]) == [each.get("result") for each in truth]

    @staticmethod
    def shuffled(count: int) -> pd.DataFrame:
        """Return rows whose labels repeat and are in no order."""
        dice = random.Random(7)
        users = [f"c-{number}" for number in range(count)]
        dice.shuffle(users)
        labels = [dice.randrange(count // 4) for _ in users]
        return pd.DataFrame({"user_id": users, "operation_type": "sync_profile"}, index=labels)


def told(text: str) -> Answer:
    return answer(200, text, {"content-type": "application/json"})


def said(executed: Any) -> ad.AsyncPollResponse:
    """Return what a poll returned, in the words of the contract."""
    assert executed.error is None
    return ad.AsyncPollResponse.model_validate(executed.answer)


def playing(action: ad.Action) -> ad.Destination:
    """Return the built-in destination with another action in the place of its own."""
    return dataclasses.replace(example_async, actions={ACTION: action})
