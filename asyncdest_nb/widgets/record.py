"""The record of a run: static text, readable in a saved, exported or headless notebook."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice

from ..errors import VALIDATION_FAILED
from ..operation import RowOutcome, RowStatus, State, counts_text, row_outcomes
from ..visible import one_line
from .fragments import PLAIN, RECORD, table
from .run_view import RunView, after_restart, clock_of, continued_by, cut, invalid_rows

_SHOWN = 10
_FAILED = frozenset({State.FAILED, State.REJECTED, State.PARTIAL})
_ENDED_BADLY = (RowStatus.FAILED, RowStatus.INVALID, RowStatus.CANCELED)
_UNKNOWN = frozenset({State.PARTIAL, State.LOST, State.HELD})
_REST = "run.failed() has the failed, invalid and canceled rows and why, run.results() every row"
_CODE = ("run.failed()", "run.results()", 'status == "unknown"', "%pip install -U ipywidgets")
_UNKNOWN_REST = '; those with status == "unknown" are only there'


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that did not end well, as texts to show."""

    row: str
    operation_id: str
    status: str
    code: str
    message: str


class Record:
    """*runs*, one and its retries, as a static output: plain text, and HTML.

    *folded* = the HTML is one line for each run, to be opened by a click, unless there is
    *advice* for those who may see nothing else.
    """

    def __init__(self, *runs: RunView, folded: bool = False, advice: str = "") -> None:
        self._runs = runs
        self._folded = folded and not advice
        self._advice = advice

    def __repr__(self) -> str:
        return "\n".join(map(record_text, self._runs))

    def _repr_html_(self) -> str:
        records = (record_html(run, folded=self._folded) for run in self._runs)
        return "".join([advice_html(self._advice), *records])


def record_text(run: RunView) -> str:
    """Return title, status, counts and the first rows that did not end well, on some lines."""
    rows = [
        f"  {each.row}: {' '.join(filter(None, (each.status, each.code, each.message)))}"
        for each in _first_rows(run)
    ]
    heading = ["first rows to look at:"] if rows else []
    ending = [*_state(run), _rest(run)]
    return "\n".join(
        map(one_line, [_title(run), counts_text(run.counts), *heading, *rows, *ending])
    )


def record_html(run: RunView, *, folded: bool = False) -> str:
    """Return the same as a page fragment that needs no script, style sheet or network.

    *folded* = it is one line, without counts while a monitor above it has newer ones.
    Of a run that goes on it says as of when it is.
    """
    opening = f"<details {RECORD}{' open' * (not folded)}>"
    is_outdated = folded and run.status == "pending"
    text = f"record as of {_now(run)}" if is_outdated else counts_text(run.counts)
    ending = " ".join([*_state(run), _rest(run)])
    summary = f"{escape(_title(run))} · {escape(text)}"
    return (
        f'{opening}<summary style="cursor:pointer;opacity:.75;font-size:90%">{summary}</summary>'
        f"{_counts_table(run)}{_rows_table(_first_rows(run))}"
        f'<p style="margin:6px 0;opacity:.75">{_code(ending, continued_by(run))}</p></details>'
    )


def advice_html(text: str) -> str:
    """Return *text* as a paragraph, empty if it is."""
    return f'<p {PLAIN} style="margin:6px 0">{_code(text)}</p>' if text else ""


def _title(run: RunView) -> str:
    return f"{cut(run.title, 200)}: {run.status}"


def _state(run: RunView) -> list[str]:
    """Return when it started, and while it goes on as of when this is and what ends it."""
    started = time.strftime("Started %Y-%m-%d %H:%M UTC", time.gmtime(run.created_at))
    if run.status != "pending":
        return [f"{started}."]
    lines = [f"{started}; as of {_now(run)} it is pending.", after_restart(run)]
    return [line for line in lines if line]


def _now(run: RunView) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(clock_of(run)()))


def _rest(run: RunView) -> str:
    return f"{_REST}{_UNKNOWN_REST * bool(run.counts['unknown'])}."


def _first_rows(run: RunView) -> list[ShownRow]:
    """Return the first rows to look at: failed, then invalid, then unknown ones.

    If there are too many, each kind gets a share.
    """
    found = (_failed(run), _invalid(run), _unknown(run))
    kinds = [list(islice(each, _SHOWN)) for each in found]
    turns = sorted((turn, kind) for kind, rows in enumerate(kinds) for turn in range(len(rows)))
    return [kinds[kind][turn] for kind, turn in sorted((b, a) for a, b in turns[:_SHOWN])]


def _failed(run: RunView) -> Iterator[ShownRow]:
    if not any(run.counts[status] for status in _ENDED_BADLY):
        return  # Without a look at every row.
    for row, outcome in _outcomes(run, _FAILED):
        if outcome.status not in (RowStatus.COMPLETED, RowStatus.UNKNOWN):
            yield _failure(run, row, outcome)


def _unknown(run: RunView) -> Iterator[ShownRow]:
    # Most runs have none, and the counts show that without a look at every row.
    for row, outcome in _outcomes(run, _UNKNOWN) if run.counts["unknown"] else ():
        if outcome.status is RowStatus.UNKNOWN:
            yield _failure(run, row, outcome)


def _outcomes(run: RunView, states: frozenset[State]) -> Iterator[tuple[int, RowOutcome]]:
    for operation in run.operations:
        if operation.state in states:
            yield from zip(operation.rows, row_outcomes(operation), strict=True)


def _invalid(run: RunView) -> Iterator[ShownRow]:
    for row, reason in invalid_rows(run).items():
        yield _failure(run, row, RowOutcome(RowStatus.INVALID, reason, VALIDATION_FAILED))


def _failure(run: RunView, row: int, outcome: RowOutcome) -> ShownRow:
    return ShownRow(
        row=cut(run.labels[row], 80),
        operation_id=cut(outcome.operation_id or "", 80),
        status=outcome.status.value,
        code=cut(outcome.error_code or "", 80),
        message=cut(outcome.message, 200),
    )


def _counts_table(run: RunView) -> str:
    statuses = [status for status, number in run.counts.items() if number]
    return table(statuses, [[f"{run.counts[status]:,}" for status in statuses]])


def _rows_table(failures: list[ShownRow]) -> str:
    titles = ["row", "operation", "status", "code", "message"]
    rows = [[it.row, it.operation_id, it.status, it.code, it.message] for it in failures]
    return table(titles, rows) if rows else ""


def _code(text: str, own: str | None = None) -> str:
    """Return *text* as HTML with the code in it as such; *own* is that of the run."""
    escaped = escape(text)
    for code in map(escape, filter(None, (*_CODE, own))):
        escaped = escaped.replace(code, f"<code>{code}</code>")
    return escaped
