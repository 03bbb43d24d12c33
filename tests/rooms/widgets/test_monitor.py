"""The kernel's half of the monitor, against a scripted run and a comm that keeps what is sent."""

from __future__ import annotations

import base64
import csv
import gc
import io
import json
import logging
import sys
import threading
import types
import weakref
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import comm
import pytest
from ipywidgets.widgets import widget
from pandas import DataFrame, Index

from asyncdest_nb.errors import UsageError
from asyncdest_nb.operation import Operation, RowOutcome, RowStatus, State
from asyncdest_nb.widgets import monitor as monitor_module
from asyncdest_nb.widgets import sent_state
from asyncdest_nb.widgets.columns import COLUMNS, Column, each, label_column
from asyncdest_nb.widgets.details import details_content
from asyncdest_nb.widgets.monitor import Monitor, keyframe_seconds
from asyncdest_nb.widgets.packed import Packed, packed
from asyncdest_nb.widgets.run_view import cut, row_label
from asyncdest_nb.widgets.sent_state import SentState
from scripted_run import ScriptedRun, planned


class Comm:
    """The kernel's end of a comm, without a kernel."""

    kernel = "none, but ipywidgets 7 sends to no comm that has none"

    def __init__(self, *, data: dict[str, Any], buffers: list[bytes], **_: Any) -> None:
        self.comm_id = "comm-1"
        self.opening = data["state"]
        self.opening_buffers = buffers
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        self.sent.append((data["content"], buffers or []))

    def _reply_subshell_for(self, data: Any, default: Any) -> Any:
        return None  # As ipykernel 7.4 does after a word from another thread.

    def on_msg(self, callback: Callable[..., None]) -> None: ...
    def close(self) -> None: ...


class Clock:
    """Stands still, but for ``pass_seconds``."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def comms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", Comm)
    if hasattr(widget, "Comm"):  # ipywidgets 7
        monkeypatch.setattr(widget, "Comm", Comm)
        monkeypatch.setattr(widget.Widget.comm, "klass", Comm)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def monitor(run: ScriptedRun, clock: Clock, **options: Any) -> Monitor:
    """Return a monitor that has just told everything, so that changes follow."""
    made = Monitor(run, clock=clock, **options)
    tell(run, clock)
    made.comm.sent.clear()
    return made


def tell(run: ScriptedRun, clock: Clock, *operations: Operation, seconds: float = 0.2) -> None:
    """Let *operations* change at the next tick."""
    clock.pass_seconds(seconds)
    run.change(*operations)


def running(operation: Operation, **changes: Any) -> Operation:
    return replace(operation, state=State.RUNNING, operation_id="op", **changes)


def read(content: dict[str, Any], buffers: list[bytes]) -> dict[str, dict[int, Any]]:
    """Return what a message says: per column the values by number."""
    lists = [
        list(array(form, buffers[at])) if isinstance(form, str) else list(range(form, form + at))
        for form, at in content["numbers"]
    ]
    return {part[0]: _read_part(part, lists, buffers) for part in content["parts"]}


def _read_part(part: list[Any], lists: list[list[int]], buffers: list[bytes]) -> dict[int, Any]:
    _, which, typecode, at, *texts = part
    numbers, values = lists[which], list(array(typecode, buffers[at]))
    if texts:
        distinct = json.loads(buffers[texts[0]])
        values = [distinct[value] for value in values]
    each = len(values) // len(numbers)
    if each > 1:
        values = [tuple(values[i : i + each]) for i in range(0, len(values), each)]
    return dict(zip(numbers, values, strict=True))


def read_packed(found: Packed) -> dict[str, dict[int, Any]]:
    return read({"numbers": found.numbers, "parts": found.parts}, found.buffers)


def ask(made: Monitor, what: str, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
    """Ask as the browser does, and return the answer."""
    made.comm.sent.clear()
    made._handle_custom_msg({"id": "q-1", "what": what, **more}, [])
    [answer] = [each for each in made.comm.sent if each[0]["kind"] == "answer"]
    return answer


def test_a_front_end_opens_with_the_whole_picture(clock):
    made = Monitor(ScriptedRun(planned(3)), clock=clock)
    opening = made.comm.opening["_snapshot"]
    assert opening["header"]["operations"] == 3
    assert read(opening, made.comm.opening_buffers)["row"] == {0: "row 0", 1: "row 1", 2: "row 2"}


def test_a_change_sends_only_what_changed_in_one_message_of_immutable_bytes(clock):
    run = ScriptedRun(planned(100))
    made = monitor(run, clock)
    tell(run, clock, running(run.operations[7], progress=40.5), running(run.operations[9]))
    [(content, buffers)] = made.comm.sent
    assert content["kind"] == "delta"
    assert {type(each) for each in buffers} == {bytes}
    assert read(content, buffers) == {
        "id": {7: "op", 9: "op"},
        "status": {7: "running", 9: "running"},
        "progress": {7: 40, 9: 255},
        "polls": {7: 0, 9: 0},
    }
    tell(run, clock, replace(run.operations[9], poll_errors=2))
    told = read(*made.comm.sent[-1])
    assert told["poll_errors"] == {9: 2}
    assert "id" not in told


def test_of_the_header_only_what_changed_is_sent(clock):
    run = ScriptedRun(planned(3))
    made = monitor(run, clock)
    tell(run, clock, running(run.operations[0]))
    assert made.comm.sent[-1][0]["header"] == {"updated_at": round(clock.now, 2)}
    tell(run, clock, replace(run.operations[0], state=State.COMPLETED))
    counts = {"pending": 2, "completed": 1}
    assert made.comm.sent[-1][0]["header"] == {"updated_at": round(clock.now, 2), "counts": counts}
    run.notices = ["a notice"]
    tell(run, clock)
    assert made.comm.sent[-1][0]["header"] == {"notices": ["a notice"]}


def test_every_message_has_the_next_number(clock):
    run = ScriptedRun(planned(2))
    made = Monitor(run, clock=clock)
    first = made.comm.opening["_snapshot"]["seq"]
    for _ in range(4):
        tell(run, clock, running(run.operations[0]))
    numbers = [content["seq"] - first for content, _ in made.comm.sent]
    assert numbers == list(range(1, len(numbers) + 1))


def test_all_is_told_again_in_slices_now_and_then_and_at_rest(clock, slices_of_two):
    run = ScriptedRun(planned(5))
    made = monitor(run, clock)  # The first keyframe has begun: one slice a tick.
    for _ in range(3):
        tell(run, clock)
    made.comm.sent.clear()
    tell(run, clock, running(run.operations[0]))
    assert [content["kind"] for content, _ in made.comm.sent] == ["delta"]
    made.comm.sent.clear()
    tell(run, clock, *(replace(each, state=State.COMPLETED) for each in run.operations))
    kinds = [(content["kind"], content["is_last"]) for content, _ in made.comm.sent]
    assert kinds == [("keyframe", False), ("keyframe", False), ("keyframe", True)]
    first, _, last = (content for content, _ in made.comm.sent)
    assert last["since"] == first["seq"]
    assert last["header"]["done"]
    told = [read(*each)["status"] for each in made.comm.sent]
    assert [list(each) for each in told] == [[0, 1], [2, 3], [4]]


def test_all_is_told_again_when_it_is_time_once(clock, slices_of_two):
    run = ScriptedRun(planned(4))
    made = monitor(run, clock)
    for _ in range(3):
        tell(run, clock)  # The keyframe that the large run opened with.
    kinds = []
    for seconds in (keyframe_seconds(4) - 1, 1, 1, 1):
        made.comm.sent.clear()
        tell(run, clock, seconds=seconds)
        kinds.append([content["kind"] for content, _ in made.comm.sent])
    assert kinds == [["delta"], ["delta", "keyframe"], ["delta", "keyframe"], ["delta"]]


def test_the_end_is_told_at_once(clock):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    tell(run, clock, running(run.operations[0]))
    run.change(replace(run.operations[0], state=State.COMPLETED))
    assert made.comm.sent[-1][0]["header"]["done"]


def test_a_clock_that_is_set_back_does_not_silence_the_monitor(clock):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    tell(run, clock, running(run.operations[0]), seconds=-3600)
    assert read(*made.comm.sent[-1])["status"] == {0: "running"}


def test_what_a_renewal_says_of_the_header_is_unsaid_when_it_changes(clock):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    run.pause()
    made._handle_custom_msg({"what": "keyframe"}, [])
    assert made.comm.sent[-1][0]["header"]["paused"] is True
    run.resume()
    tell(run, clock)
    assert made.comm.sent[-1][0]["header"]["paused"] is False


def test_a_renewal_that_met_a_fault_begins_anew(clock, slices_of_two, caplog):
    run = ScriptedRun(planned(4))
    made = monitor(run, clock)
    run.notices = None
    tell(run, clock)
    run.notices = []
    made.comm.sent.clear()
    for _ in range(2):
        tell(run, clock)
    assert [content["kind"] for content, _ in made.comm.sent] == ["delta", "delta"]
    made._handle_custom_msg({"what": "keyframe"}, [])
    keyframes = [each for each in made.comm.sent if each[0]["kind"] == "keyframe"]
    assert [list(read(*each)["row"]) for each in keyframes] == [[0, 1], [2, 3]]


def test_large_runs_repeat_themselves_less_often():
    assert [keyframe_seconds(count) for count in (1, 1_000, 100_000)] == [60, 60, 500]


def test_who_missed_something_is_told_all_when_asking(clock):
    run = ScriptedRun(planned(3))
    made = monitor(run, clock)
    made._handle_custom_msg({"what": "keyframe"}, [])
    [(content, buffers)] = made.comm.sent
    assert (content["kind"], content["is_last"]) == ("keyframe", True)
    assert set(read(content, buffers)["row"]) == {0, 1, 2}


def test_a_flood_of_changes_is_a_few_messages_and_loses_none(clock):
    run = ScriptedRun(planned(50))
    made = monitor(run, clock)
    for at in range(5_000):
        run.change(replace(running(run.operations[at % 50]), polls=at))
    assert len(made.comm.sent) <= 1
    tell(run, clock)
    told = {}
    for content, buffers in made.comm.sent:
        told |= read(content, buffers)["polls"]
    assert told == {at: 4_950 + at for at in range(50)}


def test_a_late_front_end_gets_the_picture_that_the_others_have(clock):
    run = ScriptedRun(planned(2))
    made = monitor(run, clock)
    tell(run, clock, running(run.operations[1]))
    made.comm.sent.clear()
    run.operations[0] = running(run.operations[0])  # The run has not said so yet.
    found = made.get_state()["_snapshot"]
    assert read(found, found["buffers"])["status"] == {0: "running", 1: "running"}
    [others] = made.comm.sent
    assert read(*others)["status"] == {0: "running"}
    assert found["seq"] == found["since"] == others[0]["seq"]
    assert found["is_last"]
    assert made._snapshot is None


@pytest.fixture
def slices_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_state, "SLICE", 2)
    monkeypatch.setattr(monitor_module, "SLICE", 2)


def test_a_large_run_opens_with_its_first_operations_and_tells_the_others_then(
    clock, slices_of_two
):
    run = ScriptedRun(planned(5))
    made = Monitor(run, clock=clock)
    opening = made.comm.opening["_snapshot"]
    assert opening["header"]["operations"] == 5
    assert not opening["is_last"]
    assert set(read(opening, made.comm.opening_buffers)["row"]) == {0, 1}
    for _ in range(3):  # A slice a tick, whether anyone asks or not.
        tell(run, clock)
    keyframes = [each for each in made.comm.sent if each[0]["kind"] == "keyframe"]
    assert [list(read(*each)["row"]) for each in keyframes] == [[0, 1], [2, 3], [4]]
    assert {content["since"] for content, _ in keyframes} == {keyframes[0][0]["seq"] - 1}
    assert keyframes[-1][0]["is_last"]


def test_who_opens_a_large_run_and_asks_is_told_all_at_once(clock, slices_of_two):
    run = ScriptedRun(planned(5))
    made = Monitor(run, clock=clock)
    tell(run, clock)
    found = made.get_state()["_snapshot"]
    made.comm.sent.clear()
    made._handle_custom_msg({"what": "keyframe"}, [])
    assert [list(read(*each)["row"]) for each in made.comm.sent] == [[0, 1], [2, 3], [4]]
    assert {content["since"] for content, _ in made.comm.sent} == {found["seq"] + 1}
    made.comm.sent.clear()
    tell(run, clock, running(run.operations[3]))
    [(content, buffers)] = made.comm.sent
    assert (content["kind"], read(content, buffers)["status"]) == ("delta", {3: "running"})


def test_what_changes_while_the_widget_opens_is_in_its_first_picture(clock):
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


def test_operations_that_are_planned_later_are_told_whole(clock):
    run = ScriptedRun([], labels=["a", "b"])
    made = Monitor(run, clock=clock)
    clock.pass_seconds(1)
    run.plan(*planned(2))
    told = read(*made.comm.sent[0])
    assert told["row"] == {0: "a", 1: "b"}
    assert made.comm.sent[0][0]["header"]["operations"] == 2


def test_a_picture_tells_what_differs_from_what_it_told():
    shown = [label_column("row", "Row", lambda: ["a", "b", "c"]), *COLUMNS]
    known, operations = SentState(shown), planned(3)
    assert known.grow(operations) == range(3)
    assert known.grow(operations) == range(3, 3)

    def told(found: Packed) -> dict[str, dict[int, Any]]:
        return read_packed(found)

    assert told(known.keyframe(operations[:1], 0))["row"] == {0: "a"}
    first = told(known.changes(operations, [0, 2]))
    assert (first["row"], first["status"]) == ({2: "c"}, {2: "planned"})
    assert first["polls"] == {0: 0, 2: 0}
    assert told(known.keyframe(operations[1:], 1))["row"] == {1: "b", 2: "c"}
    assert set(told(known.changes(operations, range(3)))) == {"progress", "polls"}
    operations[1] = replace(operations[1], message="again", poll_errors=1)
    news = told(known.changes(operations, range(3)))
    assert (news["message"], news["poll_errors"]) == ({1: "again"}, {1: 1})
    assert "status" not in news


def test_what_was_told_is_told_again_only_when_it_differs():
    known, operations = SentState([label_column("row", "Row", lambda: ["a"]), *COLUMNS]), planned(1)
    known.grow(operations)

    def told(**changes: Any) -> dict[str, dict[int, Any]]:
        operations[0] = replace(operations[0], **changes)
        return read_packed(known.changes(operations, [0]))

    first = told(state=State.RUNNING, message="one")
    assert (first["row"], first["message"]) == ({0: "a"}, {0: "one"})
    assert set(told()) == {"progress", "polls"}
    assert told(message="two")["message"] == {0: "two"}
    assert told(message="one")["message"] == {0: "one"}
    last = told(state=State.COMPLETED)
    assert last["status"] == {0: "completed"}
    assert "row" not in last


def test_columns_of_jobs_are_read_only_where_there_are_some():
    for rows_each, shown in ((1, False), (2, True)):
        operations = planned(2, rows_each=rows_each)
        known = SentState(COLUMNS)
        known.grow(operations)
        assert ("rows" in read_packed(known.keyframe(operations, 0))) is shown


def test_most_columns_are_looked_at_where_the_state_has_changed():
    known, operations = SentState(COLUMNS), planned(2)
    known.grow(operations)
    known.keyframe(operations, 0)
    moved = [
        replace(operations[0], message="still here", finished_at=1.0),
        replace(operations[1], state=State.ACCEPTED, operation_id="op-1"),
    ]
    told = read_packed(known.changes(moved, [0, 1]))
    assert told["message"] == {0: "still here"}
    assert told["status"] == {1: "accepted"}
    assert told["id"] == {1: "op-1"}
    assert "elapsed" not in told


def test_the_header_has_what_the_run_says(clock):
    run = ScriptedRun(planned(3), invalid=2)
    run.notices = [f"notice {number}" for number in range(9)]
    run.requests = 12
    header = Monitor(run, clock=clock).comm.opening["_snapshot"]["header"]
    assert header["title"] == "asyncOperation to Example Async"
    assert header["counts"]["pending"] == 3
    assert header["counts"]["invalid"] == 2
    assert len(header["counts"]) == 6
    assert header["notices"] == [f"notice {number}" for number in range(5)]
    assert header["requests"] == 12
    assert header["can"] == ["details", "pause", "cancel", "retry", "results"]


def test_the_header_says_at_the_end_how_many_rows_may_be_sent_again(clock):
    run = ScriptedRun(planned(3))
    run.retryable = 2
    made = monitor(run, clock)
    assert made.comm.opening["_snapshot"]["header"]["retryable"] is None
    run.change(*(replace(each, state=State.FAILED) for each in run.operations))
    assert made.get_state()["_snapshot"]["header"]["retryable"] == 2


def test_a_thing_that_can_only_be_watched_has_no_buttons(clock):
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


def test_a_run_whose_rows_are_being_looked_at_is_not_at_rest(clock):
    class Unplanned(ScriptedRun):
        status = "pending"

    header = Monitor(Unplanned([]), clock=clock).comm.opening["_snapshot"]["header"]
    assert header["done"] is False


def test_a_run_that_trouble_has_ended_is_at_rest_though_rows_are_pending(clock):
    run = ScriptedRun(planned(1))
    run.is_at_rest = True
    header = Monitor(run, clock=clock).comm.opening["_snapshot"]["header"]
    assert (header["status"], header["done"]) == ("pending", True)


def test_the_data_is_as_old_as_the_last_change(clock):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    tell(run, clock, running(run.operations[0]))
    tell(run, clock, seconds=2)
    made.get_state()  # For a page that comes late the data is no younger.
    header = made._sent.header
    assert made.comm.sent[-1][0]["now"] - header["updated_at"] == 2


def test_columns_of_the_frame_are_shown_after_the_row(clock):
    made = Monitor(ScriptedRun(planned(2)), columns=["email"], clock=clock)
    assert [each["title"] for each in made._columns[:3]] == ["Row", "email", "Operation"]
    told = read(made.comm.opening["_snapshot"], made.comm.opening_buffers)
    assert told["frame:email"] == {0: "row 0@email", 1: "row 1@email"}


def test_a_thousand_changes_are_small():
    operations = [
        running(each, progress=float(each.number % 100), polls=3, message=f"step {each.number % 9}")
        for each in planned(100_000)[::100]
    ]
    names = ("status", "progress", "message", "polls")
    found = packed([each for each in COLUMNS if each.name in names], operations)
    assert sum(map(len, found.buffers)) < 8_300


def test_texts_that_all_differ_arrive_as_those_that_are_shared():
    operations = [
        running(each, message=f"message {each.number}", error_code=f"E{each.number % 3}")
        for each in planned(1_000)
    ]
    told = read_packed(packed(COLUMNS, operations))
    assert told["message"] == {number: f"message {number}" for number in range(1_000)}
    assert told["error"] == {number: f"E{number % 3}" for number in range(1_000)}


def test_a_megabyte_of_message_is_cut_before_it_is_sent():
    operation = running(planned(1)[0], message="x" * 1_000_000)
    assert sum(map(len, packed(COLUMNS, [operation]).buffers)) < 1_000


def test_half_an_emoji_does_not_stop_the_others():
    operations = [
        running(each, message=text) for each, text in zip(planned(2), ["\ud83d", "🙂"], strict=True)
    ]
    found = read_packed(packed(COLUMNS, operations))
    assert found["message"] == {0: "?", 1: "🙂"}


def test_a_column_is_one_line():
    errors = Column("errors", "Errors", each("poll_errors"), "number")
    found = packed((*COLUMNS, errors), [running(planned(1)[0], poll_errors=3)])
    assert read_packed(found)["errors"] == {0: 3}


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        ({"state": State.RUNNING}, (0, 0, 3)),
        ({"state": State.COMPLETED}, (3, 0, 3)),
        ({"state": State.REJECTED}, (0, 3, 3)),
        ({"state": State.LOST}, (0, 0, 3)),
    ],
)
def test_a_job_counts_its_rows(changes, rows):
    job = replace(planned(1, rows_each=3)[0], **changes)
    assert read_packed(packed(COLUMNS, [job]))["rows"] == {0: rows}


def test_a_job_with_a_word_per_row_counts_those():
    words = (RowStatus.COMPLETED, RowStatus.FAILED, RowStatus.UNKNOWN)
    outcomes = tuple(RowOutcome(word) for word in words)
    job = replace(planned(1, rows_each=3)[0], state=State.PARTIAL, row_outcomes=outcomes)
    assert read_packed(packed(COLUMNS, [job]))["rows"] == {0: (1, 1, 3)}


@pytest.mark.parametrize(
    ("changes", "progress"),
    [
        ({"state": State.RUNNING, "progress": 99.9}, 99),
        ({"state": State.RUNNING, "progress": None}, 255),
        ({"state": State.COMPLETED, "progress": 80.0}, 100),
        ({"state": State.FAILED, "progress": 80.0}, 80),
    ],
)
def test_progress_is_what_was_reported_and_all_of_it_when_done(changes, progress):
    found = packed(COLUMNS, [replace(planned(1)[0], **changes)])
    assert read_packed(found)["progress"] == {0: progress}


@pytest.mark.parametrize(
    ("state", "message"),
    [(State.RUNNING, "overdue: still here"), (State.COMPLETED, "still here")],
)
def test_an_overdue_operation_says_so_until_it_is_done(state, message):
    late = replace(planned(1)[0], state=state, message="still here", is_overdue=True)
    assert read_packed(packed(COLUMNS, [late]))["message"] == {0: message}


@pytest.mark.parametrize("polls", [255, 256, 65_535, 65_536])
def test_a_number_of_any_size_arrives_as_it_is(polls):
    found = packed(COLUMNS, [replace(planned(1)[0], polls=polls)])
    assert read_packed(found)["polls"] == {0: polls}


def test_colab_gets_text_because_it_loses_buffers(clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    run = ScriptedRun(planned(2))
    made = monitor(run, clock)
    assert made.comm.opening_buffers == []
    tell(run, clock, running(run.operations[1]))
    [(content, buffers)] = made.comm.sent
    assert buffers == []
    told = read(content, [base64.b64decode(each) for each in content["buffers"]])
    assert told["status"] == {1: "running"}


def test_a_fault_in_the_monitor_is_logged_and_shown_and_the_run_goes_on(clock, caplog):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    run.notices = None
    with caplog.at_level(logging.ERROR):
        tell(run, clock, running(run.operations[0]))
    [(content, _)] = made.comm.sent
    assert content["kind"] == "error"
    assert "TypeError" in content["text"]
    assert "run-1" in caplog.text
    # Its number is missing to all, who ask then for what they were not told.
    first = content["seq"]
    run.notices = []
    made._handle_custom_msg({"what": "keyframe"}, [])
    keyframe, buffers = made.comm.sent[-1]
    assert (keyframe["kind"], keyframe["is_last"]) == ("keyframe", True)
    assert keyframe["since"] == first + 1
    assert read(keyframe, buffers)["status"] == {0: "running"}
    tell(run, clock, running(run.operations[0]))
    assert made.comm.sent[-1][0]["kind"] == "delta"


def test_a_fault_on_the_way_to_a_late_front_end_leaves_it_the_rest_to_ask_for(clock, caplog):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    run.notices = None
    with caplog.at_level(logging.ERROR):
        found = made.get_state()["_snapshot"]
        made._handle_custom_msg({"what": "keyframe"}, [])
    assert (found["parts"], found["is_last"]) == ([], False)
    assert [content["kind"] for content, _ in made.comm.sent] == ["error", "error"]
    assert [content["seq"] - found["seq"] for content, _ in made.comm.sent] == [0, 1]


def test_an_operation_is_told_in_full_when_asked(clock):
    done = replace(
        running(planned(1)[0], context={"job": 7}, submitted_at=10.0, accepted_at=12.0),
        result={"id": "r-1"},
    )
    content, _ = ask(monitor(ScriptedRun([done]), clock), "details", number=0)
    assert (content["id"], content["what"]) == ("q-1", "details")
    found = content["details"]
    assert ["operation id", "op"] in found["facts"]
    assert found["times"] == [["submitted", 10.0], ["accepted", 12.0]]
    assert found["texts"] == [["context", '{\n  "job": 7\n}'], ["result", '{\n  "id": "r-1"\n}']]
    [row] = found["rows"]
    assert (row["label"], row["payload"]) == ("row 0", '{\n  "user_id": "row 0"\n}')


def test_what_is_known_of_an_operation_is_in_the_order_one_asks_for_it(clock):
    failed = replace(
        running(planned(1)[0]), state=State.FAILED, message="no", error_code="NO", progress=5.0
    )
    content, _ = ask(monitor(ScriptedRun([failed]), clock), "details", number=0)
    assert ["progress", "5 %"] in content["details"]["facts"]
    names = [name for name, _ in content["details"]["facts"]]
    assert names[:6] == ["operation id", "state", "message", "error code", "progress", "polls"]


def test_a_row_whose_payload_was_not_kept_says_why_it_failed_and_times_are_in_order():
    row = {"label": "a", "status": "failed", "message": "no", "error_code": "E1", "payload": None}
    found = details_content({"seen_at": 9.0, "accepted_at": 5.0, "rows": [row]})
    assert found["rows"] == [{"label": "a", "status": "failed", "message": "E1 no", "payload": ""}]
    assert found["times"] == [["accepted", 5.0], ["seen", 9.0]]


def test_a_large_detail_is_cut(clock):
    job = running(planned(1)[0], context={"page": "x" * 1_000_000}, message="y" * 1_000_000)
    content, _ = ask(monitor(ScriptedRun([job]), clock), "details", number=0)
    assert len(json.dumps(content)) < 250_000


def test_the_run_is_paused_and_goes_on_by_a_click(clock):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    content, _ = ask(made, "pause")
    assert run.is_paused
    assert content["text"] == "paused: what was sent goes on at the destination"
    assert made.comm.sent[0][0]["header"]["paused"] is True
    ask(made, "resume")
    assert not run.is_paused


def test_the_run_is_canceled_by_a_click(clock):
    run = ScriptedRun(planned(2))
    ask(monitor(run, clock), "cancel")
    assert run.status == "failed"


def test_a_retry_hands_over_the_new_run(clock):
    again = []
    run = ScriptedRun([replace(planned(1)[0], state=State.FAILED)])
    content, _ = ask(monitor(run, clock, on_retry=again.append), "retry")
    assert [each.id for each in again] == ["run-1-2"]
    assert content["text"] == "1 row is sent again, below"


def test_a_retry_that_cannot_be_says_why(clock):
    content, _ = ask(monitor(ScriptedRun(planned(1)), clock), "retry")
    assert content["error"] == "no row may be sent again as it is"


def test_results_are_a_file(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED, message="a, b\n🙂")])
    content, [file] = ask(monitor(run, clock), "results")
    assert content["file"] == "run-1.csv"
    # The mark in front lets Excel read it as UTF-8.
    lines = ['\ufeff"","status","message"', '"row 0","completed","a, b', '🙂"', ""]
    assert file.decode("utf-8") == "\n".join(lines)


@pytest.mark.parametrize(
    ("message", "cell"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3+A1", "'-2+3+A1"),
        ("-5.2", "-5.2"),
        ("+49 (170) 123-45", "+49 (170) 123-45"),
        ("1=1", "1=1"),
    ],
)
def test_what_a_destination_says_is_no_formula_in_the_file(clock, message, cell):
    operation = replace(planned(1)[0], state=State.FAILED, message=message)
    run = ScriptedRun([operation], labels=["=own"])
    _, [file] = ask(monitor(run, clock), "results")
    [(_, *_), (label, _, said)] = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    assert (label, said) == ("'=own", cell)


def test_an_object_in_the_file_is_json(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED)])
    found = {"name": "Größe", "tags": [None, True]}
    run.results = lambda: DataFrame({"result": [found]}, index=["a"])
    _, [file] = ask(monitor(run, clock), "results")
    [_, (_, cell)] = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    assert json.loads(cell) == found


def test_half_an_emoji_in_a_label_does_not_stop_the_file(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED)])
    run.results = lambda: DataFrame(
        {"status": ["completed"]}, index=Index(["\ud83d"], dtype=object)
    )
    _, [file] = ask(monitor(run, clock), "results")
    assert file.decode("utf-8-sig") == '"","status"\n"\\ud83d","completed"\n'


def test_a_fault_in_the_header_keeps_no_answer_back(clock, caplog):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    run.notices = None
    content, _ = ask(made, "details", number=0)
    assert content["details"]["rows"][0]["label"] == "row 0"
    assert [told["kind"] for told, _ in made.comm.sent] == ["error", "answer"]


@pytest.mark.parametrize("question", [{"what": "reboot"}, {"what": None}, {"what": "details"}])
def test_a_question_nobody_knows_is_answered_with_an_error(clock, question, caplog):
    content, _ = ask(monitor(ScriptedRun(planned(1)), clock), **question)
    assert content["error"]


def test_questions_on_several_threads_are_all_answered_and_numbers_stay_in_order(clock):
    run = ScriptedRun(planned(200))
    made = monitor(run, clock)

    def click() -> None:
        for number in range(50):
            made._handle_custom_msg({"id": "q", "what": "details", "number": number}, [])

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for at in range(100):
        tell(run, clock, running(run.operations[at]))
    for thread in threads:
        thread.join()
    answers = [content for content, _ in made.comm.sent if content["kind"] == "answer"]
    assert len([each for each in answers if "details" in each]) == 200
    told = [content["seq"] for content, _ in made.comm.sent if content["kind"] != "answer"]
    assert told == list(range(told[0], told[0] + len(told)))


def test_questions_go_where_the_browser_sends_them(clock):
    made = Monitor(ScriptedRun(planned(1)), clock=clock)
    assert made.comm._reply_subshell_for({}, "subshell-1") == "subshell-1"


def test_a_closed_monitor_leaves_the_run(clock):
    run = ScriptedRun(planned(1))
    made = monitor(run, clock)
    made.close()
    assert run.callbacks == []


def test_a_closed_monitor_is_kept_by_nobody(clock):
    made = monitor(ScriptedRun(planned(1)), clock)
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


@pytest.mark.parametrize(
    ("operation_rows", "label"),
    [((1,), "bob"), ((0, 1, 2), "ann … eve"), ((), ""), ((7,), "7")],
)
def test_a_job_is_named_by_its_first_row_and_its_last(operation_rows, label):
    assert row_label(Operation(0, operation_rows), ["ann", "bob", "eve"]) == label


def test_texts_say_what_is_left_out():
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcdef… (1 more characters)"
