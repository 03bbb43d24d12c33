"""The monitor and the explorer in a real marimo: its editor, and a notebook run as a page."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from browser import keep_texts
from marimo_server import serve_marimo
from shown_explorer import send_thirty

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

WAIT = 80_000  # ms: it imports the package for each page, and the machine may be busy.

FRAME = """
def _():
    import pandas as pd
    import asyncdest_nb as ad

    df = pd.DataFrame({"user_id": [f"user-{i}" for i in range(30)] + [None]})
    return ad, df
"""
RUN = """
def _(ad, df):
    demo = ad.simulate("example-async", duration_seconds=(1, 8), failing=0.2)
    run = ad.connect(demo).submit(df, "asyncOperation", operation_type="sync_profile")
    run
    return (run,)
"""
AGAIN = """
def _(run):
    run.show(columns=["user_id"])
"""
LINE = """
def _(run):
    run.show(compact=True)
"""
EXPLORER = """
def _(ad):
    explorer = ad.explore()
    explorer
"""


@pytest.fixture
def marimo(mode, chromium, tmp_path):
    """Open cells in a page of marimo, off the network."""
    with ExitStack() as stack:

        def open_cells(*cells: str):
            url = stack.enter_context(serve_marimo(mode, tmp_path, cells))
            page = chromium.new_page()
            stack.callback(page.close)
            page.set_viewport_size({"width": 1280, "height": 1400})
            page.goto(url, wait_until="domcontentloaded")
            if mode == "edit":
                run = page.get_by_test_id("run-button")
                # Two for each cell, and the one that runs them all, the last of which comes late.
                expect(run).to_have_count(2 * len(cells) + 1, timeout=WAIT)
                run.last.click(timeout=WAIT)
            return page

        yield open_cells


@pytest.mark.parametrize("mode", ["run", "edit"])
def test_a_run_is_followed_and_looked_into(marimo):
    page = marimo(FRAME, RUN, AGAIN, LINE)
    progress = page.locator(".adm-progress")
    expect(progress).to_have_count(2, timeout=WAIT)
    seen = keep_texts(progress.first)
    expect(progress.first).to_have_text("31 of 31 rows done · 100 %", timeout=WAIT)
    assert len(seen()) > 3, "the monitor stood still"
    expect(progress.last).to_have_text("31 of 31 rows done · 100 %", timeout=WAIT)
    line = page.locator(".widget-html-content")
    expect(line).to_contain_text("31 of 31 rows done · 100 %", timeout=WAIT)
    monitor = page.locator(".adm-root").first
    monitor.locator(".adm-row").first.click()
    expect(monitor.get_by_role("region", name="Details")).to_contain_text('"user_id": "user-0"')


@pytest.mark.parametrize("mode", ["run"])
def test_the_explorer_sends_and_shows_the_run(marimo):
    page = marimo(FRAME, EXPLORER)
    frame = page.get_by_label("DataFrame of this notebook")
    frame.select_option("df: 31 rows, 1 column", timeout=WAIT)
    send_thirty(page, column="user_id")
    expect(page.locator(".adm-progress")).to_contain_text("100 %", timeout=WAIT)
    page.get_by_role("button", name="Show as code").click()
    expect(page.locator(".ade-pre").last).to_contain_text('.submit(df, "asyncOperation"')
