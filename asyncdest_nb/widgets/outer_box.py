"""The outermost box of what a notebook displays."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets  # type: ignore[import-untyped]  # It has no types.

from .marimo_host import DRAWN, ModuleWidget
from .page import Page


class OuterBox(ipywidgets.VBox):  # type: ignore[misc]  # No types, see above.
    """A box that has all other widgets in it, and knows whether a page could draw it.

    *drawn* is called when a page has, if that was in doubt.
    """

    def __init__(self, children: Sequence[Any], *, drawn: Callable[[], object]) -> None:
        self._is_in_doubt = _is_old()
        self._drawn = drawn
        super().__init__(tuple(children))
        for each in children if self._is_in_doubt else ():
            if isinstance(each, ModuleWidget):
                each.on_msg(self._received)

    @property
    def advice(self) -> str:
        """What to do where an error is in its place; empty = a page has drawn it, or can."""
        if not self._is_in_doubt:
            return ""
        return (
            f"If an error is shown above: this kernel has ipywidgets {ipywidgets.__version__}, and "
            "JupyterLab 4 and Notebook 7 come with ipywidgets 8. Run %pip install -U ipywidgets, "
            "restart the kernel, and run this cell again."
        )

    def _received(self, _: object, request: Mapping[str, Any], buffers: object) -> None:
        if request.get("what") == DRAWN and self._is_in_doubt:
            self._is_in_doubt = False
            self._drawn()

    def _display_(self) -> Page:
        """Return what marimo displays."""
        return Page(self)


def _is_old() -> bool:
    """Whether a page of today may not know these widgets; Colab's page is as old as its kernel."""
    return ipywidgets.__version__.startswith("7.") and "google.colab" not in sys.modules
