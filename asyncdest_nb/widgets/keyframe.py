"""Which slices of a keyframe are still to be sent, and when the next keyframe begins."""

from __future__ import annotations

from collections import deque

from .sent_state import slices


def keyframe_seconds(operations: int) -> float:
    """Return how long after a keyframe of so many *operations* the next one begins.

    A browser requests what it misses, where it can; this is for where it cannot.
    """
    return max(60.0, operations / 200)


class Keyframe:
    """A keyframe on its way; truthy while slices of it are to be sent.

    ``since`` is the sequence number that it begins with, ``due`` when the next one begins, in
    Unix seconds.
    """

    def __init__(self, operations: int, *, now: float) -> None:
        self.since = 0
        self.due = now + keyframe_seconds(operations)
        self._slices: deque[range] = deque()

    def __bool__(self) -> bool:
        return bool(self._slices)

    def begin(self, entries: int, *, seq: int) -> None:
        """Begin one of so many *entries* after the message *seq*."""
        self._slices = deque(slices(entries))
        self.since = seq + 1

    def take(self, entries: int, *, now: float) -> range:
        """Return the numbers of the next slice, with *entries* there by now."""
        found = self._slices.popleft()
        if not self._slices:
            self.due = now + keyframe_seconds(entries)
        return found

    def stop(self) -> None:
        """Send no more of it."""
        self._slices.clear()
