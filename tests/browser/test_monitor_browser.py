"""The monitor in a real JupyterLab and Notebook 7, against a scripted run.

After each test the page must have sent requests to its own server only.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser import COMPUTE, keep_texts
from shown_monitor import HOSTILE, HOSTILE_RUN, IMPORTS, count_of, expect_done, in_lab

pytestmark = pytest.mark.e2e


def test_the_screen_changes_while_a_later_cell_computes_and_ends_with_the_right_totals(notebook):
    notebook.open([IMPORTS + "run = play(200, seconds=4, invalid=3)\nshow(run)", COMPUTE])
    notebook.start_all()
    rest = notebook.page.locator(".adm-progress")
    expect(rest).to_contain_text("of 203 rows done")
    seen = keep_texts(rest)
    expect(rest).to_have_text("203 of 203 rows done · 100 %", timeout=60_000)
    assert len(seen()) > 5, "the monitor stood still while the cell computed"
    notebook.enough()
    expect(count_of(notebook.page, "completed")).to_have_text("180 completed")
    expect(count_of(notebook.page, "failed")).to_have_text("20 failed")
    expect(count_of(notebook.page, "pending")).to_have_text("0 pending")
    expect(notebook.page.locator(".adm-head .adm-badge").first).to_have_text("partial")


def test_a_reload_in_the_middle_shows_the_whole_run_and_goes_on(notebook):
    notebook.open([IMPORTS + "run = play(300, seconds=15)\nshow(run)"])
    notebook.run(0)
    expect(notebook.page.locator(".adm-row").first).to_be_visible()
    notebook.save()
    notebook.reload()
    first = notebook.page.locator(".adm-row").first
    expect(first).to_contain_text("row 0")
    expect(first).to_contain_text("completed")
    expect(notebook.page.get_by_role("grid", name="Operations")).to_have_attribute(
        "aria-rowcount", "301"
    )
    expect_done(notebook.page, "300 of 300")
    expect(notebook.page.locator(".adm-updated")).to_have_text("")


@in_lab
def test_hostile_texts_are_texts(notebook):
    notebook.open([IMPORTS + HOSTILE_RUN])
    notebook.run(0)
    messages = notebook.page.locator(".adm-row .adm-cell:nth-child(5)")
    expect(messages).to_have_count(4)
    expect(messages.nth(0)).to_have_text(HOSTILE)
    expect(messages.nth(1)).to_contain_text("\u05e9\u05dc\u05d5\u05dd abc")
    expect(messages.nth(2)).to_have_text("🙂👩‍👩‍👧 done")
    assert len(messages.nth(3).inner_text()) < 600
    # Neither the widget nor the record beside it made an element of a text.
    expect(notebook.page.locator(".jp-OutputArea-output img")).to_have_count(0)
    assert "owned" not in notebook.page.title()
    heights = notebook.page.locator(".adm-row").evaluate_all(
        "rows => rows.map(r => r.offsetHeight)"
    )
    assert set(heights) == {28}
    messages.nth(0).click()
    details = notebook.page.get_by_role("region", name="Details")
    expect(details.get_by_text(HOSTILE, exact=True).first).to_be_visible()
    messages.nth(3).click()
    expect(details).to_contain_text("more characters)")
    expect(notebook.page.locator(".jp-OutputArea-output img")).to_have_count(0)
    assert "owned" not in notebook.page.title()
    root = notebook.page.locator(".adm-root")
    assert root.evaluate("root => root.scrollWidth - root.clientWidth") == 0


@in_lab
def test_ten_thousand_operations_are_a_few_rows_in_the_page(notebook):
    notebook.open([IMPORTS + "show(play(10_000, seconds=3))"])
    notebook.run(0)
    table = notebook.page.locator(".adm-scroll")
    expect(table).to_be_visible()
    table.press("End")
    expect(notebook.page.locator(".adm-row").last).to_contain_text("row 9999")
    assert notebook.page.locator(".adm-row").count() < 60
    expect_done(notebook.page, "10,000 of 10,000")
    notebook.save()
    notebook.reload()  # It opens with the first of them, and the others come.
    expect(notebook.page.locator(".adm-updated")).to_have_text("")
    notebook.page.locator(".adm-search").fill("row 9998")
    found = notebook.page.locator(".adm-row")
    expect(found).to_have_count(1, timeout=20_000)
    expect(found).to_contain_text("completed")


@in_lab
def test_a_selection_and_the_scroll_position_survive_updates(notebook):
    done = "run = ScriptedRun(planned(100))\nshow(run)"
    step = "run.change(*(replace(each, polls=each.polls + 1) for each in run.operations))"
    notebook.open([IMPORTS + done, step])
    notebook.run(0)
    table = notebook.page.locator(".adm-scroll")
    table.evaluate("table => { table.scrollTop = 700; }")
    cell = notebook.page.get_by_text("row 30", exact=True)
    cell.evaluate("cell => getSelection().selectAllChildren(cell)")
    notebook.run(1)
    expect(notebook.page.locator(".adm-row .adm-number").first).to_have_text("1")
    assert notebook.page.evaluate("getSelection().toString()") == "row 30"
    assert table.evaluate("table => table.scrollTop") == 700


def test_a_flood_of_changes_in_one_cell_ends_with_the_right_totals(notebook):
    # A server drops messages once there are 3,000 in three seconds: these are 10,000 changes.
    # A kernel drops those that exceed 1,000 in its queue, also that the cell has ended, and then
    # the page waits for ever. Each of the last 250 changes the totals, which are two messages.
    flood = """
for at in range(10_000):
    number, polls = at % 250, at // 250
    done = State.COMPLETED if polls == 39 else State.RUNNING
    run.change(replace(run.operations[number], state=done, polls=polls, message=f"poll {polls}"))
"""
    notebook.open([IMPORTS + "run = ScriptedRun(planned(250))\nshow(run)", flood])
    notebook.run_all()
    page = notebook.page
    expect_done(page, "250 of 250")
    expect(page.locator(".adm-updated")).to_have_text("")
    for key in ("Home", "End"):
        page.get_by_role("grid").press(key)
        row = page.locator(".adm-row").first if key == "Home" else page.locator(".adm-row").last
        expect(row).to_contain_text("poll 39")
        expect(row).to_contain_text("completed")


def test_two_views_show_the_same_and_a_dead_kernel_is_shown(notebook):
    # It lasts longer than the restart of a kernel on a busy machine.
    notebook.open([IMPORTS + "run = play(100, seconds=600)\nshow(run)", "show(run)"])
    notebook.run_all()
    page = notebook.page
    fresh = page.locator(".adm-updated")
    expect(fresh).to_have_count(2)
    expect(fresh.first).to_contain_text("updated")
    expect(fresh.last).to_contain_text("updated")
    notebook.restart()
    expect(fresh.first).to_contain_text("not connected: last updated at", timeout=20_000)
    expect(fresh.last).to_contain_text("not connected: last updated at")
    pending = count_of(page, "pending").first.inner_text()
    rows = pending.replace(" pending", " rows pending")
    lost = page.locator(".adm-loss").first
    expect(lost).to_contain_text("This run is lost: it was in the memory of a kernel that has")
    expect(lost).to_contain_text(f"ended, with {rows}. What was sent before goes on at the")
    expect(page.locator(".adm-head .adm-badge").first).to_have_text("pending")
    expect(page.get_by_role("button", name="Cancel").first).to_be_disabled()
    expect(page.locator(".adm-facts").first).to_have_text(re.compile(r"^\d+ requests?$"))
    page.locator(".adm-row").first.click()
    details = page.get_by_role("region", name="Details")
    expect(details.first).to_contain_text("not connected: only the kernel knows more")


@in_lab
def test_a_host_that_loses_buffers_gets_text(notebook):
    # What Colab has, whose widget manager loses binary buffers.
    text = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')\n"
    notebook.open([IMPORTS + text + "run = play(300, seconds=3)\nshow(run)"])
    notebook.run(0)
    expect_done(notebook.page, "300 of 300")
    expect(notebook.page.locator(".adm-row").first).to_contain_text("row 0")
    notebook.page.get_by_role("grid").press("End")
    expect(notebook.page.locator(".adm-row").last).to_contain_text("row 299")
