"""The columns of the monitor: what each one reads of an operation, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Literal, overload

from ..operation import RowStatus, State, row_status, row_statuses, shown_status
from .entries import Entry, InvalidRow
from .run_view import row_label

# A destination may answer with a page of HTML in place of a sentence.
MESSAGE_CHARACTERS = 500
NAME_CHARACTERS = 120

Reader = Callable[[Sequence[Entry]], list[Any]]
Kind = Literal["text", "code", "number", "status", "percent", "time", "elapsed", "rows"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the monitor.

    ``read`` takes operations, of which there may be 100,000, and returns for each what
    ``kind`` draws: text or code (str, None = "", cut to ``limit`` characters), number
    (int), status (a word of ``shown_status``), percent (float or None), time (Unix seconds,
    None = not yet), elapsed (likewise, the end of what ``started`` begins), rows
    ((completed, failed, all) of a job); each value is hashable. ``width`` is a track of a
    CSS grid. ``sent`` is when a value goes to the browser: "once" = with the first message
    about an operation, "on_state" = when it differs from what was sent and the state does
    too, "on_change" = when it differs, "always" = with every message about the operation.
    ``shown`` "jobs" = in runs with a job of several rows, "never" = the browser only
    computes with it.
    """

    name: str
    title: str
    read: Reader
    kind: Kind = "text"
    width: str = "minmax(90px, 1fr)"
    sent: Literal["once", "on_state", "on_change", "always"] = "on_change"
    shown: Literal["always", "jobs", "never"] = "always"
    limit: int = NAME_CHARACTERS

    def described(self) -> dict[str, str]:
        """Return what a page knows of it."""
        names = ("name", "title", "kind", "width", "shown")
        return {name: getattr(self, name) for name in names}


def each(name: str) -> Reader:
    """Return a reader of an attribute; dots in *name* lead to attributes of attributes."""
    get = attrgetter(name)
    return lambda operations: [*map(get, operations)]


_STATUSES = {state.value: shown_status(state) for state in State}
_STATUSES[InvalidRow.state.value] = InvalidRow.state.value
_state_values = each("state._value_")


def _statuses(operations: Sequence[Entry]) -> list[str]:
    return [*map(_STATUSES.__getitem__, _state_values(operations))]


def _messages(operations: Sequence[Entry]) -> list[str]:
    return [each.message if not each.is_overdue else _overdue(each) for each in operations]


def _overdue(operation: Entry) -> str:
    is_final = isinstance(operation, InvalidRow) or operation.is_final
    return operation.message if is_final else f"overdue: {operation.message}"


def _percents(operations: Sequence[Entry]) -> list[float | None]:
    # A completed operation is at 100 %, whatever was reported last.
    done, partly = State.COMPLETED, State.PARTIAL
    return [
        100.0 if (state := each.state) is done or state is partly else each.progress
        for each in operations
    ]


def _rows(operations: Sequence[Entry]) -> list[tuple[int, int, int]]:
    return [*map(_completed_and_failed, operations)]


def _completed_and_failed(operation: Entry) -> tuple[int, int, int]:
    total = len(operation.rows)
    if isinstance(operation, InvalidRow):
        return (0, 0, 0)
    if operation.row_outcomes is None:
        status = row_status(operation.state)
        completed, failed = status is RowStatus.COMPLETED, status is RowStatus.FAILED
        return (total * completed, total * failed, total)
    statuses = [status for status, _ in row_statuses(operation)]
    return (statuses.count(RowStatus.COMPLETED), statuses.count(RowStatus.FAILED), total)


def label_column(name: str, title: str, labels: Callable[[], Sequence[str]]) -> Column:
    """Return a column of texts that every row of the frame has, by position.

    For a job it shows those of the first and the last row.
    """

    def read(operations: Sequence[Entry]) -> list[str]:
        texts = labels()
        count = len(texts)
        return [
            texts[rows[0]]
            if len(rows := each.rows) == 1 and rows[0] < count
            else row_label(rows, texts)
            for each in operations
        ]

    return Column(name, title, read, width="minmax(76px, 0.5fr)", sent="once")


def frame_column(name: str, values: Sequence[Any]) -> Column:
    """Return a column of the frame; *values* are by position."""
    texts = Texts(values)
    return replace(label_column(f"frame:{name}", name, lambda: texts), width="minmax(112px, 1.2fr)")


class Texts(Sequence[str]):
    """Values as texts, each made when it is read: there may be a million."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [*map(_text, self._values[at])]
        return _text(self._values[at])


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def in_order(label: Column, frame: Sequence[Column]) -> list[Column]:
    """Return all columns: those of the *frame* after the row's *label*, and COLUMNS.

    A narrow page shows the first ones: what tells a row apart, its status and its progress.
    """
    # Wide enough for most e-mail addresses where there is room.
    first = [replace(each, width="minmax(112px, 2.2fr)") for each in frame[:1]]
    return [label, *first, *COLUMNS[:2], *frame[1:], *COLUMNS[2:]]


# The least widths add up to less than 1,000 px; a wider page gives most of the rest to the message.
COLUMNS: tuple[Column, ...] = (
    Column("status", "Status", _statuses, "status", "104px", "on_state"),
    Column("progress", "Progress", _percents, "percent", "104px", "always"),
    Column("id", "Operation", each("operation_id"), "code", "minmax(110px, 1fr)", "on_state"),
    Column("rows", "Rows", _rows, "rows", "minmax(190px, 1fr)", shown="jobs"),
    # Some destinations repeat one message at every poll, with the operation's id in it.
    Column("message", "Message", _messages, width="minmax(220px, 4fr)", limit=MESSAGE_CHARACTERS),
    Column("error", "Error", each("error_code"), "code", "minmax(84px, 0.8fr)", "on_state"),
    Column("polls", "Polls", each("polls"), "number", "60px", "always"),
    Column("poll_errors", "Poll errors", each("poll_errors"), "number", shown="never"),
    Column("started", "Started", each("submitted_at"), "time", "", "on_state", "never"),
    Column("elapsed", "Elapsed", each("finished_at"), "elapsed", "84px", "on_state"),
)
