"""What a cell shows while it waits for a run."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from ..session.progress import QUICK_SECONDS
from .run_view import RunView, is_done
from .shell import get_shell, is_live

# The cell that shows the line of a run, by the id of its request.
_cells: WeakKeyDictionary[RunView, str] = WeakKeyDictionary()


def show_waiting(run: RunView, timeout: float | None) -> None:
    """Display the line of *run* in the cell that waits for it, once in each cell.

    Nothing is shown where nobody looks, and for a wait of less than a second: a cell may
    ask again and again in a loop of its own.
    """
    shell = get_shell()
    is_quick = timeout is not None and timeout < QUICK_SECONDS
    # The output of another thread lands in whichever cell is running.
    is_main = threading.current_thread() is threading.main_thread()
    if is_quick or is_done(run) or not is_main or not is_live(shell):
        return
    cell = str(shell.kernel.get_parent().get("header", {}).get("msg_id", ""))
    if _cells.get(run) != cell:
        from .run_line import show_line  # Where nobody looks, no widget is loaded.

        _cells[run] = cell
        show_line(run)
