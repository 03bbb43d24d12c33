"""How a notebook displays the values of the package: the one place where that is hooked up.

A session and a destination know no widget, so their classes get here what displays them,
and an error what shows its message.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..destination import Action, Destination
from ..destinations import Catalogue
from ..errors import AsyncDestError, WaitInterrupted
from ..session import Connection, FoundSettings, Preview, Run, Session, StateTable
from ..session.progress import SlowCall, WaitDisplay
from .cell_messages import mark_canceled, short_traceback, show_note, with_notes
from .progress_line import show_progress
from .tables import (
    action_html,
    connection_html,
    destination_html,
    destinations_html,
    preview_html,
    session_html,
    state_html,
)
from .wait_line import show_waiting

_HTML: dict[type, Callable[..., str]] = {
    Action: action_html,
    Catalogue: destinations_html,
    Connection: connection_html,
    Destination: destination_html,
    Preview: preview_html,
    Session: session_html,
    StateTable: state_html,
}


class _LoadedLater:
    """A method of a class, loaded from *module* of this room when it is read first."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __get__(self, instance: object, owner: type) -> Any:
        found = getattr(import_module(f".{self._module}", __package__), self._name)
        return found if instance is None else found.__get__(instance, owner)


def hook_up() -> None:
    """Let a run display itself as the monitor, a slow call its progress, a value a table.

    And an error of this package shows its message, not the way through its code.
    """
    # A script and a command need no widget.
    for name, module, function in (
        ("show", "show", "show"),
        ("widget", "show", "widget"),
        ("_display_", "show", "page"),  # marimo's.
        ("plot", "plot", "plot"),
    ):
        setattr(Run, name, _LoadedLater(module, function))
    WaitDisplay.show = staticmethod(show_waiting)
    WaitDisplay.mark_canceled = staticmethod(mark_canceled)
    Connection.show_progress = SlowCall.show = staticmethod(show_progress)
    FoundSettings.show_note = staticmethod(show_note)
    for kind, html in _HTML.items():
        setattr(kind, "_repr_html_", html)  # noqa: B010  # mypy knows no such attribute.
    for error in (AsyncDestError, WaitInterrupted):
        setattr(error, "_render_traceback_", short_traceback)  # noqa: B010
    warnings.showwarning = with_notes(warnings.showwarning)
