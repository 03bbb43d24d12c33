"""The notebooks in a real JupyterLab in a browser."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import expect

from browser import COMPUTE
from notebook_files import FAILING, FIRST, code
from paths import NOTEBOOKS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_first_notebook_in_a_browser_moves_while_a_later_cell_computes(notebook):
    copy_customers(notebook)
    cells = code(FIRST)
    busy = next(index for index, source in enumerate(cells) if "monotonic() + 5" in source)
    notebook.open([*cells[:busy], COMPUTE, *cells[busy + 1 :]])
    notebook.start_all()
    rest = notebook.page.locator(".adm-progress")
    more = notebook.page.locator(":is(.adm-facts, .adm-notices)")
    seen = set()
    # Rows are prepared, requests sent, operations done.
    while len(seen) <= 5:
        if is_computing(notebook, busy) and rest.count():
            seen.add((rest.first.inner_text(), *more.all_inner_texts()))
    notebook.enough()
    expect(rest.first).to_have_text("5,000 of 5,000 rows done · 100 %", timeout=60_000)
    shown = {
        chip.get_attribute("data-status"): int(re.sub(r"\D", "", chip.inner_text()))
        for chip in notebook.page.locator(".adm-counts").first.locator("[data-status]").all()
    }
    assert sum(shown.values()) == 5000
    assert shown["pending"] == 0
    assert shown["invalid"] == 5
    errors = [
        each for cell in notebook.outputs() for each in cell if each["output_type"] == "error"
    ]
    assert errors == []


def is_computing(notebook, cell: int) -> bool:
    """Whether *cell* has been started and has not ended: its prompt is a star."""
    return bool(
        notebook.page.evaluate(
            """cell => {
                const content = window.jupyterapp.shell.currentWidget.content;
                return content.widgets[cell].promptNode.textContent.includes("*")
                    && !content.widgets[cell - 1].promptNode.textContent.includes("*");
            }""",
            cell,
        )
    )


@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_header_of_the_monitor_says_what_goes_wrong(notebook):
    copy_customers(notebook)
    notebook.open(code(FAILING))
    notebook.start_all()
    monitor = notebook.page.locator(".adm-root").first
    expect(monitor).to_contain_text("is not available (it answers 503)", timeout=60_000)
    expect(monitor).to_contain_text("1,000 of 1,000 rows done", timeout=60_000)


def copy_customers(notebook) -> None:
    """Put the file that notebooks read beside the open one."""
    shutil.copytree(NOTEBOOKS / "data", notebook.server.root / "data", dirs_exist_ok=True)
