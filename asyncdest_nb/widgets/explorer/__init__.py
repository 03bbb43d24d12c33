"""The explorer: point and click from a destination to a finished run.

    offers      what can be chosen: destinations, frames
    choices     what was chosen, and what it means to ``submit``
    code        the cell that does the same
    look        what would be sent
    work        slow things, off the kernel's thread
    markup      HTML, escaped
    parts       the widgets it is made of
    inputs      an input for a field
    rows        which rows
    connecting  which destination, with which settings
    filling     what fills each field
    sending     send, and watch
    kept        what stays in a saved notebook
    app         all of it, wired

The first five know no widget: what a click means is decided there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from ...frame import DataFrame
from ...session import Connection, Run, Session
from ..show import is_live
from .app import App
from .kept import Kept
from .parts import Widget
from .rows import columns_of
from .work import Start, on_a_thread

__all__ = ["Explorer", "explore"]


class Explorer:
    """What was chosen by clicking; a notebook that somebody looks at shows the app for it.

    Where nobody can click no widget is made: a notebook would save its state.
    """

    def __init__(
        self,
        frame: DataFrame | None = None,
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
        """The app, made when it is first asked for."""
        frame, session, names, start = self._given
        return App(frame, session=session, names=names, start=start)

    def widget(self) -> Widget:
        """Return the app as an ipywidget, to be placed in a VBox, Tab, Output, …

        The same each time. A saved notebook keeps nothing of it: display the explorer for that.
        """
        return self.app.widget

    @property
    def _made(self) -> App | None:
        made: App | None = vars(self).get("app")
        return made

    @property
    def code(self) -> str:
        """The cell that does what was clicked; empty = nothing is chosen yet."""
        return self._made.code if self._made else ""

    @property
    def connection(self) -> Connection | None:
        """The connection, None = not connected."""
        return self._made.connection if self._made else None

    @property
    def run(self) -> Run | None:
        """The run that was sent last, None = nothing was."""
        return self._made.run if self._made else None

    def _ipython_display_(self) -> None:
        if is_live(get_ipython()):
            self.app.display()
        else:
            display(Kept("", ()))  # type: ignore[no-untyped-call]  # IPython has none here

    def __repr__(self) -> str:
        return repr(self._made) if self._made else "<Explorer: not connected>"


def explore(frame: DataFrame | None = None, *, session: Session | None = None) -> Explorer:
    """Return an app to click from a destination to a finished run; a notebook shows it.

    *frame* None = one of the notebook's own is chosen in the app. *session* None = that
    of those who made none. Destinations that were written in the notebook are offered
    too. Nothing is sent before its "Send", but for a test of the connection and what the
    destination's own check asks. Its ``code`` is the cell that does the same, ``run``
    what was sent last, ``widget()`` an ipywidget to be placed beside others.

    Raises FrameError for a frame that cannot be read.
    """
    shell = get_ipython()
    names = {} if shell is None else shell.user_ns
    return Explorer(frame, session=session, names=names)
