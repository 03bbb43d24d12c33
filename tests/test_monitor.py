"""The kernel's half of the monitor, against a scripted run and a comm that keeps what is sent."""

from __future__ import annotations

import base64
import json
import logging
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import comm
import pytest
from scripted_run import ScriptedRun, planned

from asyncdest_nb.operation import Operation, State
from asyncdest_nb.widgets.columns import COLUMNS, Column
from asyncdest_nb.widgets.monitor import Monitor, snapshot_seconds
from asyncdest_nb.widgets.packing import packed
from asyncdest_nb.widgets.watched import counted, cut, row_label


class Comm:
    """The kernel's end of a comm, without a kernel."""

    def __init__(self, *, data: dict[str, Any], buffers: list[bytes], **_: Any) -> None:
        self.comm_id = "comm-1"
        self.opening = data["state"]
        self.opening_buffers = buffers
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        self.sent.append((data["content"], buffers or []))

    def on_msg(self, callback: Callable[..., None]) -> None: ...
    def close(self) -> None: ...


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def comms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", Comm)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def monitor(run: ScriptedRun, clock: Callable[[], float]) -> Monitor:
    """Return a monitor that has just sent a snapshot, so that deltas follow."""
    made = Monitor(run, clock=clock)
    run.change()
    made.comm.sent.clear()
    return made


def running(operation: Operation, **changes: Any) -> Operation:
    return replace(operation, state=State.RUNNING, operation_id="op", **changes)


def rows(buffer: bytes) -> dict[str, Any]:
    return json.loads(buffer)


def test_a_front_end_opens_with_the_whole_picture(clock):
    made = Monitor(ScriptedRun(planned(3)), clock=clock)
    assert made.comm.opening["_snapshot"]["operations"] == 3
    assert rows(made.comm.opening_buffers[0])["numbers"] == [0, 1, 2]


def test_a_change_sends_only_the_changed_rows_in_one_message_of_immutable_bytes(clock):
    run = ScriptedRun(planned(100))
    made = monitor(run, clock)
    run.change(running(run.operations[7], progress=40.0), running(run.operations[9]))
    [(content, [buffer])] = made.comm.sent
    assert content["kind"] == "delta"
    assert type(buffer) is bytes
    assert rows(buffer)["numbers"] == [7, 9]
    assert rows(buffer)["columns"]["progress"] == [40.0, None]


def test_every_message_has_the_next_number(clock):
    run = ScriptedRun(planned(2))
    made = Monitor(run, clock=clock)
    first = made.comm.opening["_snapshot"]["seq"]
    for _ in range(4):
        run.change(running(run.operations[0]))
    assert [content["seq"] - first for content, _ in made.comm.sent] == [1, 2, 3, 4]


def test_a_snapshot_comes_every_few_seconds_and_at_rest(clock):
    run = ScriptedRun(planned(2))
    made = monitor(run, clock)
    run.change(running(run.operations[0]))
    clock.now += 5
    run.change(running(run.operations[0]))
    run.change(running(run.operations[1]))
    run.change(*(replace(each, state=State.COMPLETED) for each in run.operations))
    kinds = [(content["kind"], content["at_rest"]) for content, _ in made.comm.sent]
    assert kinds == [("delta", False), ("snapshot", False), ("delta", False), ("snapshot", True)]


def test_large_runs_repeat_themselves_less_often():
    assert [snapshot_seconds(count) for count in (1, 1_000, 10_000)] == [5, 5, 10]


def test_a_late_front_end_gets_a_picture_built_when_it_asks(clock):
    run = ScriptedRun(planned(2))
    made = monitor(run, clock)
    run.operations[1] = running(run.operations[1])
    state = made.get_state()
    assert rows(state["_snapshot"]["rows"])["columns"]["status"] == ["planned", "running"]
    assert made.comm.sent == []
    assert made._snapshot is None


def test_what_changes_while_the_widget_opens_is_in_its_first_picture(clock):
    class Hasty(ScriptedRun):
        def on_change(self, callback):
            leave = super().on_change(callback)
            self.change(replace(self.operations[0], state=State.COMPLETED))
            return leave

    opening = Monitor(Hasty(planned(1)), clock=clock).comm.opening["_snapshot"]
    assert (opening["seq"], opening["status"], opening["at_rest"]) == (0, "completed", True)


def test_the_header_travels_with_every_message(clock):
    run = ScriptedRun(planned(3), invalid=2)
    run.notices = [f"notice {number}" for number in range(9)]
    made = monitor(run, clock)
    clock.now += 2
    run.change()
    [(content, _)] = made.comm.sent
    assert content["title"] == "asyncOperation to Example Async"
    assert content["counts"]["pending"] == 3
    assert content["counts"]["invalid"] == 2
    assert len(content["counts"]) == 6
    assert content["notices"] == [f"notice {number}" for number in range(5)]
    assert content["now"] - content["heard_at"] == 2  # Nothing changed in these two seconds.


def test_a_megabyte_of_message_is_cut_before_it_is_sent():
    operation = running(planned(1)[0], message="x" * 1_000_000)
    assert len(packed([operation], ["row"])) < 1_000


def test_half_an_emoji_does_not_stop_the_others():
    operations = [
        running(each, message=text) for each, text in zip(planned(2), ["\ud83d", "🙂"], strict=True)
    ]
    assert rows(packed(operations, ["a", "b"]))["columns"]["message"] == ["?", "🙂"]


def test_a_column_is_one_line():
    errors = Column("errors", "Errors", lambda it, _: it.poll_errors, "number")
    buffer = packed([running(planned(1)[0], poll_errors=3)], ["row"], (*COLUMNS, errors))
    assert rows(buffer)["columns"]["errors"] == [3]


@pytest.mark.parametrize(
    ("changes", "progress"),
    [
        ({"state": State.RUNNING, "progress": 12.5}, 12.5),
        ({"state": State.RUNNING, "progress": None}, None),
        ({"state": State.COMPLETED, "progress": 80.0}, 100.0),
        ({"state": State.FAILED, "progress": 80.0}, 80.0),
    ],
)
def test_progress_is_what_was_reported_and_all_of_it_when_done(changes, progress):
    buffer = packed([replace(planned(1)[0], **changes)], ["row"])
    assert rows(buffer)["columns"]["progress"] == [progress]


def test_colab_gets_text_because_it_loses_buffers(clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    run = ScriptedRun(planned(2))
    made = monitor(run, clock)
    run.change(running(run.operations[1]))
    [(content, buffers)] = made.comm.sent
    assert buffers == []
    assert rows(base64.b64decode(content["rows"]))["numbers"] == [1]


def test_a_fault_in_the_monitor_is_logged_and_shown_and_the_run_goes_on(clock, caplog):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    run.labels = None
    with caplog.at_level(logging.ERROR):
        run.change(running(run.operations[0]))
    [(content, _)] = made.comm.sent
    assert content["kind"] == "trouble"
    assert "TypeError" in content["text"]
    assert "run-1" in caplog.text
    run.labels = ["row 0"]
    run.change(running(run.operations[0]))
    assert made.comm.sent[-1][0]["kind"] == "delta"


def test_a_closed_monitor_leaves_the_run(clock):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    made.close()
    assert run.callbacks == []


def test_its_text_is_one_line_without_html(clock):
    made = Monitor(ScriptedRun(planned(3), invalid=1), clock=clock)
    bundle = made._repr_mimebundle_()[0]
    assert bundle["text/plain"] == "asyncOperation to Example Async: 3 pending, 1 invalid"
    assert "text/html" not in bundle


@pytest.mark.parametrize(
    ("operation_rows", "label"),
    [((1,), "bob"), ((0, 1, 2), "ann … eve"), ((), ""), ((7,), "7")],
)
def test_a_job_is_named_by_its_first_row_and_its_last(operation_rows, label):
    assert row_label(Operation(0, operation_rows), ["ann", "bob", "eve"]) == label


def test_texts_say_what_is_left_out():
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcdef… (1 more characters)"
    assert counted({"completed": 1_200, "failed": 0, "pending": 1}) == "1,200 completed, 1 pending"
    assert counted({"completed": 0}) == "no rows"
