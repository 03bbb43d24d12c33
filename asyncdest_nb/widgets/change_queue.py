"""Which operations that have changed are sent next: a few at a time, those in sight first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

CHANGES = 1_000  # Operations whose changes are sent at once, however many have changed.
MOST_WATCHED = 200  # More lines are in sight of no page.


def changes_at_once(operations: int) -> int:
    """Return of how many of so many *operations* the changes are sent at once, at most.

    Those of a very large run are scattered over the memory: each costs twice as much.
    """
    return CHANGES if operations <= 250_000 else CHANGES // 2


class ChangeQueue:
    """Numbers of operations, each once, in the order in which they were added."""

    def __init__(self) -> None:
        self._queue: deque[int] = deque()
        self._is_waiting = bytearray()  # By number. Some that are in the queue wait no more.
        self._watched: Sequence[int] = ()

    def __bool__(self) -> bool:
        return bool(self._queue)

    def grow(self, count: int) -> None:
        """Make room for *count* operations."""
        self._is_waiting.extend(bytes(max(0, count - len(self._is_waiting))))

    def add(self, numbers: Iterable[int]) -> None:
        """Add those of *numbers* that do not wait yet; there must be room for them."""
        waiting, append = self._is_waiting, self._queue.append
        for number in numbers:  # Of a large run 10,000 at once, five times a second.
            if not waiting[number]:
                waiting[number] = True
                append(number)

    def remove(self, numbers: range) -> None:
        """Remove *numbers*, which were sent otherwise."""
        at = slice(numbers.start, numbers.stop)
        self._is_waiting[at] = bytes(len(self._is_waiting[at]))
        if True not in self._is_waiting:
            self._queue.clear()

    def watch(self, numbers: Sequence[int]) -> None:
        """Let *numbers* be taken before others from now on; a page has them in sight."""
        self._watched = numbers[:MOST_WATCHED]

    def take(self, count: int | None = None) -> list[int]:
        """Remove and return up to *count*, None = all; they ascend."""
        found = self._taken_watched()
        queue, waiting = self._queue, self._is_waiting
        while queue and (count is None or len(found) < count):
            number = queue.popleft()
            if waiting[number]:
                waiting[number] = False
                found.append(number)
        return sorted(found)

    def _taken_watched(self) -> list[int]:
        waiting = self._is_waiting
        found = [each for each in self._watched if each < len(waiting) and waiting[each]]
        for number in found:
            waiting[number] = False
        return found
