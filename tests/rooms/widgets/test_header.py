"""The header of a run, as a monitor sends it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest

from asyncdest_nb.errors import UsageError
from asyncdest_nb.operation import State
from asyncdest_nb.widgets.monitor import Monitor
from monitor_comm import change, open_monitor, running
from scripted_run import ScriptedRun, planned


def test_the_header_has_what_the_run_has(clock):
    run = ScriptedRun(planned(3), invalid=2)
    run.notices = [f"notice {number}" for number in range(9)]
    run.requests = 12
    header = Monitor(run, clock=clock).comm.opening["_snapshot"]["header"]
    assert header["title"] == "asyncOperation to Example Async"
    assert header["counts"]["pending"] == 3
    assert header["counts"]["invalid"] == 2
    assert len(header["counts"]) == 7
    assert header["notices"] == [f"notice {number}" for number in range(5)]
    assert header["requests"] == 12
    assert header["can"] == ["details", "pause", "cancel", "retry", "results"]


def test_the_header_has_the_rows_to_retry_at_the_end(clock):
    run = ScriptedRun(planned(3))
    run.retryable = 2
    made = open_monitor(run, clock)
    assert made.comm.opening["_snapshot"]["header"]["retryable"] is None
    run.change(*(replace(each, state=State.FAILED) for each in run.operations))
    assert made.get_state()["_snapshot"]["header"]["retryable"] == 2


def test_a_run_that_can_only_be_viewed_has_no_buttons(clock):
    class Bare:
        id, title, status, labels, notices, created_at = "b", "Bare", "pending", ["a"], [], 0.0
        operations = planned(1)
        counts: ClassVar = {"pending": 1, "completed": 0, "failed": 0}

        def on_change(self, callback):
            return lambda: None

    made = Monitor(Bare(), clock=clock)
    header = made.comm.opening["_snapshot"]["header"]
    assert (header["can"], header["paused"], header["requests"]) == ([], False, None)
    assert header["retryable"] is None
    with pytest.raises(UsageError, match="no frame at hand"):
        Monitor(Bare(), columns=["email"], clock=clock)


def test_a_run_whose_rows_are_being_read_is_not_done(clock):
    class Unplanned(ScriptedRun):
        status = "pending"

    header = Monitor(Unplanned([]), clock=clock).comm.opening["_snapshot"]["header"]
    assert header["done"] is False


def test_a_run_that_an_error_has_ended_is_done_though_rows_are_pending(clock):
    run = ScriptedRun(planned(1))
    run.is_at_rest = True
    header = Monitor(run, clock=clock).comm.opening["_snapshot"]["header"]
    assert (header["status"], header["done"]) == ("pending", True)


def test_the_data_is_as_old_as_the_last_change(clock):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    change(run, clock, running(run.operations[0]))
    change(run, clock, seconds=2)
    # For a page that opens late the data is no younger.
    header = made.get_state()["_snapshot"]["header"]
    assert made.comm.sent[-1][0]["now"] - header["updated_at"] == 2
