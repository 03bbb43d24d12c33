"""What a cell shows of errors of use and of repeated submits, in a real kernel."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest

pytestmark = pytest.mark.slow

CONNECTED = """import pandas as pd
import asyncdest_nb as ad

demo = ad.simulate("example-async", duration_seconds=0.1, failing=0)
crm = ad.connect(demo)
df = pd.DataFrame({"user_id": ["a", "b"]})"""
SUBMIT = 'run = crm.submit(df, "asyncOperation", operation_type="sync_profile")'
# An error of use of each kind, and of each place where one can be made.
FAULTS = [
    'n = 1\ncrm.submit(df, "asyncOp")',
    'crm.submit(df, "asyncOperation", mapping={"operation_type": {"@pth": "x"}})',
    'crm.submit([1], "asyncOperation")',
    'ad.connect("example-async")',
    "ad.connect(demo, apikey='s')",
    'ad.simulate("nope")',
    'ad.Session(path="/proc/nope/x")',
    'ad.load("/nope")',
    "ad.explore(3)",
    'ad.Action(title="x", payload=3)',
    'crm.preview(df, "asyncOperation", columns={"user_id": "usr"})',
    'crm.execute_action("asyncOperation", {"user_id": 3})',
    "run.wait(-1)",
    "await run.retry()",
    'ad.default_session().state["nope"]',
    'run.show(columns=["plan"])',
]
OWN = """def send():
    return ad.connect("nope")

class Trouble(ad.UsageError):
    pass"""
IGNORED = f"import warnings\nwarnings.simplefilter('ignore', ad.AlreadySubmitted)\n{SUBMIT}"
RAISED = f"warnings.simplefilter('error', ad.AlreadySubmitted)\n{SUBMIT}"
ANOTHER = "warnings.simplefilter('default')\nwarnings.warn('another')"
KEPT = """import os
os.environ["ASYNCDEST_EXAMPLE_ASYNC_API_KEY"] = "kept-in-3nv-X7"
own = ad.connect("example-async", endpoint=demo.endpoint)"""
CELLS = [
    CONNECTED,
    f"{SUBMIT}\nrun.wait(timeout=30)",
    *FAULTS,
    "%tb",
    SUBMIT,
    IGNORED,
    RAISED,
    ANOTHER,
    OWN,
    "send()",
    "raise Trouble('mine')",
    "1 / 0",
    KEPT,
]


@functools.cache
def ran() -> dict[str, list[Any]]:
    """Return the outputs of every cell by its source."""
    import nbformat  # With nbclient it takes two seconds, and most tests need none of it.
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in CELLS])
    NotebookClient(notebook, timeout=60, allow_errors=True).execute()
    return {cell.source: cell.outputs for cell in notebook.cells}


def traceback_of(source: str) -> str:
    """Return the traceback that the cell *source* shows, without colours."""
    [found] = [each for each in ran()[source] if each.output_type == "error"]
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(found.traceback))


@pytest.mark.parametrize("source", FAULTS)
def test_an_error_of_use_shows_its_message_its_line_and_how_to_see_more(source: str):
    message, *_, hint = traceback_of(source).splitlines()
    last = source.count("\n") + 1
    assert re.fullmatch(r"\w+Error: .+|Unknown\w+: .+", message)
    assert re.fullmatch(rf"Cell In\[\d+\], line {last}\. %tb shows the whole traceback\.", hint)
    assert len(traceback_of(source).splitlines()) <= 4


def test_the_whole_traceback_is_shown_when_it_is_asked_for():
    shown = traceback_of("%tb")
    assert len(shown.splitlines()) > 20
    assert "in frame_values" in shown
    assert shown.rstrip().endswith("UnknownName: no column 'plan'. Known: user_id")


def test_a_repeated_submit_is_a_note_in_the_output_and_nothing_red():
    [note] = ran()[SUBMIT]
    assert note.output_type == "display_data"
    assert note.data["text/plain"].startswith("AlreadySubmitted: these rows were submitted before")
    assert "again=True" in note.data["text/html"]


def test_the_note_follows_the_filters_of_warnings():
    assert ran()[IGNORED] == []
    assert "AlreadySubmitted: these rows" in traceback_of(RAISED)


def test_another_warning_is_shown_as_ever():
    [shown] = ran()[ANOTHER]
    assert (shown.output_type, shown.name) == ("stream", "stderr")
    assert "UserWarning: another" in shown.text


def test_the_line_is_that_which_called_the_package_wherever_it_is():
    assert "line 2. %tb" in traceback_of("send()")
    assert "Trouble: mine\nCell In" in traceback_of("raise Trouble('mine')")


def test_an_error_of_something_else_keeps_its_traceback():
    assert "----> 1 1 / 0" in traceback_of("1 / 0")


def test_a_setting_from_elsewhere_is_noted_with_its_place_and_without_its_value():
    [note] = ran()[KEPT]
    name = "ASYNCDEST_EXAMPLE_ASYNC_API_KEY"
    assert note.output_type == "display_data"
    assert note.data["text/plain"] == f"Example Async: api_key is from the variable {name}"
    assert "3nv" not in str(note)
