"""What is read of a run: pure, without a widget."""

from __future__ import annotations

import pytest

from asyncdest_nb.widgets.run_view import cut, row_label


@pytest.mark.parametrize(
    ("operation_rows", "label"),
    [((1,), "bob"), ((0, 1, 2), "ann … eve"), ((), ""), ((7,), "7")],
)
def test_a_job_is_named_by_its_first_row_and_its_last(operation_rows, label):
    assert row_label(operation_rows, ["ann", "bob", "eve"]) == label


def test_a_cut_text_shows_how_much_is_left_out():
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcdef… (1 more characters)"
