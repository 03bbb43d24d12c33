"""The monitor in a real JupyterLab and Notebook 7: what a person sees, against a scripted run.

After each test the page must have talked to its own server only.
"""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

IMPORTS = """
from dataclasses import replace
from asyncdest_nb.operation import State
from asyncdest_nb.widgets.show import show
from scripted_run import ScriptedRun, planned, play
"""
BUSY = """
import time
end = time.monotonic() + 5
while time.monotonic() < end:
    sum(range(1000))
"""
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
HOSTILE_RUN = f"""
texts = [{HOSTILE!r}, "\\u202e\\u05e9\\u05dc\\u05d5\\u05dd abc", "🙂👩‍👩‍👧 done", "x" * 1_000_000]
operations = [
    replace(each, state=State.FAILED, message=text, operation_id=text[:300], error_code=text[:50])
    for each, text in zip(planned(4), texts)
]
run = ScriptedRun(operations, labels=[text[:300] for text in texts], title=texts[0])
run.notices = texts[:2]
show(run)
"""


def at_rest(page, rows: str) -> None:
    expect(page.locator(".adm-rest")).to_have_text(f"{rows} rows at rest · 100 %", timeout=20_000)


def count_of(page, word: str):
    return page.locator(f".adm-counts [data-word={word}]")


def test_the_screen_changes_while_a_later_cell_computes_and_ends_with_the_right_totals(notebook):
    notebook.open([IMPORTS + "run = play(200, seconds=4, invalid=3)\nshow(run)", BUSY])
    notebook.start_all()
    rest = notebook.page.locator(".adm-rest")
    expect(rest).to_have_text("3 of 203 rows at rest · 1 %")
    seen = set()
    while notebook.is_running():
        seen.add(rest.inner_text())
    assert len(seen) > 5, "the monitor stood still while the cell computed"
    at_rest(notebook.page, "203 of 203")
    expect(count_of(notebook.page, "completed")).to_have_text("180 completed")
    expect(count_of(notebook.page, "failed")).to_have_text("20 failed")
    expect(count_of(notebook.page, "pending")).to_have_text("0 pending")
    expect(notebook.page.locator(".adm-head .adm-badge").first).to_have_text("partial")


def test_a_reload_in_the_middle_shows_the_whole_picture_and_goes_on(notebook):
    notebook.open([IMPORTS + "run = play(300, seconds=15)\nshow(run)"])
    notebook.run(0)
    expect(notebook.page.locator(".adm-row").first).to_be_visible()
    notebook.save()
    notebook.reload()
    first = notebook.page.locator(".adm-row").first
    expect(first).to_contain_text("row 0")
    expect(first).to_contain_text("completed")
    expect(notebook.page.get_by_role("table", name="Operations")).to_have_attribute(
        "aria-rowcount", "301"
    )
    at_rest(notebook.page, "300 of 300")
    expect(notebook.page.locator(".adm-fresh")).to_have_text("")


def test_keys_typed_in_the_monitor_do_not_reach_the_notebook(notebook):
    notebook.open([IMPORTS + "show(ScriptedRun(planned(100)))", "2"])
    notebook.run(0)
    table = notebook.page.locator(".adm-scroll")
    table.click(position={"x": 200, "y": 100})
    table.press("d")
    table.press("d")
    assert notebook.cell_count() == 2
    table.press("End")
    expect(notebook.page.locator(".adm-row").last).to_contain_text("row 99")


def test_the_hosts_own_shortcuts_work_in_the_monitor(notebook):
    notebook.open([IMPORTS + "show(ScriptedRun(planned(100)))"])
    notebook.run(0)
    notebook.page.locator(".adm-scroll").press("Control+s")
    notebook.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )


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


def test_ten_thousand_operations_are_a_few_rows_in_the_page(notebook):
    notebook.open([IMPORTS + "show(play(10_000, seconds=3))"])
    notebook.run(0)
    table = notebook.page.locator(".adm-scroll")
    expect(table).to_be_visible()
    table.press("End")
    expect(notebook.page.locator(".adm-row").last).to_contain_text("row 9999")
    assert notebook.page.locator(".adm-row").count() < 60
    at_rest(notebook.page, "10,000 of 10,000")


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


def test_a_saved_notebook_holds_the_record_and_no_widget_state(notebook):
    notebook.open([IMPORTS + "run = play(20, seconds=1)\nshow(run)"])
    notebook.run(0)
    at_rest(notebook.page, "20 of 20")
    expect(notebook.page.locator("details summary")).to_contain_text("18 completed, 2 failed")
    saved = notebook.save()
    live, record = (output.data for output in saved.cells[0].outputs)
    assert set(live) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert "18 completed, 2 failed" in record["text/plain"]
    assert "18 completed, 2 failed" in record["text/html"]
    assert "widgets" not in saved.metadata
    assert len(json.dumps(saved)) < 20_000
