"""A run whose rows did not complete, as an error: for scheduled notebooks that nobody watches."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import asyncdest_nb as ad
from one_action import destination, echo, submit, users
from raw_server import RawServer, reset
from scripted_jobs import connect, create, done, job
from scripted_jobs import submit as submit_rows


async def refuse_some(request: Any, data: Any) -> Any:
    """Complete a row, refuse it, or say nothing that says how it ended, by its id."""
    if data.payload.user_id.startswith("refused"):
        raise ad.IntegrationError("the quota is used up", "QUOTA", 400)
    return {"seen": data.payload.user_id}


def test_nothing_is_raised_if_every_row_completed(session):
    run = submit(session, destination(perform=echo), users("a", "b"))
    run.wait(timeout=20)
    run.raise_for_failed()


def test_failed_and_invalid_rows_are_raised_with_their_counts_and_reasons(session):
    run = submit(
        session, destination(perform=refuse_some), users("a", "refused 1", "refused 2", None)
    )
    run.wait(timeout=20)
    with pytest.raises(ad.RowsFailed) as raised:
        run.raise_for_failed()
    text = str(raised.value)
    assert text.startswith(
        "Act to Test: 3 of 4 rows did not complete (1 completed, 2 failed, 1 invalid). "
    )
    assert "the quota is used up (2)" in text
    assert text.endswith("run.failed() and run.results() have the rows")
    assert (raised.value.counts["failed"], raised.value.counts["invalid"]) == (2, 1)
    with pytest.raises(ad.RowsFailed, match=r"2 of 4 rows"):
        run.raise_for_failed(allow=["invalid"])
    run.raise_for_failed(allow=["invalid", "failed"])


def test_a_retry_that_completes_the_others_makes_the_whole_frame_good(session):
    is_over = threading.Event()

    async def perform(request: Any, data: Any) -> Any:
        if data.payload.user_id == "b" and not is_over.is_set():
            raise ad.RetryableError("busy", 429)
        return {"seen": data.payload.user_id}

    run = submit(session, destination(perform=perform), users("a", "b"))
    run.cancel()
    run.wait(timeout=20)
    with pytest.raises(ad.RowsFailed):
        run.raise_for_failed()
    is_over.set()
    again = run.retry()
    again.wait(timeout=20)
    again.raise_for_failed()


def test_rows_that_wait_for_a_decision_are_raised_with_what_decides(session):
    action = job(steps=(), perform_batch=create, poll=done, batch_size=2)
    with RawServer(reset) as server:
        run = submit_rows(connect(session, action, server.url), ["a", "b"])
        run.rested.result(timeout=20)
        with pytest.raises(ad.RowsFailed, match=r"1 operation waits for your decision: run.resol"):
            run.raise_for_failed(allow=["unknown"])
        run.resolve(applied=True)
        with pytest.raises(ad.RowsFailed, match=r"2 of 2 rows did not complete \(2 unknown\)"):
            run.raise_for_failed()


def test_a_run_that_is_still_going_cannot_be_judged(session):
    is_over = threading.Event()

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if is_over.is_set() else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])

    run = submit(session, destination(perform=perform, poll=poll), users("a"))
    with pytest.raises(ad.UsageError, match=r"still going: run\.wait\(\) first"):
        run.raise_for_failed()
    is_over.set()
    run.wait(timeout=20)


@pytest.mark.parametrize("allow", [["faild"], ["completed"], ["pending"], "invalid"])
def test_only_statuses_of_rows_that_ended_badly_can_be_allowed(session, allow):
    run = submit(session, destination(perform=echo), users("a"))
    run.wait(timeout=20)
    with pytest.raises(ad.UsageError, match=r"invalid"):
        run.raise_for_failed(allow=allow)


# nbclient's own message loop, not ours.
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_scheduled_notebook_with_a_failed_row_ends_as_failed():
    import nbformat  # With nbclient it takes two seconds, and most tests need none of it.
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    cells = [
        "import pandas as pd, asyncdest_nb as ad\n"
        "demo = ad.simulate('example-async', duration_seconds=0.1, failing=0)\n"
        "frame = pd.DataFrame({'user_id': ['a', None], 'operation_type': 'sync_profile'})\n"
        "run = ad.connect(demo).submit(frame, 'asyncOperation')\n"
        "run.wait()",
        "run.raise_for_failed(allow=['invalid'])\nprint('good')",
        "run.raise_for_failed()",
        "print('never reached')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    with pytest.raises(CellExecutionError, match=r"1 of 2 rows did not complete"):
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert notebook.cells[1].outputs[0].text == "good\n"
    assert notebook.cells[2].outputs[0].ename == "RowsFailed"
    assert notebook.cells[3].outputs == []
