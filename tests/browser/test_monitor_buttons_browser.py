"""The buttons of a monitor, in a real JupyterLab and Notebook 7."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from shown_monitor import IMPORTS, count_of, expect_done, in_lab

pytestmark = pytest.mark.e2e


@in_lab
def test_what_is_filtered_follows_what_changes(notebook):
    change = "run.change(*(replace(each, state=State.COMPLETED) for each in run.operations[:4]))"
    notebook.open([IMPORTS + "run = ScriptedRun(planned(9))\nshow(run)", change])
    notebook.run(0)
    page = notebook.page
    count_of(page, "completed").click()
    expect(page.locator(".adm-empty")).to_have_text("nothing matches")
    notebook.run(1)
    expect(page.locator(".adm-row")).to_have_count(4)


@in_lab
def test_a_cancel_that_is_not_confirmed_is_taken_back(notebook):
    notebook.open([IMPORTS + "run = ScriptedRun(planned(9))\nshow(run)", "print(run.status)"])
    notebook.run(0)
    notebook.page.get_by_role("button", name="Cancel").click()
    expect(notebook.page.get_by_role("button", name="Really cancel?")).to_be_visible()
    expect(notebook.page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    notebook.run(1)
    assert "pending" in str(notebook.outputs()[1])


def test_a_run_is_paused_goes_on_and_is_canceled_by_buttons(notebook):
    notebook.open([IMPORTS + "run = play(50, seconds=20)\nshow(run)", "print(run.status)"])
    notebook.run(0)
    page = notebook.page
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".adm-head .adm-badge").first).to_have_text("paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".adm-head .adm-badge").first).to_have_text("pending")
    page.get_by_role("button", name="Cancel").click()
    expect(count_of(page, "canceled")).to_have_count(0)
    page.get_by_role("button", name="Really cancel?").click()
    expect(count_of(page, "canceled")).to_be_visible()
    expect_done(page, "50 of 50")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()


def test_failed_rows_are_sent_again_below_and_the_results_are_a_file(notebook):
    notebook.open([IMPORTS + "run = play(30, seconds=1)\nshow(run)"])
    notebook.run(0)
    page = notebook.page
    expect_done(page, "30 of 30")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"asyncoperation-to-example-async-\d{4}-\d\d-\d\d-\d{4}-run-1\.csv", name)
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == '"row","email","status","message"'
    assert len(lines) == 31
    page.get_by_role("button", name="Retry failed").click()
    expect(page.locator(".adm-root")).to_have_count(2)
    expect(page.locator(".adm-root").nth(1).locator(".adm-progress")).to_have_text(
        "3 of 3 rows done · 100 %", timeout=20_000
    )
    expect(page.locator("details summary").last).to_contain_text("3 completed")
