"""One run from its rows to its end: prepare, submit, poll, and cancel.

A few submitters and a few pollers share the channel's rate limiter; there is no task per
operation.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from typing import Any

from ...destination import Action
from ...errors import AsyncDestError
from ...operation import POLLED, State, overdue, resolved, unsure
from ...store import StoredRun
from ..channel.channel import Channel
from .batches import Batch
from .cancel import cancel
from .context import POLLERS, SUBMITTERS, RunContext
from .garbage import rare_collections
from .ledger import Ledger
from .notices import notices, searched
from .poller import Poller
from .prepared import PreparedSlice
from .preparer import Preparer
from .resumer import Resumer
from .submitter import Submitter
from .tally import RunTally

TICK_SECONDS = 0.2  # How often the listeners are called.
DEADLINE_TICKS = 5  # How often deadlines are checked.
LEARN_TICKS = 150  # How often what was learned is kept, in case the process is killed.
HEARTBEAT_TICKS = 25  # A screen that gets nothing for long has to assume the kernel is dead.


class Execution:
    """One run: its rows, where they go, and the ledger of what becomes of them."""

    def __init__(self, run: RunContext, beginning: Preparer | Resumer) -> None:
        self._run = run
        self._beginning = beginning
        self._group: asyncio.TaskGroup | None = None
        self.has_begun = False
        self._is_withdrawn = False  # Its rows were submitted before, by another run.
        self.failure: Exception | None = None  # What ended the run early.

    @property
    def ledger(self) -> Ledger:
        """What is known of the run."""
        return self._run.ledger

    @property
    def labels(self) -> Sequence[str]:
        """The labels of its rows."""
        return self._run.source.labels

    @property
    def action(self) -> Action:
        """The action that its rows are sent to."""
        return self._run.action

    @property
    def tally(self) -> RunTally:
        """What this process has spent on the run so far."""
        return self._run.tally

    @property
    def seconds_throttled(self) -> float:
        """For how long the destination let the run's requests wait, in this process."""
        return self._run.seconds_throttled

    async def add(self, prepared: PreparedSlice) -> None:
        """Store rows of a run that has not begun, and that does not read them itself."""
        assert isinstance(self._beginning, Preparer)
        await self._beginning.add(prepared)

    def name(self, record: StoredRun) -> None:
        """Set the *record* of a run that has not begun, once all its rows are known."""
        self._run.record = record

    async def execute(self) -> None:
        """Bring every operation to rest, then complete ``ledger.rested``; to be called once.

        If its rows turn out to be those of an earlier run, it does nothing, and whoever
        found that out completes ``rested``. A failure of ours (the store) ends the run where
        it is: what was not sent stays planned, and ``rested`` gets the error.
        """
        self.has_begun = True
        publisher = asyncio.create_task(self._publish())
        failure: Exception | None = None
        is_closed = True
        try:
            with rare_collections():
                await self._send_and_poll()
            is_closed = False
        except* Exception as group:
            failure, is_closed = _first(group), False
        finally:
            publisher.cancel()
            if not self._is_withdrawn:
                await self._end(self._closed_early() if is_closed else failure)

    def _closed_early(self) -> AsyncDestError:
        if self.ledger.is_planned:
            text = "the session was closed before the run ended; results() has what is known"
        else:
            text = (
                "the session was closed while the rows of the run were prepared: nothing was sent, "
                "and the run is not kept; submit them again"
            )
        return AsyncDestError(text)

    def use(self, channel: Channel, action: Action) -> None:
        """Send by *channel* from now on, which leads to the same account, and poll by *action*.

        A key may be newer, and a mistake in ``poll`` corrected. What was sent is unchanged.
        """
        self._run.use(channel, action)

    async def pause(self, *, is_paused: bool) -> None:
        """Send and poll nothing for a while, or go on; this holds after a restart too."""
        self._run.control.is_paused = is_paused
        await self._run.writer.save_control(self._run.control)

    @property
    def is_canceling(self) -> bool:
        """Whether the user has canceled the run, so that nothing more is sent."""
        return self._run.control.is_canceling

    @property
    def is_paused(self) -> bool:
        """Whether the user has paused the run, so that nothing is sent or polled."""
        return self._run.control.is_paused

    @property
    def now(self) -> float:
        """Unix seconds by the clock that stamps what happens."""
        return self._run.clock.now()

    def mask(self, text: str) -> str:
        """Return *text* without secrets."""
        return self._run.channel.mask(text)

    def storable(self, value: Any) -> Any:
        """Return JSON *value* as it may be shown: without secrets and signed URLs."""
        return self._run.channel.storable(value)

    async def cancel(self) -> None:
        """Send no more, and ask the destination to cancel what it has accepted, where it can."""
        control = self._run.control
        control.is_canceling, control.is_paused = True, False
        if self.ledger.rested.done():
            return
        self._cancel_accepted()
        await self._run.writer.save_control(control)

    def _cancel_accepted(self) -> None:
        group = self._group
        if group is None:
            return  # The run is about to begin, and cancels then, or it has just ended.
        numbers = deque(each.number for each in self.ledger.operations if each.state in POLLED)
        for _ in range(min(SUBMITTERS, len(numbers))):
            work = self._cancel_all(numbers)
            try:
                group.create_task(work)
            except RuntimeError:  # The run is ending at this very moment.
                work.close()

    async def _cancel_all(self, numbers: deque[int]) -> None:
        while numbers:
            await cancel(self._run, numbers.popleft())

    async def resolve(self, *, applied: bool) -> None:
        """End all held operations as the user says: they were *applied*, or they were not."""
        run = self._run
        for operation in self.ledger.operations:
            if operation.state is State.HELD:
                run.writer.update(resolved(operation, applied=applied, now=run.clock.now()))
        await run.writer.flush_to_disk()
        self.ledger.notify(at_rest=self.ledger.rested.done())

    async def _end(self, failure: Exception | None) -> None:
        self.failure = failure
        self._doubt_what_was_being_sent()
        if not self._run.writer.failure:
            self._run.keep_learned(self._run)
        try:
            await self._run.writer.flush_to_disk()
        finally:  # A run that is cancelled once more has ended, too.
            self.ledger.notify(at_rest=True)
            if failure is None:
                self.ledger.rested.set_result(None)
            else:
                self.ledger.rested.set_exception(failure)

    def _doubt_what_was_being_sent(self) -> None:
        action = self._run.action
        for operation in self.ledger.operations:
            if operation.state is State.SUBMITTING and not action.steps:
                text = "the run ended while it was being sent: it may or may not have been applied"
                doubt = unsure(operation, message=text)
                is_over = action.recovery == "none"
                self._run.writer.update(self._run.held(doubt) if is_over else doubt)

    def notices(self) -> list[str]:
        """Return sentences that the user should see now."""
        run = self._run
        found = [str(self.failure) if self.failure else "", run.writer.failure]
        if not self.ledger.is_planned and not self.failure:
            found.append(self._beginning.notice)
        found += notices(run, is_going=self._is_going())
        return [text for text in found if text]

    @property
    def searched(self) -> str:
        """What the destination is asked about rows in doubt, as a notice; empty = nothing."""
        return searched(self._run) if self._is_going() else ""

    def _is_going(self) -> bool:
        # The listeners are called for the last time before ``rested`` is done.
        return not (self.ledger.rested.done() or self.ledger.is_at_rest or self.failure)

    async def _send_and_poll(self) -> None:
        run = self._run
        found = await self._beginning.batches()
        if found is None:
            self._is_withdrawn = True
            return
        batches = deque(found)
        del found  # What has been sent is freed.
        submitter, poller = Submitter(run), Poller(run)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(submitter, batches, poller))
            if run.action.poll is not None:
                for _ in range(POLLERS):
                    group.create_task(poller.poll_all())
            self._group = group
            if run.control.is_canceling:
                self._cancel_accepted()
        self._group = None

    async def _send(self, submitter: Submitter, batches: deque[Batch], poller: Poller) -> None:
        """Send all; raises StoreError only once the answers to all that was sent are written."""
        async with asyncio.TaskGroup() as senders:
            # With a file, half of them send while the others wait until their ids are on disk.
            share = 1 if self._run.writer.is_in_memory else 2
            for _ in range(min(share * self._run.submitters, len(batches))):
                senders.create_task(submitter.send_all(batches))
        self._run.payloads.let_go()
        poller.wake()
        if self._run.control.trouble:
            raise self._run.control.trouble

    async def _publish(self) -> None:
        for tick in itertools.count(1):
            await self._run.clock.sleep(TICK_SECONDS)
            if tick % DEADLINE_TICKS == 0:
                self._mark_overdue()
            if tick % LEARN_TICKS == 0 and not self._run.writer.failure:
                self._run.keep_learned(self._run)
            # While rows are prepared the notice changes all the time, but no operation does.
            is_due = tick % HEARTBEAT_TICKS == 0 or not self.ledger.is_planned
            self.ledger.notify(heartbeat=is_due)

    def _mark_overdue(self) -> None:
        run, seconds = self._run, self._run.record.deadline_seconds
        if seconds is None:
            return
        for operation in self.ledger.operations:
            if operation.submitted_at is None or operation.is_overdue or operation.is_final:
                continue
            if run.clock.age(operation.number, operation.submitted_at) >= seconds:
                run.writer.update(overdue(operation))


def _first(group: BaseException) -> Exception:
    """Return the first exception inside nested groups."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group if isinstance(group, Exception) else RuntimeError(str(group))
