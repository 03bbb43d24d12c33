"""A run that ends while its user looks elsewhere: the title of the tab, and a notification."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from shown_monitor import IMPORTS, in_lab

pytestmark = pytest.mark.e2e

# Real notifications, which are noted as well: a page cannot ask for those of before.
NOTE = """() => {
  window.notified = [];
  window.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      window.notified.push([title, options.body]);
    }
  };
}"""


@pytest.fixture
def allowed(own_page):
    """A page that may show notifications, with no run of a test before in its title."""
    own_page.context.grant_permissions(["notifications"])
    yield own_page
    own_page.context.clear_permissions()


@in_lab
def test_the_tab_shows_the_progress_and_a_notification_the_end_to_somebody_who_asked(allowed):
    notebook = allowed
    notebook.open(
        [
            f"{IMPORTS}\nrun = ScriptedRun(planned(4))\nshow(run)",
            "run.change(replace(run.operations[0], state=State.COMPLETED))",
            "run.cancel()",
        ]
    )
    page = notebook.page
    page.evaluate(NOTE)
    own = page.title()
    notebook.run(0)
    expect(page).to_have_title(f"0 % · {own}")
    button = page.get_by_role("button", name="Notify me")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    notebook.run(1)
    expect(page).to_have_title(f"25 % · {own}")
    assert page.evaluate("window.notified") == []
    notebook.run(2)
    expect(page).to_have_title(re.compile(f"^{re.escape(own)}$"))
    page.wait_for_function("window.notified.length === 1")
    [[title, text]] = page.evaluate("window.notified")
    assert title == "asyncOperation to Example Async: partial"
    assert text == "1 completed, 3 canceled"
    expect(button).to_be_hidden()
