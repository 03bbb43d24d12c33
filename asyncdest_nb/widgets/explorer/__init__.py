"""The explorer: point and click from a destination to a finished run.

    offers          what can be chosen: destinations, frames
    choices         what was chosen, as arguments of ``submit``
    code            the cell that does the same
    preview         what would be sent
    refusal         what a failed test of a connection means
    work            slow work, on a thread of its own
    markup          HTML, escaped
    parts           the widgets that it consists of
    inputs          an input for a field
    column_list     the list of columns, with a filter and keys
    column_inputs   a choice of columns
    frame_picker    the rows
    connect_panel   the destination and its settings
    fields_panel    what fills each field
    preview_panel   what would be sent, shown
    send_panel      the button that sends, and the monitor
    code_panel      the cell, shown
    saved           what a saved notebook shows
    app             all panels, wired

The first four know no widget: what a click means is decided there.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from types import FrameType
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from ...session import Connection, Run, Session
from ..marimo_host import in_marimo
from ..shell import is_live
from .app import App
from .frame_picker import columns_of
from .parts import Widget
from .saved import SavedExplorer
from .work import Start, on_a_thread

__all__ = ["Explorer", "explore"]


class Explorer:
    """What was chosen by clicking; a notebook that somebody looks at shows the app.

    Where nobody can click, no widget is made, since a notebook would save its state.
    """

    def __init__(
        self,
        frame: object = None,
        *,
        session: Session | None = None,
        names: Mapping[str, Any] | None = None,
        start: Start = on_a_thread,
    ) -> None:
        if frame is not None:
            columns_of(frame)
        self._given = frame, session, names, start

    @cached_property
    def app(self) -> App:
        """The app, made at the first access."""
        frame, session, names, start = self._given
        return App(frame, session=session, names=names, start=start)

    def widget(self) -> Widget:
        """Return the app as an ipywidget, to be placed in a VBox, Tab, Output, …

        It is the same one each time. JupyterLab and Notebook 7 save what it has sent in the
        cell that shows it, other hosts nothing: display the explorer there.
        """
        return self.app.widget

    @property
    def _made(self) -> App | None:
        made: App | None = vars(self).get("app")
        return made

    @property
    def code(self) -> str:
        """The cell that does what was clicked; empty = not connected yet."""
        return self._made.code if self._made else ""

    @property
    def connection(self) -> Connection | None:
        """The connection, None = not connected."""
        return self._made.connection if self._made else None

    @property
    def run(self) -> Run | None:
        """The run that was sent last, None = nothing was sent."""
        return self._made.run if self._made else None

    def _display_(self) -> Widget:
        return self.widget()

    def _ipython_display_(self) -> None:
        if is_live(get_ipython()):
            self.app.display()
        else:
            display(SavedExplorer("", ()))  # type: ignore[no-untyped-call]  # IPython has none here

    def __repr__(self) -> str:
        return repr(self._made) if self._made else "<Explorer: not connected>"


def explore(frame: object = None, *, session: Session | None = None) -> Explorer:
    """Return an app to click from a destination to a finished run; a notebook shows it.

    *frame* None = the app offers the frames of the notebook. *session* None = the default
    session. Destinations that were written in the notebook are offered too. Before a click
    on "Send", nothing is sent but a test of the connection and the requests of the
    destination's own check. ``code`` is the cell that does the same, ``run`` what was sent
    last, ``widget()`` an ipywidget to be placed beside others.

    Raises FrameError for a frame that cannot be read.
    """
    return Explorer(frame, session=session, names=_variables(inspect.currentframe()))


def _variables(frame: FrameType | None) -> Mapping[str, Any]:
    """Return those of the notebook, which in marimo are the caller's of *frame*."""
    if in_marimo() and frame is not None and frame.f_back is not None:
        return frame.f_back.f_globals
    shell = get_ipython()
    return {} if shell is None else shell.user_ns
