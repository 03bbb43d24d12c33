"""How a notebook displays the values of the package: the one place where that is hooked up.

A session and a destination know no widget, so their classes get here what displays them,
and an error what shows its message.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from ..destination import Action, Destination
from ..destinations import Catalogue
from ..errors import AsyncDestError, WaitInterrupted
from ..session import Connection, FoundSettings, Run, Session, StateTable
from ..session.progress import SlowCall, WaitDisplay
from .cell_messages import mark_canceled, short_traceback, show_note, with_notes
from .plot import plot
from .progress_line import show_progress
from .show import page, show, widget
from .tables import (
    action_html,
    connection_html,
    destination_html,
    destinations_html,
    session_html,
    state_html,
)
from .wait_line import show_waiting

_HTML: dict[type, Callable[..., str]] = {
    Action: action_html,
    Catalogue: destinations_html,
    Connection: connection_html,
    Destination: destination_html,
    Session: session_html,
    StateTable: state_html,
}


def hook_up() -> None:
    """Let a run display itself as the monitor, a slow call its progress, a value a table.

    And an error of this package shows its message, not the way through its code.
    """
    Run.show = show
    WaitDisplay.show = staticmethod(show_waiting)
    WaitDisplay.mark_canceled = staticmethod(mark_canceled)
    Run.plot = plot
    Run.widget = widget
    setattr(Run, "_display_", page)  # noqa: B010  # mypy knows no such attribute; marimo does.
    Connection.show_progress = SlowCall.show = staticmethod(show_progress)
    FoundSettings.show_note = staticmethod(show_note)
    for kind, html in _HTML.items():
        setattr(kind, "_repr_html_", html)  # noqa: B010  # mypy knows no such attribute.
    for error in (AsyncDestError, WaitInterrupted):
        setattr(error, "_render_traceback_", short_traceback)  # noqa: B010
    warnings.showwarning = with_notes(warnings.showwarning)
