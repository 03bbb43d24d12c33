"""Pieces of the HTML that a notebook saves: no script, style sheet or network is needed."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .run_view import cut

CELL = 200  # Characters.

QUIET = "opacity:.75"

# Grey at half strength is a line on white and on black.
_LINE = (
    "border:0;border-bottom:1px solid rgba(128,128,128,.4);padding:3px 10px;"
    "text-align:left;vertical-align:top;white-space:normal;overflow-wrap:break-word;max-width:22em"
)
# Without it JupyterLab typesets text between two dollar signs as mathematics.
PLAIN = 'class="tex2jax_ignore mathjax_ignore"'

# In an Output widget the monitor hides it (monitor.css).
RECORD = PLAIN.replace('class="', 'class="adm-record ')

_TABLE = "border-collapse:collapse;margin:6px 0;font-variant-numeric:tabular-nums"


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of texts, which scrolls in its own box where it is too wide."""
    head = "".join(f'<th scope="col" style="{_LINE}">{escape(each)}</th>' for each in titles)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    found = f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    # Without a tabindex, keys could not scroll to its hidden part.
    return f'<div {PLAIN} tabindex="0" style="overflow-x:auto">{found}</div>'


def _cell(text: str) -> str:
    return f'<td dir="auto" style="{_LINE}">{escape(cut(text, CELL))}</td>'


def folded(title: str, html: str, *, is_open: bool = False) -> str:
    """Return *html* behind a line of text to click."""
    head = f'<summary style="cursor:pointer;{QUIET}">{escape(title)}</summary>'
    return f"<details {PLAIN}{' open' * is_open}>{head}{html}</details>"
