"""The table's lines: a scripted run's operations, and its rows that were never sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import State, divided, submitted
from asyncdest_nb.widgets.monitor import Monitor
from monitor_comm import change, open_monitor, read, request, running
from scripted_run import ScriptedRun, planned

WHY = {1: "email: a value is missing", 4: "plan: choose pro or free"}


def run_with_invalid_rows() -> ScriptedRun:
    operations = [
        replace(each, rows=(row,)) for each, row in zip(planned(3), (0, 2, 3), strict=True)
    ]
    run = ScriptedRun(operations, invalid=2, labels=list("abcde"))
    run.invalid = WHY
    return run


def opened(made: Monitor) -> dict:
    snapshot = made.get_state()["_snapshot"]
    return read(snapshot, snapshot["buffers"])


def test_invalid_rows_are_after_the_operations_with_their_reasons(clock):
    made = open_monitor(run_with_invalid_rows(), clock)
    assert made.comm.opening["_snapshot"]["header"]["entries"] == 5
    rows = opened(made)
    assert rows["row"] == {0: "a", 1: "c", 2: "d", 3: "b", 4: "e"}
    assert [rows["status"][number] for number in (2, 3, 4)] == ["planned", "invalid", "invalid"]
    assert [rows["message"][number] for number in (3, 4)] == [*WHY.values()]
    assert rows["error"][3] == "PAYLOAD_VALIDATION_FAILED"


def test_a_run_of_invalid_rows_alone_lists_them(clock):
    run = ScriptedRun([], invalid=2, labels=["a", "b"])
    run.invalid = {0: "no", 1: "no"}
    assert opened(open_monitor(run, clock))["status"] == {0: "invalid", 1: "invalid"}


def test_invalid_rows_arrive_when_the_operations_do_and_no_number_changes(clock):
    class Unplanned(ScriptedRun):
        status = "pending"

    run = Unplanned([], invalid=1, labels=["a", "b"])
    run.invalid = {1: "no"}
    made = open_monitor(run, clock)
    assert made.comm.opening["_snapshot"]["header"]["entries"] == 0
    clock.pass_seconds(1)
    run.plan(*planned(1))
    assert read(*made.comm.sent[0])["status"] == {0: "planned", 1: "invalid"}
    made.comm.sent.clear()
    change(run, clock, running(run.operations[0]))
    assert read(*made.comm.sent[0])["status"] == {0: "running"}


def test_the_details_of_an_invalid_row_have_what_the_frame_has_in_it(clock):
    run = run_with_invalid_rows()
    run.frame_rows = lambda rows: [{"email": f"row {row}"} for row in rows]
    content, _ = request(open_monitor(run, clock), "details", number=4)
    details = content["details"]
    assert ["message", WHY[4]] in details["facts"]
    assert ["status", "invalid"] in details["facts"]
    [(title, text)] = details["texts"]
    assert (title, json.loads(text)) == ("row", {"email": "row 4"})


def test_invalid_rows_of_a_job_are_in_no_job(clock):
    run = ScriptedRun([replace(planned(1)[0], rows=(0, 1), state=State.COMPLETED)], invalid=1)
    run.labels, run.invalid = ["a", "b", "c"], {2: "no"}
    assert opened(open_monitor(run, clock))["rows"] == {0: (2, 0, 2), 1: (0, 0, 0)}


@pytest.fixture(scope="module")
def demo():
    with ad.simulate("example-async", duration_seconds=0.05) as demo:
        yield demo


FRAME = pd.DataFrame(
    {"note": ["x", "y", "z"], "mail": ["a@x", None, "c@x"], "kind": ["sync_profile"] * 3}
)
MAIL = {"columns": {"user_id": "mail", "operation_type": "kind"}}


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (MAIL, "mail"),
        (
            {
                "mapping": {
                    "user_id": {"@template": "{{mail}} {{note}}"},
                    "operation_type": "sync_profile",
                }
            },
            "note",
        ),
        ({"mapping": {"user_id": "one", "operation_type": {"@path": "$.kind"}}}, "kind"),
        ({"mapping": {"user_id": "one", "operation_type": "sync_profile"}}, None),
    ],
)
def test_the_key_column_is_what_fills_the_first_required_field(session, demo, options, key):
    run = session.connect(demo).submit(FRAME, "asyncOperation", **options)
    assert run.key_column == key
    assert run.frame_rows([1, 2]) == [
        {"note": "y", "mail": None, "kind": "sync_profile"},
        {"note": "z", "mail": "c@x", "kind": "sync_profile"},
    ]
    run.wait(20)


def test_the_key_column_is_shown_unless_other_columns_are_named(session, demo):
    run = session.connect(demo).submit(FRAME, "asyncOperation", **MAIL)
    run.wait(20)
    titles = {}
    for columns in (None, [], ["note"]):
        [monitor] = run.widget(columns=columns).children
        titles[str(columns)] = [each["title"] for each in monitor.get_state()["_columns"]][:2]
    assert titles == {
        "None": ["Row", "mail"],
        "[]": ["Row", "Status"],
        "['note']": ["Row", "note"],
    }


def test_the_key_column_is_known_after_a_restart(tmp_path, demo):
    with ad.Session(path=tmp_path / "s.run") as session:
        session.connect(demo).submit(FRAME, "asyncOperation", **MAIL).wait(20)
    with ad.Session(path=tmp_path / "s.run") as session:
        session.connect(demo)
        [run] = session.runs()
        assert run.key_column == "user_id"
        assert [row.get("user_id") for row in run.frame_rows([0, 1, 2])] == ["a@x", None, "c@x"]


def test_a_job_that_is_divided_adds_a_line_and_the_invalid_rows_follow_it(clock):
    (job,) = planned(1, rows_each=4)
    run = ScriptedRun([replace(job, rows=(0, 2, 3, 5))], invalid=2, labels=list("abcdef"))
    run.invalid = WHY
    made = open_monitor(run, clock)
    change(run, clock, submitted(run.operations[0], now=1.0))
    page = opened(made)
    assert page["row"] == {0: "a … f", 1: "b", 2: "e"}
    made.comm.sent.clear()
    first, second = (
        divided(run.operations[0], rows, number=number, batch=1 + number, message="answered 400")
        for number, rows in enumerate([(0, 2), (3, 5)])
    )
    clock.pass_seconds(0.2)
    run.plan(second)
    change(run, clock, first)
    change(run, clock, running(first), running(second))
    for content, buffers in made.comm.sent:
        for name, values in read(content, buffers).items():
            page[name] |= values
    assert page["row"] == {0: "a … c", 1: "d … f", 2: "b", 3: "e"}
    assert page["status"] == {0: "running", 1: "running", 2: "invalid", 3: "invalid"}
    assert page["rows"] == {0: (0, 0, 2), 1: (0, 0, 2), 2: (0, 0, 0), 3: (0, 0, 0)}
    assert [page["message"][number] for number in (2, 3)] == [*WHY.values()]
    assert repr(opened(made)) == repr(page), "a page that opens now sees the same"
