"""What was found for texts, remembered while they are likely to come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

REMEMBERED = 4_096  # texts; then it begins anew, since most are ids, of which a run has thousands
SHORT = 200  # characters of a text that is remembered at most


class ShortTexts(dict[str, T]):
    """What *find* returns for a text: ``found[text]``.

    An operation's id and messages are shown and written several times, each time with the
    same keys. Asked by a dict's own look-up, since that is for each text of each request.
    """

    def __init__(self, find: Callable[[str], T]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, text: str) -> T:
        found = self._find(text)
        if len(text) <= SHORT:
            if len(self) >= REMEMBERED:
                self.clear()
            self[text] = found
        return found
