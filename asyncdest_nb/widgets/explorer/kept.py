"""What a saved notebook keeps of the explorer: the cell that does the same, and the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from IPython.display import display

from ..record import Record
from ..show import keeper
from ..watched import Watched, is_at_rest
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
        self._outputs: list[Any] = []
        self._kept = Kept("", ())

    def display(self) -> None:
        """Display one more."""
        found = display(self._kept, display_id=True)  # type: ignore[no-untyped-call]
        if found is not None:  # Else nothing that is displayed here can change.
            self._outputs.append(found)

    def keep(self, run: Watched, shown: Sequence[Watched], code: str) -> None:
        """Keep the runs that are *shown*, up to date, and the cell that sends the first.

        *run* is the one that is new among them.
        """
        self._kept = Kept(code, shown)
        self._update()
        renew = keeper(run, self._update)
        run.on_change(renew)
        # It may have come to rest before anyone listened.
        renew((), is_at_rest(run))

    def _update(self) -> None:
        for each in self._outputs:
            each.update(self._kept)
