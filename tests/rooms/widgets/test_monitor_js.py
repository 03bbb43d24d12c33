"""The modules of the monitor in node: their own tests, and each form that Python sends."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncdest_nb.operation import RowStatus, State, row_status, shown_status
from asyncdest_nb.session.time_left import time_left
from asyncdest_nb.widgets import monitor
from asyncdest_nb.widgets.columns import COLUMNS, label_column
from asyncdest_nb.widgets.esm import join_modules
from asyncdest_nb.widgets.packed import NO_PERCENT, packed
from failures import missing
from monitor_comm import running
from scripted_run import planned

HERE = Path(__file__).parent
MODULES = Path(monitor.__file__).parent / "monitor_js"
CALL = """
const input = require("node:fs").readFileSync(0);
import(process.argv[1]).then((module) => console.log(JSON.stringify((%s)(module, input))));
"""


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        missing("node")
    return str(found)


def evaluate(node: str, module: Path, function: str, given: bytes = b"") -> Any:
    """Call *function* (JavaScript, of the module and the bytes given) and return its answer."""
    command = [node, "--no-warnings", "-e", CALL % function, str(module)]
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_the_modules_pass_their_own_tests(node):
    files = sorted(map(str, (HERE / "monitor_js").glob("*.test.mjs")))
    command = [node, "--test", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


READ = """
(packed, input) => {
  const { numbers, parts, buffers } = JSON.parse(input);
  return [...packed.unpacked({ numbers, parts }, buffers)].map((part) => [
    part.name, [...part.numbers], [...part.values].map((v) => part.texts ? part.texts[v] : v)]);
}"""


def test_javascript_reads_what_python_packs(node):
    operations = [
        replace(
            each, message=f"🙂 שלום {each.number % 2}", polls=300 * each.number, submitted_at=1.5
        )
        for each in planned(70_000)[::35_000] + planned(3)[2:]
    ]
    operations.sort(key=lambda each: each.number)
    labels = [str(row) for row in range(70_000)]
    found = packed((label_column("row", "Row", lambda: labels), *COLUMNS), operations)
    buffers = [base64.b64encode(each).decode("ascii") for each in found.buffers]
    content = {"numbers": found.numbers, "parts": found.parts, "buffers": buffers}
    read = evaluate(node, MODULES / "packed.js", READ, json.dumps(content).encode())
    values = {name: values for name, _, values in read}
    assert {tuple(numbers) for _, numbers, _ in read} == {(0, 2, 35_000)}
    assert values["row"] == ["0", "2", "35000"]
    assert values["message"] == ["🙂 שלום 0", "🙂 שלום 0", "🙂 שלום 0"]
    assert values["polls"] == [0, 600, 10_500_000]
    assert values["started"] == [1.5, 1.5, 1.5]
    assert values["elapsed"] == [None, None, None]  # NaN, as JSON writes it.
    assert values["rows"] == [0, 0, 1] * 3


def test_every_status_that_is_shown_has_a_shape(node):
    known = set(evaluate(node, MODULES / "statuses.js", "({ TONES }) => Object.keys(TONES)"))
    assert {*map(shown_status, State), *map(str, RowStatus)} == known


def test_the_rows_of_every_state_have_the_status_that_they_are_counted_by(node):
    known = evaluate(node, MODULES / "statuses.js", "({ ROW_STATUSES }) => ROW_STATUSES")
    for state in set(State) - {State.PARTIAL}:
        assert known.get(shown_status(state), ["pending"]) == [row_status(state).value]


LEFT = """
({ sumTotals }, input) => {
  const { now, counts, columns } = JSON.parse(input);
  const floats = (values) => Float64Array.from(values, (value) => value ?? NaN);
  const fields = Object.fromEntries(Object.entries(columns).map(([k, v]) => [k, floats(v)]));
  const work = sumTotals({ fields, header: { counts } }, now);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value.left;
  }
}"""


@pytest.mark.parametrize("failed", [0, 20])
def test_the_monitor_and_the_line_of_a_waiting_cell_expect_the_same_end(node, failed):
    operations = [
        replace(
            each,
            state=State.FAILED if number < failed else State.COMPLETED,
            submitted_at=1_000.0 + number / 10,
            finished_at=1_020.0 + number / 10 + number % 7,
        )
        if number < 200
        else running(each, submitted_at=1_000.0 + number / 10, seen_at=1_049.0, progress=50.0)
        if number < 400
        else each
        for number, each in enumerate(planned(600))
    ]
    columns = {
        "status": [0.0] * 600,
        "status.open": [float(not each.is_final) for each in operations],
        "progress": [each.progress for each in operations],
        "progress.at": [each.seen_at for each in operations],
        "started": [each.submitted_at for each in operations],
        "elapsed": [each.finished_at for each in operations],
    }
    counts = {"failed": failed, "completed": 200 - failed}
    given = json.dumps({"now": 1_050.0, "counts": counts, "columns": columns}).encode()
    expected = time_left(operations, 1_050.0)
    assert expected is not None
    found = evaluate(node, MODULES / "totals.js", LEFT, given)
    assert found == pytest.approx(expected, rel=0.01)


def test_no_percent_is_the_same_number_on_both_sides(node):
    assert evaluate(node, MODULES / "packed.js", "({ NO_PERCENT }) => NO_PERCENT") == NO_PERCENT


def test_the_joined_module_has_what_a_widget_needs_and_nothing_else(node, tmp_path):
    path = tmp_path / "joined.mjs"
    path.write_text(join_modules(MODULES / "index.js"), encoding="utf-8")
    found = evaluate(node, path, "(module) => [Object.keys(module), Object.keys(module.default())]")
    assert found == [["default"], ["initialize", "render"]]


def test_every_column_can_be_drawn(node):
    known = set(evaluate(node, MODULES / "cells.js", "({ CELLS }) => Object.keys(CELLS)"))
    assert {column.kind for column in COLUMNS if column.shown != "never"} <= known
