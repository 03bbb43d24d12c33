"""A run in one line: counts, a bar, the time left and a link to its monitor.

It is a static output that is written again each second: it needs no widget, and a saved
notebook keeps it.
"""

from __future__ import annotations

import math
from html import escape

import ipywidgets  # type: ignore[import-untyped]  # It has no types.
from IPython.core.getipython import get_ipython

from ..numerals import counted
from ..operation import counts_text
from ..session.time_left import time_left
from ..visible import one_line
from .fragments import PLAIN, QUIET
from .page import Page
from .run_view import RunView, clock_of, cut, is_done, is_paused
from .run_widget import anchor_of, open_widget
from .static_outputs import StaticOutputs, rarely

_SECONDS = 1.0  # Between two updates.
_NOTICE = 160  # Characters.
_LINE = (
    "display:flex;flex-wrap:wrap;gap:2px 10px;align-items:center;font-variant-numeric:tabular-nums"
)


class RunLine:
    """*run* as it is now, as a static output: plain text, and HTML."""

    def __init__(self, run: RunView) -> None:
        self._run = run

    def __repr__(self) -> str:
        return line_text(self._run)

    def _repr_html_(self) -> str:
        return line_html(self._run)


def line_text(run: RunView) -> str:
    """Return title, rows done, counts and times of *run*, on one line."""
    return one_line(" · ".join([cut(run.title, 80), *_parts(run)]))


def line_html(run: RunView) -> str:
    """Return the same with a bar, a link to the monitor, and the first notice."""
    done, rows = _done(run)
    title = escape(cut(run.title, 80))
    bar = f'<progress max="{max(rows, 1)}" value="{done}" aria-label="rows done"></progress>'
    text = escape(" · ".join(_parts(run)))
    notice = "".join(
        f'<span dir="auto" style="{QUIET}">{escape(cut(each, _NOTICE))}</span>'
        for each in list(run.notices)[:1]
    )
    return (
        f'<div {PLAIN} style="{_LINE}"><span dir="auto">{title}</span> {bar} '
        f"<span>{text}</span> {_link(run)} {notice}</div>"
    )


def _parts(run: RunView) -> list[str]:
    done, rows = _done(run)
    percent = 100 * done // rows if rows else 100
    counts = {status: n for status, n in run.counts.items() if status != "pending"}
    ended = [counts_text(counts)] if done else []
    return [f"{done:,} of {counted(rows, 'row')} done", f"{percent} %", *ended, *_when(run)]


def _done(run: RunView) -> tuple[int, int]:
    """Return how many rows have an outcome, and how many there are."""
    counts = run.counts
    rows = sum(counts.values())
    return rows - counts.get("pending", 0), rows


def _when(run: RunView) -> list[str]:
    """Return how long it took; while it goes on how long it takes, as far as that is known."""
    if is_done(run):
        ends = [each.finished_at for each in run.operations if each.finished_at is not None]
        return [f"took {duration(max(ends) - run.created_at)}"] if ends else []
    if is_paused(run):
        return ["paused"]
    now = clock_of(run)()
    left = time_left(run.operations, now)
    rest = [] if left is None else [f"about {duration(math.ceil(left))} left"]
    return [duration(now - run.created_at), *rest]


def duration(seconds: float) -> str:
    """Return *seconds* as a text, as the monitor writes it."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes:02} m"
    return f"{minutes} m {whole % 60:02} s" if minutes else f"{whole} s"


def _link(run: RunView) -> str:
    anchor = anchor_of(run)
    return f'<a href="#{anchor}">monitor</a>' if anchor else ""


def show_line(run: RunView) -> None:
    """Display *run* as one line, which follows it to its end where that can be updated."""
    shell = get_ipython()
    outputs = StaticOutputs(lambda: RunLine(run))
    outputs.display()
    if not is_done(run) and hasattr(shell, "kernel"):
        # Only the page of the monitor can update it after a reload.
        if (shown := open_widget(run)) is not None:
            outputs.add_keeper(shown.keep_line)
        outputs.follow(run, seconds=_SECONDS)


def line_page(run: RunView) -> Page:
    """Return what marimo displays of *run* as one line, which follows it to its end."""
    line = ipywidgets.HTML(line_html(run))

    def update(done: bool) -> None:
        line.value = line_html(run)

    follow = rarely(run, update, seconds=_SECONDS)
    run.on_change(follow)
    follow((), is_done(run))  # It may have ended before the subscription.
    return Page(line)
