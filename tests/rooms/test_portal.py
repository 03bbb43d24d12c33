"""The engine's thread, with real threads and real waits."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from concurrent.futures import Future

import pytest

from asyncdest_nb.errors import UsageError
from asyncdest_nb.portal import Portal, RunningLoop, call, portal, wait, wait_async


async def number() -> int:
    await asyncio.sleep(0)
    return 7


async def thread_name() -> str:
    return threading.current_thread().name


async def until_set(release: threading.Event) -> str:
    await asyncio.to_thread(release.wait)
    return "done"


def test_there_is_one_portal_and_its_work_runs_on_its_own_thread():
    assert portal() is portal()
    assert call(thread_name()) == "asyncdest-engine"


def test_a_wait_ends_with_the_work_or_with_its_time():
    future: Future[None] = Future()
    assert not wait(future, timeout=0.01)
    future.set_result(None)
    assert wait(future, timeout=0.01)


def test_an_interrupted_wait_does_not_stop_the_work():
    release = threading.Event()

    future = portal().start(until_set(release))
    timer = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT))
    # raise_signal from a thread interrupts the main one, as the stop button does.
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        wait(future, timeout=30)
    timer.join()
    assert not future.done()
    release.set()
    assert future.result(timeout=5) == "done"


def test_a_cancelled_await_does_not_stop_the_work():
    release = threading.Event()

    async def main() -> None:
        future = portal().start(until_set(release))
        waiter = asyncio.create_task(wait_async(future))
        await asyncio.sleep(0.05)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert not future.done()
        release.set()
        assert await wait_async(future, timeout=5)
        assert future.result() == "done"

    asyncio.run(main())


@pytest.mark.parametrize("waits", [lambda: call(number()), lambda: wait(Future())])
def test_the_engine_refuses_to_wait_for_itself(waits):
    async def work() -> None:
        waits()

    with pytest.raises(UsageError, match="on another one"):
        portal().start(work()).result(timeout=5)


def test_an_await_gives_up_after_its_time():
    future: Future[None] = Future()
    assert asyncio.run(wait_async(future, timeout=0.01)) is False


def test_a_portal_that_is_stopped_cancels_its_tasks():
    own = Portal()
    future = own.start(asyncio.sleep(3600))
    time.sleep(0.05)  # The thread takes the work up.
    own.stop()
    own.stop()
    assert future.cancelled()


def ends_python() -> None:
    raise SystemExit(1)


@pytest.mark.parametrize("break_in", [ends_python, lambda: asyncio.get_running_loop().stop()])
def test_an_exception_that_would_end_a_loop_does_not_end_the_engines(break_in):
    own = Portal()
    own.loop.call_soon_threadsafe(break_in)
    assert own.start(number()).result(timeout=5) == 7
    own.stop()


def test_without_threads_the_work_runs_on_the_running_loop():
    async def main() -> None:
        runner = RunningLoop()
        assert await asyncio.wrap_future(runner.start(number())) == 7
        failing = runner.start(_fail())
        with pytest.raises(ValueError, match="no"):
            await asyncio.wrap_future(failing)

    asyncio.run(main())


async def _fail() -> None:
    raise ValueError("no")
