"""What a saved notebook keeps of the explorer: the cell that does the same, and the run."""

from __future__ import annotations

from collections.abc import Sequence

from ..outputs import Outputs
from ..record import Record
from ..watched import Watched
from . import markup

_NOTHING = "Explorer: nothing was sent from here."


class Kept:
    """A static output beside the live one: text, and HTML that needs nothing else."""

    def __init__(self, code: str, runs: Sequence[Watched]) -> None:
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


class Keeper:
    """The static outputs of an explorer, one for each time it is displayed."""

    def __init__(self) -> None:
        self._kept = Kept("", ())
        self._outputs = Outputs(lambda: self._kept)

    def display(self) -> None:
        """Display one more."""
        self._outputs.display()

    def keep(self, run: Watched, shown: Sequence[Watched], code: str) -> None:
        """Keep the runs that are *shown*, up to date, and the cell that sends the first.

        *run* is the one that is new among them.
        """
        self._kept = Kept(code, shown)
        self._outputs.renew()
        self._outputs.follow(run)
