"""Which rows to send: those of the frame that was given, or of another one of the notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import UsageError
from ...frame import DataFrame, as_pandas, is_frame, to_rows
from ...numerals import counted
from . import markup, parts
from .offers import frames, name_of
from .work import Problem, attempted


def columns_of(frame: object) -> tuple[str, ...]:
    """Return the columns of *frame* by their names; raises FrameError if it cannot be read."""
    return to_rows(frame, slice(0)).columns


class FramePicker:
    """A choice among the frame that was given and those of the notebook.

    ``frame`` (as pandas has it; None = there is none) and its ``columns`` are as they were
    at the last ``find``. ``name`` is the variable that holds it, empty = none does.
    """

    def __init__(self, frame: object, names: Mapping[str, Any], changed: parts.Changed) -> None:
        self._given = frame
        self._names = names
        self._changed = changed
        self.frame: DataFrame | None = None
        self._found: object = None  # The same frame, as its library has it.
        self.name = "df" if frame is None else name_of(frame, names, "")
        self.columns: tuple[str, ...] = ()
        self._is_nameless = frame is not None and not self.name
        self._about = parts.html()
        self._choice = parts.dropdown("DataFrame of this notebook", [], self._chosen)
        again = parts.button("Look again", self.find)
        self.widget = parts.section("Rows", self._choice, self._about, again)
        parts.show(self.widget)

    def find(self) -> None:
        """Find the rows as they are now, with their columns."""
        self._offer()
        self._found = found = self._frame_now()
        read = None if found is None else attempted(lambda: _read(found))
        self.frame, self.columns = (None, ()) if isinstance(read, Problem | None) else read
        self._about.value = self._status(read if isinstance(read, Problem) else None)
        self._changed()

    def _offer(self) -> None:
        found = frames(self._names)
        options = [(f"{name}: {_size(each)}", name) for name, each in found.items()]
        if self._given is None:
            self.name = self.name if self.name in found else ""
        elif self._is_nameless:
            options.insert(0, ("the frame that was given", ""))
        is_there = self.name in [name for _, name in options]
        parts.refill(self._choice, options, self.name if is_there else None)
        # Without another frame there is nothing to choose.
        parts.show(self._choice, self._given is None or len(options) > is_there)

    def _chosen(self) -> None:
        self.name = self._choice.value or ""
        self.find()

    def _frame_now(self) -> object:
        """Return the frame as the notebook has it now, None = it has none."""
        if self._given is not None and not self.name:
            return self._given
        found = self._names.get(self.name)
        return found if is_frame(found) else None

    def _status(self, problem: Problem | None) -> str:
        if problem is not None:
            return markup.problem(problem.text)
        if self.frame is not None:
            about = f"{self.name or 'Your frame'}: {_size(self.frame)}."
            return markup.note(about + _delimiter_hint(self.columns))
        if self._given is not None:
            return markup.note(
                f"{self.name} is not a frame now: make it in a cell, then look again."
            )
        if not self._choice.options:
            return markup.note("None yet: make one in a cell, then look again.")
        return markup.note("Choose the rows to send.")

    def code(self, rows: int | None, *, otherwise: str) -> str:
        """Return the code of the first *rows*, None = all; *otherwise* if no variable has them."""
        name = self.name or otherwise
        if rows is None:
            return name
        # A Table of pyarrow and a relation of DuckDB have no head.
        ways = {"head": f"{rows}", "limit": f"{rows}", "slice": f"0, {rows}"}
        way = next((each for each in ways if hasattr(self._found, each)), "head")
        return f"{name}.{way}({ways[way]})"

    def check(self) -> None:
        """Raise UsageError unless the notebook still has the frame, with the same columns."""
        if self._frame_now() is not self._found:
            raise UsageError(f"{self.name} was made anew in a cell, or is gone: look again")
        if self.frame is not None and columns_of(self.frame) != self.columns:
            what = self.name or "the frame"
            raise UsageError(f"{what} has other columns than it had: look again")


def _read(frame: object) -> tuple[DataFrame, tuple[str, ...]]:
    found = as_pandas(frame)
    return found, columns_of(found)


def _size(frame: Any) -> str:
    rows, columns = frame.shape
    return f"{markup.rows(rows)}, {counted(columns, 'column')}"


def _delimiter_hint(columns: Sequence[str]) -> str:
    """Return how to read a file whose lines became one column; empty = they did not."""
    name = columns[0] if len(columns) == 1 else ""
    found = next((sign for sign in (";", "\t", "|") if sign in name), "")
    if not found:
        return ""
    return (
        f"\nIs it a file with another delimiter? Then read it with pd.read_csv(…, sep={found!r})."
    )
