"""The widgets of the explorer: inputs with labels, lists, buttons, texts.

No other module of the explorer knows ipywidgets; the list of columns is a widget of its own.
Texts of destinations and frames become HTML only in ``markup.py``, which escapes them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import ipywidgets  # type: ignore[import-untyped]  # It has no types.
import traitlets
from pydantic import SecretStr

from ...responses import clean_text
from ..esm import join_modules
from ..marimo_host import ModuleWidget
from ..outer_box import OuterBox
from ..subshell import receive_while_cells_run
from . import markup

Widget: TypeAlias = Any
Options: TypeAlias = Sequence[tuple[str, Any]]
Changed: TypeAlias = Callable[[], None]

_HERE = Path(__file__).parent

# Clicks may run on the main thread or on another one (a subshell), and slow work ends on a
# third: this lock lets them take turns.
TURN = threading.RLock()


class PageBehaviour(ModuleWidget):
    """The style of the explorer, and its JavaScript: keys typed in it stay in it, for example."""

    _esm = join_modules(_HERE / "explorer.js")
    _css = _HERE / "explorer.css"


class Root(OuterBox):
    """The whole explorer; a notebook saves its text, which contains nothing that was entered."""

    def __repr__(self) -> str:
        return "The explorer: from a destination to a finished run. Run this cell to use it."


class SecretText(ipywidgets.Password):  # type: ignore[misc]  # No types, see above.
    """A box for a secret: what is entered goes to ``secret``, and the box is emptied.

    No trait ever holds it, so a notebook cannot save it, and it is not echoed to other
    views.
    """

    value = traitlets.Unicode("").tag(sync=True, echo_update=False)

    def __init__(self, changed: Changed, **options: Any) -> None:
        self.secret: SecretStr | None = None
        self._changed = changed
        self._hint = options.get("placeholder", "")
        super().__init__(**options)
        receive_while_cells_run(self.comm)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take the state that a front end sends."""
        entered = sync_data.get("value")
        super().set_state({key: each for key, each in sync_data.items() if key != "value"})
        if entered:
            self.secret = SecretStr(entered)
            self.placeholder = "entered; type to replace it"
            self.send_state("value")
            in_turn(self._changed)

    def forget(self) -> None:
        """Forget the secret."""
        self.secret, self.placeholder = None, self._hint


def in_turn(changed: Changed) -> None:
    """Call *changed* when it is its turn."""
    with TURN:
        changed()


def column(*children: Widget, name: str = "") -> Widget:
    """Return *children* one below the other."""
    return _named(ipywidgets.VBox(list(children)), name)


def line(*children: Widget, name: str = "ade-line") -> Widget:
    """Return *children* side by side, wrapped where the page is narrow."""
    return _named(ipywidgets.HBox(list(children)), name)


def root(children: Iterable[Widget], drawn: Changed) -> Widget:
    """Return what is displayed; *drawn* is called when it can be seen, if that was in doubt."""
    return _named(Root([PageBehaviour(), *children], drawn=drawn), "ade-root")


def _named(widget: Widget, name: str) -> Widget:
    return widget.add_class(name) if name else widget


def html(text: str = "", name: str = "") -> Widget:
    """Return a place for HTML."""
    return _named(ipywidgets.HTML(text), name)


def status() -> Widget:
    """Return a place for a status, which a screen reader also reads."""
    return html(name="ade-live")


def button(label: str, clicked: Changed, *, is_main: bool = False) -> Widget:
    """Return a button."""
    found = ipywidgets.Button(description=clean_text(label))
    found.button_style = "primary" if is_main else ""
    found.on_click(lambda _: in_turn(clicked))
    receive_while_cells_run(found.comm)
    return found


def text(label: str, changed: Changed, *, live: bool = False, **texts: str) -> Widget:
    """Return a box for a line of text; *changed* is called when it is left, or *live* by keys."""
    return _watched(ipywidgets.Text(continuous_update=live, **_clean(label, texts)), changed)


def long_text(label: str, changed: Changed, **texts: str) -> Widget:
    """Return a box for several lines; *changed* is called when it is left."""
    box = ipywidgets.Textarea(continuous_update=False, rows=3, **_clean(label, texts))
    return _watched(box, changed)


def secret_text(label: str, changed: Changed, **texts: str) -> SecretText:
    """Return a box for a secret; *changed* is called when it is left."""
    return SecretText(changed, continuous_update=False, **_clean(label, texts))


def dropdown(label: str, options: Options, changed: Changed, value: Any = None) -> Widget:
    """Return a choice of one of *options*, None = none yet."""
    return _choice(ipywidgets.Dropdown(value=value, options=_shown(options)), label, changed)


def listing(label: str, options: Options, changed: Changed) -> Widget:
    """Return a list to choose one from; at first none is chosen."""
    box = ipywidgets.Select(options=_shown(options), value=None, rows=_rows(options))
    return _choice(box, label, changed)


def checkbox(label: str, changed: Changed) -> Widget:
    """Return a box to tick."""
    return _choice(ipywidgets.Checkbox(indent=False), label, changed)


def _choice(widget: Widget, label: str, changed: Changed) -> Widget:
    widget.description = clean_text(label)
    return _watched(widget, changed)


# Half a character, as in a cut emoji, cannot be sent: the whole message would fail.
def _clean(label: str, texts: dict[str, str]) -> dict[str, str]:
    return {name: clean_text(each) for name, each in {"description": label, **texts}.items()}


def _shown(options: Options) -> Options:
    return [(clean_text(label), value) for label, value in options]


def refill(widget: Widget, options: Options, value: Any = None) -> None:
    """Replace the *options* of a list or a dropdown and choose one; this is no change."""
    widget.unobserve(widget.observer, names="value")
    widget.options = _shown(options)
    widget.value = value
    if hasattr(widget, "rows"):
        widget.rows = _rows(options)
    widget.observe(widget.observer, names="value")


def enter(widget: Widget, value: Any) -> None:
    """Enter *value*, if it can be chosen there."""
    with suppress(traitlets.TraitError):
        widget.value = value


def choose(widget: Widget, value: Any) -> None:
    """Choose *value*; this is no change."""
    widget.unobserve(widget.observer, names="value")
    widget.value = value
    widget.observe(widget.observer, names="value")


def is_blank(widget: Widget) -> bool:
    """Whether nothing is written in *widget*, or nothing chosen; an option may have no name."""
    if hasattr(widget, "options"):
        return widget.index is None
    return not widget.value


def _rows(options: Options) -> int:
    return max(2, min(8, len(options)))


def _watched(widget: Widget, changed: Changed) -> Widget:
    widget.observer = lambda _: in_turn(changed)
    widget.observe(widget.observer, names="value")
    receive_while_cells_run(widget.comm)
    return widget


def section(title: str, *children: Widget) -> Widget:
    """Return a part of the page under a heading; hidden until it is shown."""
    found = column(html(markup.heading(title)), *children, name="ade-section")
    show(found, False)
    return found


def show(widget: Widget, visible: bool = True) -> None:
    """Show or hide *widget*."""
    widget.layout.display = None if visible else "none"
