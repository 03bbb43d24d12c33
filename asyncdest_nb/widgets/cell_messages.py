"""What a cell shows when a call is refused, or does less than it was asked for.

A traceback through this package says nothing to those who use it: the message of an error
names what is wrong and what to write.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from functools import partial
from html import escape
from types import TracebackType
from typing import Any, Protocol, TextIO

from ..errors import AlreadySubmitted
from .fragments import PLAIN, QUIET
from .shell import get_shell

logger = logging.getLogger(__name__)

_PACKAGE = __name__.partition(".")[0]


def short_traceback(error: BaseException) -> list[str]:
    """Return what a cell shows of *error*: its message, where it is from, and a hint.

    IPython asks an exception for its traceback by this function. It does so again for
    ``%tb``, when no error is being handled any more: then the whole traceback is returned,
    as IPython shows those of other errors.
    """
    shell = get_shell()
    if sys.exception() is None:
        return _whole_traceback(shell, error)
    name = type(error).__name__
    if str(getattr(shell, "colors", "nocolor")).lower() != "nocolor":
        name = f"\x1b[31m{name}\x1b[39m"
    notes = getattr(error, "__notes__", ())
    return [f"{name}: {error}", *notes, f"{_place(shell, error)}%tb shows the whole traceback."]


def mark_canceled(stop: BaseException) -> None:
    """Let a cell show of *stop*, by which a wait was canceled, one line and no traceback.

    It stays what asyncio raised: ``asyncio.timeout`` knows no subclass of it.
    """
    stop.args = stop.args or ("only the waiting was interrupted: the run continues",)
    setattr(stop, "_render_traceback_", partial(short_traceback, stop))  # noqa: B010


def _whole_traceback(shell: Any, error: BaseException) -> list[str]:
    kind, trace = type(error), error.__traceback__
    if shell is None:
        return traceback.format_exception(kind, error, trace)
    lines: list[str] = shell.InteractiveTB.structured_traceback(kind, error, trace)
    return lines


def _place(shell: Any, error: BaseException) -> str:
    """Return which line called this package, as a sentence; empty = none did.

    The line itself is not shown: a key may be in it.
    """
    found = _caller(error.__traceback__)
    if found is None:
        return ""
    file, number = found
    # IPython 7 has no names of cells.
    name = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(file)
    place = " ".join(name) if name else file if os.path.exists(file) else ""
    return f"{place}, line {number}. " if place else f"Line {number}. "


def _caller(trace: TracebackType | None) -> tuple[str, int] | None:
    """Return the file and the number of the last line before this package's own."""
    found = None
    for frame, number in traceback.walk_tb(trace):
        library = frame.f_globals.get("__name__", "").partition(".")[0]
        if library == _PACKAGE:
            break
        if library != "IPython":
            found = frame.f_code.co_filename, number
    return found


class WarningHook(Protocol):
    """What Python shows a warning by: ``warnings.showwarning``."""

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None: ...


def with_notes(show: WarningHook) -> WarningHook:
    """Return what shows warnings as *show* does, but AlreadySubmitted as a note of the cell.

    It is no fault that a cell runs twice, and the standard error is a red box in a notebook.
    """

    def show_warning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, AlreadySubmitted) and file is None and _has_cell():
            show_note(f"{category.__name__}: {message}")
        else:
            show(message, category, filename, lineno, file, line)

    return show_warning


def show_note(text: str) -> None:
    """Show *text* as a quiet note of the cell; where there is none, it is logged."""
    if not _has_cell():
        logger.info("%s", text)
        return
    from IPython.display import display

    html = f'<div {PLAIN} style="{QUIET}">{escape(text)}</div>'
    display({"text/plain": text, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]


def _has_cell() -> bool:
    # The output of another thread lands in whichever cell is running.
    return get_shell() is not None and threading.current_thread() is threading.main_thread()
