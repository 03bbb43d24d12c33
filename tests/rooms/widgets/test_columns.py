"""What each column shows of an operation: pure, without a widget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncdest_nb.operation import RowOutcome, RowStatus, State, row_status
from asyncdest_nb.widgets.columns import COLUMNS, Column, each, frame_column, in_order
from asyncdest_nb.widgets.packed import packed
from monitor_comm import read_packed, running
from scripted_run import planned


def test_a_column_is_one_line():
    errors = Column("errors", "Errors", each("poll_errors"), "number")
    found = packed((*COLUMNS, errors), [running(planned(1)[0], poll_errors=3)])
    assert read_packed(found)["errors"] == {0: 3}


def test_a_narrow_page_has_first_what_tells_a_row_apart_then_its_status_and_progress():
    own = [frame_column(name, ["a"]) for name in ("email", "plan")]
    row = Column("row", "Row", each("number"))
    names = [column.name for column in in_order(row, own)]
    assert names[:5] == ["row", "frame:email", "status", "progress", "frame:plan"]
    assert names[5:] == [column.name for column in COLUMNS[2:]]


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


def test_a_job_with_an_outcome_per_row_counts_those():
    statuses = (RowStatus.COMPLETED, RowStatus.FAILED, RowStatus.UNKNOWN)
    outcomes = tuple(RowOutcome(status) for status in statuses)
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
def test_an_overdue_operation_is_marked_until_it_is_done(state, message):
    late = replace(planned(1)[0], state=state, message="still here", is_overdue=True)
    assert read_packed(packed(COLUMNS, [late]))["message"] == {0: message}


@pytest.mark.parametrize("state", State)
def test_an_operation_has_the_word_that_its_rows_are_counted_by_once_it_has_ended(state):
    found = read_packed(packed(COLUMNS, [replace(planned(1)[0], state=state)]))
    (shown,) = found["status"].values()
    counted = row_status(state)
    if counted is not RowStatus.PENDING:
        assert shown == counted
    else:
        assert shown == state.value
