"""What stays readable of a run in a saved, exported or headless notebook: static text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice

from ..operation import State, row_outcomes
from .fragments import table
from .watched import Watched, counted, cut

_SHOWN = 10
_TROUBLE = frozenset({State.FAILED, State.REJECTED, State.PARTIAL, State.LOST, State.HELD})
_REST = "run.failed() has the failed rows and why, run.results() every row."


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that did not end well, in the words to show."""

    row: str
    operation_id: str
    status: str
    code: str
    message: str


class Record:
    """*runs*, one and its retries, as a static output: plain text, and HTML.

    The HTML is a line each while *folded*.
    """

    def __init__(self, *runs: Watched, folded: bool = False) -> None:
        self._runs = runs
        self._folded = folded

    def __repr__(self) -> str:
        return "\n".join(map(record_text, self._runs))

    def _repr_html_(self) -> str:
        return "".join(record_html(run, folded=self._folded) for run in self._runs)


def record_text(run: Watched) -> str:
    """Say title, status, counts and the first failures of *run* in some lines."""
    failures = [
        f"  {each.row}: {' '.join(filter(None, (each.status, each.code, each.message)))}"
        for each in islice(_failures(run), _SHOWN)
    ]
    heading = ["first failures:"] if failures else []
    return "\n".join([_title(run), counted(run.counts), *heading, *failures, _started(run), _REST])


def record_html(run: Watched, *, folded: bool = False) -> str:
    """Return the same as a page fragment that needs no script, style sheet or network.

    *folded* it is one line, and names no counts while a monitor above it has newer ones.
    """
    opening = "<details>" if folded else "<details open>"
    is_outrun = folded and run.status == "pending"
    words = "record, kept for when it ends" if is_outrun else counted(run.counts)
    summary = f"{escape(_title(run))} · {escape(words)}"
    failures = list(islice(_failures(run), _SHOWN))
    return (
        f'{opening}<summary style="cursor:pointer;opacity:.75;font-size:90%">{summary}</summary>'
        f"{_counts_table(run)}{_failures_table(failures)}"
        f'<p style="margin:6px 0;opacity:.75">{_started(run)} {_code(_REST)}</p></details>'
    )


def _title(run: Watched) -> str:
    return f"{cut(run.title, 200)}: {run.status}"


def _started(run: Watched) -> str:
    return time.strftime("Started %Y-%m-%d %H:%M UTC.", time.gmtime(run.created_at))


def _failures(run: Watched) -> Iterator[Failure]:
    for operation in run.operations:
        if operation.state not in _TROUBLE:
            continue
        for row, outcome in zip(operation.rows, row_outcomes(operation), strict=True):
            if outcome.status != "completed":
                yield Failure(
                    row=cut(run.labels[row], 80),
                    operation_id=cut(operation.operation_id or "", 80),
                    status=outcome.status.value,
                    code=cut(outcome.error_code or "", 80),
                    message=cut(outcome.message, 200),
                )


def _counts_table(run: Watched) -> str:
    words = [word for word, number in run.counts.items() if number]
    return table(words, [[f"{run.counts[word]:,}" for word in words]])


def _failures_table(failures: list[Failure]) -> str:
    titles = ["row", "operation", "status", "code", "message"]
    rows = [[it.row, it.operation_id, it.status, it.code, it.message] for it in failures]
    return table(titles, rows) if rows else ""


def _code(text: str) -> str:
    escaped = escape(text)
    for call in ("run.failed()", "run.results()"):
        escaped = escaped.replace(call, f"<code>{call}</code>")
    return escaped
