"""What a cell shows of an error of use, of a repeated submit and of an interrupted wait."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

SUBMIT = """import pandas as pd
import asyncdest_nb as ad

demo = ad.simulate("example-async", duration_seconds=300)
crm = ad.connect(demo)
customers = pd.DataFrame({"user_id": ["u-1", "u-2"]})
run = crm.submit(customers, "asyncOperation", operation_type="sync_profile")"""
AGAIN = 'run = crm.submit(customers, "asyncOperation", operation_type="sync_profile")'
WRONG = """plan = "pro"
crm.submit(customers, "asyncOp")"""
WAITS = ["print('it ' + 'waits')\nrun.wait()", "print('a 2nd ' + 'wait')\nawait run"]


@pytest.mark.parametrize("app", ["lab"])
def test_what_a_cell_says_is_a_line_or_two(notebook):
    page = notebook.page
    notebook.open([SUBMIT, WRONG, AGAIN, *WAITS])
    for cell in (0, 1, 2):
        notebook.run(cell)
    # The red boxes: of errors, and of the standard error.
    error = page.locator("[data-mime-type='application/vnd.jupyter.stderr']")
    expect(error).to_have_count(1)
    expect(error).to_contain_text("did you mean 'asyncOperation'?")
    assert error.inner_text().rstrip().splitlines()[1:] == [
        "Cell In[2], line 2. %tb shows the whole traceback."
    ]
    expect(page.get_by_text("AlreadySubmitted: these rows were")).to_be_visible()
    expect(error).to_have_count(1)
    for cell, text in ((3, "it waits"), (4, "a 2nd wait")):
        notebook.start(cell)
        expect(page.get_by_text(text, exact=True)).to_be_visible()
        notebook.interrupt()
        expect(error).to_have_count(cell - 1)
        assert len(error.last.inner_text().rstrip().splitlines()) == 2
        expect(error.last).to_contain_text("only the waiting was interrupted: the run continues")
        notebook.wait_until_ran()  # A cell that is started before is canceled with this one.
