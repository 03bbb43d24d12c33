"""The cell that does what was clicked, behind a button."""

from __future__ import annotations

from . import markup, parts


class CodePanel:
    """A cell of Python, hidden until somebody asks for it."""

    def __init__(self) -> None:
        self._html = parts.html()
        self._button = parts.button("Show as code", self._toggle)
        parts.show(self._html, False)
        self.widget = parts.section("The same in Python", self._button, self._html)

    def write(self, code: str) -> None:
        """Replace the cell."""
        self._html.value = markup.code(code)

    def _toggle(self) -> None:
        is_hidden = self._html.layout.display == "none"
        parts.show(self._html, is_hidden)
        self._button.description = "Hide code" if is_hidden else "Show as code"
