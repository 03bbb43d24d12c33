"""How far something slow is: in a real pseudo-terminal, in a pipe, and by a clock that is moved."""

from __future__ import annotations

import itertools
import os
import pty
import re
import subprocess
import sys
import termios
import threading
from contextlib import closing, suppress

import pytest

from asyncdest_nb.session.progress import QUICK_SECONDS, STEP_SECONDS
from asyncdest_nb.widgets.progress_line import report_progress_to, show_progress, throttled
from slow_rows import SLOW_ROWS

pytestmark = pytest.mark.slow

SLOW = SLOW_ROWS + "print(crm.preview(users.head(12), 'act'))"
WAITING = """
import pandas as pd
import asyncdest_nb as ad

with ad.simulate("example-async", duration_seconds=0.5, failing=0) as demo, ad.Session() as session:
    frame = pd.DataFrame({"user_id": list("abcdef"), "operation_type": "sync_profile"})
    print(session.connect(demo).submit(frame, "asyncOperation").wait(60))
"""
ENDED = """
from concurrent.futures import Future
from asyncdest_nb.session.progress import wait_visibly

rested = Future()
rested.set_result(None)
counts = {"pending": 1, "completed": 1999}
wait_visibly(rested, None, title="Upsert", counts=lambda: counts, notices=list)
"""


def in_a_terminal(script: str) -> str:
    """Return all that a terminal shows while Python runs *script*."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with os.fdopen(ours, "rb", buffering=0) as screen:
        with closing(os.fdopen(theirs, "wb")) as end:
            process = subprocess.Popen(
                [sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=end, stderr=end
            )
        shown = b""
        try:
            with suppress(OSError):  # Linux reports so that the other end is closed.
                while some := screen.read(65536):
                    shown += some
            assert process.wait(60) == 0, shown.decode()
        finally:
            process.kill()
            process.wait()
    return shown.decode()


def test_a_terminal_shows_how_far_a_preview_is_that_takes_long():
    shown = in_a_terminal(SLOW)
    assert re.search(r"mapping and checking: +\d+%\|.*\d+/12 rows", shown)
    # The bar has gone when the answer comes.
    assert "12 rows in 12 batches, 0 invalid" in shown.rpartition("rows [")[2]


def test_a_terminal_shows_how_many_rows_have_an_outcome():
    shown = in_a_terminal(WAITING)
    assert re.search(r"Async Operation to Example Async: 100%\|.*6/6", shown)
    assert shown.endswith("completed\r\n")


def test_a_wait_begins_at_the_rows_that_had_ended_and_rounds_none_up():
    shown = in_a_terminal(ENDED)
    assert re.search(r"Upsert:  99%\|.*1999/2000 rows done \[", shown)
    assert " 0/2000" not in shown


@pytest.mark.parametrize("script", [SLOW, WAITING], ids=["preview", "wait"])
def test_a_pipe_shows_no_progress(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr == b""


def test_quick_work_reports_no_progress_and_slow_work_reports_it_at_intervals():
    now, reported = [0.0], []
    on_progress = throttled(
        lambda *progress: reported.append((now[0], *progress)), clock=lambda: now[0]
    )
    for tick in range(200):
        now[0] = tick / 64
        on_progress("reading", tick, 200)
    first, *others = [at for at, *_ in reported]
    assert first == QUICK_SECONDS
    assert others
    assert all(b - a >= STEP_SECONDS for a, b in zip([first, *others], others, strict=False))
    assert reported[0][1:] == ("reading", 64, 200)


def test_a_progress_callback_gets_the_work_of_its_own_thread_alone():
    reported: list[str] = []

    def ask_elsewhere() -> None:
        with show_progress() as on_progress:
            on_progress("elsewhere", 1, 1)

    hours = itertools.count(0, 3600).__next__
    with report_progress_to(lambda doing, done, rows: reported.append(doing), clock=hours):
        other = threading.Thread(target=ask_elsewhere)
        other.start()
        other.join()
        with show_progress() as on_progress:
            on_progress("here", 1, 1)
    assert reported == ["here"]
