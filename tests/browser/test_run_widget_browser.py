"""A run's widget among others in a real JupyterLab and Notebook 7, against a simulator."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

WAIT = 40_000  # ms: the machine may be busy with other tests.
PLACED = """
import ipywidgets as w
import pandas as pd
import asyncdest_nb as ad

demo = ad.simulate("example-async", duration_seconds=(0.5, 4), failing=0)
frame = pd.DataFrame({"user_id": [f"user-{i}" for i in range(40)]})
run = ad.connect(demo).submit(frame, "asyncOperation", operation_type="sync_profile")
monitor = run.widget()
bar, text, output, last = w.FloatProgress(), w.Label(), w.Output(), w.Label()
w.jsdlink((monitor, "progress"), (bar, "value"))
w.jslink((monitor, "status"), (text, "value"))
monitor.observe(lambda change: setattr(last, "value", f"done: {change['new']}"), "done")
with output:
    display(monitor)
tab = w.Tab([w.VBox([monitor, bar, text, last]), w.Accordion([ad.explore(frame).widget()])])
w.VBox([tab, output])
"""
CHOSEN = """
def shown(which):
    return run.widget() if which == "monitor" else run.contexts

w.interact(shown, which=["monitor", "contexts"]);
"""


def test_it_is_placed_observed_and_linked_as_any_widget(notebook):
    notebook.open([PLACED, CHOSEN])
    notebook.run(0)
    page = notebook.page
    first = page.locator(".jp-Cell").nth(0)
    # One in the tab, one in the output: two views of the same widget.
    expect(first.locator(".adm-progress")).to_have_count(2, timeout=WAIT)
    for each in first.locator(".adm-progress").all():
        expect(each).to_have_text("40 of 40 rows done · 100 %", timeout=WAIT)
    expect(first.get_by_text("done: True", exact=True)).to_be_visible(timeout=WAIT)
    expect(first.locator(".widget-label", has_text="completed").first).to_be_visible()
    filled = re.compile(r"(?<!\S)width: 100%; height: 100%")
    expect(first.locator(".progress-bar")).to_have_attribute("style", filled)
    notebook.run(1)
    second = page.locator(".jp-Cell").nth(1)
    expect(second.locator(".adm-progress")).to_contain_text("40 of 40", timeout=WAIT)
    second.locator("select").select_option("contexts")
    expect(second.locator("table.dataframe")).to_contain_text("op_", timeout=WAIT)
