"""Keys and the clipboard in a monitor, in a real JupyterLab and Notebook 7."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shown_monitor import FAILED_RUN, IMPORTS, in_lab

pytestmark = pytest.mark.e2e


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


def test_everything_is_reached_by_keyboard_and_no_key_reaches_the_notebook(notebook):
    notebook.open([IMPORTS + FAILED_RUN, "2"])
    notebook.run(0)
    page = notebook.page
    expect(page.locator(".adm-row")).to_have_count(9)
    page.locator(".adm-counts [data-status=failed]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".adm-row")).to_have_count(3)
    expect(page.locator(".adm-counts [data-status=failed]")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.keyboard.press("Space")
    expect(page.locator(".adm-row")).to_have_count(9)
    page.get_by_role("searchbox").focus()
    page.keyboard.type("OP-9")
    expect(page.locator(".adm-row")).to_have_count(1)
    page.keyboard.type("dd")
    expect(page.locator(".adm-empty")).to_have_text("nothing matches")
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
def test_keys_go_on_after_what_was_chosen_is_filtered_away(notebook):
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    page, grid = notebook.page, notebook.page.get_by_role("grid")
    grid.press("ArrowDown")
    page.locator(".adm-counts [data-status=failed]").click()
    expect(page.locator(".adm-row")).to_have_count(3)
    grid.press("Enter")  # What is not shown is not opened.
    page.locator(".adm-counts [data-status=failed]").click()
    expect(page.locator(".adm-row")).to_have_count(9)
    grid.press("ArrowDown")
    expect(page.locator(".adm-row[aria-selected=true]")).to_contain_text("row 1")
    expect(page.get_by_role("region", name="Details")).to_be_hidden()


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
