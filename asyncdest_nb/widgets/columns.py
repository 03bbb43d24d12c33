"""The columns of the monitor: what each one reads of an operation, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Literal

from ..operation import Operation, RowStatus, State, row_standings, row_status
from .watched import row_label

# A destination may answer with a page of HTML where a sentence is due.
MESSAGE_CHARACTERS = 500
NAME_CHARACTERS = 120

Reader = Callable[[Sequence[Operation]], list[Any]]
Kind = Literal["text", "code", "number", "status", "percent", "time", "elapsed", "rows"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the monitor.

    ``read`` takes operations, of which there may be 100,000, and returns for each what
    ``kind`` draws: text or code (str, None = "", cut to ``limit`` characters), number
    (int), status (a state's word), percent (float or None), time (Unix seconds, None =
    not yet), elapsed (the end of what ``started`` begins, likewise), rows ((good, failed,
    all) of a job); each can be hashed. ``width`` is a track of a CSS grid. ``changes``
    says when it travels: "never" with the first word of an operation alone, "at turns"
    when it differs from the last word and the state does too, "seldom" when it differs,
    "often" with every word. ``shown`` "jobs" is for runs with a job of several rows,
    "never" for what the browser only counts with.
    """

    name: str
    title: str
    read: Reader
    kind: Kind = "text"
    width: str = "minmax(90px, 1fr)"
    changes: Literal["never", "at turns", "seldom", "often"] = "seldom"
    shown: Literal["always", "jobs", "never"] = "always"
    limit: int = NAME_CHARACTERS


def each(name: str) -> Reader:
    """Return what reads an attribute of each operation; dots in *name* are steps."""
    get = attrgetter(name)
    return lambda operations: [*map(get, operations)]


def _messages(operations: Sequence[Operation]) -> list[str]:
    return [each.message if not each.is_overdue else _overdue(each) for each in operations]


def _overdue(operation: Operation) -> str:
    return operation.message if operation.is_final else f"overdue: {operation.message}"


def _percents(operations: Sequence[Operation]) -> list[float | None]:
    # Done is all of it, whatever was reported last.
    done, partly = State.COMPLETED, State.PARTIAL
    return [
        100.0 if (state := each.state) is done or state is partly else each.progress
        for each in operations
    ]


def _rows(operations: Sequence[Operation]) -> list[tuple[int, int, int]]:
    return [*map(_good_and_failed, operations)]


def _good_and_failed(operation: Operation) -> tuple[int, int, int]:
    total = len(operation.rows)
    if operation.row_outcomes is None:
        status = row_status(operation.state)
        good, failed = status is RowStatus.COMPLETED, status is RowStatus.FAILED
        return (total * good, total * failed, total)
    words = [status for status, _ in row_standings(operation)]
    return (words.count(RowStatus.COMPLETED), words.count(RowStatus.FAILED), total)


def label_column(name: str, title: str, labels: Callable[[], Sequence[str]]) -> Column:
    """Return a column of texts that every row of the frame has, by position.

    Of a job it shows the first row's and the last's.
    """

    def read(operations: Sequence[Operation]) -> list[str]:
        texts = labels()
        count = len(texts)
        return [
            texts[rows[0]]
            if len(rows := each.rows) == 1 and rows[0] < count
            else row_label(each, texts)
            for each in operations
        ]

    # Wide enough for the first row and the last of a job.
    return Column(name, title, read, width="minmax(110px, 1fr)", changes="never")


def frame_column(name: str, values: Sequence[Any]) -> Column:
    """Return a column of the frame, *values* by position."""
    texts = ["" if value is None else str(value) for value in values]
    # Wide enough for most addresses: whoever asks for a column wants to read it.
    return replace(label_column(f"frame:{name}", name, lambda: texts), width="minmax(170px, 1.2fr)")


# After the row's label.
COLUMNS: tuple[Column, ...] = (
    Column("id", "Operation", each("operation_id"), "code", changes="at turns"),
    Column("status", "Status", each("state._value_"), "status", "108px", "at turns"),
    Column("progress", "Progress", _percents, "percent", "124px", "often"),
    Column("rows", "Rows", _rows, "rows", "minmax(225px, 1fr)", shown="jobs"),
    # Seldom, for many a destination puts the operation's id in and says the same again.
    Column("message", "Message", _messages, width="minmax(150px, 2.4fr)", limit=MESSAGE_CHARACTERS),
    Column("error", "Error", each("error_code"), "code", changes="at turns"),
    Column("polls", "Polls", each("polls"), "number", "68px", "often"),
    Column("poll_errors", "Poll errors", each("poll_errors"), "number", shown="never"),
    Column("started", "Started", each("submitted_at"), "time", "", "at turns", "never"),
    Column("elapsed", "Elapsed", each("finished_at"), "elapsed", "92px", "at turns"),
)
