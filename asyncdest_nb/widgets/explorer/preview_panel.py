"""What would be sent: of how many rows, in what requests, and which rows are invalid."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import UsageError
from ...frame import DataFrame
from ...numerals import counted
from ...session import Connection, has_subjects
from ..progress_line import report_progress_to
from ..run_view import cut
from . import markup, parts
from .preview import PreviewResult, preview_rows
from .work import Problem, Start, Work

_PER_REQUEST = "Rows per request"
_FIRST = "Only the first rows"
_SUBSCRIBE = "Only rows that match"
_EXAMPLE = 'type = "track" and properties.plan = "pro"'
# Also with the commas that the page itself writes: 5,000.
_WHOLE = re.compile(r"\d{1,15}|\d{1,3}(,\d{3}){1,4}")


class PreviewPanel:
    """How many rows to send, and what would be sent of them.

    *previewed* is called with each preview of the rows as they are chosen.
    """

    def __init__(
        self,
        changed: parts.Changed,
        *,
        check_all: Callable[[], None],
        previewed: Callable[[PreviewResult], None],
        start: Start,
    ) -> None:
        self._previewed = previewed
        self._work: Work[PreviewResult] = Work(start, parts.TURN)
        self._has_events = False
        self._per_request = parts.text(_PER_REQUEST, changed)
        self._first = parts.text(_FIRST, changed, placeholder="all")
        self._subscribe = parts.text(_SUBSCRIBE, changed, placeholder=_EXAMPLE)
        self._check = parts.button("Check all rows", check_all)
        self._status = parts.status()
        self._html = parts.html()
        options = [self._per_request, self._first, self._subscribe]
        self.widget = parts.section(
            "Preview",
            parts.line(*options, name="ade-field"),
            self._status,
            self._html,
            self._check,
        )

    @property
    def batch_size(self) -> int | None:
        """The rows per request, None = as many as the action takes; raises UsageError."""
        return whole_number(_PER_REQUEST, self._per_request.value)

    @property
    def first_rows(self) -> int | None:
        """How many rows of the frame to send, None = all; raises UsageError."""
        return whole_number(_FIRST, self._first.value)

    @property
    def subscribe(self) -> str | None:
        """Which rows to send, in Segment's language FQL; None = all."""
        return self._subscribe.value.strip() or None if self._has_events else None

    def offer_subscription(self, columns: Sequence[str]) -> None:
        """Let the user say which rows to send, if these *columns* are of events of Segment."""
        self._has_events = has_subjects(columns)
        parts.show(self._subscribe, self._has_events)

    def show_default(self, batch_size: int) -> None:
        """Show how many rows a request has if nothing is entered."""
        self._per_request.placeholder = f"{batch_size:,}, as the action takes"

    def forget(self) -> None:
        """Show nothing of what is under way."""
        self._work.forget()

    def preview(
        self,
        connection: Connection,
        frame: DataFrame,
        action: str,
        keywords: Mapping[str, Any],
        *,
        limit: int | None,
    ) -> None:
        """Preview the first *limit* rows, None = all, and show what comes of it."""
        count = len(frame) if limit is None else min(limit, len(frame))
        self._status.value = markup.note(f"Looking at {markup.rows(count)} …")

        def preview_slowly() -> PreviewResult:
            with report_progress_to(self._show_progress):
                return preview_rows(connection, frame, action, keywords, limit=limit)

        self._work.do(preview_slowly, self._show)

    def _show_progress(self, doing: str, done: int, rows: int) -> None:
        with parts.TURN:
            if self._work.is_wanted:
                words = f"Looking at {markup.rows(rows)}, {doing}: {done:,} …"
                self._status.value = markup.note(words)

    def _show(self, found: PreviewResult | Problem) -> None:
        if isinstance(found, Problem):
            self.show_problem(found)
            return
        self._previewed(found)
        self._status.value = markup.note(markup.preview_summary(found))
        self._html.value = markup.preview_html(found)
        self._check.description = f"Check all {counted(found.total, 'row')}"
        parts.show(self._check, not found.is_whole)

    def show_problem(self, problem: Problem, *, is_unfinished: bool = False) -> None:
        """Show *problem* in place of a preview; *is_unfinished* = something is only missing yet."""
        words = markup.to_do if is_unfinished else markup.problem
        self._status.value = words(problem.text)
        self._html.value = ""
        parts.show(self._check, False)


def whole_number(label: str, text: str) -> int | None:
    """Return the number that was typed, None = none was; raises UsageError."""
    if not text.strip():
        return None
    found = int(text.replace(",", "")) if _WHOLE.fullmatch(text.strip()) else 0
    if found < 1:
        shown = repr(cut(text, 40))
        raise UsageError(f"{label}: {shown}; write a whole number of 1 or more, or nothing")
    return found
