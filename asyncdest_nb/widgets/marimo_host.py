"""What marimo needs, where it runs the notebook; elsewhere all is as usual.

marimo draws anywidgets, and no other ipywidget. Its context belongs to a thread.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from threading import Thread
from typing import Any

import anywidget

# Neither marimo nor ipykernel has a public name for it.
_IS_CLOSED = "_closed"
# What a page sends when it has drawn a ModuleWidget.
DRAWN = "drawn"


def in_marimo() -> bool:
    """Whether this thread belongs to a notebook of marimo that is not run as a script."""
    marimo: Any = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def is_open(widget: Any) -> bool:
    """Whether *widget* can reach a page; marimo closes those of a cell that runs again."""
    # Outside of marimo the attribute is another one: True where there is no kernel.
    return widget.comm is not None and not (in_marimo() and getattr(widget.comm, _IS_CLOSED, False))


def start_thread(work: Callable[[], None], *, name: str) -> None:
    """Do *work* on a thread that can make widgets, and return at once."""
    kind = sys.modules["marimo"].Thread if in_marimo() else Thread
    kind(target=work, name=name, daemon=True).start()


class ModuleWidget(anywidget.AnyWidget):
    """An anywidget that can be made anywhere: in a cell, by a click, on a thread of its own."""

    _esm: Any = ""

    def __init__(self, **traits: Any) -> None:
        if in_marimo():
            # It makes a file of a module, and can do that only while a cell runs.
            module = base64.b64encode(str(self._esm).encode()).decode()
            self._esm = f"data:text/javascript;base64,{module}"
        super().__init__(**traits)
