"""The values of the package as compact tables of HTML, beside the text of their ``repr``.

Each function returns a fragment that needs no script, style sheet or network. Everything in
it is escaped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from html import escape

from ..destination import Action, Destination, InputField, input_fields
from ..frame import to_rows
from ..numerals import counted
from ..operation import counts_text
from ..session import STATE_TITLES, Connection, Preview, Session, StateTable
from .fragments import PLAIN, QUIET, folded, table
from .run_view import cut

RUNS = 20  # The latest of a session.
PREVIEWED = 5  # Rows of a preview, and as many that are not sent.
FIELD_TITLES = ("field", "label", "type", "required", "description", "choices", "default")


def destinations_html(found: Mapping[str, Destination]) -> str:
    """Return a catalogue: a line for each destination."""
    rows = [
        [slug, each.name, each.description, ", ".join(each.actions)] for slug, each in found.items()
    ]
    return table(["slug", "name", "description", "actions"], rows)


def destination_html(destination: Destination) -> str:
    """Return what a destination can do, and its settings."""
    return (
        _title(destination.name, destination.description)
        + _actions(destination)
        + folded("settings", _fields(input_fields(destination.settings)))
    )


def action_html(action: Action) -> str:
    """Return the title and the fields of an action."""
    return _title(action.title, action.description) + _fields(action.inputs)


def preview_html(preview: Preview) -> str:
    """Return what would be sent: a summary, and the first rows beside their payloads.

    The first of the rows that are not sent are there too, each with its reason.
    """
    at = sorted({*range(min(PREVIEWED, len(preview.labels))), *[*preview.invalid][:PREVIEWED]})
    shown = preview.table(at)
    names = [str(each) for each in shown.columns]
    rows = [
        [preview.labels[place], *map(_text, (row.get(name) for name in names))]
        for place, row in zip(at, to_rows(shown, slice(None)).rows, strict=True)
    ]
    for row, place in zip(rows, at, strict=True):
        row[-1] = f"✗ {row[-1]}" if place in preview.invalid else row[-1]
    summary = escape(preview.summary)
    return (
        f'<pre {PLAIN} style="white-space:pre-wrap">{summary}</pre>{table(["row", *names], rows)}'
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def connection_html(connection: Connection) -> str:
    """Return a connection's actions and settings; of a secret, only whether it is set."""
    destination = connection.destination
    settings = [[key, value] for key, value in connection.settings().items()]
    fields = "".join(
        folded(f"fields of {slug}", _fields(action.inputs))
        for slug, action in destination.actions.items()
    )
    title = _title(destination.name, destination.description)
    return title + table(["setting", "value"], settings) + _actions(destination) + fields


def session_html(session: Session) -> str:
    """Return a session's latest runs; ``runs()`` has all."""
    runs = session.runs()
    shown = runs[-RUNS:]
    where = str(session.path) if session.path else "in memory"
    rows = [
        [
            run.id,
            run.title,
            time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at)),
            run.status,
            counts_text(run.counts),
        ]
        for run in reversed(shown)
    ]
    more = f"; the latest {len(shown)} are shown" if len(shown) < len(runs) else ""
    count = f"{counted(len(runs), 'run')}{more}"
    title = _title(f"Session {session.name or ''}".strip(), f"{where}, {count}")
    return title + (table(["run", "title", "submitted", "status", "rows"], rows) if rows else "")


def state_html(state: StateTable) -> str:
    """Return a line for each value that destinations keep."""
    lines = state.lines()
    count = counted(len(lines), "value")
    return _title("State of a session", count) + (table(STATE_TITLES, lines) if lines else "")


def _actions(destination: Destination) -> str:
    rows = [
        [slug, each.title, each.description, _limits(each)]
        for slug, each in destination.actions.items()
    ]
    return table(["action", "title", "description", "limits"], rows)


def _limits(action: Action) -> str:
    rows = counted(action.batch_size if action.perform_batch else 1, "row")
    return f"{rows}, {counted(action.batch_bytes, 'byte')} a request"


def _fields(fields: Mapping[str, InputField]) -> str:
    return table(FIELD_TITLES, field_rows(fields))


def field_rows(fields: Mapping[str, InputField]) -> list[list[str]]:
    """Return a line for each field, with a text for each of FIELD_TITLES."""
    return [
        [
            key,
            field.label,
            f"list of {field.type}" if field.multiple else field.type,
            "required" if field.required else "optional",
            field.description,
            ", ".join(map(str, field.choices or ())),
            _default(field),
        ]
        for key, field in fields.items()
    ]


def _default(field: InputField) -> str:
    if field.default is None:
        return ""
    return json.dumps(field.default, ensure_ascii=False, default=repr)


def _title(name: str, about: str) -> str:
    shown = f' <span style="{QUIET}">{escape(cut(about, 200))}</span>' if about else ""
    style = 'style="overflow-wrap:anywhere"'
    return f"<div {PLAIN} {style}><b>{escape(cut(name, 200))}</b>{shown}</div>"
