"""The customer's document against a server that was written from its wire alone: batches,
stored state ("Overview"), and many rows."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.destinations import DESTINATIONS
from asyncdest_nb.schedule import SquareRoot
from document_cases import ACTION, ALL, ONE, TWO, both, connect, served, submit
from documented_destination import documented
from documented_server import DocumentedServer
from raw_server import answer

example_async = DESTINATIONS["example-async"]


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
        frame = shuffled(300)
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

    @both
    @pytest.mark.parametrize("size", [1, 2])
    def test_a_row_without_data_has_none_and_nulls_in_data_are_sent(
        self, session, destination, size
    ):
        frame = pd.DataFrame([{**ONE, "data": {"plan": None}}, {**TWO, "data": None}])
        with served() as server:
            assert submit(connect(session, server, destination), frame, batch_size=size).wait(20)
        rows = {each.row["user_id"]: each.row for each in server.operations.values()}
        assert rows == {"u-1": {**ONE, "data": {"plan": None}}, "u-2": TWO}

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

        class StateRecorder:
            def set_response_context(self, key: str, value: Any, ttl: Any = None) -> None:
                kept[key] = ttl

        def noted(function: Any) -> Any:
            async def call(request: Any, data: Any) -> Any:
                return await function(
                    request, dataclasses.replace(data, state_context=StateRecorder())
                )

            return call

        own = example_async.action(ACTION)
        action = dataclasses.replace(
            own, perform=noted(own.perform), perform_batch=noted(own.perform_batch)
        )
        with served() as server:
            crm = connect(session, server, destination_with(action))
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
            crm = connect(session, server, destination_with(dataclasses.replace(own, poll=poll)))
            assert submit(crm, batch_size=size).wait(timeout=20) == "completed"
        distinct = {json.dumps(each): each for each in found}
        ids = {each.row["user_id"]: str(each.id) for each in server.operations.values()}
        return [distinct[each] for each in sorted(distinct)], ids


@pytest.mark.slow
class TestMany:
    @pytest.mark.parametrize(
        ("count", "size"), [(200, 1), (1000, 10)], ids=["one by one", "batches"]
    )
    @both
    def test_outcomes_are_the_servers_truth_and_nothing_is_sent_twice(
        self, session, destination, count, size
    ):
        # The document's own poll takes what failed for pending.
        failing = 0.1 if destination == "example-async" else 0.0
        frame = shuffled(count)
        with served(throttled=0.02, failing=failing, polls_until_final=0) as server:
            run = submit(connect(session, server, destination), frame, batch_size=size)
            status = run.wait(timeout=100)
        assert status == ("partial" if failing else "completed")
        results = run.results()
        assert list(results.index) == list(frame.index)
        truth = [server.truth[user] for user in frame["user_id"]]
        assert list(results["status"]) == [each["status"] for each in truth]
        if failing:
            assert_reasons(results, truth)
        assert server.applied == dict.fromkeys(frame["user_id"], 1)
        assert server.posted == server.applied + server.throttled
        assert server.throttled.total() >= count // 50
        # What has ended is not asked about again.
        assert {each.polls for each in server.operations.values()} == {1}


def assert_reasons(results: pd.DataFrame, truth: list[dict[str, Any]]) -> None:
    codes = [
        each.get("error_code", "OPERATION_FAILED") if each["status"] == "failed" else None
        for each in truth
    ]
    assert [None if pd.isna(each) else each for each in results["error_code"]] == codes
    assert list(results["result"]) == [each.get("result") for each in truth]


def shuffled(count: int) -> pd.DataFrame:
    """Return rows whose labels repeat and are in no order."""
    dice = random.Random(7)
    users = [f"c-{number}" for number in range(count)]
    dice.shuffle(users)
    labels = [dice.randrange(count // 4) for _ in users]
    return pd.DataFrame({"user_id": users, "operation_type": "sync_profile"}, index=labels)


def destination_with(action: ad.Action) -> ad.Destination:
    """Return the built-in destination with another action in the place of its own."""
    return dataclasses.replace(example_async, actions={ACTION: action})
