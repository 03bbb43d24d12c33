"""The line of a run in the cell that waits for it, in a real JupyterLab and Notebook 7."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser import keep_texts
from shown_monitor import IMPORTS

pytestmark = pytest.mark.e2e

SUBMIT = """
import pandas as pd
import asyncdest_nb as ad

demo = ad.simulate("example-async", duration_seconds=(2, 5), failing=0)
frame = pd.DataFrame({"user_id": [f"user-{i}" for i in range(200)]})
run = ad.connect(demo).submit(frame, "asyncOperation", operation_type="sync_profile")
run
"""
# As after Run All in a long notebook: the monitor is far above the cell that waits.
FAR = "for i in range(20):\n    print('\\n' * 3, i)"


def line_of(page, rows: int = 200):
    return page.locator(".jp-OutputArea-output", has_text=f"of {rows} rows done").last


@pytest.mark.parametrize(
    ("app", "wait"), [("lab", "run.wait()"), ("notebook", "await run")], indirect=["app"]
)
def test_a_cell_that_waits_shows_the_run_in_a_line_that_leads_to_its_monitor(notebook, wait):
    notebook.open([SUBMIT, FAR, FAR, wait, "run.show(compact=True)"])
    page = notebook.page
    notebook.start_all()
    line = line_of(page)
    expect(line.get_by_role("progressbar", name="rows done")).to_be_visible()
    seen = keep_texts(page.locator(".jp-Notebook"))
    expect(line).to_contain_text("200 of 200 rows done", timeout=60_000)
    notebook.wait_until_ran()
    pattern = r"\d+ of 200 rows done · \d+ % · \d+ completed"  # The monitor's ends before.
    shown = {each for text in seen() for each in re.findall(pattern, text)}
    assert len(shown) > 2, "it moves while the cell waits"
    final = notebook.outputs()[3]
    assert len(final) == 2, "the line, and the value of the cell"
    assert "200 of 200 rows done · 100 % · 200 completed · took" in final[0]["data"]["text/plain"]
    [compact] = notebook.outputs()[4]
    assert compact["data"]["text/plain"] == final[0]["data"]["text/plain"]
    monitor = page.locator(".adm-root")
    line.scroll_into_view_if_needed()
    expect(monitor).not_to_be_in_viewport()
    page.get_by_role("link", name="monitor").last.click()
    expect(monitor).to_be_in_viewport()
    saved = notebook.save()
    assert "200 of 200 rows done" in saved.cells[3].outputs[0]["data"]["text/html"]


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_line_that_a_reloaded_page_saves_is_up_to_date(notebook):
    shown = IMPORTS + "run = ScriptedRun(planned(4))\nshow(run)"
    notebook.open([shown, "show(run, compact=True)"])
    notebook.run(0)
    notebook.run(1)
    assert "0 of 4 rows done" in notebook.save().cells[1].outputs[0].data["text/plain"]
    notebook.reload()
    progress = notebook.page.locator(".adm-progress")
    expect(progress).to_have_text("0 of 4 rows done · 0 %")
    notebook.execute("run.cancel()")
    expect(progress).to_have_text("4 of 4 rows done · 100 %")
    expect(line_of(notebook.page, 4)).to_contain_text("4 of 4 rows done · 100 % · 4 canceled")
    assert "4 canceled" in notebook.save().cells[1].outputs[0].data["text/plain"]
