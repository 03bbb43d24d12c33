"""A row that fails: found in the monitor, corrected in the frame, sent again by the explorer."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shown_explorer import EXPLORE, fill, pick
from shown_monitor import in_lab

pytestmark = pytest.mark.e2e

AWKWARD = """
import io
import pandas as pd
import asyncdest_nb as ad
text = "Kunden-Nr.;E-Mail (privat)\\n" + "".join(
    f"{i:05d};kunde{i}{'.' if i == 3 else '@'}example.org\\n" for i in range(5))
df = pd.read_csv(io.StringIO(text), sep=";", dtype=str)
demo = ad.simulate("example-async", duration_seconds=(0.1, 0.5), failing=0)
print(demo.endpoint)
"""


CORRECT = """
correct = explorer.run.failed()
correct["E-Mail (privat)"] = correct["E-Mail (privat)"].str.replace("kunde3.", "kunde3@")
"""


@in_lab
def test_a_failing_row_is_found_corrected_and_alone_sent_again(notebook):
    notebook.open([AWKWARD, EXPLORE, CORRECT])
    notebook.run(0)
    notebook.run(1)
    page = notebook.page
    pick(page, "example-async")
    endpoint = "".join(notebook.outputs()[0][0]["text"]).strip()
    page.get_by_label("Endpoint (required)").fill(endpoint)
    page.get_by_role("button", name="Connect", exact=True).click()
    fill(page, "User ID (required)", "a column")
    page.get_by_label("Column for User ID").select_option("Kunden-Nr.")
    fill(page, "Operation Type (required)", "a constant")
    page.get_by_label("Constant for Operation Type").select_option("sync_profile")
    fill(page, "Operation Data (optional)", "an object of columns")
    page.get_by_role("checkbox", name="E-Mail (privat)").check()
    page.get_by_label("Key for E-Mail (privat)").fill("email")
    page.get_by_label("Key for E-Mail (privat)").press("Tab")
    about = page.get_by_text("Anything the operation needs", exact=True).last.bounding_box()
    below = page.get_by_role("button", name="Choose none").bounding_box()
    assert about["y"] < below["y"], "what a field is for stays with its name, beside a long list"
    page.get_by_role("button", name="Send 5 rows").click()
    progress = page.locator(".adm-progress")
    expect(progress).to_have_text("5 of 5 rows done · 100 %", timeout=60_000)
    page.get_by_role("searchbox", name="Search the run").fill("kunde3")
    expect(page.locator(".adm-matches")).to_have_text("1 of 5")
    expect(page.locator(".adm-row")).to_contain_text(["INVALID_EMAIL"])
    notebook.run(2)
    page.get_by_role("button", name="Look again").click()
    page.get_by_label("DataFrame of this notebook").select_option("correct: 1 row, 7 columns")
    page.get_by_role("button", name="Send 1 row", exact=True).click()
    expect(progress).to_have_text("1 of 1 row done · 100 %", timeout=60_000)
    expect(page.locator(".adm-counts [data-status=completed]")).to_have_text("1 completed")
