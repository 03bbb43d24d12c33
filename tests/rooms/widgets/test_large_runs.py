"""A monitor of a run with more operations than it sends at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from asyncdest_nb.operation import State
from asyncdest_nb.widgets import change_queue, monitor
from asyncdest_nb.widgets.change_queue import ChangeQueue
from asyncdest_nb.widgets.monitor import Monitor
from monitor_comm import change, open_monitor, read, running
from scripted_run import ScriptedRun, planned


@pytest.fixture
def three_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three changed operations be as many as are sent at once."""
    monkeypatch.setattr(change_queue, "CHANGES", 3)


def statuses(made: Monitor) -> list[dict[int, Any]]:
    return [read(*each).get("status", {}) for each in made.comm.sent]


def test_changes_that_do_not_fit_follow_each_once_as_they_are_by_then(clock, three_at_once):
    run = ScriptedRun(planned(8))
    made = open_monitor(run, clock)
    made.comm.receive({"what": "keyframe"})
    made.comm.sent.clear()
    change(run, clock, *map(running, run.operations))
    change(run, clock, replace(run.operations[7], state=State.COMPLETED))
    change(run, clock)
    change(run, clock)
    assert statuses(made) == [
        {0: "running", 1: "running", 2: "running"},
        {3: "running", 4: "running", 5: "running"},
        {6: "running", 7: "completed"},
        {},
    ]
    counts = [content["header"].get("counts", {}) for content, _ in made.comm.sent]
    assert counts[1] == {"pending": 7, "completed": 1}, "the header has all that happened"


def test_what_is_in_sight_goes_first(clock, three_at_once):
    run = ScriptedRun(planned(8))
    made = open_monitor(run, clock)
    made.comm.receive({"what": "sight", "numbers": [6, 7], "missing": []})
    made.comm.sent.clear()
    change(run, clock, *map(running, run.operations))
    assert statuses(made) == [{0: "running", 6: "running", 7: "running"}]


def test_what_is_missing_in_sight_is_sent_at_once_and_whole(clock, three_at_once):
    run = ScriptedRun(planned(8))
    made = open_monitor(run, clock)
    made.comm.receive({"what": "sight", "numbers": [7, 6, 4], "missing": [6, 4, 6, 99, -1]})
    [(content, buffers)] = made.comm.sent
    assert content["kind"] == "rows"
    found = read(content, buffers)
    assert found["row"] == {4: "row 4", 6: "row 6"}
    assert list(found["status"]) == [4, 6], "the page makes room by the last one"


def test_a_page_gets_slices_as_it_requests_them(clock, slices_of_two):
    run = ScriptedRun(planned(5))
    made = Monitor(run, clock=clock)
    for _ in range(4):
        made.comm.receive({"what": "slice"})
    assert [list(read(*each)["row"]) for each in made.comm.sent] == [[0, 1], [2, 3], [4]]


def test_at_the_end_every_change_is_sent_though_pages_request_most_slices(
    clock, slices_of_two, three_at_once, monkeypatch
):
    monkeypatch.setattr(monitor, "PUSHED", 1)
    run = ScriptedRun(planned(7))
    made = open_monitor(run, clock)
    change(run, clock, *(replace(each, state=State.COMPLETED) for each in run.operations))
    ended: dict[int, Any] = {}
    for each in statuses(made):
        ended |= each
    assert ended == dict.fromkeys(range(7), "completed")
    assert made.comm.sent[-1][0]["kind"] == "keyframe"
    assert not made.comm.sent[-1][0]["is_last"]
    for _ in range(3):
        made.comm.receive({"what": "slice"})
    assert made.comm.sent[-1][0]["is_last"]


def test_a_large_run_that_is_planned_later_comes_in_slices(clock, slices_of_two, three_at_once):
    run = ScriptedRun([])
    made = open_monitor(run, clock)
    run.plan(*planned(7))
    clock.pass_seconds(1)
    run.change()
    kinds = [content["kind"] for content, _ in made.comm.sent]
    assert kinds.count("keyframe") <= 2, "not all at once"


def test_a_queue_gives_each_number_once():
    queue = ChangeQueue()
    queue.grow(10)
    queue.add([1, 5, 9])
    queue.add(range(4, 7))
    queue.watch([6, 8])
    assert queue.take(2) == [1, 6]
    queue.add([6])
    assert (queue.take(), queue.take(), bool(queue)) == ([4, 5, 6, 9], [], False)
