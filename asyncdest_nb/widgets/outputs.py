"""Static outputs of a cell that are brought up to date rarely: what a saved notebook keeps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from .monitor import Clock
from .watched import Changed, Watched, is_at_rest

logger = logging.getLogger(__name__)

_RECORD_SECONDS = 60.0  # Between two updates of the record while the run goes on.
# Of a cell that runs again and again the outputs of before are gone, and nobody says so.
_LATEST = 20


class Outputs:
    """Static outputs, one for each time that *current* was displayed, renewed together."""

    def __init__(self, current: Callable[[], object]) -> None:
        self._current = current
        self._shown: list[Any] = []
        self._renewals = 0

    def display(self) -> None:
        """Display one more."""
        before = self._renewals
        shown = display(self._current(), display_id=True)  # type: ignore[no-untyped-call]
        # In a terminal nothing that is displayed can change: IPython would print it again.
        if shown is not None and hasattr(get_ipython(), "kernel"):
            self._shown = [*self._shown, shown][-_LATEST:]
            if self._renewals != before:  # Meanwhile, on the engine's thread, without this one.
                self.renew()

    def renew(self) -> None:
        """Let all of them show what is current."""
        self._renewals += 1
        current = self._current() if self._shown else None
        for each in self._shown:
            each.update(current)

    def follow(self, run: Watched) -> Changed:
        """Renew them rarely while *run* goes on, and at its end; return what does."""
        keep = keeper(run, self.renew)
        run.on_change(keep)
        # It may have come to rest before anyone listened.
        keep((), is_at_rest(run))
        return keep


def keeper(run: Watched, update: Callable[[], None], *, clock: Clock = time.monotonic) -> Changed:
    """Return a callback that runs *update* at rest, and rarely before."""
    due = clock() + _RECORD_SECONDS

    def keep(numbers: Sequence[int], at_rest: bool) -> None:
        nonlocal due
        if not at_rest and clock() < due:
            return
        due = clock() + _RECORD_SECONDS
        try:
            update()
        except Exception:  # The edge to the screen: the engine must go on.
            logger.exception("the record of run %s could not be updated", run.id)

    return keep
