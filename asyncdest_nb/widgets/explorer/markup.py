"""HTML of the explorer. Texts from outside are escaped here and nowhere else."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...destination import InputField
from ...numerals import counted
from ...responses import clean_text
from ..run_view import cut
from ..tables import FIELD_TITLES, field_rows
from .preview import PreviewColumn, PreviewResult, PreviewRow

CELL = 80  # Characters of a text in a table that describes a destination.
LONG = 200  # Characters of a value above which its cell scrolls.
VALUE = 100_000  # Characters of a value in a preview; the page would stop at a megabyte.
TEXT = 1000  # Characters of a reason.
BODY = 4000  # Characters of a request.


def escape(text: str) -> str:
    """Return *text* as HTML that can be sent; half a character becomes its code."""
    return html.escape(clean_text(text))


def heading(text: str) -> str:
    """Return the heading of a section; it can take the focus."""
    # With level 2 none is skipped, whichever heading of the notebook or the host is above.
    opening = '<div role="heading" aria-level="2" tabindex="-1" class="ade-heading">'
    return f"{opening}{escape(text)}</div>"


def note(text: str) -> str:
    """Return a sentence; line breaks stay."""
    return f'<div class="ade-note" dir="auto">{escape(cut(text, TEXT))}</div>'


def to_do(text: str) -> str:
    """Return what is still to be done before there is a preview; line breaks stay."""
    return (
        f'<div class="ade-note" dir="auto"><b>Still to do:</b> {escape(cut(text, 4 * TEXT))}</div>'
    )


def question(text: str) -> str:
    """Return a question to the user."""
    return f'<div class="ade-question" dir="auto">{escape(cut(text, TEXT))}</div>'


def problem(text: str) -> str:
    """Return what went wrong, marked by a word and not only by colour."""
    return (
        f'<div class="ade-problem" dir="auto"><b>Problem:</b> {escape(cut(text, 4 * TEXT))}</div>'
    )


def fields_table(fields: Mapping[str, InputField]) -> str:
    """Return the fields of an action, a line for each."""
    lines = [[cell(each) for each in row] for row in field_rows(fields)]
    return table("Fields of the action", map(str.capitalize, FIELD_TITLES), lines)


def preview_html(result: PreviewResult) -> str:
    """Return all that a preview shows."""
    return payloads_table(result) + sources_table(result) + first_request(result)


def payloads_table(result: PreviewResult) -> str:
    """Return the first payloads and the first rows that will not be sent, nothing cut."""
    titles = ["Row", "Sent?", *(each.title for each in result.columns)]
    rows = [_payload_row(line, result.columns) for line in result.lines]
    return table("First payloads", titles, rows, name="ade-payloads")


def _payload_row(line: PreviewRow, columns: Sequence[PreviewColumn]) -> list[str]:
    reason = "it is unchanged" if line.is_unchanged else cut(line.reason, TEXT)
    verdict = f"no: {reason}" if reason else "yes"
    head = f'<th scope="row" dir="auto">{escape(cut(line.label, CELL))}</th>'
    cells = [value_cell(each.of(line.values), is_bad=each.title in line.faulty) for each in columns]
    return [head, cell(verdict, is_bad=bool(line.reason)), *cells]


def value_cell(found: Sequence[Any], *, is_bad: bool = False) -> str:
    """Return a cell with the only value *found*, whole; empty = there is none."""
    text = as_json(found[0]) if found else "(none)"
    if len(text) > VALUE:
        text = f"{text[:VALUE]}… and {len(text) - VALUE:,} characters more, which are sent"
    sign = _SIGN if is_bad else ""
    long = f'<div class="ade-long" tabindex="0">{sign}{escape(text)}</div>'
    inner = long if len(text) > LONG else f"{sign}{escape(text)}"
    return f'<td dir="auto"{_bad(is_bad)}>{inner}</td>'


def preview_summary(result: PreviewResult) -> str:
    """Return how many rows would be sent and, if all are known, in what batches."""
    if result.total == 0:
        return "There are no rows, so there is nothing to send."
    good, bad = len(result.preview.payloads), len(result.preview.invalid)
    looked = "all rows" if result.is_whole else f"the first {result.rows:,} of {rows(result.total)}"
    if result.preview.matched:
        looked += f", of which {result.matched:,} match{'es' * (result.matched == 1)}"
    same = len(result.preview.unchanged)
    unchanged = f"; {same:,} unchanged, which will not be sent" if same else ""
    invalid = f"; {bad:,} will not be sent" if bad else ""
    batches = f" {_batches(result.preview.batches)}" if result.is_whole else ""
    return f"Looked at {looked}: {good:,} fit{unchanged}{invalid}.{batches}"


def _batches(sizes: Sequence[int]) -> str:
    if not sizes:
        return "No request would be sent."
    if len(sizes) == 1:
        return f"1 request of {rows(sizes[0])}."
    shown = ", ".join(f"{size:,}" for size in sizes[:5]) + (", …" if len(sizes) > 5 else "")
    return f"{counted(len(sizes), 'request')}, of {shown} rows."


def rows(count: int) -> str:
    """Return how many rows, in words."""
    return counted(count, "row")


def sources_table(result: PreviewResult) -> str:
    """Return what fills each field."""
    rows = [[cell(each.title), cell(each.source, limit=VALUE)] for each in result.columns]
    return table("What fills the fields", ["Field", "Filled from"], rows)


def first_request(result: PreviewResult) -> str:
    """Return the first request as it would be sent, secrets masked."""
    exchange = result.preview.first_request
    if exchange is None:
        return ""
    headers = "\n".join(f"{name}: {value}" for name, value in exchange.request_headers.items())
    parts = [f"{exchange.method} {exchange.url}", headers, exchange.request_body or ""]
    text = cut("\n\n".join(filter(None, parts)), BODY)
    return folded("First request (a dry run: it was not sent)", text)


def folded(title: str, text: str) -> str:
    """Return *text* behind its title, to be opened by a click."""
    body = f'<pre class="ade-pre" tabindex="0">{escape(text)}</pre>'
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def code(text: str) -> str:
    """Return a cell of Python to copy, however long it is."""
    return (
        '<div class="ade-code"><button type="button" class="ade-copy">Copy</button>'
        f'<pre class="ade-pre" tabindex="0"><code>{escape(text)}</code></pre></div>'
    )


_SIGN = '<span aria-label="invalid">✗</span> '


def _bad(is_bad: bool) -> str:
    return ' class="ade-bad"' if is_bad else ""


def cell(text: str, *, is_bad: bool = False, limit: int = CELL) -> str:
    """Return a cell of a table, of *limit* characters; a bad one is also marked by a sign."""
    shown = cut(text, TEXT if is_bad else limit)
    return f'<td dir="auto"{_bad(is_bad)}>{_SIGN if is_bad else ""}{escape(shown)}</td>'


def table(
    title: str, titles: Iterable[str], rows: Iterable[Iterable[str]], *, name: str = ""
) -> str:
    """Return a table that scrolls in its own box; *rows* consist of cells."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in titles)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    label = escape(title)
    return (
        f'<div class="ade-scroll" tabindex="0" role="region" aria-label="{label}">'
        f'<table class="ade-table {name}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def as_json(value: Any) -> str:
    """Write a value as JSON."""
    return json.dumps(value, ensure_ascii=False, default=repr)
