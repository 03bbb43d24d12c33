"""How a notebook displays the values of the package: the one place where that is hooked up.

A session and a destination know no widget, so their classes get here what displays them.
"""

from __future__ import annotations

from collections.abc import Callable

from ..destination import Action, Destination
from ..destinations import Catalogue
from ..session import Connection, Run, Session, StateTable
from .plot import plot
from .progress_line import show_progress
from .show import show, widget
from .tables import (
    action_html,
    connection_html,
    destination_html,
    destinations_html,
    session_html,
    state_html,
)

_HTML: dict[type, Callable[..., str]] = {
    Action: action_html,
    Catalogue: destinations_html,
    Connection: connection_html,
    Destination: destination_html,
    Session: session_html,
    StateTable: state_html,
}


def hook_up() -> None:
    """Let a run display itself as the monitor, a slow call its progress, a value a table."""
    Run.show = show
    Run.plot = plot
    Run.widget = widget
    Connection.show_progress = staticmethod(show_progress)
    for kind, html in _HTML.items():
        setattr(kind, "_repr_html_", html)  # noqa: B010  # mypy knows no such attribute.
