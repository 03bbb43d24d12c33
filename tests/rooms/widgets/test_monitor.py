"""The messages of a monitor, against a scripted run and a comm that keeps what is sent."""

from __future__ import annotations

import base64
import gc
import sys
import types
import weakref
from dataclasses import replace

from asyncdest_nb.operation import State
from asyncdest_nb.widgets.monitor import Monitor
from monitor_comm import change, open_monitor, read, running
from scripted_run import ScriptedRun, planned


def test_a_page_opens_with_the_whole_run(clock):
    made = Monitor(ScriptedRun(planned(3)), clock=clock)
    opening = made.comm.opening["_snapshot"]
    assert opening["header"]["entries"] == 3
    assert read(opening, made.comm.opening_buffers)["row"] == {0: "row 0", 1: "row 1", 2: "row 2"}


def test_a_change_sends_only_what_changed_in_one_message_of_immutable_bytes(clock):
    run = ScriptedRun(planned(100))
    made = open_monitor(run, clock)
    change(run, clock, running(run.operations[7], progress=40.5), running(run.operations[9]))
    [(content, buffers)] = made.comm.sent
    assert content["kind"] == "delta"
    assert {type(each) for each in buffers} == {bytes}
    assert read(content, buffers) == {
        "id": {7: "op", 9: "op"},
        "status": {7: "running", 9: "running"},
        "progress": {7: 40, 9: 255},
        "polls": {7: 0, 9: 0},
    }
    change(run, clock, replace(run.operations[9], poll_errors=2))
    sent = read(*made.comm.sent[-1])
    assert sent["poll_errors"] == {9: 2}
    assert "id" not in sent


def test_of_the_header_only_what_changed_is_sent(clock):
    run = ScriptedRun(planned(3))
    made = open_monitor(run, clock)
    change(run, clock, running(run.operations[0]))
    assert made.comm.sent[-1][0]["header"] == {"updated_at": round(clock.now, 2)}
    change(run, clock, replace(run.operations[0], state=State.COMPLETED))
    counts = {"pending": 2, "completed": 1}
    assert made.comm.sent[-1][0]["header"] == {"updated_at": round(clock.now, 2), "counts": counts}
    run.notices = ["a notice"]
    change(run, clock)
    assert made.comm.sent[-1][0]["header"] == {"notices": ["a notice"]}


def test_every_message_has_the_next_number(clock):
    run = ScriptedRun(planned(2))
    made = Monitor(run, clock=clock)
    first = made.comm.opening["_snapshot"]["seq"]
    for _ in range(4):
        change(run, clock, running(run.operations[0]))
    numbers = [content["seq"] - first for content, _ in made.comm.sent]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_end_is_sent_at_once(clock):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    change(run, clock, running(run.operations[0]))
    run.change(replace(run.operations[0], state=State.COMPLETED))
    assert made.comm.sent[-1][0]["header"]["done"]


def test_a_clock_that_is_set_back_does_not_silence_the_monitor(clock):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    change(run, clock, running(run.operations[0]), seconds=-3600)
    assert read(*made.comm.sent[-1])["status"] == {0: "running"}


def test_a_flood_of_changes_is_a_few_messages_and_loses_none(clock):
    run = ScriptedRun(planned(50))
    made = open_monitor(run, clock)
    for at in range(5_000):
        run.change(replace(running(run.operations[at % 50]), polls=at))
    assert len(made.comm.sent) <= 1
    change(run, clock)
    sent = {}
    for content, buffers in made.comm.sent:
        sent |= read(content, buffers)["polls"]
    assert sent == {at: 4_950 + at for at in range(50)}


def test_a_page_that_opens_late_gets_what_the_others_have(clock):
    run = ScriptedRun(planned(2))
    made = open_monitor(run, clock)
    change(run, clock, running(run.operations[1]))
    made.comm.sent.clear()
    run.operations[0] = running(run.operations[0])  # The run has not reported it yet.
    found = made.get_state()["_snapshot"]
    assert read(found, found["buffers"])["status"] == {0: "running", 1: "running"}
    [others] = made.comm.sent
    assert read(*others)["status"] == {0: "running"}
    assert found["seq"] == found["since"] == others[0]["seq"]
    assert found["is_last"]
    assert made.trait_values()["_snapshot"] is None


def test_what_changes_while_the_widget_opens_is_in_its_snapshot(clock):
    class Hasty(ScriptedRun):
        def on_change(self, callback):
            leave = super().on_change(callback)
            self.change(replace(self.operations[0], state=State.COMPLETED))
            return leave

    made = Monitor(Hasty(planned(1)), clock=clock)
    opening = made.comm.opening["_snapshot"]
    assert opening["header"]["status"] == "completed"
    assert opening["header"]["done"]
    assert read(opening, made.comm.opening_buffers)["status"] == {0: "completed"}


def test_operations_that_are_planned_later_are_sent_whole(clock):
    run = ScriptedRun([], labels=["a", "b"])
    made = Monitor(run, clock=clock)
    clock.pass_seconds(1)
    run.plan(*planned(2))
    sent = read(*made.comm.sent[0])
    assert sent["row"] == {0: "a", 1: "b"}
    assert made.comm.sent[0][0]["header"]["entries"] == 2


def test_columns_of_the_frame_are_shown_after_the_row(clock):
    made = Monitor(ScriptedRun(planned(2)), columns=["email"], clock=clock)
    titles = [each["title"] for each in made.comm.opening["_columns"]]
    assert titles[:3] == [
        "Row",
        "email",
        "Status",
    ]
    sent = read(made.comm.opening["_snapshot"], made.comm.opening_buffers)
    assert sent["frame:email"] == {0: "row 0@email", 1: "row 1@email"}


def test_colab_gets_text_because_it_loses_buffers(clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    run = ScriptedRun(planned(2))
    made = open_monitor(run, clock)
    assert made.comm.opening_buffers == []
    change(run, clock, running(run.operations[1]))
    [(content, buffers)] = made.comm.sent
    assert buffers == []
    sent = read(content, [base64.b64decode(each) for each in content["buffers"]])
    assert sent["status"] == {1: "running"}


def test_requests_go_where_the_browser_sends_them(clock):
    made = Monitor(ScriptedRun(planned(1)), clock=clock)
    assert made.comm.reply_subshell("subshell-1") == "subshell-1"


def test_a_closed_monitor_leaves_the_run(clock):
    run = ScriptedRun(planned(1))
    made = open_monitor(run, clock)
    made.close()
    assert run.callbacks == []


def test_a_closed_monitor_is_freed(clock):
    made = open_monitor(ScriptedRun(planned(1)), clock)
    run = weakref.ref(made.run)
    made.close()
    del made
    gc.collect()
    assert run() is None


def test_its_text_is_one_line_without_html(clock):
    made = Monitor(ScriptedRun(planned(3), invalid=1), clock=clock)
    bundle = made._repr_mimebundle_()[0]
    assert bundle["text/plain"] == "asyncOperation to Example Async: live monitor, not saved"
    assert "text/html" not in bundle
