"""What a notebook displays for a run: the live monitor and a record beside it.

Two outputs, because a notebook saves no widget: reopened, exported or headless, the
record is what is left. It has a display id of its own, since updating the widget's
would draw the widget anew.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from .monitor import Clock, Monitor
from .record import Record
from .watched import Watched, is_at_rest

logger = logging.getLogger(__name__)

_RECORD_SECONDS = 60.0  # Between two updates of the record while the run goes on.
_monitors: dict[str, Monitor] = {}


def show(run: Watched) -> None:
    """Display *run*: live where someone can watch, else as a record kept up to date.

    A terminal and a plain interpreter get text.
    """
    shell = get_ipython()
    live = is_live(shell)
    if live:
        display(_monitor(run))  # type: ignore[no-untyped-call]  # IPython has none here
    record = display(Record(run, folded=live), display_id=True)  # type: ignore[no-untyped-call]
    if record is None:  # Nothing that is displayed here can change.
        return
    keep = keeper(run, lambda: record.update(Record(run, folded=live)))
    run.on_change(keep)
    # It may have come to rest before anyone listened.
    keep((), is_at_rest(run))
    if not live and hasattr(shell, "kernel"):
        _update_after_cells(shell, run, lambda: keep((), True))


def _update_after_cells(shell: Any, run: Watched, update: Callable[[], None]) -> None:
    """Run *update* at the end of every cell until the run is at rest.

    nbclient takes in what belongs to the cell it is executing and nothing else, so
    an update from the engine's thread comes too late for the cell it is named after.
    """

    def after_cell(result: object) -> None:
        done = is_at_rest(run)
        update()
        if done:
            shell.events.unregister("post_run_cell", after_cell)

    shell.events.register("post_run_cell", after_cell)


def is_live(shell: Any) -> bool:
    """Whether a person looks at what *shell* displays.

    nbconvert, papermill and nbclient run cells without standard input; a notebook
    in a browser always offers it. Voila does not, and is watched all the same.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return True
    return bool(kernel.get_parent().get("content", {}).get("allow_stdin", False))


def keeper(
    run: Watched, update: Callable[[], None], *, clock: Clock = time.time
) -> Callable[[Sequence[int], bool], None]:
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


def _monitor(run: Watched) -> Monitor:
    # A run displayed twice is two views of one widget, not twice the messages.
    known = _monitors.get(run.id)
    if known is None or known.run is not run or known.comm is None:
        known = _monitors[run.id] = Monitor(run)
    return known
