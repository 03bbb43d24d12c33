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

from IPython.core.getipython import get_ipython

from ...frame import DataFrame
from ...session import Session
from .app import Explorer

__all__ = ["Explorer", "explore"]


def explore(frame: DataFrame | None = None, *, session: Session | None = None) -> Explorer:
    """Return an app to click from a destination to a finished run; a notebook shows it.

    *frame* None = one of the notebook's own is chosen in the app. *session* None = that
    of those who made none. Destinations that were written in the notebook are offered
    too. Nothing is sent before its "Send", but for a test of the connection and what the
    destination's own check asks. Its ``code`` is the cell that does the same, ``run``
    what was sent last.

    Raises FrameError for a frame that cannot be read.
    """
    shell = get_ipython()
    names = {} if shell is None else shell.user_ns
    return Explorer(frame, session=session, names=names)
