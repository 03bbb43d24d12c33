"""What tests share: a page, in which none leaves anything, and what kernels are forked from."""

from __future__ import annotations

import os

import pytest

from kept_page import left
from shown_monitor import in_lab

pytestmark = pytest.mark.e2e


@in_lab
def test_what_a_test_leaves_in_the_page_is_noticed(notebook):
    notebook.open(["1"])
    page = notebook.page
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate("() => { window.Notification = window.noted = class {}; }")
    *changed, document, cell = left(page)
    assert changed == ["0.Notification", "0.noted", "1.clipboard"]
    assert document.startswith("id-")
    assert "jp-Cell" in cell
    notebook.reload()
    assert [each.split("-")[0] for each in left(page)] == ["id", "lm"]


@in_lab
def test_a_kernel_dies_with_what_the_server_started_and_the_next_is_another(notebook):
    notebook.open(["import os\nprint(os.getpid())"])
    notebook.run(0)
    first = notebook.outputs()[0][0]["text"]
    notebook.restart()
    notebook.run(0)
    assert notebook.outputs()[0][0]["text"] != first
    with pytest.raises(ProcessLookupError):
        os.kill(int(first), 0)
