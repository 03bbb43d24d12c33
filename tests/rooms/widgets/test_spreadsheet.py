"""Results as a file that is safe to open, as a monitor answers a click."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from pandas import DataFrame, Index

from asyncdest_nb.operation import State
from monitor_comm import open_monitor, request
from scripted_run import ScriptedRun, planned


def test_results_are_a_file(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED, message="a, b\n🙂")])
    content, [file] = request(open_monitor(run, clock), "results")
    assert content["file"] == "run-1.csv"
    # The mark in front lets Excel read it as UTF-8.
    lines = ['\ufeff"","status","message"', '"row 0","completed","a, b', '🙂"', ""]
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
    [(_, *_), (label, _, shown)] = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    assert (label, shown) == ("'=own", cell)


def test_an_object_in_the_file_is_json(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED)])
    found = {"name": "Größe", "tags": [None, True]}
    run.results = lambda: DataFrame({"result": [found]}, index=["a"])
    _, [file] = request(open_monitor(run, clock), "results")
    [_, (_, cell)] = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    assert json.loads(cell) == found


def test_half_an_emoji_in_a_label_does_not_stop_the_file(clock):
    run = ScriptedRun([replace(planned(1)[0], state=State.COMPLETED)])
    run.results = lambda: DataFrame(
        {"status": ["completed"]}, index=Index(["\ud83d"], dtype=object)
    )
    _, [file] = request(open_monitor(run, clock), "results")
    assert file.decode("utf-8-sig") == '"","status"\n"\\ud83d","completed"\n'
