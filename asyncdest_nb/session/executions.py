"""The executions of a session's runs: each is started once, and can be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ..engine import Execution
from ..portal import Runner, wait_async
from .entry import RunEntry

STOP_SECONDS = 5.0  # How long a run may take to write its last state.


class Executions:
    """The tasks of executions on the engine's loop, which *runner* has, by run."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._tasks: dict[RunEntry, asyncio.Task[None]] = {}  # Changed on the engine's thread.

    def start(self, entry: RunEntry, execution: Execution) -> None:
        """Begin *execution*, unless it has begun already."""
        self._runner.start(self._run_once(entry, execution))

    async def _run_once(self, entry: RunEntry, execution: Execution) -> None:
        # The stop button may interrupt a submit or connect, which the user then repeats. The
        # run must not begin a second time: everything would be sent twice.
        task = asyncio.current_task()
        assert task is not None  # It runs in one.
        if not (entry.is_at_rest or execution.has_begun):
            self._tasks[entry] = task
            await execution.execute()

    async def stop(self, entries: Iterable[RunEntry]) -> None:
        """Stop those of *entries* that are going, as they are now."""
        going = [each for each in entries if each in self._tasks and not each.is_at_rest]
        for each in going:
            self._tasks[each].cancel()
        # Each writes its last state before the run is deleted, or the store closes.
        for each in going:
            await wait_async(each.ledger.rested, timeout=STOP_SECONDS)

    async def stop_all(self) -> None:
        """Stop all that are going, as they are now."""
        await self.stop(list(self._tasks))

    def drop(self, entries: Iterable[RunEntry]) -> None:
        """Let go of *entries*, which were stopped."""
        for each in entries:
            self._tasks.pop(each, None)
