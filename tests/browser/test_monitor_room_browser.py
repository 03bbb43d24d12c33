"""The room that a monitor takes on the page while its run goes on, in a real JupyterLab."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shown_monitor import FAILED_RUN, IMPORTS, count_of, in_lab

pytestmark = pytest.mark.e2e

EMPTY = """
from IPython.display import display, HTML
def beginning():
    made = ScriptedRun([], labels=[f"row {number}" for number in range(200)])
    show(made)
    return made
run = beginning()
"""
# What goes on in a run, one thing after the other, and what shows that it is on the page.
GOES_ON = """
def change(notices=(), **changes):
    run.notices = list(notices)
    run.requests += 250
    run.change(*(replace(each, **changes) for each in run.operations))
def end(run):
    ends = [State.COMPLETED, State.FAILED, State.CANCELED, State.LOST]
    run.notices = []
    run.change(*(replace(each, state=ends[each.number % 4], finished_at=1.0)
                 for each in run.operations))
"""
PLAN = "run.plan(*planned(200))"
NOTICE = "change(['the host asks for fewer requests: ' + 'a long reason ' * 20])"
NOTICES = "change(['one', 'two', 'three'], state=State.RUNNING, progress=40.0, message='at it')"
QUIET = "change(progress=60.0, poll_errors=2, polls=3)"
WATCH = """root => {
  const table = root.querySelector(".adm-scroll");
  const seen = (root.seenRoom = new Set());
  const look = () => {
    const { top, height } = root.getBoundingClientRect();
    seen.add(`${height} with the table at ${table.getBoundingClientRect().top - top}`);
    requestAnimationFrame(look);
  };
  look();
}"""


@in_lab
@pytest.mark.parametrize("width", [1000, 400])
def test_the_monitor_takes_its_room_once(notebook, width):
    notebook.open([IMPORTS + GOES_ON + EMPTY])
    notebook.page.set_viewport_size({"width": width + 180, "height": 900})
    notebook.run(0)
    page = notebook.page
    root = page.locator(".adm-root")
    expect(root.locator(".adm-head .adm-title")).not_to_be_empty()
    root.evaluate(WATCH)
    notebook.execute(PLAN)
    expect(page.locator(".adm-row").first).to_contain_text("planned")
    notebook.execute(NOTICE)
    expect(page.locator(".adm-notice").first).to_contain_text("fewer requests")
    notebook.execute(NOTICES)
    expect(page.locator(".adm-facts").first).to_contain_text("200 running operations at 40 %")
    notebook.execute(QUIET)
    expect(page.locator(".adm-facts").first).to_contain_text("400 polls failed")
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.locator(".adm-empty")).to_have_text("nothing matches")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    notebook.execute("end(run)")
    expect(count_of(page, "unknown")).to_have_text("50 unknown")
    count_of(page, "failed").click()
    expect(page.locator(".adm-matches")).to_have_text("50 of 200")
    seen = root.evaluate("root => [...root.seenRoom]")
    assert len(seen) == 1, seen


@in_lab
def test_all_notices_are_a_click_away_and_take_no_room(notebook):
    notebook.open([IMPORTS + GOES_ON + EMPTY + PLAN])
    notebook.run(0)
    page = notebook.page
    notebook.execute(NOTICES)
    expect(page.locator(".adm-notice")).to_have_text("one2 more")
    before = page.locator(".adm-root").bounding_box()
    page.locator(".adm-notice").click()
    expect(page.locator(".adm-notices li")).to_have_text(["one", "two", "three"])
    assert page.locator(".adm-root").bounding_box() == before


@in_lab
def test_the_wheel_leaves_the_table_at_its_ends(notebook):
    tall = "\nfrom IPython.display import HTML, display\ndisplay(HTML('<p>below</p>' * 100))"
    notebook.open([IMPORTS + "show(ScriptedRun(planned(60)))" + tall])
    notebook.run(0)
    page = notebook.page
    table = page.get_by_role("grid", name="Operations")
    expect(page.locator(".adm-row").first).to_be_visible()
    table.hover()
    page.mouse.wheel(0, 300)
    page.wait_for_function("() => document.querySelector('.adm-scroll').scrollTop > 0")
    top = table.bounding_box()["y"]
    for _ in range(20):
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(50)
    assert table.bounding_box()["y"] < top - 100


@in_lab
def test_what_matters_is_in_sight_at_any_width(notebook):
    notebook.open([IMPORTS + FAILED_RUN])
    notebook.run(0)
    page = notebook.page
    seen = "document.querySelector('.adm-scroll').getBoundingClientRect().right"
    last = "(each) => each.getBoundingClientRect().right"
    message = page.locator(".adm-titles [data-name=message]")
    # 45 characters, as many as a line of a book has at least.
    assert message.evaluate("each => each.clientWidth") >= 300
    assert page.locator(".adm-elapsed").first.evaluate(last) <= page.evaluate(seen)
    page.locator(".adm-root").evaluate("root => { root.style.width = '400px'; }")
    for kind in ("status", "percent"):
        cell = page.locator(f".adm-row .adm-{kind}").first
        assert cell.evaluate(last) <= page.evaluate(seen)
        assert cell.evaluate("each => each.scrollWidth <= each.clientWidth")
