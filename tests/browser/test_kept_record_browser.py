"""What a notebook keeps of a run that its page lost sight of, in a real JupyterLab and Notebook 7.

The file is looked at, since what the page shows is the live monitor.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shown_monitor import IMPORTS, RECORD, in_lab

pytestmark = pytest.mark.e2e

SHOWN = IMPORTS + "run = ScriptedRun(planned(20))\nshow(run)"
PLACED = """
import ipywidgets as w
from asyncdest_nb.widgets.show import widget

output = w.Output()
with output:
    show(run)
w.Tab([output, w.Accordion([w.VBox([widget(run)])])])
"""
BY_A_CLICK = """
output, button = w.Output(), w.Button(description="Show")

def clicked(_):
    with output:
        show(run)

button.on_click(clicked)
w.VBox([button, output])
"""
CHOSEN = """
def chosen(which):
    if which == "the run":
        show(run)

w.interact(chosen, which=["none", "the run"]);
"""
SAVE_STATES = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
TOGGLE = "(command) => window.jupyterapp.commands.execute(command)"
SHUTDOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
HALF = "run.change(*(replace(each, state=State.COMPLETED) for each in run.operations[:10]))"
REST = "run.change(*(replace(each, state=State.FAILED) for each in run.operations[10:]))"
LATER = f"import time\ntime.sleep(1)\n{HALF}"


def records(saved) -> list[list[str]]:
    """Return the texts of the records that a saved notebook holds, by cell."""
    return [
        [
            output.data["text/plain"]
            for output in cell.outputs
            if "text/html" in output.get("data", ())
        ]
        for cell in saved.cells
    ]


def test_after_a_reload_the_notebook_keeps_how_the_run_ended_wherever_it_is_shown(notebook):
    notebook.open([SHOWN, PLACED])
    notebook.run_all()
    monitors = notebook.page.locator(".adm-progress")
    expect(monitors).to_have_count(3)
    notebook.execute(HALF)
    expect(monitors.first).to_contain_text("10 of 20")
    for [text] in records(notebook.save()):
        assert "20 pending" in text or "10 pending, 10 completed" in text
        assert "UTC it is pending." in text
    notebook.reload()
    expect(monitors).to_have_count(3)
    notebook.execute(REST)
    expect_ended(notebook, cells=2)


@in_lab
def test_a_second_tab_keeps_how_the_run_ended(notebook):
    notebook.open([SHOWN, PLACED])
    notebook.run_all()
    expect(notebook.page.locator(".adm-progress")).to_have_count(3)
    notebook.save()
    notebook.page = notebook.context.new_page()
    notebook.page.goto(notebook.server.address(notebook.name), wait_until="domcontentloaded")
    notebook.wait_until_ready()
    expect(notebook.page.locator(".adm-progress")).to_have_count(3)
    notebook.execute(HALF)
    notebook.execute(REST)
    expect_ended(notebook, cells=2)


@in_lab
def test_a_restart_of_the_kernel_leaves_what_was_known_last(notebook):
    notebook.open([SHOWN])
    notebook.run(0)
    notebook.execute(LATER)  # The record is made once a second.
    expect(notebook.page.locator(".adm-progress")).to_contain_text("10 of 20")
    notebook.restart()
    expect(notebook.page.locator(".adm-loss")).to_contain_text("with 10 rows pending")
    _, record = notebook.outputs()[0]
    assert "10 pending, 10 completed" in "".join(record["data"]["text/plain"])


@in_lab
def test_a_monitor_restored_from_a_notebook_saved_with_its_widgets_says_what_is_lost(notebook):
    ended = "two = ScriptedRun(planned(20), run_id='two')\nshow(two)"
    notebook.open([SHOWN, ended])
    notebook.page.evaluate(TOGGLE, SAVE_STATES)
    try:
        notebook.run_all()
        notebook.execute(HALF)
        notebook.execute(f"{HALF}\n{REST}".replace("run.", "two."))
        monitors = notebook.page.locator(".adm-progress")
        expect(monitors.first).to_contain_text("10 of 20")
        expect(monitors.last).to_contain_text("20 of 20")
        expect(notebook.page.locator(RECORD)).to_have_count(2)
        assert "widgets" in notebook.save().metadata
    finally:
        notebook.page.evaluate(TOGGLE, SAVE_STATES)
    notebook.page.evaluate(SHUTDOWN)
    notebook.page.goto(notebook.server.address(notebook.name), wait_until="domcontentloaded")
    notebook.wait_until_ready()
    monitors = notebook.page.locator(".adm-root")
    expect(monitors).to_have_count(2)
    first, last = monitors.all()
    expect(first.locator(".adm-loss")).to_contain_text("has ended, with 10 rows pending.")
    expect(last.locator(".adm-loss")).to_be_hidden()
    expect(last.locator(".adm-progress")).to_contain_text("20 of 20")
    expect(last.locator(".adm-row").first).to_contain_text("completed")


@in_lab
def test_a_click_and_interact_show_a_monitor_and_the_notebook_keeps_how_the_run_ended(notebook):
    setup = f"{IMPORTS}import ipywidgets as w\nrun = ScriptedRun(planned(20))"
    notebook.open([setup, BY_A_CLICK, CHOSEN])
    notebook.run_all()
    page = notebook.page
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".jp-Cell").nth(1).locator(".adm-progress")).to_be_visible()
    page.locator(".jp-Cell").nth(2).locator("select").select_option("the run")
    expect(page.locator(".jp-Cell").nth(2).locator(".adm-progress")).to_be_visible()
    notebook.execute(HALF)
    notebook.execute(REST)
    expect_ended(notebook, cells=2)
    expect(page.locator(".widget-output .adm-record").first).to_be_hidden()


def expect_ended(notebook, *, cells: int) -> None:
    """Wait until the page shows the end, and look for it in the file that it then saves."""
    for each in notebook.page.locator(".adm-progress").all():
        expect(each).to_have_text("20 of 20 rows done · 100 %")
    ended = notebook.page.locator("summary:visible", has_text="10 completed, 10 failed")
    expect(ended).to_have_count(cells)
    kept = [texts for texts in records(notebook.save()) if texts]
    assert len(kept) == cells
    for [text] in kept:
        assert "partial\n10 completed, 10 failed\n" in text
        assert "pending" not in text
