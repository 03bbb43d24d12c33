"""The columns of the monitor: what each one reads of an operation, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from ..operation import Operation, RowStatus, State, row_status
from .watched import row_label

# A destination may answer with a page of HTML where a sentence is due.
MESSAGE_CHARACTERS = 500
NAME_CHARACTERS = 120

Reader = Callable[[Operation], Any]
Kind = Literal["text", "code", "number", "status", "percent", "time", "elapsed", "rows"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the monitor.

    ``read`` takes an operation, of which there may be 100,000, and returns what
    ``kind`` draws: text or code (str, None = "", cut to ``limit`` characters), number
    (int), status (a state's word), percent (float or None), time (Unix seconds, None =
    not yet), elapsed (the end of what ``started`` begins, likewise), rows ((good, failed,
    all) of a job). ``width`` is a track of a CSS grid. ``changes`` says when it travels:
    "never" with the first word of an operation alone, "seldom" when it differs from the
    last word, "often" with every word. ``shown`` "jobs" is for runs with a job of several
    rows, "never" for what the browser only counts with.
    """

    name: str
    title: str
    read: Reader
    kind: Kind = "text"
    width: str = "minmax(90px, 1fr)"
    changes: Literal["never", "seldom", "often"] = "seldom"
    shown: Literal["always", "jobs", "never"] = "always"
    limit: int = NAME_CHARACTERS


def _message(operation: Operation) -> str:
    is_late = operation.is_overdue and not operation.is_final
    return f"overdue: {operation.message}" if is_late else operation.message


def _percent(operation: Operation) -> float | None:
    # Done is all of it, whatever was reported last.
    state = operation.state
    return 100.0 if state is State.COMPLETED or state is State.PARTIAL else operation.progress


def _rows(operation: Operation) -> tuple[int, int, int]:
    total = len(operation.rows)
    if operation.row_outcomes is None:
        status = row_status(operation.state)
        good, failed = status is RowStatus.COMPLETED, status is RowStatus.FAILED
        return (total * good, total * failed, total)
    words = [outcome.status for outcome in operation.row_outcomes]
    return (words.count(RowStatus.COMPLETED), words.count(RowStatus.FAILED), total)


def label_column(name: str, title: str, labels: Callable[[], Sequence[str]]) -> Column:
    """Return a column of texts that every row of the frame has, by position.

    Of a job it shows the first row's and the last's.
    """

    def read(operation: Operation) -> str:
        return row_label(operation, labels())

    return Column(name, title, read, changes="never")


def frame_column(name: str, values: Sequence[Any]) -> Column:
    """Return a column of the frame, *values* by position."""
    texts = ["" if value is None else str(value) for value in values]
    return label_column(f"frame:{name}", name, lambda: texts)


# After the row's label. attrgetter, where it will do, is four times as fast as a function.
COLUMNS: tuple[Column, ...] = (
    Column("id", "Operation", attrgetter("operation_id"), "code"),
    Column("status", "Status", attrgetter("state._value_"), "status", "108px"),
    Column("progress", "Progress", _percent, "percent", "124px", "often"),
    Column("rows", "Rows", _rows, "rows", "minmax(150px, 1fr)", shown="jobs"),
    # Seldom, for many a destination puts the operation's id in and says the same again.
    Column("message", "Message", _message, width="minmax(150px, 2.4fr)", limit=MESSAGE_CHARACTERS),
    Column("error", "Error", attrgetter("error_code"), "code"),
    Column("polls", "Polls", attrgetter("polls"), "number", "68px", "often"),
    Column("poll_errors", "Poll errors", attrgetter("poll_errors"), "number", shown="never"),
    Column("started", "Started", attrgetter("submitted_at"), "time", shown="never"),
    Column("elapsed", "Elapsed", attrgetter("finished_at"), "elapsed", "92px"),
)
