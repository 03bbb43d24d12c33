"""axe-core on the monitor, its record and the explorer, in the themes of a real JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import browser
from shown_explorer import EXPLORE, FRAME, fill, pick
from shown_monitor import IMPORTS, in_lab

pytestmark = pytest.mark.e2e

THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
RUN = """
states = [State.FAILED, State.COMPLETED, State.RUNNING, State.HELD, State.CANCELED, State.PARTIAL]
run = ScriptedRun([
    replace(each, state=states[each.number % 6], message=f"message {each.number}", progress=40.0,
            operation_id=f"op-{each.number}", submitted_at=1000.0, error_code="E1",
            finished_at=1001.0 + each.number)
    for each in planned(60)
])
run.notices = ["Example Async asks for fewer requests"]
show(run)
"""
# As of a notebook that has headings of its own.
TITLE = """
from IPython.display import HTML, display
display(HTML("<h1>Customers</h1>"))
"""


SET_THEME = """(theme) =>
  window.jupyterapp.commands.execute("apputils:change-theme", { theme })"""
HAS_THEME = "(theme) => document.body.dataset.jpThemeName === theme"
# The notebook has a loader of modules, which axe would register with and be lost.
HIDE_LOADER = "() => { window.loader = window.define; window.define = undefined; }"
SHOW_LOADER = "() => { window.define = window.loader; delete window.loader; delete window.axe; }"


@pytest.fixture(params=THEMES)
def themed(request: pytest.FixtureRequest, notebook) -> Iterator[browser.NotebookPage]:
    """Give a page with a notebook in a theme of JupyterLab, which is light again after it."""
    notebook.page.set_viewport_size({"width": 1280, "height": 2400})
    notebook.open([IMPORTS + RUN, TITLE + FRAME + EXPLORE])
    set_theme(notebook.page, request.param)
    yield notebook
    set_theme(notebook.page, THEMES[0])


def set_theme(page, theme: str) -> None:
    page.evaluate(SET_THEME, theme)
    page.wait_for_function(HAS_THEME, arg=theme)


def violations(page, place: str) -> list[str]:
    page.evaluate(HIDE_LOADER)
    found = Axe().run(page, place).response["violations"]
    page.evaluate(SHOW_LOADER)
    return [
        f"{each['id']}: {node['failureSummary']} {node['html'][:300]}"
        for each in found
        for node in each["nodes"]
    ]


@in_lab
def test_axe_finds_nothing_in_the_monitor_its_record_and_the_explorer(themed):
    page = themed.page
    themed.run(0)
    for name in ("Charts", "Columns", "Reasons"):
        page.get_by_role("button", name=name).click()
    expect(page.locator(".adm-reason").first).to_be_visible()
    page.locator(".adm-row").first.click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("user_id")
    page.locator(".jp-OutputArea-output summary").last.click()
    assert violations(page, ".adm-root") == []
    assert violations(page, ".jp-OutputArea-output:last-child") == []
    themed.run(1)
    pick(page, "example-async, simulated on this machine")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("nothing fills it by default").first).to_be_visible()
    assert violations(page, ".ade-root") == []
    arrow, text = page.get_by_label("User ID (required)").evaluate(
        "it => [getComputedStyle(it).backgroundImage, getComputedStyle(it).color]"
    )
    assert text in arrow  # It is seen wherever the text is.
    fill(page, "User ID (required)", "a column")
    page.get_by_label("Column for User ID").select_option("customer_id")
    fill(page, "Operation Type (required)", "a constant")
    page.get_by_label("Constant for Operation Type").select_option("sync_profile")
    page.get_by_role("button", name="Show as code").click()
    page.get_by_role("button", name="Send 30 rows").click()
    expect(page.locator(".ade-root .adm-row").first).to_be_visible(timeout=20_000)
    assert violations(page, ".ade-root") == []


TABLES = """
import asyncdest_nb as ad
long = "x" * 190
action = ad.Action(title=long, payload=ad.Payload, perform=print)
display(ad.destinations(), ad.destinations()["salesforce-bulk"], ad.connect("salesforce-bulk",
        instance_url="https://a.example", access_token="none"))
ad.Destination(name=long, slug="own", description=long, actions={"own": action})
"""


@in_lab
def test_axe_finds_nothing_in_tables_of_values_on_a_narrow_page(notebook):
    notebook.page.set_viewport_size({"width": 520, "height": 1800})
    notebook.open([TABLES])
    notebook.run(0)
    expect(notebook.page.locator(".jp-RenderedHTML")).to_have_count(4)
    assert violations(notebook.page, ".jp-Cell-outputArea") == []
    shown = notebook.page.locator(".jp-RenderedHTML")
    assert shown.evaluate_all("all => all.filter(it => it.scrollWidth > it.clientWidth)") == []
