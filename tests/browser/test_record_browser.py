"""The record of a run in a saved notebook, in a real JupyterLab and Notebook 7."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from shown_monitor import IMPORTS, RECORD, expect_done, in_lab

pytestmark = pytest.mark.e2e


@in_lab
def test_a_saved_notebook_holds_the_record_and_no_widget_state(notebook):
    notebook.open([IMPORTS + "run = play(20, seconds=1)\nshow(run)"])
    notebook.run(0)
    expect_done(notebook.page, "20 of 20")
    expect(notebook.page.locator(RECORD)).to_contain_text("18 completed, 2 failed")
    saved = notebook.save()
    live, record = (output.data for output in saved.cells[0].outputs)
    assert set(live) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert "18 completed, 2 failed" in record["text/plain"]
    assert "18 completed, 2 failed" in record["text/html"]
    assert "widgets" not in saved.metadata
    assert len(json.dumps(saved)) < 20_000


BIG_RUN = """
run = ScriptedRun([
    replace(each, state=State.FAILED if each.number % 30 == 7 else State.COMPLETED,
            message="This profile is locked by an open support case" if each.number % 30 == 7
            else f"Operation op-{each.number} is completed",
            operation_id=f"op-{each.number}", submitted_at=1000.0, finished_at=1010.0)
    for each in planned(100_000)
])
show(run)
"""


@in_lab
def test_the_saved_notebook_of_100_000_operations_is_small_and_reads_well_offline(
    notebook, tmp_path
):
    notebook.open([IMPORTS + BIG_RUN])
    notebook.run(0)
    expect_done(notebook.page, "100,000 of 100,000")
    notebook.save()
    saved = notebook.server.root / notebook.name
    assert saved.stat().st_size < 200_000
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path)]
    subprocess.run([*command, str(saved)], check=True, capture_output=True, timeout=100)
    page = notebook.context.new_page()  # Which may not leave the server, and so is offline.
    page.set_content((tmp_path / saved.with_suffix(".html").name).read_text("utf-8"))
    summary = page.locator("summary")
    expect(summary).to_contain_text("96,666 completed, 3,334 failed")
    summary.click()
    expect(page.get_by_role("cell", name="op-7", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="locked by an open support case").first).to_be_visible()
    expect(page.get_by_text("run.results() every row")).to_be_visible()
    # What the page of nbconvert itself asks for, mathematics and the like, it did not get.
    notebook.refused.clear()
