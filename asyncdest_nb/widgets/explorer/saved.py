"""What a saved notebook shows of the explorer: the cell that does the same, and the run."""

from __future__ import annotations

from collections.abc import Sequence

from ..record import Record
from ..run_view import RunView
from ..static_outputs import StaticOutputs
from . import markup

_NOTHING = "Explorer: nothing was sent from here."


class SavedExplorer:
    """A static output beside the live one: text, and HTML without scripts or style sheets."""

    def __init__(self, code: str, runs: Sequence[RunView]) -> None:
        self._code = code
        self._runs = runs

    def __repr__(self) -> str:
        if not self._runs:
            return _NOTHING
        return f"{Record(*self._runs)!r}\n\nThe same in Python:\n\n{self._code}"

    def _repr_html_(self) -> str:
        if not self._runs:
            return f'<div style="opacity:.75;font-size:90%">{_NOTHING}</div>'
        record = Record(*self._runs, folded=True)
        return record._repr_html_() + markup.folded("The same in Python", self._code)


class SavedOutputs:
    """The static ``outputs`` of an explorer, one for each time it is displayed."""

    def __init__(self) -> None:
        self.current = SavedExplorer("", ())
        self.outputs = StaticOutputs(lambda: self.current)

    def add(self, run: RunView, shown: Sequence[RunView], code: str) -> None:
        """Show all that are *shown*, up to date, and the cell that sends the first of them.

        *run* is the new one among them.
        """
        self.current = SavedExplorer(code, shown)
        self.outputs.update()
        self.outputs.follow(run)
