"""The details of an operation, as a monitor answers a click."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from asyncdest_nb.operation import State
from asyncdest_nb.widgets.details import details_content
from monitor_comm import open_monitor, request, running
from scripted_run import ScriptedRun, planned


def test_an_operation_has_its_full_details(clock):
    done = replace(
        running(planned(1)[0], context={"job": 7}, submitted_at=10.0, accepted_at=12.0),
        result={"id": "r-1"},
    )
    content, _ = request(open_monitor(ScriptedRun([done]), clock), "details", number=0)
    assert (content["id"], content["what"]) == ("q-1", "details")
    found = content["details"]
    assert ["operation id", "op"] in found["facts"]
    assert found["times"] == [["submitted", 10.0], ["accepted", 12.0]]
    assert found["texts"] == [["context", '{\n  "job": 7\n}'], ["result", '{\n  "id": "r-1"\n}']]
    [row] = found["rows"]
    assert (row["label"], row["payload"]) == ("row 0", '{\n  "user_id": "row 0"\n}')


def test_facts_are_in_the_order_of_interest(clock):
    failed = replace(
        running(planned(1)[0]), state=State.FAILED, message="no", error_code="NO", progress=5.0
    )
    content, _ = request(open_monitor(ScriptedRun([failed]), clock), "details", number=0)
    assert ["progress", "5 %"] in content["details"]["facts"]
    names = [name for name, _ in content["details"]["facts"]]
    assert names[:6] == ["operation id", "status", "message", "error code", "progress", "polls"]


def test_a_row_without_its_payload_shows_why_it_failed_and_times_are_in_order():
    row = {"label": "a", "status": "failed", "message": "no", "error_code": "E1", "payload": None}
    found = details_content({"seen_at": 9.0, "accepted_at": 5.0, "rows": [row]})
    assert found["rows"] == [{"label": "a", "status": "failed", "message": "E1 no", "payload": ""}]
    assert found["times"] == [["accepted", 5.0], ["seen", 9.0]]


def test_a_large_detail_is_cut(clock):
    job = running(planned(1)[0], context={"page": "x" * 1_000_000}, message="y" * 1_000_000)
    content, _ = request(open_monitor(ScriptedRun([job]), clock), "details", number=0)
    assert len(json.dumps(content)) < 250_000


@pytest.mark.parametrize(("state", "status"), [("lost", "unknown"), ("rejected", "failed")])
def test_the_status_is_the_word_that_rows_are_counted_by(state, status):
    found = details_content({"state": state, "number": 7})
    assert found["facts"] == [["status", status], ["operation number", "7"]]
