"""The monitor with the kernels people have, in a real JupyterLab: what works while a cell runs.

The kernels are versions of ipykernel and ipywidgets in directories of their own
(``.kernels/6.31.0`` and so on, as .ci/run makes them), each in front of what is installed.
"""

from __future__ import annotations

import os
import sys

import pytest
from playwright.sync_api import expect

import notebook_server
from browser import COMPUTE, keep_texts
from failures import missing
from paths import HELPERS, ROOT
from shown_explorer import WAIT, pick
from shown_monitor import FAILED_RUN, IMPORTS, expect_done

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("app", ["lab"], indirect=True)]

KERNELS = ROOT / ".kernels"
VERSIONS = ["6.31.0", "7.3.0", "7.4.0"]
OLD_WIDGETS = "ipywidgets-7.8.5"
EXPLORE = """
import pandas as pd
import asyncdest_nb as ad

df = pd.DataFrame({"user_id": ["a", "b"], "operation_type": "sync_profile"})
ad.explore(df)
"""
VERSION = "import ipykernel\nprint(ipykernel.__version__)"


def install(server: notebook_server.NotebookServer, version: str) -> str:
    """Offer the kernel to *server* and return its name."""
    place = KERNELS / version
    if not place.is_dir():
        missing(f"a kernel in {place}")
    paths = os.pathsep.join([str(place), str(HELPERS), str(ROOT)])
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": version,
        "language": "python",
        "env": {"PYTHONPATH": paths},
    }
    name = f"kernel-{version}"
    server.offer(name, spec)
    return name


@pytest.mark.parametrize("version", VERSIONS)
def test_the_screen_changes_and_buttons_work_while_a_cell_runs_where_the_kernel_can(
    notebook, version
):
    kernel = install(notebook.server, version)
    start = IMPORTS + "run = play(200, seconds=4)\nshow(run)"
    notebook.open([VERSION, start, COMPUTE, IMPORTS + FAILED_RUN, COMPUTE], kernel=kernel)
    notebook.run(0)
    assert "".join(notebook.outputs()[0][0]["text"]).strip() == version
    notebook.run(1)
    notebook.start(2)
    rest = notebook.page.locator(".adm-progress")
    seen = keep_texts(rest)
    expect(rest).to_have_text("200 of 200 rows done · 100 %", timeout=60_000)
    assert len(seen()) > 5, "the monitor stood still while the cell computed"
    notebook.enough()
    notebook.run(3)
    notebook.start(4)
    notebook.page.get_by_text("message 4", exact=True).click()
    details = notebook.page.get_by_role("region", name="Details").last
    if version.startswith("6."):
        expect(details).to_contain_text("it answers when the cell has ended")
        notebook.enough()
        expect(details).to_contain_text('"user_id": "row 4"', timeout=20_000)
    else:
        expect(details).to_contain_text('"user_id": "row 4"', timeout=20_000)
        notebook.enough()


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_the_explorer_answers_while_a_cell_runs(notebook, version):
    kernel = install(notebook.server, version)
    notebook.open([EXPLORE, COMPUTE], kernel=kernel)
    notebook.run(0)
    page = notebook.page
    page.get_by_label("Search destinations").fill("example-async, simulated")
    expect(page.get_by_label("Destinations", exact=True).locator("option")).to_have_count(1)
    notebook.start(1)
    pick(page, "example-async, simulated on this machine")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Connected to")).to_be_visible(timeout=WAIT)
    notebook.enough()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_is_canceled_by_a_button_while_another_cell_waits_for_it(notebook, version):
    kernel = install(notebook.server, version)
    wait = "import time\nwhile run.status == 'pending':\n    time.sleep(0.1)\n    if {}: break"
    can = not version.startswith("6.")
    until = wait.format("False" if can else "time.monotonic() > end")
    cells = [
        IMPORTS + "import time\nrun = play(50, seconds=40)\nend = time.monotonic() + 6\nshow(run)"
    ]
    notebook.open([*cells, until], kernel=kernel)
    notebook.run(0)
    notebook.start(1)
    page = notebook.page
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Really cancel?").click()
    expect(page.locator(".adm-counts [data-status=canceled]")).to_be_visible(timeout=20_000)
    expect_done(page, "50 of 50")
    notebook.wait_until_ran()


def test_a_kernel_whose_widgets_are_too_old_shows_the_record_and_what_to_upgrade(notebook):
    kernel = install(notebook.server, OLD_WIDGETS)
    notebook.open([IMPORTS + FAILED_RUN, EXPLORE], kernel=kernel)
    notebook.run_all()
    run, explorer = notebook.page.locator(".jp-OutputArea").all()
    for each in (run, explorer):
        expect(each).to_contain_text("Click to show javascript error")
        expect(each).to_contain_text("this kernel has ipywidgets 7.8.5")
        expect(each.get_by_text("%pip install -U ipywidgets")).to_be_visible()
    expect(run.get_by_role("cell", name="message 2")).to_be_visible()
