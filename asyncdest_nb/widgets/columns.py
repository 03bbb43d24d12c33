"""The columns of the monitor: what each one reads of an operation, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..operation import Operation
from .watched import cut, row_label

# A destination may answer with a page of HTML where a sentence is due.
MESSAGE_CHARACTERS = 500
NAME_CHARACTERS = 120

Reader = Callable[[Operation, Sequence[str]], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the monitor.

    ``read`` takes an operation and the labels of the frame's rows and returns what
    ``kind`` draws: text or code (str), number (int), status (a state's word), percent
    (float or None), elapsed ([start, end] in Unix seconds, each None = not yet).
    ``width`` is a track of a CSS grid.
    """

    name: str
    title: str
    read: Reader
    kind: Literal["text", "code", "number", "status", "percent", "elapsed"] = "text"
    width: str = "minmax(90px, 1fr)"


def _message(operation: Operation) -> str:
    is_late = operation.is_overdue and not operation.is_final
    return f"overdue: {operation.message}" if is_late else operation.message


def _percent(operation: Operation) -> float | None:
    # Done is all of it, whatever was reported last.
    return 100.0 if operation.status == "completed" else operation.progress


COLUMNS: tuple[Column, ...] = (
    Column("row", "Row", lambda it, labels: cut(row_label(it, labels), NAME_CHARACTERS)),
    Column("id", "Operation", lambda it, _: cut(it.operation_id or "", NAME_CHARACTERS), "code"),
    Column("status", "Status", lambda it, _: it.state.value, "status", "108px"),
    Column("progress", "Progress", lambda it, _: _percent(it), "percent", "124px"),
    Column(
        "message",
        "Message",
        lambda it, _: cut(_message(it), MESSAGE_CHARACTERS),
        width="minmax(150px, 2.4fr)",
    ),
    Column("polls", "Polls", lambda it, _: it.polls, "number", "68px"),
    Column(
        "elapsed", "Elapsed", lambda it, _: [it.submitted_at, it.finished_at], "elapsed", "92px"
    ),
)
