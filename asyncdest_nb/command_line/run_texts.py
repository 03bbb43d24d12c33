"""What is printed about runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..numerals import counted
from ..operation import RowOutcome, RowStatus, counts_text
from ..session import Run
from ..visible import one_line

_REASONS, _ROWS, _WIDTH = 10, 5, 160
_BAD = (RowStatus.FAILED, RowStatus.INVALID, RowStatus.CANCELED, RowStatus.UNKNOWN)


def summary(run: Run) -> Iterator[str]:
    """Yield what became of the rows of *run*, and the reasons of those that did not complete."""
    outcomes = run.outcomes()
    counts = Counter(outcome.status for outcome in outcomes)
    texts = counts_text({str(each): counts[each] for each in RowStatus})
    yield f"{counted(len(outcomes), 'row')}: {texts}"
    yield from map(one_line, run.notices)
    labels = run.results().index
    reasons: dict[tuple[str, str], list[str]] = {}
    for label, outcome in zip(labels, outcomes, strict=True):
        if outcome.status in _BAD:
            reasons.setdefault((str(outcome.status), _reason(outcome)), []).append(str(label))
    often_first = sorted(reasons.items(), key=lambda pair: -len(pair[1]))
    for (status, reason), rows in often_first[:_REASONS]:
        yield f"  {len(rows):,} {status}: {_cut(reason)} ({_rows(rows)})"
    if len(often_first) > _REASONS:
        yield f"  and {counted(len(often_first) - _REASONS, 'other reason')}"


def _reason(outcome: RowOutcome) -> str:
    code = outcome.error_code
    is_new = code and code not in outcome.message and outcome.status is not RowStatus.INVALID
    return ": ".join(filter(None, [code if is_new else "", outcome.message])) or "no reason given"


def _rows(labels: Sequence[str]) -> str:
    more = f", … {len(labels) - _ROWS:,} more" if len(labels) > _ROWS else ""
    return f"row{'s' * (len(labels) > 1)} {', '.join(map(one_line, labels[:_ROWS]))}{more}"


def _cut(text: str) -> str:
    return one_line(text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…")


def table(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return *lines* of texts in columns under *titles*."""
    every = [list(titles), *([one_line(text) for text in line] for line in lines)]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    return "\n".join(
        "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()
        for line in every
    )


def submitted_at(run: Run) -> str:
    """Return when *run* was submitted, in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at))
