"""Runs against simulators in a real JupyterLab and Notebook 7: interrupted, restarted, clicked."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

import asyncdest_nb as ad
from slow_rows import SLOW_ROWS

pytestmark = pytest.mark.e2e

WAIT = 40_000  # ms: the machine may be busy with other tests.
SUBMIT = """
import pandas as pd
import asyncdest_nb as ad

session = ad.Session(path={path!r})
crm = session.connect("example-async", endpoint={endpoint!r})
frame = pd.DataFrame({{"user_id": [f"user-{{i}}" for i in range(40)]}})
run = crm.submit(frame, "asyncOperation", operation_type="sync_profile")
run
"""
CONTACTS = """
import pandas as pd
import asyncdest_nb as ad

org = ad.simulate("salesforce-bulk", locked={locked}, failing=0, duration_seconds={seconds})
contacts = pd.DataFrame({{"LastName": [f"Name {{i}}" for i in range(40)]}})
contacts["Customer_Id__c"] = [f"c-{{i}}" for i in range(40)]
run = ad.connect(org).submit(
    contacts, "upsert", object="Contact", external_id="Customer_Id__c")
run
"""


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Give the address of a partner that outlives the kernel."""
    with ad.simulate("example-async", duration_seconds=(6, 12), failing=0) as demo:
        yield demo.endpoint


def rest(page):
    return page.locator(".adm-progress")


@pytest.mark.parametrize("wait", ["run.wait()", "await run"])
def test_an_interrupted_wait_ends_at_once_and_the_run_goes_on(notebook, endpoint, tmp_path, wait):
    submit = SUBMIT.format(path=str(tmp_path / "s.sqlite"), endpoint=endpoint)
    notebook.open([submit, f"print('it ' + 'waits')\n{wait}", "print(run.status)"])
    notebook.run(0)
    notebook.start(1)
    expect(rest(notebook.page)).to_contain_text("of 40 rows done", timeout=WAIT)
    # An idle kernel takes no notice of an interrupt.
    expect(notebook.page.get_by_text("it waits", exact=True)).to_be_visible(timeout=WAIT)
    notebook.interrupt()
    notebook.wait_until_ran()
    *_, error = notebook.outputs()[1]
    assert error["ename"] in ("WaitInterrupted", "KeyboardInterrupt", "CancelledError")
    assert "40 of 40" not in rest(notebook.page).inner_text()
    expect(rest(notebook.page)).to_have_text("40 of 40 rows done · 100 %", timeout=WAIT)
    notebook.run(2)
    assert "completed" in str(notebook.outputs()[2])


def test_a_named_session_goes_on_after_a_restart_of_the_kernel(notebook, endpoint, tmp_path):
    path = str(tmp_path / "s.sqlite")
    notebook.open([SUBMIT.format(path=path, endpoint=endpoint), "session", "print(run.status)"])
    notebook.run(0)
    page = notebook.page
    expect(page.locator(".adm-row .adm-code").first).not_to_have_text("", timeout=WAIT)
    notebook.restart()
    expect(page.locator(".adm-updated")).to_contain_text(
        "not connected: last updated", timeout=WAIT
    )
    how = page.locator(".adm-loss")
    expect(how).to_contain_text(f"The run goes on with: session = ad.Session(path={path!r}); ")
    expect(how).to_contain_text(f", …, endpoint={endpoint!r}); session.run('")
    # The cell of the submit once more: it attaches, and nothing is sent again.
    notebook.run(0)
    expect(page.locator(".adm-notice")).to_contain_text("has sent nothing")
    expect(rest(page)).to_have_text("40 of 40 rows done · 100 %", timeout=WAIT)
    notebook.run(1)
    expect(page.locator(".jp-OutputArea-output table").last).to_contain_text("40 completed")


def test_what_met_a_lock_goes_again_by_a_click(notebook):
    notebook.open([CONTACTS.format(locked=0.5, seconds=0.5)])
    notebook.run(0)
    page = notebook.page
    expect(rest(page)).to_have_text("40 of 40 rows done · 100 %", timeout=WAIT)
    row = page.locator(".adm-row").first
    expect(row).to_contain_text("completed")
    row.click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("UNABLE_TO_LOCK_ROW")
    page.get_by_role("button", name="Retry failed").click()
    again = page.locator(".adm-root").nth(1)
    expect(again.locator(".adm-counts [data-status=failed]")).to_have_count(0)
    expect(again.locator(".adm-progress")).to_contain_text("100 %", timeout=WAIT)
    expect(page.locator("details summary").last).to_contain_text("completed", timeout=WAIT)


def test_a_job_is_canceled_by_a_click_as_the_destination_says(notebook):
    notebook.open([CONTACTS.format(locked=0, seconds=300)])
    notebook.run(0)
    page = notebook.page
    expect(page.locator(".adm-row .adm-status")).to_have_text("running", timeout=WAIT)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Really cancel?").click()
    expect(page.locator(".adm-row .adm-status")).to_have_text("canceled", timeout=WAIT)
    expect(page.locator(".adm-counts [data-status=canceled]")).to_have_text("40 canceled")


def test_a_cell_that_looks_at_rows_for_long_says_how_far_it_is(notebook):
    notebook.open([SLOW_ROWS, "crm.preview(users, 'act')", "crm.preview(users.head(10), 'act')"])
    notebook.run(0)
    page = notebook.page
    notebook.start(1)
    expect(page.get_by_role("progressbar", name="mapping and checking")).to_be_visible()
    expect(page.locator(".jp-OutputArea-output")).to_contain_text(" of 1,000 rows")
    notebook.interrupt()
    notebook.wait_until_ran()
    line, error = notebook.outputs()[1]
    assert line["data"]["text/plain"].startswith("stopped while mapping and checking: ")
    assert error["ename"] == "KeyboardInterrupt"
    expect(page.locator(".jp-OutputArea-output progress")).to_have_count(0)
    notebook.run(2)
    line, result = notebook.outputs()[2]
    assert re.fullmatch(r"10 rows looked at in \d+ s", line["data"]["text/plain"])
    assert result["data"]["text/plain"].startswith("10 rows in 10 batches, 0 invalid")
