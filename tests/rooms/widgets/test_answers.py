"""Clicks in a monitor, and their answers, against a scripted run."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from asyncdest_nb.operation import State
from monitor_comm import change, open_monitor, request, running
from scripted_run import ScriptedRun, planned


def test_the_run_is_paused_and_goes_on_by_a_click(clock):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    content, _ = request(made, "pause")
    assert run.is_paused
    assert content["text"] == "paused: what was sent goes on at the destination"
    assert made.comm.sent[0][0]["header"]["paused"] is True
    request(made, "resume")
    assert not run.is_paused


def test_the_run_is_canceled_by_a_click(clock):
    run = ScriptedRun(planned(2))
    request(open_monitor(run, clock), "cancel")
    assert run.status == "failed"


def test_a_retry_hands_over_the_new_run(clock):
    again = []
    run = ScriptedRun([replace(planned(1)[0], state=State.FAILED)])
    content, _ = request(open_monitor(run, clock, on_retry=again.append), "retry")
    assert [each.id for each in again] == ["run-1-2"]
    assert content["text"] == "1 row is sent again, below"


def test_a_retry_that_is_refused_explains_why(clock):
    content, _ = request(open_monitor(ScriptedRun(planned(1)), clock), "retry")
    assert content["error"] == "no row may be sent again as it is"


@pytest.mark.parametrize("asked", [{"what": "reboot"}, {"what": None}, {"what": "details"}])
def test_an_unknown_request_is_answered_with_an_error(clock, asked, caplog):
    content, _ = request(open_monitor(ScriptedRun(planned(1)), clock), **asked)
    assert content["error"]


def test_requests_on_several_threads_are_all_answered_and_numbers_stay_in_order(clock):
    run = ScriptedRun(planned(200))
    made = open_monitor(run, clock)

    def click() -> None:
        for number in range(50):
            made.comm.receive({"id": "q", "what": "details", "number": number})

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for at in range(100):
        change(run, clock, running(run.operations[at]))
    for thread in threads:
        thread.join()
    answers = [content for content, _ in made.comm.sent if content["kind"] == "answer"]
    assert len([each for each in answers if "details" in each]) == 200
    sent = [content["seq"] for content, _ in made.comm.sent if content["kind"] != "answer"]
    assert sent == list(range(sent[0], sent[0] + len(sent)))
