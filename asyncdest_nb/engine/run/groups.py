"""Which operations are polled together, in one call: some of one submission."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from math import ceil

from ..channel.poll_round import Part
from .context import RunContext

LOOKAHEAD = 1_000  # Operations that are grouped at a time: some milliseconds.
SOON_SECONDS = 0.2  # A schedule that learns is asked for what can be sent within this time.
NEIGHBORS = 20  # Times the size of a group: how many others of a submission are looked at.


class PollGroups:
    """The groups of due operations of a run, the most overdue first."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._ready: deque[list[int]] = deque()
        # Operations that are polled one by one, until they get an answer again.
        self._apart: set[int] = set()
        # Whether one request asks about several operations; until that is known, it may.
        self._is_shared = True
        # Whether polls make no request, so that they need not wait until one may be sent.
        self.is_free = False

    @property
    def has_next(self) -> bool:
        """Whether a group is left of those that were due together."""
        return bool(self._ready)

    def next(self) -> list[int]:
        """Return the operations to poll next, none if nothing is due after all."""
        run = self._run
        if not self._ready:
            found = run.schedule.due(run.clock.steady(), limit=self._limit())
            self._ready.extend(self._grouped(found))
        return self._filled(self._ready.popleft()) if self._ready else []

    def set_apart(self, numbers: Iterable[int]) -> None:
        """Poll these operations alone from now on."""
        self._apart.update(numbers)

    def rejoin(self, number: int) -> None:
        """Poll an operation with others again."""
        self._apart.discard(number)

    def priced(self, parts: Sequence[Part], size: int) -> None:
        """Learn from the answers to a group of *size* how many requests one operation takes."""
        requests = 0
        for part in parts:
            if part.result.error is not None:
                return
            requests += len(part.result.exchanges)
        self.is_free = not requests
        if self.is_free:
            return
        if size > 1:
            self._is_shared = requests < size
        if self._run.learner is not None:
            self._run.learner.priced(requests / size)

    def _limit(self) -> int:
        if self._run.learner is None:
            return LOOKAHEAD
        soon = ceil(self._run.channel.limiter.rate * SOON_SECONDS)
        return min(LOOKAHEAD, max(soon, self._run.action.poll_batch_size))

    def _grouped(self, due: Sequence[int]) -> list[list[int]]:
        """Return the groups to poll together, in the order due: each of one submission."""
        run, size = self._run, self._run.action.poll_batch_size
        by_batch: dict[tuple[int, int], list[int]] = {}
        for operation in run.ledger.select(due):
            alone = operation.number if operation.number in self._apart else -1
            by_batch.setdefault((operation.batch, alone), []).append(operation.number)
        return [
            numbers[at : at + size]
            for numbers in by_batch.values()
            for at in range(0, len(numbers), size)
        ]

    def _filled(self, group: list[int]) -> list[int]:
        """Return *group* with others of its submission that the same request can ask about."""
        run, free = self._run, self._run.action.poll_batch_size - len(group)
        is_alone = group[0] in self._apart or not self._is_shared
        if free <= 0 or is_alone or run.learner is None:
            return group
        others = [each for each in self._neighbors(group[-1]) if each not in self._apart]
        return group + run.learner.early(others, run.clock.steady(), limit=free)

    def _neighbors(self, number: int) -> Iterable[int]:
        """Yield operations of the same submission, those after *number* and before it."""
        operations, most = self._run.ledger.operations, NEIGHBORS * self._run.action.poll_batch_size
        batch = operations[number].batch
        for step in (1, -1):
            at, left = number + step, most
            while 0 <= at < len(operations) and left and operations[at].batch == batch:
                yield at
                at, left = at + step, left - 1
