"""The details of an operation in a monitor, in a real JupyterLab and Notebook 7."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser import COMPUTE
from shown_monitor import FAILED_RUN, IMPORTS, in_lab

pytestmark = pytest.mark.e2e


@in_lab
def test_a_click_shows_details_copies_the_id_and_keeps_a_selected_text(notebook):
    notebook.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    page = notebook.page
    page.get_by_text("message 4", exact=True).click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("finished, 5.0 s later")
    payload = details.locator(".adm-block").first.bounding_box()
    assert payload["y"] < details.locator(".adm-times").bounding_box()["y"], (
        "it is beside the facts"
    )
    page.get_by_role("button", name="Copy id").click()
    page.wait_for_function("async () => await navigator.clipboard.readText() === 'op-5'")
    page.get_by_role("button", name="Close").click()
    box = page.get_by_text("message 6", exact=True).bounding_box()
    page.mouse.move(box["x"] + 9, box["y"] + 14)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 14, steps=4)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()").strip() in "message 6"
    expect(details).to_be_hidden()


def test_details_come_while_a_cell_computes_where_the_kernel_can(notebook):
    notebook.open([IMPORTS + FAILED_RUN, COMPUTE])
    notebook.run(0)
    notebook.start(1)
    notebook.page.get_by_text("message 4", exact=True).click()
    details = notebook.page.get_by_role("region", name="Details")
    expect(details).to_contain_text('"user_id": "row 4"', timeout=20_000)
    notebook.enough()


@in_lab
def test_a_job_shows_its_rows_and_how_many_are_good(notebook):
    job = """
from asyncdest_nb.operation import RowOutcome, RowStatus
statuses = [RowStatus.COMPLETED, RowStatus.FAILED, RowStatus.COMPLETED]
outcomes = tuple(RowOutcome(status, f"message {status}") for status in statuses)
jobs = planned(2, rows_each=3)
run = ScriptedRun([replace(jobs[0], state=State.PARTIAL, row_outcomes=outcomes), jobs[1]])
show(run)
"""
    notebook.open([IMPORTS + job])
    notebook.run(0)
    page = notebook.page
    expect(page.locator(".adm-row").first).to_contain_text("2 completed, 1 failed of 3")
    page.locator(".adm-row").first.click()
    details = page.get_by_role("region", name="Details")
    expect(details.get_by_role("heading", name="3 rows", exact=True)).to_be_visible()
    expect(details.locator("summary")).to_have_count(3)
    expect(details.locator("summary").nth(1)).to_contain_text("message failed")
    page.locator(".adm-counts [data-status=failed]").click()
    expect(page.locator(".adm-row")).to_have_count(1)
    page.locator(".adm-root").evaluate("root => { root.style.width = '700px'; }")
    left_out = """row => row.lastElementChild.getBoundingClientRect().right
        - row.getBoundingClientRect().right"""
    assert page.locator(".adm-row").evaluate(left_out) < 1, "its cells end past the row"


@in_lab
def test_details_follow_polls_and_leave_what_was_unfolded(notebook):
    code = "job = replace(planned(1, rows_each=3)[0], state=State.RUNNING, message='begun')"
    notebook.open([IMPORTS + code + "\nrun = ScriptedRun([job])\nshow(run)"])
    notebook.run(0)
    page = notebook.page
    page.locator(".adm-row").click()
    details = page.get_by_role("region", name="Details")
    details.locator("summary").nth(1).click()
    notebook.execute("run.change(replace(run.operations[0], polls=7, message='half of it'))")
    expect(details.locator("dd", has_text="half of it")).to_be_visible()
    expect(details.locator("dd", has_text="7")).to_be_visible()
    expect(details.locator("details").nth(1)).to_have_attribute("open", "")


@in_lab
def test_details_that_change_leave_the_page_where_its_reader_is(notebook):
    code = "run = ScriptedRun([replace(planned(1)[0], state=State.RUNNING)])\nshow(run)"
    notebook.open([IMPORTS + "#\n" * 80 + code])
    notebook.run(0)
    page = notebook.page
    page.locator(".adm-row").click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("running")
    # Back to the code above.
    panel = page.locator(".jp-WindowedPanel-outer")
    panel.evaluate("panel => panel.scrollTo(0, 0)")
    notebook.execute("run.change(replace(run.operations[0], state=State.COMPLETED))")
    expect(details).to_contain_text("completed")
    assert panel.evaluate("panel => panel.scrollTop") == 0
