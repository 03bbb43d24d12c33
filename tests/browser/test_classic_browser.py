"""The classic page of notebooks: nbclassic, and Notebook 6 with a kernel as old as Colab's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from failures import missing
from notebook_server import NOTEBOOK_6
from shown_explorer import EXPLORE, FRAME, send_thirty

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("app", ["nbclassic", "notebook6"], indirect=True),
]

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


def test_the_explorer_sends_and_shows_the_run(run_cells):
    page = run_cells(FRAME + EXPLORE)
    send_thirty(page, column="customer_id")
    expect(page.locator(".adm-progress")).to_contain_text("100 %", timeout=WAIT)
