"""Waits for a run: interrupted, repeated, and over before the run is."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

import asyncdest_nb as ad
from one_action import destination, submit, users


@pytest.mark.slow
def test_a_wait_starts_no_process_that_a_kernel_would_wait_for_at_its_end():
    code = (
        "import multiprocessing, psutil, pandas as pd\n"
        "import asyncdest_nb as ad\n"
        "multiprocessing.set_start_method('spawn')  # As on macOS, and not unlike Python 3.14.\n"
        "with ad.simulate('example-async') as demo, ad.Session() as session:\n"
        "    frame = pd.DataFrame({'user_id': ['a'], 'operation_type': ['sync_profile']})\n"
        "    run = session.connect(demo).submit(frame, 'asyncOperation')\n"
        "    print(run.wait(timeout=60) != 'pending', psutil.Process().children())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "True []\n", done.stderr


def until(is_over: threading.Event) -> ad.Destination:
    """Return a destination whose operations complete once *is_over* is set."""

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> Any:
        status = "completed" if is_over.is_set() else "pending"
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=status)])

    return destination(perform=perform, poll=poll)


def test_an_interrupted_wait_does_not_stop_the_run(session):
    is_over = threading.Event()
    run = submit(session, until(is_over), users("a", "b"))
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt) as stopped:
        run.wait(timeout=30)
    timer.join()
    assert str(stopped.value) == "only the waiting was interrupted: the run continues"
    assert not run.is_at_rest
    is_over.set()
    assert run.wait(timeout=30) == "completed"


def test_a_run_can_be_awaited_more_than_once_and_cancelling_that_stops_nothing(session):
    is_over = threading.Event()
    run = submit(session, until(is_over), users("a", "b"))

    async def main() -> str:
        waiter = asyncio.ensure_future(_await(run))
        await asyncio.sleep(0.1)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert not run.is_at_rest
        is_over.set()
        return await run

    assert asyncio.run(main()) == "completed"
    assert asyncio.run(main_again(run)) == "completed"


async def _await(run: ad.Run) -> str:
    return await run


async def main_again(run: ad.Run) -> str:
    return await run


def test_a_wait_that_times_out_returns_pending(session):
    async def poll(request: Any, data: Any) -> Any:
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="pending")])

    async def perform(request: Any, data: Any) -> Any:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": "x"}])

    run = submit(session, destination(perform=perform, poll=poll), users("a"))
    assert run.wait(timeout=0.1) == "pending"
