"""What a saved notebook shows of the explorer: the cell that does the same, and the run."""

from __future__ import annotations

from collections.abc import Sequence

from ..record import Record, advice_html
from ..run_view import RunView
from ..static_outputs import StaticOutputs
from . import markup

_NOTHING = "Explorer: nothing was sent from here."


class SavedExplorer:
    """A static output beside the live one: text, and HTML without scripts or style sheets."""

    def __init__(self, code: str, runs: Sequence[RunView], advice: str = "") -> None:
        self._code = code
        self._runs = runs
        self._advice = advice

    def __repr__(self) -> str:
        if not self._runs:
            return _NOTHING
        return f"{Record(*self._runs)!r}\n\nThe same in Python:\n\n{self._code}"

    def _repr_html_(self) -> str:
        if not self._runs:
            nothing = f'<div style="opacity:.75;font-size:90%">{_NOTHING}</div>'
            return advice_html(self._advice) + nothing
        record = Record(*self._runs, folded=True, advice=self._advice)
        return record._repr_html_() + markup.folded("The same in Python", self._code)


class SavedOutputs:
    """The static ``outputs`` of an explorer, one for each time it is displayed."""

    def __init__(self) -> None:
        self._code = ""
        self._runs: Sequence[RunView] = ()
        self._advice = ""
        self.outputs = StaticOutputs(lambda: self.current)

    @property
    def current(self) -> SavedExplorer:
        """What they show."""
        return SavedExplorer(self._code, self._runs, self._advice)

    def advise(self, advice: str) -> None:
        """Show *advice* for those who see nothing else; empty = they see the explorer."""
        self._advice = advice
        self.outputs.update()

    def add(self, run: RunView, shown: Sequence[RunView], code: str) -> None:
        """Show all that are *shown*, up to date, and the cell that sends the first of them.

        *run* is the new one among them.
        """
        self._code, self._runs = code, shown
        self.outputs.update()
        self.outputs.follow(run)
