"""All of a run sent again in slices, against a comm that keeps what is sent."""

from __future__ import annotations

from dataclasses import replace

from asyncdest_nb.operation import State
from asyncdest_nb.widgets.keyframe import keyframe_seconds
from asyncdest_nb.widgets.monitor import Monitor
from monitor_comm import change, open_monitor, read, running
from scripted_run import ScriptedRun, planned


def test_all_is_sent_again_in_slices_now_and_then_and_at_the_end(clock, slices_of_two):
    run = ScriptedRun(planned(5))
    made = open_monitor(run, clock)  # The first keyframe has begun: one slice a tick.
    for _ in range(3):
        change(run, clock)
    made.comm.sent.clear()
    change(run, clock, running(run.operations[0]))
    assert [content["kind"] for content, _ in made.comm.sent] == ["delta"]
    made.comm.sent.clear()
    change(run, clock, *(replace(each, state=State.COMPLETED) for each in run.operations))
    # The delta is of the snapshot that a notebook keeps if it is saved with its widgets.
    assert [content["kind"] for content, _ in made.comm.sent] == ["delta", *["keyframe"] * 3]
    keyframe = made.comm.sent[1:]
    assert [content["is_last"] for content, _ in keyframe] == [False, False, True]
    first, _, last = (content for content, _ in keyframe)
    assert last["since"] == first["seq"]
    assert last["header"]["done"]
    sent = [read(*each)["status"] for each in keyframe]
    assert [list(each) for each in sent] == [[0, 1], [2, 3], [4]]


def test_all_is_sent_again_once_when_it_is_due(clock, slices_of_two):
    run = ScriptedRun(planned(4))
    made = open_monitor(run, clock)
    for _ in range(3):
        change(run, clock)  # The keyframe that the large run opened with.
    kinds = []
    for seconds in (keyframe_seconds(4) - 1, 1, 1, 1):
        made.comm.sent.clear()
        change(run, clock, seconds=seconds)
        kinds.append([content["kind"] for content, _ in made.comm.sent])
    assert kinds == [["delta"], ["delta", "keyframe"], ["delta", "keyframe"], ["delta"]]


def test_what_a_keyframe_changed_in_the_header_changes_back(clock):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    run.pause()
    made.comm.receive({"what": "keyframe"})
    assert made.comm.sent[-1][0]["header"]["paused"] is True
    run.resume()
    change(run, clock)
    assert made.comm.sent[-1][0]["header"]["paused"] is False


def test_a_keyframe_that_failed_begins_again(clock, slices_of_two, caplog):
    run = ScriptedRun(planned(4))
    made = open_monitor(run, clock)
    run.notices = None
    change(run, clock)
    run.notices = []
    made.comm.sent.clear()
    for _ in range(2):
        change(run, clock)
    assert [content["kind"] for content, _ in made.comm.sent] == ["delta", "delta"]
    made.comm.receive({"what": "keyframe"})
    keyframes = [each for each in made.comm.sent if each[0]["kind"] == "keyframe"]
    assert [list(read(*each)["row"]) for each in keyframes] == [[0, 1], [2, 3]]


def test_large_runs_are_sent_again_less_often():
    assert [keyframe_seconds(count) for count in (1, 1_000, 100_000)] == [60, 60, 500]


def test_a_page_that_missed_something_gets_all_on_request(clock):
    run = ScriptedRun(planned(3))
    made = open_monitor(run, clock)
    made.comm.receive({"what": "keyframe"})
    [(content, buffers)] = made.comm.sent
    assert (content["kind"], content["is_last"]) == ("keyframe", True)
    assert set(read(content, buffers)["row"]) == {0, 1, 2}


def test_a_large_run_opens_with_its_first_operations_and_the_others_follow(clock, slices_of_two):
    run = ScriptedRun(planned(5))
    made = Monitor(run, clock=clock)
    opening = made.comm.opening["_snapshot"]
    assert opening["header"]["entries"] == 5
    assert not opening["is_last"]
    assert set(read(opening, made.comm.opening_buffers)["row"]) == {0, 1}
    for _ in range(3):  # A slice a tick, whether anyone asks or not.
        change(run, clock)
    keyframes = [each for each in made.comm.sent if each[0]["kind"] == "keyframe"]
    assert [list(read(*each)["row"]) for each in keyframes] == [[0, 1], [2, 3], [4]]
    assert {content["since"] for content, _ in keyframes} == {keyframes[0][0]["seq"] - 1}
    assert keyframes[-1][0]["is_last"]


def test_a_page_that_opens_a_large_run_gets_all_on_request(clock, slices_of_two):
    run = ScriptedRun(planned(5))
    made = Monitor(run, clock=clock)
    change(run, clock)
    found = made.get_state()["_snapshot"]
    made.comm.sent.clear()
    made.comm.receive({"what": "keyframe"})
    assert [list(read(*each)["row"]) for each in made.comm.sent] == [[0, 1], [2, 3], [4]]
    assert {content["since"] for content, _ in made.comm.sent} == {found["seq"] + 1}
    made.comm.sent.clear()
    change(run, clock, running(run.operations[3]))
    [(content, buffers)] = made.comm.sent
    assert (content["kind"], read(content, buffers)["status"]) == ("delta", {3: "running"})
