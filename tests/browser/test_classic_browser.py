"""The classic page of notebooks: nbclassic, and Notebook 6 with a kernel as old as Colab's."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from failures import missing
from notebook_server import NOTEBOOK_6
from shown_explorer import EXPLORE, FRAME, send_thirty
from shown_monitor import IMPORTS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WAIT = 120_000  # ms: it imports the package first, and the machine may be busy.
# What a cell displays before the extension of ipywidgets is there is never drawn.
READY = """() => {
  const kernel = window.Jupyter?.notebook?.kernel;
  return kernel?.is_connected() && kernel.widget_manager;
}"""
# At first the extension asks for the widgets of the kernel, in several steps. Those that a cell
# makes meanwhile it would make a second time, and what is drawn would be connected to nothing.
SETTLED = """async () => {
  const { kernel } = window.Jupyter.notebook;
  for (let times = 0; times < 10; times++) {
    await new Promise((reply) => kernel.execute("", { shell: { reply } }));
  }
}"""
SAVE = "() => window.Jupyter.notebook.save_notebook()"
EXECUTE = "(code) => { window.Jupyter.notebook.kernel.execute(code); }"
RUN_ALL = "() => { window.Jupyter.notebook.execute_all_cells(); }"


@pytest.fixture
def run_cells(app, jupyter, chromium) -> Callable[..., Page]:
    """Run cells in a classic page."""
    if app == "notebook6" and not NOTEBOOK_6.exists():
        missing(f"Notebook 6 in {NOTEBOOK_6.parents[1]}")
    server, page = jupyter(app), chromium.new_page()

    def run(*cells: str) -> Page:
        server.write("classic.ipynb", cells)
        page.goto(server.address("classic.ipynb"), wait_until="domcontentloaded")
        page.wait_for_function(READY, timeout=WAIT)
        page.evaluate(SETTLED)
        page.evaluate(RUN_ALL)
        return page

    yield run
    page.close()


@pytest.mark.parametrize("app", ["nbclassic", "notebook6"], indirect=True)
def test_the_explorer_sends_and_shows_the_run(run_cells):
    page = run_cells(FRAME + EXPLORE)
    send_thirty(page, column="customer_id")
    expect(page.locator(".adm-progress")).to_contain_text("100 %", timeout=WAIT)


@pytest.mark.parametrize("app", ["nbclassic"], indirect=True)
def test_after_a_reload_the_notebook_keeps_how_the_run_ended(run_cells, jupyter, app):
    page = run_cells(IMPORTS + "run = ScriptedRun(planned(20))\nshow(run)")
    progress, record = page.locator(".adm-progress"), page.locator(".adm-record summary")
    expect(progress).to_have_text("0 of 20 rows done · 0 %", timeout=WAIT)
    page.evaluate(SAVE)
    page.reload()
    page.wait_for_function(READY, timeout=WAIT)
    expect(progress).to_have_text("0 of 20 rows done · 0 %", timeout=WAIT)
    page.evaluate(EXECUTE, "run.cancel()")
    expect(record).to_contain_text("20 canceled", timeout=WAIT)
    page.evaluate(SAVE)
    file = jupyter(app).root / "classic.ipynb"
    _, saved = json.loads(file.read_text("utf-8"))["cells"][0]["outputs"]
    assert "20 canceled" in "".join(saved["data"]["text/plain"])
    assert "pending" not in "".join(saved["data"]["text/html"])
