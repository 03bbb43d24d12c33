"""Inputs for one value of a mapping, or for several one below the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from ...errors import UsageError
from . import parts

Entered: TypeAlias = Any  # What is entered, to be entered again.


class Filled(Protocol):
    """Inputs for a value, or for several; ``entered`` is what ``enter`` enters again.

    ``read`` returns them as a mapping, and raises UsageError with what is missing.
    """

    widget: parts.Widget

    def read(self) -> Any: ...

    @property
    def entered(self) -> Entered: ...

    def enter(self, entered: Entered) -> None: ...

    def close(self) -> None: ...


class Control:
    """One control; *read* makes a mapping of its value, which is not empty."""

    def __init__(self, label: str, control: parts.Widget, read: Callable[[Any], Any]) -> None:
        self._label, self.widget, self._read = label, control, read

    def read(self) -> Any:
        """Return its value as a mapping; raises UsageError if there is none."""
        if parts.is_blank(self.widget):
            raise UsageError(f"{self._label}: choose or write something")
        return self._read(self.widget.value)

    @property
    def entered(self) -> Entered:
        """The value of the control."""
        return self.widget.value

    def enter(self, entered: Entered) -> None:
        """Enter a value, if it can be chosen."""
        parts.enter(self.widget, entered)

    def close(self) -> None:
        """Remove it from the page."""
        self.widget.close()


def constant(text: str) -> Any:
    """Return what a text means as JSON; any other text is that text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


class ValueList:
    """Values one below the other, with a button for one more; *made* makes the next of them."""

    def __init__(self, more: str, changed: parts.Changed, made: Callable[[int], Filled]) -> None:
        self._changed, self._made = changed, made
        self.items: list[Filled] = []
        self._box = parts.column()
        self._more = parts.button(more, self._add)
        self.widget = parts.column(self._box, self._more)

    def _add(self) -> None:
        self.grow(len(self.items) + 1)
        self._changed()

    def grow(self, count: int) -> None:
        """Let there be *count* values."""
        while len(self.items) < count:
            self.items.append(self._made(len(self.items) + 1))
        self._box.children = [each.widget for each in self.items]

    def read(self) -> list[Any]:
        """Return the values; raises UsageError with what is missing."""
        return [each.read() for each in self.items]

    @property
    def entered(self) -> Entered:
        """What is entered for each."""
        return [each.entered for each in self.items]

    def enter(self, entered: Entered) -> None:
        """Enter what was entered for each."""
        self.grow(len(entered))
        for item, each in zip(self.items, entered, strict=False):
            item.enter(each)

    def close(self) -> None:
        """Remove them from the page."""
        for each in self.items:
            each.close()
        for widget in (self._box, self._more, self.widget):
            widget.close()
