"""A monitor whose comm keeps what is sent, and what its messages contain."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from asyncdest_nb.operation import Operation, State
from asyncdest_nb.widgets.monitor import Monitor
from asyncdest_nb.widgets.packed import Packed
from scripted_run import ScriptedRun


class RecordingComm:
    """The kernel's end of a comm, without a kernel; it keeps the messages, but no states."""

    kernel = "none, but ipywidgets 7 sends to no comm that has none"

    def __init__(self, *, data: dict[str, Any], buffers: list[bytes], **_: Any) -> None:
        self.comm_id = "comm-1"
        self.opening = data["state"]
        self.opening_buffers = buffers
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self._callback: Callable[[dict[str, Any]], None] = lambda message: None

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        if data["method"] == "custom":
            self.sent.append((data["content"], buffers or []))

    def receive(self, content: dict[str, Any]) -> None:
        """Receive a message of the browser."""
        data = {"method": "custom", "content": content}
        self._callback({"content": {"data": data}, "buffers": []})

    def reply_subshell(self, default: str) -> Any:
        """Return the subshell that gets a message sent to *default*."""
        return self._reply_subshell_for({}, default)

    def _reply_subshell_for(self, data: Any, default: Any) -> Any:
        return None  # As ipykernel 7.4 does after a message of another thread.

    def on_msg(self, callback: Callable[[dict[str, Any]], None]) -> None:
        self._callback = callback

    def close(self) -> None: ...


class StandingClock:
    """Stands still, but for ``pass_seconds``."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


def open_monitor(run: ScriptedRun, clock: StandingClock, **options: Any) -> Monitor:
    """Return a monitor that has just sent everything, so that changes follow."""
    made = Monitor(run, clock=clock, **options)
    change(run, clock)
    made.comm.sent.clear()
    return made


def change(
    run: ScriptedRun, clock: StandingClock, *operations: Operation, seconds: float = 0.2
) -> None:
    """Let *operations* change at the next tick."""
    clock.pass_seconds(seconds)
    run.change(*operations)


def running(operation: Operation, **changes: Any) -> Operation:
    return replace(operation, state=State.RUNNING, operation_id="op", **changes)


def request(made: Monitor, what: str, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
    """Send a request as the browser does, and return the answer."""
    made.comm.sent.clear()
    made.comm.receive({"id": "q-1", "what": what, **more})
    [answer] = [each for each in made.comm.sent if each[0]["kind"] == "answer"]
    return answer


def read(content: dict[str, Any], buffers: list[bytes]) -> dict[str, dict[int, Any]]:
    """Return the rows of a message: per column the values by number."""
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
