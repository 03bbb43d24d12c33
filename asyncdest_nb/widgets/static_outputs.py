"""Static outputs of a cell, updated rarely: what a saved notebook keeps.

The kernel updates an output by its display id. JupyterLab forgets the ids when a page is
loaded again, and an Output widget never knows them, so pages get what is current, too, and
put it into the notebook themselves (monitor_js/record.js). They find an output by the id of
its record, which is in the metadata.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

from IPython.core.getipython import get_ipython
from IPython.display import display

from .monitor import Clock
from .run_view import ChangeCallback, RunView, is_done

logger = logging.getLogger(__name__)

_UPDATE_SECONDS = 60.0  # Between two updates while the run goes on.
# Between two times that a page gets it, in seconds for each row: it looks at all rows.
_KEEP_SECONDS = 1 / 20_000
# The outputs of a cell that runs again are deleted, and nothing reports that.
_LATEST = 20

Keeper = Callable[[Mapping[str, Any]], None]


class Static(Protocol):
    """What has a text and an HTML, and is displayed as both."""

    def _repr_html_(self) -> str: ...


class StaticOutputs:
    """Static outputs, one for each time that *current* was displayed, updated together.

    ``metadata`` marks these outputs, and the output that such a one is displayed beside.
    """

    def __init__(self, current: Callable[[], Static]) -> None:
        self._id = uuid4().hex
        self.metadata = {"asyncdest_nb": {"record": self._id}}
        self._current = current
        self._handles: list[Any] = []
        self._keepers: list[Keeper] = []
        self._is_final = False
        self._updates = 0

    def display(self) -> None:
        """Display one more."""
        before = self._updates
        handle = display(  # type: ignore[no-untyped-call]
            self._current(), display_id=True, metadata=self.metadata
        )
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
            handle.update(current, metadata=self.metadata)
        self._keep()

    def add_keeper(self, keeper: Keeper) -> None:
        """Call *keeper* with what is current, now and as often as it is new.

        It gets the ``id``, the ``data`` by MIME type, and ``is_final``.
        """
        self._keepers.append(keeper)
        self._keep()

    def remove_keeper(self, keeper: Keeper) -> None:
        """Call *keeper* no more."""
        self._keepers.remove(keeper)

    def _keep(self) -> None:
        if not self._keepers:
            return
        current = self._current()
        data = {"text/plain": repr(current), "text/html": current._repr_html_()}
        record = {"id": self._id, "data": data, "is_final": self._is_final}
        for keeper in list(self._keepers):
            keeper(record)

    def follow(self, run: RunView, *, seconds: float = _UPDATE_SECONDS) -> ChangeCallback:
        """Update them each so many *seconds* and at the end of *run*; return what does so."""
        update = rarely(run, self._update_as, seconds=seconds)
        pause = max(1.0, len(run.labels) * _KEEP_SECONDS)
        keep = rarely(run, lambda done: None if done else self._keep(), seconds=pause)
        for callback in (update, keep):
            run.on_change(callback)
            # It may have ended before the subscription.
            callback((), is_done(run))
        return update

    def _update_as(self, done: bool) -> None:
        self._is_final = done
        self.update()


def rarely(
    run: RunView,
    update: Callable[[bool], None],
    *,
    seconds: float = _UPDATE_SECONDS,
    clock: Clock = time.monotonic,
) -> ChangeCallback:
    """Return a callback that runs *update* when *run* is done, and rarely before.

    *update* gets whether it is done.
    """
    due = clock() + seconds

    def changed(numbers: Sequence[int], done: bool) -> None:
        nonlocal due
        if not done and clock() < due:
            return
        due = clock() + seconds
        try:
            update(done)
        except Exception:  # The edge to the screen: the engine must go on.
            logger.exception("the record of run %s could not be updated", run.id)

    return changed
