"""What a notebook displays for a run: the live monitor and a record beside it.

There are two outputs, because a notebook saves no widget: reopened, exported or headless, it
shows the record. The record has a display id of its own, since an update under the widget's
would draw the widget again.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from .marimo_host import in_marimo
from .page import Page
from .record import Record
from .run_line import line_page, show_line
from .run_view import RunView, is_done, shown_columns
from .run_widget import RunWidget, run_widget
from .shell import in_voila, is_live
from .static_outputs import StaticOutputs


def show(run: RunView, *, columns: Sequence[str] | None = None, compact: bool = False) -> None:
    """Display *run*: live where somebody looks, else as a record that is kept up to date.

    *compact* = in one line alone: counts, a bar, the time left where that can be known, and
    a link to its monitor, if there is one. ``wait`` and ``await`` show it in their cell.
    *columns* names columns of the frame to show beside each operation, None = the one that
    fills the first required field. A terminal and a plain interpreter show text. Raises
    UnknownName if there is no such column, and UsageError for one name in place of several.
    """
    shown_columns(run, columns)  # Wrong ones are a mistake even where none is shown.
    if in_marimo():
        shown = line_page(run) if compact else page(run, columns=columns)
        display(shown)  # type: ignore[no-untyped-call]
        return
    shell = get_ipython()
    if compact:
        show_line(run)
        return
    if not is_live(shell):
        _show_record(shell, run)
        return
    live = widget(run, columns=columns)
    display(live, metadata=live.record.metadata)  # type: ignore[no-untyped-call]
    if not in_voila():
        live.record.display()


def page(run: RunView, *, columns: Sequence[str] | None = None) -> Page:
    """Return what marimo displays of *run*. Raises what ``show`` raises."""
    return Page(widget(run, columns=columns))


def widget(run: RunView, *, columns: Sequence[str] | None = None) -> RunWidget:
    """Return the live monitor of *run* as an ipywidget, to be placed in a VBox, Tab, Output, …

    It is the widget that ``show`` displays, and the same one each time for the same
    *columns*, until it is closed. Its read-only traits ``status``, ``counts``, ``progress``
    and ``done`` follow the run, for ``observe`` and ``jslink``. JupyterLab and Notebook 7
    save the record of the run in the cell that shows it, other hosts nothing: display the
    run there. Raises what ``show`` raises.
    """
    chosen = shown_columns(run, columns)
    _warn_of_kernel(getattr(sys.modules.get("ipykernel"), "__version__", ""))
    return run_widget(run, chosen)


def _warn_of_kernel(version: str) -> None:
    """Warn of a kernel that sends nothing from other threads, as a monitor must."""
    if version.startswith("7.0."):
        warnings.warn(
            f"with ipykernel {version} the monitor stands still: pip install -U ipykernel, and "
            "restart the kernel",
            UserWarning,
            stacklevel=4,
        )


def _show_record(shell: Any, run: RunView) -> None:
    record = StaticOutputs(lambda: Record(run))
    record.display()
    if hasattr(shell, "kernel"):
        update = record.follow(run)
        _update_after_cells(shell, run, lambda: update((), True))


def _update_after_cells(shell: Any, run: RunView, update: Callable[[], None]) -> None:
    """Run *update* at the end of every cell until the run is done.

    nbclient reads only the messages of the cell that it is running, so an update from the
    engine's thread comes too late for the cell that displayed the record.
    """

    def after_cell(result: object) -> None:
        done = is_done(run)
        update()
        if done:
            shell.events.unregister("post_run_cell", after_cell)

    shell.events.register("post_run_cell", after_cell)
