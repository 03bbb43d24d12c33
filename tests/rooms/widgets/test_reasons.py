"""The failures of scripted runs, grouped by reason, as a monitor answers a click."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from asyncdest_nb.operation import RowOutcome, RowStatus, State
from monitor_comm import open_monitor, request
from scripted_run import ScriptedRun, planned


def failed(count: int, message: str = "no consent", code: str | None = "E1") -> ScriptedRun:
    """Return a run in which every second operation failed; *message* may have its number in it."""
    operations = [
        replace(each, state=State.FAILED, message=message.format(each.number), error_code=code)
        if each.number % 2
        else replace(each, state=State.COMPLETED, message="done")
        for each in planned(count)
    ]
    return ScriptedRun(operations)


def rows_and_numbers(made, reason: dict, *, is_general: bool) -> list[list[int]]:
    wanted = [reason["status"], reason["code"], reason["message"]]
    _, buffers = request(made, "reason", reason=wanted, is_general=is_general)
    return [array("I", each).tolist() for each in buffers]


def test_failures_are_counted_by_reason_the_most_frequent_first(clock):
    run = failed(10)
    for number in (1, 3, 5):
        held = replace(run.operations[number], state=State.HELD, message="no reply")
        run.operations[number] = held
    run.operations[2] = replace(run.operations[2], state=State.CANCELED)
    content, _ = request(open_monitor(run, clock), "reasons")
    assert content["reasons"] == [
        {"status": "unknown", "code": "E1", "message": "no reply", "rows": 3},
        {"status": "failed", "code": "E1", "message": "no consent", "rows": 2},
    ]
    assert (content["more"], content["is_general"]) == (0, False)


def test_the_rows_of_a_reason_are_those_that_have_it(clock):
    made = open_monitor(failed(6), clock)
    [reason] = request(made, "reasons")[0]["reasons"]
    assert rows_and_numbers(made, reason, is_general=False) == [[1, 3, 5], [1, 3, 5]]


def test_rows_inside_jobs_and_invalid_rows_have_their_own_reasons(clock):
    bad = RowOutcome(RowStatus.FAILED, "too long", "E7")
    run = ScriptedRun(planned(2, rows_each=3), invalid=1, labels=list("abcdefg"))
    run.invalid = {6: "email: a value is missing"}
    outcomes = (RowOutcome(RowStatus.COMPLETED), bad, bad)
    job = replace(run.operations[0], state=State.PARTIAL, message="2 failed", row_outcomes=outcomes)
    run.operations[:] = [job, replace(run.operations[1], state=State.FAILED, message="down")]
    made = open_monitor(run, clock)
    found = request(made, "reasons")[0]["reasons"]
    assert [(each["status"], each["message"], each["rows"]) for each in found] == [
        ("failed", "down", 3),
        ("failed", "too long", 2),
        ("invalid", "email: a value is missing", 1),
    ]
    assert [rows_and_numbers(made, each, is_general=False) for each in found] == [
        [[3, 4, 5], [1, 1, 1]],
        [[1, 2], [0, 0]],
        [[6], [2]],
    ]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("row {0} has no consent", "row … has no consent"),
        ("'user-{0}@example.com' is no address", "'…' is no address"),
        ("duplicate of 00Q5{0}x", "duplicate of …"),
    ],
)
def test_messages_that_differ_in_ids_alone_are_one_reason_where_there_are_too_many(
    clock, message, shown
):
    made = open_monitor(failed(200, message), clock)
    content, _ = request(made, "reasons")
    [reason] = content["reasons"]
    assert (reason["message"], reason["rows"], content["is_general"]) == (shown, 100, True)
    rows, numbers = rows_and_numbers(made, reason, is_general=True)
    assert rows == numbers == list(range(1, 200, 2))


def test_of_very_many_reasons_the_rarest_are_only_counted(clock):
    words = [a + b for a in "abcdefgh" for b in "abcdefgh"]
    run = ScriptedRun(
        [
            replace(each, state=State.FAILED, message=word)
            for each, word in zip(planned(64), words, strict=True)
        ]
    )
    content, _ = request(open_monitor(run, clock), "reasons")
    assert (len(content["reasons"]), content["more"]) == (50, 14)
