"""monitor.js in node: its own tests, and that it knows every word and form Python sends."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import missing
from scripted_run import planned

from asyncdest_nb.operation import RowStatus, State
from asyncdest_nb.widgets import monitor
from asyncdest_nb.widgets.columns import COLUMNS
from asyncdest_nb.widgets.packing import packed

HERE = Path(__file__).parent
MODULE = Path(monitor.__file__).with_name("monitor.js")
IMPORT = """
const source = require("node:fs").readFileSync(process.argv[1]).toString("base64");
const input = require("node:fs").readFileSync(0);
import(`data:text/javascript;base64,${source}`).then((monitor) =>
  console.log(JSON.stringify((%s)(monitor, input))));
"""


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        missing("node")
    return str(found)


def evaluate(node: str, function: str, given: bytes = b"") -> Any:
    """Call *function* (JavaScript, of the module and the bytes given) and return its answer."""
    command = [node, "--no-warnings", "-e", IMPORT % function, str(MODULE)]
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_the_module_passes_its_own_tests(node):
    command = [node, "--test", str(HERE / "monitor.test.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_javascript_reads_what_python_packs(node):
    operations = [replace(each, message=f"🙂 שלום {each.number}") for each in planned(3)]
    buffer = packed(operations, ["a", "b", "c"])
    assert evaluate(node, "(monitor, bytes) => monitor.unpacked(bytes)", buffer) == json.loads(
        buffer
    )


def test_every_status_has_a_shape(node):
    known = set(evaluate(node, "(monitor) => Object.keys(monitor.TONES)"))
    assert {word.value for word in (*State, *RowStatus)} <= known


def test_every_column_can_be_drawn(node):
    known = set(evaluate(node, "(monitor) => Object.keys(monitor.CELLS)"))
    assert {column.kind for column in COLUMNS} <= known
