"""Take the README's pictures of the real pages: a notebook of the repository in JupyterLab.

    python tests/helpers/screenshots.py

They go to .github/monitor.png and .github/explorer.png.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import BrowserContext, Locator, expect, sync_playwright

import browser
import notebook_server
from paths import ROOT

PICTURES = ROOT / ".github"
NOTEBOOKS = ROOT / "notebooks"
WAIT = 60_000  # ms


def cells(notebook: str, until: str) -> list[str]:
    """Return the code of *notebook* as far as the cell that has *until* in it."""
    found: list[str] = []
    for cell in nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            found.append(cell.source)
            if until in cell.source:
                return found
    raise LookupError(f"{notebook} has no cell with {until}")


def opened(
    server: notebook_server.NotebookServer, launched: BrowserContext, code: list[str], height: int
) -> browser.NotebookPage:
    """Open a page of *code* and run all of it."""
    found = browser.NotebookPage(server, launched, "demo.ipynb")
    found.page.set_viewport_size({"width": 1280, "height": height})
    found.open(code)
    found.run_all()
    return found


def take(page: browser.NotebookPage, what: Locator, name: str) -> None:
    """Save a picture of *what*."""
    # The pointer would light up what is below it.
    page.page.mouse.move(0, 0)
    what.screenshot(path=PICTURES / f"{name}.png")
    page.close()


def monitor(server: notebook_server.NotebookServer, launched: BrowserContext) -> None:
    """Take the monitor of a run on its way, with the details of a failure."""
    page = opened(server, launched, cells("01_send_a_dataframe", "crm.submit"), 1300)
    page.page.get_by_role("button", name="Charts").click()
    rest = page.page.locator(".adm-progress")
    page.page.wait_for_function(
        "() => Number(document.querySelector('.adm-counts [data-status=completed]')"
        "?.innerText.replace(/\\D/g, '')) > 3000",
        timeout=WAIT,
    )
    expect(rest).to_contain_text("of 5,000 rows done")
    for _ in range(2):  # Names in every script are sent, and not every machine has their fonts.
        page.page.get_by_role("button", name="Next failure").click()
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_role("region", name="Details")).to_contain_text("payload")
    take(page, page.page.locator(".adm-root"), "monitor")


def explorer(server: notebook_server.NotebookServer, launched: BrowserContext) -> None:
    """Take the explorer with a preview, ready to send."""
    page = opened(server, launched, cells("02_explore_a_destination", "ad.explore"), 2600)
    inside = page.page.locator(".ade-root")
    listing = inside.get_by_label("Destinations", exact=True)
    line = listing.locator("option", has_text="simulated").first
    listing.select_option(line.inner_text())
    inside.get_by_role("button", name="Connect", exact=True).click()
    choose(inside, "User ID (required)", "a column", "Column for User ID", "customer_id")
    operation = "Constant for Operation Type"
    choose(inside, "Operation Type (required)", "a constant", operation, "sync_profile")
    expect(inside.get_by_role("button", name="Send 200 rows")).to_be_enabled(timeout=WAIT)
    take(page, inside, "explorer")


def choose(inside: Locator, field: str, kind: str, label: str, value: str) -> None:
    """Choose what fills a field."""
    inside.get_by_label(field).select_option(kind, timeout=WAIT)
    inside.get_by_label(label).select_option(value)


def main() -> None:
    """Take all pictures."""
    executable = browser.find_chromium()
    if executable is None:
        raise SystemExit(f"no Chromium here: {', '.join(browser.NAMES)}")
    with (
        tempfile.TemporaryDirectory() as home,
        notebook_server.serve("lab", Path(home) / "home") as server,
        sync_playwright() as playwright,
    ):
        shutil.copytree(NOTEBOOKS / "data", server.root / "data")
        launched = browser.launch(playwright, executable, Path(home) / "profile")
        monitor(server, launched)
        explorer(server, launched)
        launched.close()


if __name__ == "__main__":
    main()
