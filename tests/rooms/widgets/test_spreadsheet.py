"""Results as a file that is safe to open, as a monitor answers a click."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace

import pytest
from pandas import DataFrame, Index

from asyncdest_nb.operation import State
from asyncdest_nb.widgets.spreadsheet import csv_bytes, csv_name
from monitor_comm import open_monitor, request
from scripted_run import ScriptedRun, planned


def test_results_are_a_file(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED, message="a, b\n🙂")])
    run.created_at = time.mktime((2026, 11, 30, 15, 41, 0, 0, 0, -1))
    content, [file] = request(open_monitor(run, clock), "results")
    assert content["file"] == "asyncoperation-to-example-async-2026-11-30-1541-run-1.csv"
    # The mark in front lets Excel read it as UTF-8.
    lines = [
        '\ufeff"row","email","status","message"',
        '"row 0","row 0@email","completed","a, b',
        '🙂"',
        "",
    ]
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
def test_a_text_of_a_destination_is_no_formula_in_the_file(clock, message, cell):
    operation = replace(planned(1)[0], state=State.FAILED, message=message)
    run = ScriptedRun([operation], labels=["=own"])
    _, [file] = request(open_monitor(run, clock), "results")
    [(_, *_), (label, *_, shown)] = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    assert (label, shown) == ("'=own", cell)


def test_an_object_in_the_file_is_json(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED)])
    found = {"name": "Größe", "tags": [None, True]}
    run.results = lambda **_: DataFrame({"result": [found]}, index=["a"])
    _, [file] = request(open_monitor(run, clock), "results")
    [_, (_, cell)] = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    assert json.loads(cell) == found


def test_half_an_emoji_in_a_label_does_not_stop_the_file(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED)])
    run.results = lambda **_: DataFrame(
        {"status": ["completed"]}, index=Index(["\ud83d"], dtype=object)
    )
    _, [file] = request(open_monitor(run, clock), "results")
    assert file.decode("utf-8-sig") == '"row","status"\n"\\ud83d","completed"\n'


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../..\\CON: a/b", "con-a-b-2001-01-01-0000-run-1.csv"),
        ("Größe 🙂", "größe-2001-01-01-0000-run-1.csv"),
        ("///", "2001-01-01-0000-run-1.csv"),
        ("x" * 500, f"{'x' * 60}-2001-01-01-0000-run-1.csv"),
    ],
)
def test_the_name_of_the_file_is_one_that_every_file_system_takes(title, name):
    run = ScriptedRun(planned(1), title=title)
    run.created_at = time.mktime((2001, 1, 1, 0, 0, 0, 0, 0, -1))
    assert csv_name(run) == name


def test_an_id_in_a_column_with_gaps_has_no_decimals_in_the_file():
    frame = DataFrame({"id": [1001, None, 2.5], "row": ["a", None, "c"]})
    lines = csv_bytes(frame).decode("utf-8-sig").splitlines()
    assert lines == ['"row_1","id","row"', '0,1001,"a"', '1,"",""', '2,2.5,"c"']
