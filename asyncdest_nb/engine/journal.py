"""Durable writes, many to a commit.

An intent must be on disk before its request leaves, and an id before the next
request of the same submission. A commit per request would cost an fsync each;
so all writes of one turn of the loop share a commit.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from ..operation import Operation
from ..store import StateValue, Store

LAZY_SECONDS = 0.5  # How long a write may wait for others when nobody waits for it.

_log = logging.getLogger(__name__)


class Journal:
    """The one writer of a store; lives on the engine's loop."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._operations: dict[tuple[str, int], Operation] = {}
        self._state: dict[tuple[str, str], StateValue] = {}
        self._state_lock = threading.Lock()
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.Handle | None = None
        self._is_flush_due = False  # In this turn of the loop.
        self.failure = ""  # Why the last commit failed; empty = it did not.

    async def write_durably(self, run: str, *operations: Operation) -> None:
        """Write *operations* and all pending writes; they are on disk when this returns.

        Raises StoreError if that fails; nothing was written then.
        """
        self._operations.update({(run, each.number): each for each in operations})
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._waiting.append(done)
        if not self._is_flush_due:
            self._is_flush_due = True
            loop.call_soon(self.flush)
        await done

    async def transact(self, work: Callable[[Store], object]) -> None:
        """Have *work* write to the store, in one durable transaction.

        Raises StoreError if that fails; nothing was written then.
        """
        with self.store.writing():
            work(self.store)

    def write_soon(self, run: str, operation: Operation) -> None:
        """Write *operation* within half a second."""
        self._operations[run, operation.number] = operation
        self.schedule_flush()

    def add_state(self, value: StateValue) -> None:
        """Write a state value with the next commit; safe on any thread.

        It schedules no commit: ``schedule_flush`` does, on the loop's thread.
        """
        with self._state_lock:
            self._state[value.scope, value.key] = value

    def flush(self) -> None:
        """Write all that is pending, in one commit, and wake whoever waits for it."""
        self._is_flush_due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        try:
            self._commit()
        except Exception as error:  # Whatever it is, those who wait must get it.
            # What is pending stays pending, and goes out with the next commit.
            self.failure = str(error)
            _wake(waiting, error)  # Before the log, which may fail too.
            _log.error("%s", error)
        else:
            self.failure = ""
            _wake(waiting, None)

    def schedule_flush(self) -> None:
        """Make sure that a commit follows within half a second."""
        if self._timer is None and not self._is_flush_due:
            self._timer = asyncio.get_running_loop().call_later(LAZY_SECONDS, self.flush)

    def pending(self) -> dict[str, list[Operation]]:
        """Return by run the operations that are not on disk yet."""
        by_run: dict[str, list[Operation]] = {}
        for (run, _), operation in self._operations.items():
            by_run.setdefault(run, []).append(operation)
        return by_run

    def _commit(self) -> None:
        by_run, state = self.pending(), self._take_state()
        if not by_run and not state:
            return
        try:
            with self.store.writing():
                for run, changed in by_run.items():
                    self.store.put_operations(run, changed)
                self.store.put_state(state.values())
        except BaseException:
            with self._state_lock:
                self._state = {**state, **self._state}
            raise
        self._operations.clear()

    def _take_state(self) -> dict[tuple[str, str], StateValue]:
        with self._state_lock:
            found, self._state = self._state, {}
        return found


def _wake(waiting: list[asyncio.Future[None]], error: Exception | None) -> None:
    for future in waiting:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
