"""What a click in the monitor asks of a run, and the answer.

It may run on any thread: ipykernel 7 hands messages of the browser to a thread of their
own while a cell runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import AsyncDestError, UnknownName
from ..numerals import counted
from .details import details_content
from .entries import Entries, InvalidRow, invalid_details
from .reasons import MOST, Reason, reasons, rows_of
from .row_search import found_rows
from .run_view import ABILITIES, RunView, cut
from .spreadsheet import csv_bytes, csv_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the browser: JSON, and buffers with it."""

    content: dict[str, Any] = field(default_factory=dict)
    buffers: tuple[bytes, ...] = ()


RetryCallback = Callable[[RunView], None]


def answer(run: RunView, request: Mapping[str, Any], on_retry: RetryCallback) -> Answer:
    """Do what *request* asks of *run*; an error becomes a sentence in the answer.

    *on_retry* is called with the new run of a retry.
    """
    try:
        return _answer(run, request, on_retry)
    except AsyncDestError as error:
        return Answer({"error": cut(str(error), 500)})
    except Exception as error:  # The edge to the screen: the error would be lost.
        logger.exception("run %s could not answer %s", run.id, dict(request))
        return Answer({"error": cut(f"{type(error).__name__}: {error}", 500)})


def _answer(run: RunView, request: Mapping[str, Any], on_retry: RetryCallback) -> Answer:
    what = request.get("what")
    able: Any = run  # It has the methods that its abilities name.
    if what == "details":
        return Answer({"details": _details(run, request)})
    if what == "search":
        return _search(run, request)
    if what == "reasons":
        return _reasons(run)
    if what == "reason":
        found = rows_of(run, Reason(*request["reason"]), is_general=bool(request["is_general"]))
        return Answer(buffers=(found.rows.tobytes(), found.numbers.tobytes()))
    if what in ("pause", "resume"):
        able.pause() if what == "pause" else able.resume()
        return Answer(
            {"text": "paused: what was sent goes on at the destination" if what == "pause" else ""}
        )
    if what == "cancel":
        able.cancel()
        return Answer({"text": "cancel requested"})
    if what == "retry":
        retry = able.retry()
        on_retry(retry)
        count = len(retry.labels)
        rows = f"{counted(count, 'row')} {'is' if count == 1 else 'are'}"
        return Answer({"text": f"{rows} sent again, below"})
    if what == "results":
        return Answer({"file": csv_name(run)}, (csv_bytes(able.results(with_frame=True)),))
    raise UnknownName.of("request", what, (*ABILITIES, "resume"))


def _search(run: RunView, request: Mapping[str, Any]) -> Answer:
    number, at = request["start"]
    found = found_rows(run, str(request["text"]), (number, at))
    names = ("hits", "searched", "columns", "next")
    buffers = (found.rows.tobytes(), found.numbers.tobytes())
    return Answer({name: getattr(found, name) for name in names}, buffers)


def _reasons(run: RunView) -> Answer:
    found, is_general = reasons(run)
    shown = [{**asdict(reason), "rows": rows} for reason, rows in found[:MOST]]
    more = len(found) - len(shown)
    return Answer({"reasons": shown, "more": more, "is_general": is_general})


def _details(run: RunView, request: Mapping[str, Any]) -> dict[str, Any]:
    number, rows = int(request["number"]), request.get("rows")
    entries = Entries(run).now()
    if 0 <= number < len(entries) and isinstance(entry := entries[number], InvalidRow):
        return details_content(invalid_details(run, entry))
    able: Any = run
    # The rows of a job that were searched for, or those that come first.
    if rows:
        return details_content(able.details(number, rows=rows)) | {"are_found": True}
    return details_content(able.details(number))
