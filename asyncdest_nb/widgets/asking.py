"""What a person asks of a run by clicking in its monitor, and what is answered.

It may be asked on any thread: ipykernel 7 hands messages of the browser to a thread of
their own while a cell runs.
"""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import AsyncDestError, UnknownName
from ..responses import clean_text
from .watched import ABILITIES, Watched, cut

logger = logging.getLogger(__name__)

# More than anyone reads, and less than a page of text that slows a browser down.
TEXT_CHARACTERS = 100_000
# A spreadsheet computes what begins so, and what a destination says is not to be trusted.
# Numbers, of telephones too, are left as they are.
# Excel takes the wide forms of East Asia for the same.
_FORMULA = re.compile(r"[=@\t\r\n\uff1d\uff20]|[+\-\uff0b\uff0d](?![\d\s.,/()-]*$)")
_FIRST = ("operation_id", "state", "message", "error_code", "progress", "polls", "poll_errors")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the browser: JSON, and buffers with it."""

    content: dict[str, Any] = field(default_factory=dict)
    buffers: tuple[bytes, ...] = ()


Retried = Callable[[Watched], None]


def answer(run: Watched, question: Mapping[str, Any], retried: Retried) -> Answer:
    """Do what *question* asks of *run*; what went wrong is a sentence in the answer.

    *retried* is given the new run of a retry.
    """
    try:
        return _answer(run, question, retried)
    except AsyncDestError as error:
        return Answer({"error": cut(str(error), 500)})
    except Exception as error:  # The edge to the screen: nobody else would hear of it.
        logger.exception("run %s could not be asked %s", run.id, dict(question))
        return Answer({"error": cut(f"{type(error).__name__}: {error}", 500)})


def _answer(run: Watched, question: Mapping[str, Any], retried: Retried) -> Answer:
    what = question.get("what")
    able: Any = run  # Beyond being watched it has what its abilities say.
    if what == "details":
        return Answer({"details": shown_details(able.details(int(question["number"])))})
    if what in ("pause", "resume"):
        able.pause() if what == "pause" else able.resume()
        return Answer({"text": "paused: the work there goes on" if what == "pause" else ""})
    if what == "cancel":
        able.cancel()
        return Answer({"text": "asked to cancel"})
    if what == "retry":
        again = able.retry()
        retried(again)
        count = len(again.labels)
        rows = "1 row goes" if count == 1 else f"{count:,} rows go"
        return Answer({"text": f"{rows} again, below"})
    if what == "results":
        return Answer({"file": f"{run.id}.csv"}, (_spreadsheet(able.results()),))
    raise UnknownName.of("question", what, (*ABILITIES, "resume"))


def _spreadsheet(results: Any) -> bytes:
    """Return the DataFrame *results* as a CSV that is safe to open, and opens with its accents.

    A formula is text there, in a cell, a label or a name; an object is JSON.
    """
    safe = results.map(_cell)
    safe.index, safe.columns = _safe(results.index), _safe(results.columns)
    # Every text in quotes: a bare carriage return, or a semicolon where a spreadsheet takes
    # that for the separator, would begin a cell with what comes after it.
    text: str = safe.to_csv(quoting=csv.QUOTE_NONNUMERIC)
    # Without a mark Excel takes it for another code; half an emoji in a label is no UTF-8.
    return text.encode("utf-8-sig", "backslashreplace")


def _safe(labels: Any) -> Any:
    """Return an Index of labels or names, none of which is a formula, with its own names."""
    found = labels.map(_label) if len(labels) else labels
    return found.set_names([_label(name) for name in labels.names])


def _label(label: Any) -> Any:
    if isinstance(label, tuple):  # Of several levels.
        return tuple(map(_label, label))
    # Half an emoji is no UTF-8.
    return _cell(clean_text(label) if isinstance(label, str) else label)


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def shown_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details as the page lays them out.

    ``facts`` are pairs of words, ``times`` pairs of a word and Unix seconds, ``texts``
    pairs of a title and JSON that was laid out to be read, ``rows`` dicts of texts,
    ``row_count`` how many rows there are in all.
    """
    rest = {name: value for name, value in details.items() if value or name == "polls"}
    rows = rest.pop("rows", [])
    row_count = rest.pop("row_count", len(rows))
    times = [[name[:-3], rest.pop(name)] for name in list(rest) if name.endswith("_at")]
    texts = [[name, _laid_out(rest.pop(name))] for name in ("context", "result") if name in rest]
    if "progress" in rest:
        rest["progress"] = f"{rest['progress']:g} %"
    names = sorted(rest, key=lambda name: (*_FIRST, name).index(name))
    facts = [[name.replace("_", " "), cut(str(rest[name]), TEXT_CHARACTERS)] for name in names]
    return {
        "facts": facts,
        "times": sorted(times, key=lambda pair: float(pair[1])),
        "texts": texts,
        "rows": [_shown_row(row) for row in rows],
        "row_count": row_count,
    }


def _shown_row(row: Mapping[str, Any]) -> dict[str, str]:
    payload = row.get("payload")
    words = [row.get("error_code"), row.get("message")]
    return {
        "label": cut(str(row.get("label", "")), 200),
        "status": str(row.get("status", "")),
        "message": cut(" ".join(str(word) for word in words if word), 2_000),
        "payload": "" if payload is None else _laid_out(payload),
    }


def _laid_out(value: Any) -> str:
    return cut(json.dumps(value, ensure_ascii=False, indent=2, default=str), TEXT_CHARACTERS)
