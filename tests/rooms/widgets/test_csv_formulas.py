"""The CSV that a monitor saves: no cell of it is a formula for a spreadsheet."""

from __future__ import annotations

import csv
import io

import pandas as pd

from asyncdest_nb.widgets.answers import answer as answer_click

LABELS = [
    "=1+1",
    "+SUM(A1)",
    "-2+3+cmd|' /C calc'!A0",
    "@x",
    "\tx",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "a=1",
    "-5",
    "+41 44 1",
]


def saved(results: pd.DataFrame) -> list[list[str]]:
    class Saved:
        id, labels, created_at, title, status = "run-1", [], 0.0, "t", "completed"

        def results(self, *, with_frame: bool) -> pd.DataFrame:
            return results

    reply = answer_click(Saved(), {"what": "results"}, lambda run: None)  # type: ignore[arg-type]
    return list(csv.reader(io.StringIO(reply.buffers[0].decode("utf-8-sig"), newline="")))


def is_formula(text: str) -> bool:
    return text[:1] in ("=", "@", "\t", "\r", "\n", "\uff1d") or (
        text[:1] in ("+", "-") and any(each.isalpha() or each in "+|'" for each in text[1:])
    )


def test_no_cell_of_a_csv_is_a_formula():
    results = pd.DataFrame(
        {"message": LABELS, "=cmd()": -1.5, "n": -3}, index=pd.Index(LABELS, name="@name")
    )
    lines = saved(results)
    assert not [cell for line in lines for cell in line if is_formula(cell)]
    assert lines[0] == ["'@name", "message", "'=cmd()", "n"]
    assert [line[0] for line in lines[1:]] == [
        label if label in ("a=1", "-5", "+41 44 1") else f"'{label}" for label in LABELS
    ]
    assert {(line[2], line[3]) for line in lines[1:]} == {("-1.5", "-3")}


def test_labels_of_several_levels_are_no_formulas_and_numbers_stay_numbers():
    index = pd.MultiIndex.from_tuples([("=1", -1), ("b", -2)], names=["=a", None])
    lines = saved(pd.DataFrame({"message": ["x", "y"]}, index=index))
    assert [line[:2] for line in lines] == [["'=a", "row"], ["'=1", "-1"], ["b", "-2"]]
    assert saved(pd.DataFrame({"m": ["x"]}, index=[-7]))[1] == ["-7", "x"]
