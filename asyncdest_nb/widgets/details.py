"""The details of an operation, as the page lays them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..operation import State, shown_status
from .run_view import cut

# More than anyone reads, and short enough for a browser.
TEXT_CHARACTERS = 100_000
_FIRST = ("operation_id", "status", "message", "error_code", "progress", "polls", "poll_errors")

# A number of the engine's is not taken for that of a row.
_TITLES = {"number": "operation number", "batch": "batch number", "step": "step of the batch"}


def details_content(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return *details* of an operation as blocks of a page.

    ``facts`` are pairs of texts, ``times`` pairs of a text and Unix seconds, ``texts``
    pairs of a title and indented JSON, ``rows`` dicts of texts, ``row_count`` how many
    rows there are in all.
    """
    rest = {name: value for name, value in details.items() if value or name == "polls"}
    rest |= {title: rest.pop(name) for name, title in _TITLES.items() if name in rest}
    if "state" in rest:
        rest["status"] = shown_status(State(rest.pop("state")))
    rows = rest.pop("rows", [])
    row_count = rest.pop("row_count", len(rows))
    times = [[name[:-3], rest.pop(name)] for name in list(rest) if name.endswith("_at")]
    long = [name for name in ("row", "context", "result") if name in rest]
    texts = [[name, _indented(rest.pop(name))] for name in long]
    if "progress" in rest:
        rest["progress"] = f"{rest['progress']:g} %"
    names = sorted(rest, key=lambda name: (*_FIRST, name).index(name))
    facts = [[name.replace("_", " "), cut(str(rest[name]), TEXT_CHARACTERS)] for name in names]
    return {
        "facts": facts,
        "times": sorted(times, key=lambda pair: float(pair[1])),
        "texts": texts,
        "rows": [_row_texts(row) for row in rows],
        "row_count": row_count,
    }


def _row_texts(row: Mapping[str, Any]) -> dict[str, str]:
    payload = row.get("payload")
    texts = [row.get("error_code"), row.get("message")]
    return {
        "label": cut(str(row.get("label", "")), 200),
        "status": str(row.get("status", "")),
        "message": cut(" ".join(str(each) for each in texts if each), 2_000),
        "payload": "" if payload is None else _indented(payload),
    }


def _indented(value: Any) -> str:
    return cut(json.dumps(value, ensure_ascii=False, indent=2, default=str), TEXT_CHARACTERS)
