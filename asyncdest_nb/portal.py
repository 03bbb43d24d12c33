"""Where the engine's event loop lives, and how code on other threads waits for it.

One daemon thread per process, started at the first call: polling continues while
a cell computes, and after a cell was interrupted. Where threads do not exist
(Pyodide) the engine lives on the running loop instead.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from .errors import UsageError

T = TypeVar("T")
_log = logging.getLogger(__name__)

STEP_SECONDS = 0.05  # How long the stop button may have to wait for a wait.
THREAD_NAME = "asyncdest-engine"

_OWN_THREAD = (
    "this call waits for the engine, and callbacks and async functions run on the engine's own "
    "thread: make the call on another one"
)


class Portal:
    """An event loop on its own daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that everything started here runs on."""
        return self._loop

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run *work* on the loop and return its future at once; any thread may call."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """Cancel all tasks, end the thread and close the loop."""
        if self._loop.is_closed():
            return
        self._is_stopped = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            while not self._is_stopped:
                try:
                    runner.get_loop().run_forever()
                # asyncio passes these on to here, from tasks and callbacks of users.
                except (SystemExit, KeyboardInterrupt):
                    _log.exception("code on the engine's thread tried to end Python")


class RunningLoop:
    """The loop that runs already, for hosts without threads; only ``await`` can wait there."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        return asyncio.get_running_loop()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run *work* as a task of the running loop; its future is done with the task."""
        future: Future[T] = Future()
        task = self.loop.create_task(work)
        task.add_done_callback(lambda done: _copy(done, future))
        return future

    def stop(self) -> None:
        """Do nothing: the loop belongs to the host."""


def _copy(task: asyncio.Task[T], future: Future[T]) -> None:
    if task.cancelled():
        future.cancel()
    elif (error := task.exception()) is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())


Runner = Portal | RunningLoop

started: dict[int, Runner] = {}  # By the id of the process.
_lock = threading.Lock()


def portal() -> Runner:
    """Return the runner of this process; the first call starts it.

    A forked child inherits no threads, so it gets a runner of its own.
    """
    with _lock:
        runner = started.get(os.getpid())
        if runner is None:
            runner = RunningLoop() if sys.platform == "emscripten" else Portal()
            started[os.getpid()] = runner
        return runner


def wait(future: Future[Any], timeout: float | None = None) -> bool:
    """Wait until *future* is done, or *timeout* seconds; return whether it is done.

    It waits in short steps, so that the stop button works at once; the work itself
    continues. Raises UsageError if the engine's own thread would wait for itself.
    """
    if _is_engine() and not future.done():
        raise UsageError(_OWN_THREAD)
    end = None if timeout is None else time.monotonic() + timeout
    while not future.done():
        left = STEP_SECONDS if end is None else min(STEP_SECONDS, end - time.monotonic())
        if left <= 0:
            return False
        concurrent.futures.wait([future], timeout=left)
    return True


def call(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* on the engine's loop, wait for it and return what it returns.

    The stop button cancels it. Raises UsageError on the engine's own thread, which would
    wait for itself forever.
    """
    if _is_engine():
        work.close()
        raise UsageError(_OWN_THREAD)
    future = portal().start(work)
    try:
        wait(future)
    except KeyboardInterrupt:
        future.cancel()
        raise
    return future.result()


def call_from_any_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run *work* on the engine's loop, and wait for it unless this is the engine's own thread.

    The stop button ends the waiting and not the work.
    """
    future = portal().start(work)
    if not _is_engine() and wait(future):
        future.result()


def require_other_thread() -> None:
    """Raise UsageError on the engine's own thread; for calls that must not stop half done."""
    if _is_engine():
        raise UsageError(_OWN_THREAD)


def _is_engine() -> bool:
    """Whether this is the engine's own thread."""
    return threading.current_thread().name == THREAD_NAME


async def wait_async(future: Future[Any], timeout: float | None = None) -> bool:
    """Wait as ``wait`` does, without blocking the caller's loop.

    It checks again and again, because with ``asyncio.wrap_future`` the stop button
    would cancel the work.
    """
    end = None if timeout is None else time.monotonic() + timeout
    while not future.done():
        left = STEP_SECONDS if end is None else min(STEP_SECONDS, end - time.monotonic())
        if left <= 0:
            return False
        await asyncio.sleep(left)
    return True
