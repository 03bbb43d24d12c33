"""The monitor in a real JupyterLab and Notebook 7: what a person sees, against a scripted run.

After each test the page must have talked to its own server only.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from browser import COMPUTE, keep_texts

pytestmark = pytest.mark.e2e

# What does not depend on the application is looked at in one.
in_lab = pytest.mark.parametrize("app", ["lab"], indirect=True)

IMPORTS = """
from dataclasses import replace
from asyncdest_nb.operation import State
from asyncdest_nb.widgets.show import show
from scripted_run import ScriptedRun, planned, play
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
    expect(page.locator(".adm-progress")).to_have_text(f"{rows} rows done · 100 %", timeout=20_000)


def count_of(page, word: str):
    return page.locator(f".adm-counts [data-word={word}]")


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


def test_a_reload_in_the_middle_shows_the_whole_picture_and_goes_on(notebook):
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
    at_rest(notebook.page, "300 of 300")
    expect(notebook.page.locator(".adm-updated")).to_have_text("")


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
    at_rest(notebook.page, "10,000 of 10,000")
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


@in_lab
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


def rows_of(page) -> list[str]:
    return page.locator(".adm-row .adm-cell:first-child").all_inner_texts()


FAILED_RUN = """
operations = [
    replace(each, state=State.FAILED if each.number % 3 == 2 else State.COMPLETED,
            message=f"message {each.number}", operation_id=f"op-{9 - each.number}",
            submitted_at=1000.0, finished_at=1001.0 + each.number, polls=each.number)
    for each in planned(9)
]
run = ScriptedRun(operations)
show(run, columns=["email"])
"""


def test_everything_is_reached_by_keyboard_and_no_key_reaches_the_notebook(notebook):
    notebook.open([IMPORTS + FAILED_RUN, "2"])
    notebook.run(0)
    page = notebook.page
    expect(page.locator(".adm-row")).to_have_count(9)
    page.locator(".adm-counts [data-word=failed]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".adm-row")).to_have_count(3)
    expect(page.locator(".adm-counts [data-word=failed]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.keyboard.press("Space")
    expect(page.locator(".adm-row")).to_have_count(9)
    page.get_by_role("searchbox").focus()
    page.keyboard.type("OP-9")
    expect(page.locator(".adm-row")).to_have_count(1)
    page.keyboard.type("dd")
    expect(page.locator(".adm-empty")).to_have_text("no operation matches")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Operation", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Operation")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(page.locator(".adm-row").first).to_contain_text("row 8")
    page.get_by_role("grid").focus()
    page.keyboard.press("f")
    expect(page.locator(".adm-row[aria-selected=true]")).to_contain_text("row 8")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("row 7 · op-2")
    expect(details).to_contain_text('"user_id": "row 7"')
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert notebook.cell_count() == 2
    expect(page.locator(".adm-row").first).to_contain_text("row 8@email")


@in_lab
def test_a_click_shows_details_copies_the_id_and_keeps_a_selected_text(notebook):
    notebook.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    page = notebook.page
    page.get_by_text("message 4", exact=True).click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("finished, 5.0 s later")
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


@in_lab
def test_what_is_filtered_follows_what_changes(notebook):
    change = "run.change(*(replace(each, state=State.COMPLETED) for each in run.operations[:4]))"
    notebook.open([IMPORTS + "run = ScriptedRun(planned(9))\nshow(run)", change])
    notebook.run(0)
    page = notebook.page
    count_of(page, "completed").click()
    expect(page.locator(".adm-empty")).to_have_text("no operation matches")
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


@in_lab
def test_keys_go_on_after_what_was_chosen_is_filtered_away(notebook):
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    page, grid = notebook.page, notebook.page.get_by_role("grid")
    grid.press("ArrowDown")
    page.locator(".adm-counts [data-word=failed]").click()
    expect(page.locator(".adm-row")).to_have_count(3)
    grid.press("Enter")  # What is not shown is not opened.
    page.locator(".adm-counts [data-word=failed]").click()
    expect(page.locator(".adm-row")).to_have_count(9)
    grid.press("ArrowDown")
    expect(page.locator(".adm-row[aria-selected=true]")).to_contain_text("row 1")
    expect(page.get_by_role("region", name="Details")).to_be_hidden()


@in_lab
def test_rows_stand_in_the_page_in_the_order_they_are_seen_in(notebook):
    notebook.open([IMPORTS + "show(ScriptedRun(planned(1000)))"])
    notebook.run(0)
    grid = notebook.page.get_by_role("grid")
    grid.press("End")
    expect(notebook.page.locator(".adm-row").last).to_contain_text("row 999")
    for _ in range(2):
        grid.press("PageUp")
        notebook.page.evaluate("() => new Promise(requestAnimationFrame)")  # It is painted.
    numbers = notebook.page.locator(".adm-row").evaluate_all(
        "rows => rows.map((row) => Number(row.getAttribute('aria-rowindex')))"
    )
    assert numbers == sorted(numbers)


@in_lab
def test_an_id_is_copied_without_a_clipboard_and_the_focus_stays(notebook):
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    page, grid = notebook.page, notebook.page.get_by_role("grid")
    # As on a page that came over plain HTTP from another machine.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    grid.press("ArrowDown")
    page.keyboard.press("c")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".adm-row[aria-selected=true]")).to_contain_text("row 1")
    search = page.get_by_role("searchbox")
    search.focus()
    page.keyboard.press("Control+v")
    expect(search).to_have_value("op-9")


@in_lab
def test_what_was_copied_stays_where_there_is_no_id_to_copy(notebook):
    notebook.context.grant_permissions(["clipboard-read", "clipboard-write"])
    code = "first = replace(planned(1)[0], operation_id='op-0')\n"
    notebook.open([IMPORTS + code + "show(ScriptedRun([first, planned(2)[1]]))"])
    notebook.run(0)
    page = notebook.page
    table = page.get_by_role("grid", name="Operations")
    clipboard = "() => navigator.clipboard.readText()"
    table.press("Home")
    table.press("c")
    page.wait_for_function("async () => await navigator.clipboard.readText() === 'op-0'")
    table.press("End")
    table.press("c")  # It has no id yet.
    assert page.evaluate(clipboard) == "op-0"


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
    at_rest(page, "50 of 50")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()


def test_failed_rows_go_again_below_and_the_results_are_a_file(notebook):
    notebook.open([IMPORTS + "run = play(30, seconds=1)\nshow(run)"])
    notebook.run(0)
    page = notebook.page
    at_rest(page, "30 of 30")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "run-1.csv"
    lines = download.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 31
    page.get_by_role("button", name="Retry failed").click()
    expect(page.locator(".adm-root")).to_have_count(2)
    expect(page.locator(".adm-root").nth(1).locator(".adm-progress")).to_have_text(
        "3 of 3 rows done · 100 %", timeout=20_000
    )
    expect(page.locator("details summary").last).to_contain_text("3 completed")


def test_details_come_while_a_cell_computes_where_the_kernel_can(notebook):
    notebook.open([IMPORTS + FAILED_RUN, COMPUTE])
    notebook.run(0)
    notebook.start(1)
    notebook.page.get_by_text("message 4", exact=True).click()
    details = notebook.page.get_by_role("region", name="Details")
    expect(details).to_contain_text('"user_id": "row 4"', timeout=20_000)
    notebook.enough()


@in_lab
def test_a_job_says_how_many_rows_are_good_and_shows_them(notebook):
    job = """
from asyncdest_nb.operation import RowOutcome, RowStatus
words = [RowStatus.COMPLETED, RowStatus.FAILED, RowStatus.COMPLETED]
outcomes = tuple(RowOutcome(word, f"said {word}") for word in words)
jobs = planned(2, rows_each=3)
run = ScriptedRun([replace(jobs[0], state=State.PARTIAL, row_outcomes=outcomes), jobs[1]])
show(run)
"""
    notebook.open([IMPORTS + job])
    notebook.run(0)
    page = notebook.page
    expect(page.locator(".adm-row").first).to_contain_text("2 good, 1 failed of 3")
    page.locator(".adm-row").first.click()
    details = page.get_by_role("region", name="Details")
    expect(details.get_by_role("heading", name="3 rows", exact=True)).to_be_visible()
    expect(details.locator("summary")).to_have_count(3)
    expect(details.locator("summary").nth(1)).to_contain_text("said failed")
    page.locator(".adm-counts [data-word=failed]").click()
    expect(page.locator(".adm-row")).to_have_count(1)
    page.locator(".adm-root").evaluate("root => { root.style.width = '700px'; }")
    left_out = """row => row.lastElementChild.getBoundingClientRect().right
        - row.getBoundingClientRect().right"""
    assert page.locator(".adm-row").evaluate(left_out) < 1, "its cells end past the row"


def test_a_flood_of_changes_in_one_cell_ends_with_the_right_picture(notebook):
    flood = """
for at in range(50_000):
    number, polls = at % 500, at // 500
    done = State.COMPLETED if polls == 99 else State.RUNNING
    run.change(replace(run.operations[number], state=done, polls=polls, message=f"poll {polls}"))
"""
    notebook.open([IMPORTS + "run = ScriptedRun(planned(500))\nshow(run)", flood])
    notebook.run_all()
    page = notebook.page
    at_rest(page, "500 of 500")
    expect(page.locator(".adm-updated")).to_have_text("")
    for key in ("Home", "End"):
        page.get_by_role("grid").press(key)
        row = page.locator(".adm-row").first if key == "Home" else page.locator(".adm-row").last
        expect(row).to_contain_text("poll 99")
        expect(row).to_contain_text("completed")


def test_two_views_show_the_same_and_a_dead_kernel_is_named(notebook):
    notebook.open([IMPORTS + "run = play(100, seconds=30)\nshow(run)", "show(run)"])
    notebook.run_all()
    page = notebook.page
    fresh = page.locator(".adm-updated")
    expect(fresh).to_have_count(2)
    expect(fresh.first).to_contain_text("updated")
    expect(fresh.last).to_contain_text("updated")
    notebook.restart()
    expect(fresh.first).to_contain_text("not connected: last updated at", timeout=20_000)
    expect(fresh.last).to_contain_text("not connected: last updated at")
    expect(page.get_by_role("button", name="Cancel").first).to_be_disabled()
    expect(page.locator(".adm-facts").first).to_have_text(re.compile(r"^\d+ requests?$"))
    page.locator(".adm-row").first.click()
    details = page.get_by_role("region", name="Details")
    expect(details.first).to_contain_text("not connected: only the kernel knew more")


@in_lab
def test_details_follow_what_polls_say_and_leave_what_was_unfolded(notebook):
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


@in_lab
def test_one_failure_of_many_and_the_chosen_row_are_seen(notebook):
    code = "operations = [replace(each, state=State.COMPLETED) for each in planned(20_000)]\n"
    code += (
        "operations[3] = replace(operations[3], state=State.FAILED)\nshow(ScriptedRun(operations))"
    )
    notebook.open([IMPORTS + code])
    notebook.run(0)
    page = notebook.page
    at_rest(page, "20,000 of 20,000")
    where = "(each) => each.getBoundingClientRect().right"
    failed = page.locator(".adm-part[data-tone=bad]")
    assert failed.evaluate("part => part.getBoundingClientRect().width") >= 2
    assert failed.evaluate(where) <= page.locator(".adm-bar").evaluate(where)
    page.get_by_role("button", name="Next failure").click()
    chosen = page.locator(".adm-row[aria-selected=true]")
    expect(chosen).to_contain_text("row 3")
    first = chosen.locator(".adm-cell").first
    assert first.evaluate("cell => getComputedStyle(cell).boxShadow") != "none"
    page.emulate_media(forced_colors="active")
    frame = "row => getComputedStyle(row, '::after').borderTopWidth"
    assert chosen.evaluate(frame) == "2px"


@in_lab
def test_it_fits_a_narrow_page(notebook):
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    root = notebook.page.locator(".adm-root")
    root.evaluate("root => { root.style.width = '400px'; }")
    notebook.page.get_by_text("message 4", exact=True).click()
    sizes = root.evaluate(
        """root => [...root.querySelectorAll(".adm-head, .adm-tools, .adm-details, .adm-scroll")]
            .map((each) => each.scrollWidth - each.clientWidth)"""
    )
    assert [size for size in sizes if size > 0] == sizes[-2:-1], "only the table scrolls sideways"
    assert root.evaluate("root => root.scrollWidth") <= 400
    # What acts on the run stays together, on the right, where the line breaks.
    root.evaluate("root => { root.style.width = '520px'; }")
    retry, csv = (notebook.page.get_by_role("button", name=name) for name in ("Retry", "CSV"))
    tools = notebook.page.locator(".adm-tools")
    top, line = (each.evaluate("it => it.getBoundingClientRect().top") for each in (retry, csv))
    end, edge = (each.evaluate("it => it.getBoundingClientRect().right") for each in (csv, tools))
    assert (top, end) == (line, edge - 12)


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
    at_rest(notebook.page, "100,000 of 100,000")
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


@in_lab
def test_a_host_that_loses_buffers_is_told_in_text(notebook):
    text = "from asyncdest_nb.widgets import monitor\nmonitor._needs_text = lambda: True\n"
    notebook.open([IMPORTS + text + "run = play(300, seconds=3)\nshow(run)"])
    notebook.run(0)
    at_rest(notebook.page, "300 of 300")
    expect(notebook.page.locator(".adm-row").first).to_contain_text("row 0")
    notebook.page.get_by_role("grid").press("End")
    expect(notebook.page.locator(".adm-row").last).to_contain_text("row 299")


@in_lab
def test_a_screen_reader_hears_a_sentence_at_most_every_ten_seconds(notebook):
    notebook.open([IMPORTS + "run = play(200, seconds=14)\nshow(run)"])
    notebook.run(0)
    page = notebook.page
    page.locator(".adm-live").evaluate(
        """live => {
          window.__spoken = [];
          const note = () => window.__spoken.push([performance.now() / 1000, live.textContent]);
          const all = { childList: true, characterData: true, subtree: true };
          new MutationObserver(note).observe(live, all);
        }"""
    )
    at_rest(page, "200 of 200")
    # The last word is told too, in its time.
    expect(page.locator(".adm-live")).to_contain_text("100 %", timeout=15_000)
    times = [at for at, _ in page.evaluate("window.__spoken")]
    assert 1 <= len(times) <= 3
    assert all(later - earlier > 9.5 for earlier, later in itertools.pairwise(times))
