"""Errors in the monitor, against a comm that keeps what is sent."""

from __future__ import annotations

import logging

from monitor_comm import change, open_monitor, read, request, running
from scripted_run import ScriptedRun, planned


def test_an_error_in_the_monitor_is_logged_and_shown_and_the_run_goes_on(clock, caplog):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    run.notices = None
    with caplog.at_level(logging.ERROR):
        change(run, clock, running(run.operations[0]))
    [(content, _)] = made.comm.sent
    assert content["kind"] == "error"
    assert "TypeError" in content["text"]
    assert "run-1" in caplog.text
    # Its number is missing to all, who ask then for what they were not sent.
    first = content["seq"]
    run.notices = []
    made.comm.receive({"what": "keyframe"})
    keyframe, buffers = made.comm.sent[-1]
    assert (keyframe["kind"], keyframe["is_last"]) == ("keyframe", True)
    assert keyframe["since"] == first + 1
    assert read(keyframe, buffers)["status"] == {0: "running"}
    change(run, clock, running(run.operations[0]))
    assert made.comm.sent[-1][0]["kind"] == "delta"


def test_a_page_whose_snapshot_failed_can_request_all(clock, caplog):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    run.notices = None
    with caplog.at_level(logging.ERROR):
        found = made.get_state()["_snapshot"]
        made.comm.receive({"what": "keyframe"})
    assert (found["parts"], found["is_last"]) == ([], False)
    assert [content["kind"] for content, _ in made.comm.sent] == ["error", "error"]
    assert [content["seq"] - found["seq"] for content, _ in made.comm.sent] == [0, 1]


def test_an_error_in_the_header_holds_back_no_answer(clock, caplog):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    run.notices = None
    content, _ = request(made, "details", number=0)
    assert content["details"]["rows"][0]["label"] == "row 0"
    assert [sent["kind"] for sent, _ in made.comm.sent] == ["error", "answer"]
