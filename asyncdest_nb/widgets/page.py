"""A view of a box of widgets in marimo, which draws anywidgets only, and no other ipywidget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import traitlets

from .esm import join_modules
from .marimo_host import ModuleWidget

_HERE = Path(__file__).parent


class Page(ModuleWidget):
    """A view of *root* and all that is in it; page_js/ draws them."""

    _esm = join_modules(_HERE / "page_js" / "index.js")
    _css = (_HERE / "page.css").read_text("utf-8")

    _root = traitlets.Unicode().tag(sync=True)

    def __init__(self, root: Any) -> None:
        super().__init__(_root=f"IPY_MODEL_{root.model_id}")
