"""Which rows, and how many of them a request takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import UsageError
from ...frame import DataFrame, to_rows
from . import markup, parts
from .offers import frames, name_of
from .work import Problem, attempted


def columns_of(frame: DataFrame) -> tuple[str, ...]:
    """Return the columns of *frame* by their names; raises FrameError if it cannot be read."""
    return to_rows(frame.head(0) if isinstance(frame, DataFrame) else frame).columns


class Rows:
    """The frame that was given, or a choice among those of the notebook."""

    def __init__(
        self, frame: DataFrame | None, names: Mapping[str, Any], changed: parts.Changed
    ) -> None:
        self._names = names
        self._changed = changed
        self._about = parts.html()
        self.frame = frame
        self.name = "df" if frame is None else name_of(frame, names, "")
        self.columns: tuple[str, ...] = () if frame is None else columns_of(frame)
        self._choice = parts.dropdown("DataFrame of this notebook", [], self._chosen)
        self._again = parts.button("Look again", self.find)
        choice = [] if frame is not None else [self._choice, self._again]
        self.widget = parts.section("Rows", *choice, self._about)
        parts.show(self.widget)
        if frame is not None:
            self._about.value = markup.note(f"{self.name or 'Your frame'}: {_size(frame)}.")

    def find(self) -> None:
        """Offer the frames that the notebook has by now."""
        found = frames(self._names)
        options = [(f"{name}: {_size(each)}", name) for name, each in found.items()]
        parts.refill(self._choice, options, self.name if self.name in found else None)
        if not found:
            self._about.value = markup.note("None yet: make one in a cell, then look again.")
        elif self._choice.value is None:
            self._about.value = markup.note("Choose the rows to send.")
        self._chosen()

    def _chosen(self) -> None:
        frame = frames(self._names).get(self._choice.value)
        if frame is None or frame is self.frame:
            return
        self.name, self.frame = self._choice.value, None
        columns = attempted(lambda: columns_of(frame))
        if isinstance(columns, Problem):
            self._about.value = markup.problem(columns.text)
        else:
            self.frame, self.columns = frame, columns
            self._about.value = markup.note(f"{self.name}: {_size(frame)}.")
        self._changed()


def _size(frame: DataFrame) -> str:
    rows, columns = frame.shape
    return f"{rows:,} row{'s' * (rows != 1)}, {columns:,} column{'s' * (columns != 1)}"


def whole_number(label: str, text: str) -> int | None:
    """Return the number that was typed, None = none was; raises UsageError."""
    if not text.strip():
        return None
    if not text.strip().isdecimal() or int(text) < 1:
        raise UsageError(f"{label}: {text!r}; write a whole number of 1 or more, or nothing")
    return int(text)
