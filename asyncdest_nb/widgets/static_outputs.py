"""Static outputs of a cell, updated rarely: what a saved notebook keeps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from .monitor import Clock
from .run_view import ChangeCallback, RunView, is_done

logger = logging.getLogger(__name__)

_UPDATE_SECONDS = 60.0  # Between two updates while the run goes on.
# The outputs of a cell that runs again are deleted, and nothing reports that.
_LATEST = 20


class StaticOutputs:
    """Static outputs, one for each time that *current* was displayed, updated together."""

    def __init__(self, current: Callable[[], object]) -> None:
        self._current = current
        self._handles: list[Any] = []
        self._updates = 0

    def display(self) -> None:
        """Display one more."""
        before = self._updates
        handle = display(self._current(), display_id=True)  # type: ignore[no-untyped-call]
        # A terminal cannot update an output: IPython would print it again.
        if handle is not None and hasattr(get_ipython(), "kernel"):
            self._handles = [*self._handles, handle][-_LATEST:]
            if self._updates != before:  # By the engine's thread meanwhile, without this one.
                self.update()

    def update(self) -> None:
        """Show in all of them what is current."""
        self._updates += 1
        current = self._current() if self._handles else None
        for handle in self._handles:
            handle.update(current)

    def follow(self, run: RunView) -> ChangeCallback:
        """Update them rarely while *run* goes on, and at its end; return what does so."""
        callback = rarely(run, self.update)
        run.on_change(callback)
        # It may have ended before the subscription.
        callback((), is_done(run))
        return callback


def rarely(
    run: RunView, update: Callable[[], None], *, clock: Clock = time.monotonic
) -> ChangeCallback:
    """Return a callback that runs *update* when *run* is done, and rarely before."""
    due = clock() + _UPDATE_SECONDS

    def changed(numbers: Sequence[int], done: bool) -> None:
        nonlocal due
        if not done and clock() < due:
            return
        due = clock() + _UPDATE_SECONDS
        try:
            update()
        except Exception:  # The edge to the screen: the engine must go on.
            logger.exception("the record of run %s could not be updated", run.id)

    return changed
