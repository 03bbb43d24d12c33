"""One run, from its rows to the rest: prepare, submit, poll, and cancel.

A few submitters and a few pollers share the channel's pace; there is no task per
operation.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

from ..errors import AsyncDestError
from ..operation import POLLED, State, held, unsure
from .canceling import cancel
from .course import Course
from .ledger import Ledger
from .polling import Polling
from .preparing import Preparing
from .resuming import Resuming
from .submitting import Submitting

TICK_SECONDS = 0.2  # How often the listeners are told.
HEARTBEAT_TICKS = 25  # A screen that hears nothing for long has to doubt the kernel.


class Execution:
    """One run: its rows, where they go, and the ledger of what becomes of them."""

    def __init__(self, course: Course, beginning: Preparing | Resuming) -> None:
        self._course = course
        self._beginning = beginning
        self._group: asyncio.TaskGroup | None = None
        self.failure: Exception | None = None  # What ended the run before its time.

    @property
    def ledger(self) -> Ledger:
        """What is known of the run."""
        return self._course.ledger

    @property
    def requests(self) -> int:
        """HTTP requests so far."""
        return self._course.requests

    async def run(self) -> None:
        """Bring every operation to rest, then say so to whoever waits.

        A failure of ours (the store) ends the run where it stands: what was not
        sent stays planned, and whoever waits gets the error.
        """
        publisher = asyncio.create_task(self._publish())
        failure: Exception | None = AsyncDestError("the session was closed before the run ended")
        try:
            await self._go()
            failure = None
        except* Exception as group:
            failure = _first(group)
        finally:
            publisher.cancel()
            self._end(failure)

    async def cancel(self) -> None:
        """Send no more, and ask the destination to cancel what it has taken, where it can."""
        self._course.is_canceling = True
        group = self._group
        if group is None or self.ledger.rested.done():
            return
        taken = deque(each.number for each in self.ledger.operations if each.state in POLLED)
        for _ in range(min(self._course.limits.submitters, len(taken))):
            work = self._cancel_all(taken)
            try:
                group.create_task(work)
            except RuntimeError:  # The run is coming to its end at this very moment.
                work.close()

    async def _cancel_all(self, numbers: deque[int]) -> None:
        while numbers:
            await cancel(self._course, numbers.popleft())

    def _end(self, failure: Exception | None) -> None:
        self.failure = failure
        for operation in self.ledger.operations:
            if operation.state is State.SUBMITTING and not self._course.action.steps:
                text = "the run ended while it was being sent: it may or may not have been applied"
                self._course.put(held(unsure(operation, message=text)))
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
        if not self.ledger.rested.done():
            found += [course.channel.notice(), self._cannot_cancel(), self._unanswered()]
            found += list(course.not_canceled.values())[:1]
        return [text for text in found if text]

    def _cannot_cancel(self) -> str:
        if not self._course.is_canceling or self._course.action.cancel is not None:
            return ""
        count = sum(self.ledger.states.get(state, 0) for state in POLLED)
        if not count:
            return ""
        name = self._course.channel.destination.name
        return f"{name} cannot cancel: {count:,} operations go on there; nothing more is sent"

    def _unanswered(self) -> str:
        unanswered = self._course.unanswered
        why = next(iter(unanswered.values()), "")
        return f"{len(unanswered):,} operations cannot be asked about: {why}" if why else ""

    async def _go(self) -> None:
        course = self._course
        batches = deque(await self._beginning.batches())
        submitting, polling = Submitting(course), Polling(course)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(course.limits.submitters, len(batches))):
                group.create_task(submitting.all(batches))
            if course.action.poll is not None:
                group.create_task(polling.hand_out())
                for _ in range(course.limits.pollers):
                    group.create_task(polling.all())
            self._group = group
        self._group = None

    async def _publish(self) -> None:
        for tick in itertools.count(1):
            await self._course.channel.clock.sleep(TICK_SECONDS)
            self.ledger.tell(heartbeat=tick % HEARTBEAT_TICKS == 0)


def _first(group: BaseException) -> Exception:
    """Return the first exception inside nested groups."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group if isinstance(group, Exception) else RuntimeError(str(group))
