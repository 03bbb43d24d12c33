"""The main job in a real JupyterLab and Notebook 7: engine, simulator and monitor in one kernel."""

from __future__ import annotations

import ast
import re

import pytest
from playwright.sync_api import expect

from browser import COMPUTE, keep_texts

pytestmark = pytest.mark.e2e

SUBMIT = """
import pandas as pd
import asyncdest_nb as ad

demo = ad.simulate("example-async", duration_seconds=(0.5, 4.5), failing=0.1)
ids = [f"user-{i}" for i in range(100)] + [None, ""]
frame = pd.DataFrame({"user_id": ids, "operation_type": "sync_profile"})
run = ad.connect(demo).submit(frame, "asyncOperation")
run
"""
COUNT = "print(run.counts)"


def test_the_monitor_goes_from_pending_to_completed_while_a_later_cell_computes(notebook):
    notebook.open([SUBMIT, COMPUTE, COUNT])
    rest = notebook.page.locator(".adm-progress")
    notebook.run(0)
    expect(rest).to_contain_text("of 102 rows done")
    assert not rest.inner_text().startswith("102")
    notebook.start(1)
    seen = keep_texts(rest)
    expect(rest).to_have_text("102 of 102 rows done · 100 %", timeout=60_000)
    # Polls decide how often it changes: more than from the beginning to the end at once.
    assert len(seen()) > 3
    notebook.enough()
    notebook.run(2)
    printed = notebook.outputs()[2][0]["text"]
    counts = ast.literal_eval(printed if isinstance(printed, str) else "".join(printed))
    shown = {
        each.get_attribute("data-status"): int(re.sub(r"\D", "", each.inner_text()))
        for each in notebook.page.locator(".adm-counts [data-status]").all()
    }
    assert shown == {status: number for status, number in counts.items() if status in shown}
    assert sum(shown.values()) == sum(counts.values()) == 102
    assert counts["completed"] + counts["failed"] == 100
    assert counts["invalid"] == 2
    expect(notebook.page.locator(".adm-row").first).to_contain_text("100 %")
    # The destination calls none of them retryable, and the button shows that.
    retry = notebook.page.get_by_role("button", name="Retry failed")
    expect(retry).to_be_disabled()
    reason = re.compile("^no failed row may be sent again as it is: correct them first")
    expect(retry).to_have_attribute("title", reason)
