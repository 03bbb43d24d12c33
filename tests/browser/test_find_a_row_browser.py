"""How a person finds a row of the frame in the monitor, with real runs in a real JupyterLab."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shown_monitor import FAILED_RUN, IMPORTS, in_lab

pytestmark = pytest.mark.e2e

RUN = """
import pandas as pd
import asyncdest_nb as ad

demo = ad.simulate("example-async", duration_seconds=0.2, failing=0)
customers = pd.DataFrame({
    "plan": ["pro"] * 40,
    "mail": [f"user-{n}@example.com" if n % 10 != 7 else None for n in range(40)],
    "city": [f"City {n}" for n in range(40)],
})
run = ad.connect(demo).submit(customers, "asyncOperation", operation_type="sync_profile",
                              columns={"user_id": "mail"})
run
"""


@in_lab
def test_a_row_that_was_never_sent_is_found_and_says_why(notebook):
    notebook.open([RUN])
    notebook.run(0)
    page = notebook.page
    expect(page.locator(".adm-progress")).to_have_text("40 of 40 rows done · 100 %", timeout=30_000)
    tenth = page.locator(".adm-row").nth(9).locator(".adm-cell").nth(1)
    expect(tenth).to_have_text("user-10@example.com")
    assert tenth.evaluate("each => each.scrollWidth <= each.clientWidth"), "it is cut"
    page.get_by_role("button", name="Next failure").click()
    chosen = page.locator(".adm-row[aria-selected=true]")
    expect(chosen).to_contain_text("invalid")
    expect(chosen.locator(".adm-cell").first).to_have_text("7")
    page.get_by_role("grid").press("Enter")
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text('"city": "City 7"')
    expect(details).to_contain_text("user_id")
    page.locator(".adm-counts [data-status=invalid]").click()
    expect(page.locator(".adm-matches")).to_have_text("4 of 40")
    expect(page.locator(".adm-row")).to_have_count(4)


JOBS = (
    IMPORTS
    + """
run = ScriptedRun([
    replace(each, state=State.COMPLETED, operation_id=f"job-{each.number}")
    for each in planned(30, rows_each=400)
])
run.frame_rows = lambda rows: [{"mail": f"user-{row}@example.com", "city": f"City {row}"}
                               for row in rows]
show(run)
"""
)


@in_lab
def test_a_row_inside_a_job_is_found_by_a_column_that_is_not_shown(notebook):
    notebook.open([JOBS])
    notebook.run(0)
    page = notebook.page
    rows, where = page.locator(".adm-row"), page.locator(".adm-where")
    page.get_by_role("searchbox").fill("city 4711")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("job-11")
    expect(where).to_have_text(
        "searched what is shown and all 2 columns of the frame: found in city (1)"
    )
    rows.click()
    details = page.get_by_role("region", name="Details")
    expect(details.locator("summary")).to_have_count(1)
    expect(details).to_contain_text("row 4711")
    expect(details).to_contain_text("1 of 400 rows, found")
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.locator(".adm-empty")).to_have_text("nothing matches")
    expect(where).to_have_text("searched what is shown and all 2 columns of the frame")


REASONS = (
    IMPORTS
    + """
messages = {1: "no consent", 3: "no consent", 4: "too long"}
run = ScriptedRun([
    replace(each, state=State.FAILED, message=messages[each.number % 5], error_code="E1")
    if each.number % 5 in messages else each
    for each in planned(50)
], invalid=1, labels=[f"row {n}" for n in range(51)])
run.invalid = {50: "email: a value is missing"}
show(run)
"""
)
FAIL_MORE = """
run.change(*(replace(each, state=State.FAILED, message="too long", error_code="E1")
             for each in run.operations if each.number % 5 == 0))
"""


@in_lab
def test_a_click_on_a_reason_shows_its_rows_while_more_rows_fail(notebook):
    notebook.open([REASONS, FAIL_MORE])
    notebook.run(0)
    page = notebook.page
    page.get_by_role("button", name="Reasons").click()
    reasons, rows = page.locator(".adm-reason"), page.locator(".adm-row")
    expect(reasons).to_have_count(3)
    expect(reasons.nth(0)).to_have_text("20 failedE1: no consent")
    expect(reasons.nth(2)).to_contain_text("email: a value is missing")
    reasons.nth(2).click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("row 50")
    reasons.nth(1).click()
    expect(page.locator(".adm-matches")).to_have_text("10 of 51")
    expect(rows.first).to_contain_text("too long")
    notebook.run(1)
    expect(page.locator(".adm-matches")).to_have_text("20 of 51")
    expect(reasons.nth(1)).to_have_text("20 failedE1: too long")
    expect(reasons.nth(1)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Reasons").click()
    expect(page.locator(".adm-matches")).to_have_text("")


@in_lab
def test_columns_are_hidden_and_resized_and_any_value_is_copied(notebook):
    notebook.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    page, grid = notebook.page, notebook.page.get_by_role("grid")
    width = "title => title.getBoundingClientRect().width"
    clipboard = "async (text) => (await navigator.clipboard.readText()) === text"
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Elapsed").uncheck()
    expect(page.get_by_role("columnheader")).to_have_count(8)
    expect(grid).to_have_attribute("aria-colcount", "8")
    error = page.get_by_role("columnheader", name="Error")
    before = error.evaluate(width)
    box = error.locator(".adm-edge").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + 63, box["y"] + 3)
    page.mouse.up()
    page.wait_for_function(
        "([it, least]) => it.offsetWidth > least", arg=[error.element_handle(), before + 50]
    )
    dragged = error.evaluate(width)
    page.get_by_role("button", name="Error", exact=True).press("Shift+ArrowLeft")
    page.wait_for_function(
        "([it, most]) => it.offsetWidth < most", arg=[error.element_handle(), dragged - 10]
    )
    expect(error).to_have_attribute("aria-sort", "none")
    page.get_by_role("button", name="As before").click()
    expect(page.get_by_role("columnheader")).to_have_count(9)
    grid.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    cell = page.locator(".adm-row .adm-cell[id]")
    expect(cell).to_have_text("row 0@email")
    expect(grid).to_have_attribute("aria-activedescendant", str(cell.get_attribute("id")))
    page.keyboard.press("c")
    page.wait_for_function(clipboard, arg="row 0@email")
    expect(page.locator(".adm-answer").last).to_have_text("copied: row 0@email")
    page.get_by_text("message 4", exact=True).click()
    page.get_by_role("button", name="Copy Message").click()
    page.wait_for_function(clipboard, arg="message 4")
