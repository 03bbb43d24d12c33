"""One run, from its rows to the rest: prepare, submit, poll, and cancel.

A few submitters and a few pollers share the channel's pace; there is no task per
operation.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any

from ...destination import Action
from ...errors import AsyncDestError
from ...operation import POLLED, State, held, overdue, resolved, unsure
from ..channel.channel import Channel
from .batches import Batch
from .cancel import cancel
from .context import POLLERS, SUBMITTERS, RunContext
from .ledger import Ledger
from .notices import notices
from .poller import Poller
from .preparer import Preparer
from .resumer import Resumer
from .submitter import Submitter

TICK_SECONDS = 0.2  # How often the listeners are told.
DEADLINE_TICKS = 5  # How often deadlines are looked at.
HEARTBEAT_TICKS = 25  # A screen that hears nothing for long has to doubt the kernel.


class Execution:
    """One run: its rows, where they go, and the ledger of what becomes of them."""

    def __init__(self, course: RunContext, beginning: Preparer | Resumer) -> None:
        self._course = course
        self._beginning = beginning
        self._group: asyncio.TaskGroup | None = None
        self.has_begun = False
        self.failure: Exception | None = None  # What ended the run before its time.

    @property
    def ledger(self) -> Ledger:
        """What is known of the run."""
        return self._course.ledger

    @property
    def action(self) -> Action:
        """What its rows are sent to."""
        return self._course.action

    @property
    def requests(self) -> int:
        """HTTP requests so far."""
        return self._course.requests

    async def run(self) -> None:
        """Bring every operation to rest, then say so to whoever waits; to be called once.

        A failure of ours (the store) ends the run where it stands: what was not
        sent stays planned, and whoever waits gets the error.
        """
        self.has_begun = True
        publisher = asyncio.create_task(self._publish())
        failure: Exception | None = AsyncDestError(
            "the session was closed before the run ended; results() has what is known"
        )
        try:
            await self._go()
            failure = None
        except* Exception as group:
            failure = _first(group)
        finally:
            publisher.cancel()
            self._end(failure)

    def use(self, channel: Channel, action: Action) -> None:
        """Ask by *channel* from now on, which leads to the same account, and as *action* asks.

        A key may be newer, and a mistake in ``poll`` corrected. What is sent stays what it was.
        """
        self._course.channel = channel
        self._course.ask_as(action)

    async def pause(self, *, is_paused: bool) -> None:
        """Send and ask nothing more for a while, or go on; after a restart too."""
        self._course.is_paused = is_paused
        self._course.stand()

    @property
    def is_canceling(self) -> bool:
        """Whether nothing more is sent, because the user says so."""
        return self._course.is_canceling

    @property
    def is_paused(self) -> bool:
        """Whether nothing is sent or asked until the user says so."""
        return self._course.is_paused

    def mask(self, text: str) -> str:
        """Return *text* without secrets."""
        return self._course.channel.mask(text)

    def kept(self, value: Any) -> Any:
        """Return JSON *value* as it may be shown: without secrets and signed URLs."""
        return self._course.channel.storable(value)

    async def cancel(self) -> None:
        """Send no more, and ask the destination to cancel what it has taken, where it can."""
        self._course.is_canceling, self._course.is_paused = True, False
        if self.ledger.rested.done():
            return
        self._cancel_taken()
        self._course.stand()

    def _cancel_taken(self) -> None:
        group = self._group
        if group is None:
            return  # It begins or ends just now, and looks itself when it begins.
        taken = deque(each.number for each in self.ledger.operations if each.state in POLLED)
        for _ in range(min(SUBMITTERS, len(taken))):
            work = self._cancel_all(taken)
            try:
                group.create_task(work)
            except RuntimeError:  # The run is coming to its end at this very moment.
                work.close()

    async def _cancel_all(self, numbers: deque[int]) -> None:
        while numbers:
            await cancel(self._course, numbers.popleft())

    async def resolve(self, *, applied: bool) -> None:
        """Take the user's word for all that is held."""
        course = self._course
        for operation in self.ledger.operations:
            if operation.state is State.HELD:
                course.put(resolved(operation, applied=applied, now=course.wall))
        course.journal.flush()
        self.ledger.tell(at_rest=self.ledger.rested.done())

    def _end(self, failure: Exception | None) -> None:
        self.failure = failure
        for operation in self.ledger.operations:
            if operation.state is State.SUBMITTING and not self._course.action.steps:
                text = "the run ended while it was being sent: it may or may not have been applied"
                doubt = unsure(operation, message=text)
                is_hopeless = self._course.action.recovery == "none"
                self._course.put(held(doubt) if is_hopeless else doubt)
        self._course.journal.flush()
        self.ledger.tell(at_rest=True)
        if failure is None:
            self.ledger.rested.set_result(None)
        else:
            self.ledger.rested.set_exception(failure)

    def notices(self) -> list[str]:
        """Return sentences a person should see now."""
        course = self._course
        found = [str(self.failure) if self.failure else "", course.journal.failure]
        if not self.ledger.is_planned and not self.failure:
            found.append(self._beginning.notice)
        found += notices(course, is_going=not self.ledger.rested.done())
        return [text for text in found if text]

    async def _go(self) -> None:
        course = self._course
        batches = deque(await self._beginning.batches())
        submitting, polling = Submitter(course), Poller(course)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(submitting, batches))
            if course.action.poll is not None:
                group.create_task(polling.hand_out())
                for _ in range(POLLERS):
                    group.create_task(polling.all())
            self._group = group
            if course.is_canceling:
                self._cancel_taken()
        self._group = None

    async def _send(self, submitting: Submitter, batches: deque[Batch]) -> None:
        """Send all; if that cannot be written, what has left is still answered and known."""
        async with asyncio.TaskGroup() as senders:
            for _ in range(min(SUBMITTERS, len(batches))):
                senders.create_task(submitting.all(batches))
        if self._course.trouble:
            raise self._course.trouble

    async def _publish(self) -> None:
        for tick in itertools.count(1):
            await self._course.channel.clock.sleep(TICK_SECONDS)
            if tick % DEADLINE_TICKS == 0:
                self._note_overdue()
            # How many rows were looked at changes all the time, and no operation tells it.
            is_due = tick % HEARTBEAT_TICKS == 0 or not self.ledger.is_planned
            self.ledger.tell(heartbeat=is_due)

    def _note_overdue(self) -> None:
        course, seconds = self._course, self._course.record.deadline_seconds
        if seconds is None:
            return
        for operation in self.ledger.operations:
            if operation.submitted_at is None or operation.is_overdue or operation.is_final:
                continue
            if course.ages.of(operation.number, operation.submitted_at) >= seconds:
                course.put(overdue(operation))


def _first(group: BaseException) -> Exception:
    """Return the first exception inside nested groups."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group if isinstance(group, Exception) else RuntimeError(str(group))
