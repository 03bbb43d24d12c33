"""Durable writes, many to a commit, on the store's own thread.

An intent must be on disk before its request leaves, and an id before the next
request of the same submission. A commit per request would cost an fsync each;
so all that comes while a commit is on its way to the disk shares the next one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TypeVar

from ..operation import Operation
from ..store import NoThread, StateValue, Store, StoreThread

T = TypeVar("T")

LAZY_SECONDS = 0.5  # How long a write may wait for others when nobody waits for it.
# Where several waited for the last commit, the next one gathers for this part of the time that
# it took: the answers to what it let go are on their way. So there are a third fewer commits.
GATHER_PART = 0.25
GATHER_SECONDS = 0.003  # At most.
WRITES_A_TURN = 16  # In memory, how many writes may follow each other before others run.

_log = logging.getLogger(__name__)

# By run and number: a key for both takes 56 bytes more of each.
Operations = Mapping[str, Mapping[int, Operation]]
State = Mapping[tuple[str, str], StateValue]
_Operations = defaultdict[str, dict[int, Operation]]


class Journal:
    """The one user of a store; lives on *loop*, which never waits for the disk.

    *thread* is where the store is used from now on. *is_in_memory*: it has no file, and nothing
    in it outlives this process. Ledgers and states are all that knows of changes then, until
    somebody asks the store: writing each of them to it took 20 us of CPU a request, and a copy
    of what is to be written 50 bytes of each operation.
    """

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        *,
        thread: StoreThread | NoThread,
        is_in_memory: bool = False,
    ) -> None:
        self._store = store
        self._loop = loop
        self._thread = thread
        self.is_in_memory = is_in_memory
        self._operations = _Operations(dict)
        self._state: dict[tuple[str, str], StateValue] = {}
        self._state_lock = threading.Lock()
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.Handle | None = None  # Of the next commit.
        self._is_commit_due = False  # Somebody waits for the next commit.
        self._gather_seconds = 0.0
        self._turns = 0  # In memory.
        # In memory, by run: what returns the operations that the store has not got.
        self._left: dict[str, Callable[[], Sequence[Operation]]] = {}
        # What is on its way to the disk; None = nothing is.
        self._on_its_way: Operations | None = None
        self.failure = ""  # Why the last commit failed; empty = it did not.

    async def write_durably(self, run: str, operations: Iterable[Operation]) -> None:
        """Write *operations* and all pending writes; they are on disk when this returns.

        Raises StoreError if that fails; nothing was written then.
        """
        pending = self._operations[run]
        for each in operations:
            pending[each.number] = each
        done = self._loop.create_future()
        self._waiting.append(done)
        if not self._is_commit_due:
            self._is_commit_due = True
            self._begin_soon()
        await done

    async def transact(
        self, work: Callable[[Store], object], run: str = "", operations: Sequence[Operation] = ()
    ) -> None:
        """Have *work* write to the store, after *operations* of *run*, in one durable transaction.

        Raises StoreError if that fails; nothing was written then.
        """
        await self.use(partial(_transact, work, run, operations))

    async def use(self, work: Callable[[Store], T]) -> T:
        """Return what *work* returns for the store, which nothing else uses at that moment."""
        found = self._thread.start(partial(work, self._store))
        return found.result() if found.done() else await asyncio.wrap_future(found)

    def leave(self, run: str, unstored: Callable[[], Sequence[Operation]]) -> None:
        """Leave the operations of *run* where they are until a ``flush``, if there is no file.

        *unstored* returns those that the store has not got, and each of them once.
        """
        self._left[run] = unstored

    def drop(self, runs: Iterable[str]) -> None:
        """Let go of *runs*, which the store has forgotten."""
        for run in runs:
            self._left.pop(run, None)

    async def give_turn(self) -> None:
        """Let others run now and then, where no write waits for a disk."""
        self._turns += 1
        if self._turns % WRITES_A_TURN == 0:  # Functions may send nothing, and wait for none.
            await asyncio.sleep(0)

    def write_soon(self, run: str, operation: Operation) -> None:
        """Write *operation* within half a second."""
        self._operations[run][operation.number] = operation
        self.schedule_commit()

    def add_state(self, value: StateValue) -> None:
        """Write a state value with the next commit, if there is a file; safe on any thread.

        It schedules no commit: ``schedule_commit`` does, on the loop's thread.
        """
        if self.is_in_memory:
            return
        with self._state_lock:
            self._state[value.scope, value.key] = value

    async def flush(self) -> None:
        """Write all that is pending; ``failure`` says why it is not on disk when this returns."""
        for run, unstored in self._left.items():
            if found := unstored():
                self._operations[run].update((each.number, each) for each in found)
        done = self._loop.create_future()
        self._waiting.append(done)
        self._commit()
        with suppress(Exception):  # It is logged, and what is pending stays pending.
            await done

    async def flush_to_disk(self) -> None:
        """Write all that is pending, as ``flush`` does, if there is a file."""
        if not self.is_in_memory:
            await self.flush()

    def schedule_commit(self) -> None:
        """Make sure that a commit follows within half a second, if there is a file."""
        if self._timer is None and not (self._is_commit_due or self.is_in_memory):
            self._timer = self._loop.call_later(LAZY_SECONDS, self._commit)

    def pending(self) -> dict[str, list[Operation]]:
        """Return by run the operations that are not on disk yet."""
        found = _merged(self._on_its_way or {}, self._operations)
        return {run: list(operations.values()) for run, operations in found.items()}

    async def aclose(self) -> None:
        """Write all that is pending, and close the store."""
        await self.flush_to_disk()
        await self.use(Store.close)
        self._thread.stop()

    def _begin_soon(self) -> None:
        """Begin a commit once it has gathered, unless one is on its way: this follows that."""
        if self._on_its_way is None:
            self._stop_timer()
            self._timer = self._loop.call_later(self._gather_seconds, self._commit)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _commit(self) -> None:
        """Begin a commit of all that is pending; if one is on its way, after that."""
        self._is_commit_due = self._on_its_way is not None
        if self._is_commit_due:
            return
        self._stop_timer()
        operations, state, waiting = self._operations, self._take_state(), self._waiting
        self._operations, self._waiting, self._on_its_way = _Operations(dict), [], operations
        done = self._thread.start(partial(_write, self._store, operations, state))
        ended = partial(self._ended, operations, state, waiting, done, self._loop.time())
        if done.done():
            ended()
        else:
            done.add_done_callback(lambda _: self._loop.call_soon_threadsafe(ended))

    def _ended(
        self,
        operations: Operations,
        state: State,
        waiting: Sequence[asyncio.Future[None]],
        done: Future[None],
        began: float,
    ) -> None:
        """Wake those who wait for a commit that has ended, and begin the next."""
        self._on_its_way = None
        took = self._loop.time() - began if len(waiting) > 1 else 0.0
        self._gather_seconds = min(took * GATHER_PART, GATHER_SECONDS)
        error = done.exception()
        self.failure = "" if error is None else str(error)
        if error is not None:
            # What is pending stays pending, and goes out with the next commit.
            self._operations = _merged(operations, self._operations)
            with self._state_lock:
                self._state = {**state, **self._state}
        _wake(waiting, error)  # Before the log, which may fail too.
        if self._is_commit_due:
            self._begin_soon()
        if error is not None:
            _log.error("%s", error)

    def _take_state(self) -> State:
        with self._state_lock:
            found, self._state = self._state, {}
        return found


def _transact(
    work: Callable[[Store], object], run: str, operations: Sequence[Operation], store: Store
) -> None:
    with store.writing():
        if operations:
            store.put_operations(run, operations)
        work(store)


def _write(store: Store, operations: Operations, state: State) -> None:
    if not operations and not state:
        return
    with store.writing():
        for run, changed in operations.items():
            store.put_operations(run, changed.values())
        store.put_state(state.values())


def _merged(older: Operations, newer: Operations) -> defaultdict[str, dict[int, Operation]]:
    found = _Operations(dict)
    for each in (older, newer):
        for run, operations in each.items():
            found[run].update(operations)
    return found


def _wake(waiting: Iterable[asyncio.Future[None]], error: BaseException | None) -> None:
    for future in waiting:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
