"""Voila: a notebook's outputs without its cells, in a real browser, kept in no file."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser import COMPUTE
from notebook_server import serve
from shown_explorer import EXPLORE, FRAME, send_thirty
from shown_monitor import IMPORTS, expect_done, in_lab

pytestmark = pytest.mark.e2e

# What Voila's own page asks public servers for: icons and formulas.
OWN = re.compile("/@fortawesome/|/mathjax/")
# Of a record, which is for a file, and would stand still here.
RECORD = re.compile(r"UTC\.|sent from here")


@pytest.fixture
def voila(own_page):
    """Open cells in Voila, which the server of JupyterLab has too."""

    def open_cells(*cells: str):
        server = own_page.server
        server.write(own_page.name, cells)
        own_page.page.goto(f"{server.url}voila/render/{own_page.name}?token={server.token}")
        return own_page.page

    yield open_cells
    # When its page is left, Voila ends the kernel only if the browser was in JupyterLab before.
    own_page.page.goto("about:blank")
    own_page.server.end_kernels()
    own_page.refused[:] = [url for url in own_page.refused if not OWN.search(url)]


@in_lab
def test_the_monitor_comes_late_and_has_the_whole_picture(voila):
    page = voila(IMPORTS + "run = play(300, seconds=6)\nshow(run)")
    expect_done(page, "300 of 300")
    expect(page.locator(".adm-counts [data-status=completed]")).to_have_text("270 completed")
    page.locator(".adm-row").first.click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("row 0")
    expect(page.get_by_text(RECORD)).to_have_count(0)


@in_lab
def test_the_explorer_sends_and_shows_the_run(voila):
    page = voila(FRAME + EXPLORE)
    send_thirty(page, column="customer_id")
    expect(page.locator(".adm-progress")).to_have_text("31 of 31 rows done · 100 %", timeout=60_000)
    expect(page.get_by_text(RECORD)).to_have_count(0)


@pytest.mark.timeout(240)
def test_a_page_that_is_rendered_progressively_follows_a_run_while_a_cell_waits(chromium, tmp_path):
    cells = [IMPORTS + "run = play(100, seconds=3)\nshow(run)", COMPUTE]
    with serve("lab", tmp_path, "--VoilaConfiguration.progressive_rendering=True") as server:
        server.write("progressive.ipynb", cells)
        page = chromium.new_page()
        page.goto(f"{server.url}voila/render/progressive.ipynb?token={server.token}")
        progress = page.locator(".adm-progress")
        expect(progress).to_have_text("100 of 100 rows done · 100 %", timeout=60_000)
        (server.root / "enough").touch()
        page.close()
