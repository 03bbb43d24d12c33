"""Which changes are sent: pure, without a widget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from asyncdest_nb.operation import State
from asyncdest_nb.widgets.columns import COLUMNS, label_column
from asyncdest_nb.widgets.packed import Packed
from asyncdest_nb.widgets.sent_state import SentState
from monitor_comm import read_packed
from scripted_run import planned


def test_only_what_differs_from_what_was_sent_is_a_change():
    shown = [label_column("row", "Row", lambda: ["a", "b", "c"]), *COLUMNS]
    known, operations = SentState(shown), planned(3)
    assert known.grow(operations) == range(3)
    assert known.grow(operations) == range(3, 3)

    def sent(found: Packed) -> dict[str, dict[int, Any]]:
        return read_packed(found)

    assert sent(known.keyframe(operations[:1], 0))["row"] == {0: "a"}
    first = sent(known.changes(operations, [0, 2]))
    assert (first["row"], first["status"]) == ({2: "c"}, {2: "planned"})
    assert first["polls"] == {0: 0, 2: 0}
    assert sent(known.keyframe(operations[1:], 1))["row"] == {1: "b", 2: "c"}
    assert set(sent(known.changes(operations, range(3)))) == {"progress", "polls"}
    operations[1] = replace(operations[1], message="again", poll_errors=1)
    news = sent(known.changes(operations, range(3)))
    assert (news["message"], news["poll_errors"]) == ({1: "again"}, {1: 1})
    assert "status" not in news


def test_a_value_is_sent_again_only_when_it_differs():
    known, operations = SentState([label_column("row", "Row", lambda: ["a"]), *COLUMNS]), planned(1)
    known.grow(operations)

    def sent(**changes: Any) -> dict[str, dict[int, Any]]:
        operations[0] = replace(operations[0], **changes)
        return read_packed(known.changes(operations, [0]))

    first = sent(state=State.RUNNING, message="one")
    assert (first["row"], first["message"]) == ({0: "a"}, {0: "one"})
    assert set(sent()) == {"progress", "polls"}
    assert sent(message="two")["message"] == {0: "two"}
    assert sent(message="one")["message"] == {0: "one"}
    last = sent(state=State.COMPLETED)
    assert last["status"] == {0: "completed"}
    assert "row" not in last


def test_columns_of_jobs_are_read_only_where_there_are_some():
    for rows_each, shown in ((1, False), (2, True)):
        operations = planned(2, rows_each=rows_each)
        known = SentState(COLUMNS)
        known.grow(operations)
        assert ("rows" in read_packed(known.keyframe(operations, 0))) is shown


def test_most_columns_are_read_where_the_state_has_changed():
    known, operations = SentState(COLUMNS), planned(2)
    known.grow(operations)
    known.keyframe(operations, 0)
    moved = [
        replace(operations[0], message="still here", finished_at=1.0),
        replace(operations[1], state=State.ACCEPTED, operation_id="op-1"),
    ]
    sent = read_packed(known.changes(moved, [0, 1]))
    assert sent["message"] == {0: "still here"}
    assert sent["status"] == {1: "accepted"}
    assert sent["id"] == {1: "op-1"}
    assert "elapsed" not in sent
