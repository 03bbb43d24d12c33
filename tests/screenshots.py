"""Take pictures of the real pages: notebooks in JupyterLab, and one of marimo.

    python tests/screenshots.py            all of them
    python tests/screenshots.py wide dark  these

The two pictures of the README go to .github/, the others to tests/artifacts/pictures/.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "helpers"))

import nbformat
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

import browser
import notebook_server
from marimo_server import serve_marimo
from paths import NOTEBOOKS, ROOT
from shown_explorer import WIDE, fill, pick

README = ROOT / ".github"
OTHERS = browser.ARTIFACTS / "pictures"
WAIT = 180_000  # ms: the machine may be busy
DARK = "JupyterLab Dark"


class Studio:
    """Opens pages in JupyterLab, by theme, and saves pictures of what is in them."""

    def __init__(self, home: Path, launched: BrowserContext) -> None:
        self._home = home
        self._launched = launched

    def take(
        self,
        name: str,
        code: list[str],
        show: Callable[[browser.NotebookPage], Locator],
        *,
        size: tuple[int, int] = (1280, 1300),
        theme: str = "JupyterLab Light",
        folder: Path = OTHERS,
    ) -> None:
        """Run *code*, let *show* click to what is to be seen, and save a picture of that."""
        home = self._home / name
        with notebook_server.serve("lab", home, theme=theme) as server:
            shutil.copytree(NOTEBOOKS / "data", server.root / "data")
            page = browser.NotebookPage(server, self._launched, "demo.ipynb")
            page.page.set_viewport_size({"width": size[0], "height": size[1]})
            page.open(code)
            page.run_all()
            what = show(page)
            # The pointer would light up what is below it.
            page.page.mouse.move(0, 0)
            _save(what, folder / f"{name}.png")
            page.close()

    def take_marimo(self, name: str, code: str, show: Callable[[Page], Locator]) -> None:
        """Do the same in a notebook of marimo that is run as a page."""
        home = self._home / name
        home.mkdir()
        cell = f"def _():\n{textwrap.indent(code.strip(), '    ')}\n    return"
        with serve_marimo("run", home, [cell]) as url:
            page = self._launched.new_page()
            page.set_viewport_size({"width": 1280, "height": 2600})
            page.goto(url, wait_until="domcontentloaded")
            what = show(page)
            _save(what, OTHERS / f"{name}.png")
            page.close()


def _save(what: Locator, path: Path) -> None:
    """Save a picture of *what* in 256 colours, which takes a third of the bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = Image.open(io.BytesIO(what.screenshot())).convert("RGB")
    whole.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def cells(notebook: str, until: str) -> list[str]:
    """Return the code of *notebook* as far as the cell that has *until* in it."""
    found: list[str] = []
    for cell in nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            found.append(cell.source)
            if until in cell.source:
                return found
    raise LookupError(f"{notebook} has no cell with {until}")


MONITOR = cells("01_send_a_dataframe", "crm.submit")
EXPLORER = cells("02_explore_a_destination", "ad.explore")


def failure_in_monitor(page: browser.NotebookPage) -> Locator:
    """Show a run on its way, with the details of a failure."""
    page.page.get_by_role("button", name="Charts").click()
    page.page.wait_for_function(
        "() => Number(document.querySelector('.adm-counts [data-status=completed]')"
        "?.innerText.replace(/\\D/g, '')) > 3000",
        timeout=WAIT,
    )
    for _ in range(2):  # Names in every script are sent, and not every machine has their fonts.
        page.page.get_by_role("button", name="Next failure").click()
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_role("region", name="Details")).to_contain_text("payload")
    return page.page.locator(".adm-root")


def compact_line(page: browser.NotebookPage) -> Locator:
    """Show a run on its way in one line."""
    line = page.page.locator(".jp-OutputArea-output", has_text="of 5,000 rows done").last
    expect(line).to_contain_text("failed", timeout=WAIT)
    return line


def failures_by_reason(page: browser.NotebookPage) -> Locator:
    """Show a run that has ended, its failures by reason, and the rows of one reason."""
    root = page.page.locator(".adm-root")
    expect(root.locator(".adm-progress")).to_contain_text("100 %", timeout=2 * WAIT)
    root.get_by_role("button", name="Reasons").click()
    root.locator(".adm-reason").nth(1).click()
    expect(root.locator(".adm-matches")).to_contain_text(" of ")
    return root


def ready_explorer(page: browser.NotebookPage) -> Locator:
    """Show the explorer with a preview, ready to send."""
    inside = page.page.locator(".ade-root")
    pick(page.page, "example-async, simulated on this machine")
    inside.get_by_role("button", name="Connect", exact=True).click()
    fill(page.page, "User ID (required)", "a column")
    inside.get_by_label("Filter Column for User ID").fill("id")
    inside.get_by_role("radio", name="customer_id").check()
    operation = "Constant for Operation Type"
    choose(inside, "Operation Type (required)", "a constant", operation, "sync_profile")
    expect(inside.get_by_role("button", name="Send 200 rows")).to_be_enabled(timeout=WAIT)
    return inside


def choose(inside: Locator, field: str, kind: str, label: str, value: str) -> None:
    """Choose what fills a field."""
    inside.get_by_label(field).select_option(kind, timeout=WAIT)
    inside.get_by_label(label).select_option(value)


def wide_explorer(page: browser.NotebookPage) -> Locator:
    """Show the explorer with 80 columns, a connection that was refused, and a question."""
    inside = page.page.locator(".ade-root")
    pick(page.page, "example-async")
    inside.get_by_label("Endpoint (required)").fill("http://127.0.0.1:9")
    inside.get_by_role("button", name="Connect", exact=True).click()
    inside.get_by_role("button", name="Go on without a test").click(timeout=WAIT)
    fill(page.page, "User ID (required)", "a column")
    inside.get_by_label("Filter Column for User ID").fill("contact id")
    inside.get_by_role("radio", name="contact.id").check()
    operation = "Constant for Operation Type"
    choose(inside, "Operation Type (required)", "a constant", operation, "sync_profile")
    fill(page.page, "Operation Data (optional)", "an object of columns")
    inside.get_by_label("Filter Columns for Operation Data").fill("contact")
    for name in ("contact.city", "contact.email", "contact.note"):
        inside.get_by_role("checkbox", name=name).check()
    inside.get_by_label("Key for contact.email").fill("mail")
    inside.get_by_label("Key for contact.email").press("Tab")
    seen = inside.get_by_role("region", name="First payloads")
    expect(seen).to_contain_text("data: mail", timeout=WAIT)
    inside.get_by_role("button", name="Send up to 299 rows").click()
    expect(inside.get_by_text("This is no simulator")).to_be_visible(timeout=WAIT)
    inside.get_by_role("button", name="Show as code").click()
    expect(inside.locator(".ade-code code")).to_contain_text('"mail"', timeout=WAIT)
    return inside


def marimo_explorer(page: Page) -> Locator:
    """Show the explorer, and the run that it sent on its way."""
    inside = page.locator(".ade-root")
    expect(inside).to_be_visible(timeout=WAIT)
    pick(page, "example-async, simulated on this machine")
    inside.get_by_role("button", name="Connect", exact=True).click()
    fill(page, "User ID (required)", "a column")
    inside.get_by_label("Filter Column for User ID").fill("contact id")
    inside.get_by_role("radio", name="contact.id").check()
    operation = "Constant for Operation Type"
    choose(inside, "Operation Type (required)", "a constant", operation, "sync_profile")
    inside.get_by_role("button", name="Send up to 299 rows").click()
    expect(inside.locator(".adm-progress")).to_contain_text("of 300 rows done", timeout=WAIT)
    return inside


PICTURES: dict[str, Callable[[Studio, str], None]] = {
    "monitor": lambda studio, name: studio.take(name, MONITOR, failure_in_monitor, folder=README),
    "explorer": lambda studio, name: studio.take(
        name, EXPLORER, ready_explorer, size=(1280, 2600), folder=README
    ),
    "compact": lambda studio, name: studio.take(
        name, [*MONITOR, "run.show(compact=True)"], compact_line
    ),
    "reasons": lambda studio, name: studio.take(name, MONITOR, failures_by_reason),
    "wide": lambda studio, name: studio.take(name, [WIDE], wide_explorer, size=(1280, 3200)),
    "dark": lambda studio, name: studio.take(name, MONITOR, failure_in_monitor, theme=DARK),
    "explorer_dark": lambda studio, name: studio.take(
        name, [WIDE], wide_explorer, size=(1280, 3200), theme=DARK
    ),
    "marimo": lambda studio, name: studio.take_marimo(name, WIDE, marimo_explorer),
    # The list of files and the margins take the rest of the width: 400 px are left.
    "narrow": lambda studio, name: studio.take(name, MONITOR, failure_in_monitor, size=(520, 1300)),
    "explorer_narrow": lambda studio, name: studio.take(
        name, [WIDE], wide_explorer, size=(520, 4000)
    ),
}


def main(names: list[str]) -> None:
    """Take the pictures called *names*, all if there are none."""
    executable = browser.find_chromium()
    if executable is None:
        raise SystemExit(f"no Chromium here: {', '.join(browser.NAMES)}")
    if unknown := set(names) - PICTURES.keys():
        raise SystemExit(f"no picture {', '.join(unknown)}; there are {', '.join(PICTURES)}")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        launched = browser.launch(playwright, executable, Path(home) / "profile")
        studio = Studio(Path(home), launched)
        for name in names or PICTURES:
            PICTURES[name](studio, name)
        launched.close()


if __name__ == "__main__":
    main(sys.argv[1:])
