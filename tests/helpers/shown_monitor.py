"""The monitor in a notebook: cells that show it, and what a person sees of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

# What does not depend on the application is looked at in one.
in_lab = pytest.mark.parametrize("app", ["lab"], indirect=True)


# The line of a record; the monitor has one for its notices, too.
RECORD = "details summary:not(.adm-notice)"


IMPORTS = """
from dataclasses import replace
from asyncdest_nb.operation import State
from asyncdest_nb.widgets.show import show
from scripted_run import ScriptedRun, planned, play
"""


HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


HOSTILE_RUN = f"""
texts = [{HOSTILE!r}, "\\u202e\\u05e9\\u05dc\\u05d5\\u05dd abc", "🙂👩‍👩‍👧 done", "x" * 1_000_000]
operations = [
    replace(each, state=State.FAILED, message=text, operation_id=text[:300], error_code=text[:50])
    for each, text in zip(planned(4), texts)
]
run = ScriptedRun(operations, labels=[text[:300] for text in texts], title=texts[0])
run.notices = texts[:2]
show(run)
"""


FAILED_RUN = """
operations = [
    replace(each, state=State.FAILED if each.number % 3 == 2 else State.COMPLETED,
            message=f"message {each.number}", operation_id=f"op-{9 - each.number}",
            submitted_at=1000.0, finished_at=1001.0 + each.number, polls=each.number)
    for each in planned(9)
]
run = ScriptedRun(operations)
show(run, columns=["email"])
"""


def expect_done(page, rows: str) -> None:
    expect(page.locator(".adm-progress")).to_have_text(f"{rows} rows done · 100 %", timeout=20_000)


def count_of(page, status: str):
    return page.locator(f".adm-counts [data-status={status}]")


def rows_of(page) -> list[str]:
    return page.locator(".adm-row .adm-cell:first-child").all_inner_texts()
