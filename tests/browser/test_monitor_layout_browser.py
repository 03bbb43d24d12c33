"""The layout of a monitor and its screen reader texts, in a real JupyterLab and Notebook 7."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import expect

from shown_monitor import FAILED_RUN, IMPORTS, expect_done, in_lab

pytestmark = pytest.mark.e2e


@in_lab
def test_rows_are_in_the_page_in_the_order_that_is_seen(notebook):
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
def test_one_failure_of_many_and_the_chosen_row_are_seen(notebook):
    code = "operations = [replace(each, state=State.COMPLETED) for each in planned(20_000)]\n"
    code += (
        "operations[3] = replace(operations[3], state=State.FAILED)\nshow(ScriptedRun(operations))"
    )
    notebook.open([IMPORTS + code])
    notebook.run(0)
    page = notebook.page
    expect_done(page, "20,000 of 20,000")
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


@in_lab
def test_a_screen_reader_gets_a_sentence_at_most_every_ten_seconds(notebook):
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
    expect_done(page, "200 of 200")
    # The last sentence comes too, when it is due.
    expect(page.locator(".adm-live")).to_contain_text("100 %", timeout=15_000)
    times = [at for at, _ in page.evaluate("window.__spoken")]
    assert 1 <= len(times) <= 3
    assert all(later - earlier > 9.5 for earlier, later in itertools.pairwise(times))
