"""Whether every row of a run completed, as an error to raise if not, or a warning at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import RowsFailed, UnknownName, UsageError
from ..numerals import counted
from ..operation import RowOutcome, RowStatus, State, counts_text
from ..visible import visible
from .entry import RunEntry

if TYPE_CHECKING:  # A run raises what is here.
    from .run import Run

_LOST = (
    "rows that were not sent never will be, and the others are not polled any more. Call "
    "run.wait() first, or give the session a name"
)
_NOT_KEPT = "its rows were still being prepared: nothing was sent or kept, submit them again"
_REASONS = 3  # The most frequent ones.
_LENGTH = 120  # characters of a reason
_GOOD = (RowStatus.COMPLETED, RowStatus.UNCHANGED)
_ALLOWABLE = tuple(str(each) for each in RowStatus if each not in (*_GOOD, RowStatus.PENDING))


def rows_failed(entry: RunEntry, *, allow: Collection[str]) -> RowsFailed | None:
    """Return the error for the rows that did not complete, None if all of them did.

    Unchanged rows did before; *allow* are statuses that count as completed. Raises UnknownName
    for another status, and UsageError for one name in place of several.
    """
    _check(allow)
    outcomes = entry.outcomes()
    bad = [each for each in outcomes if each.status not in (*_GOOD, *allow)]
    held = entry.ledger.states.get(State.HELD, 0)
    if not bad and not held:
        return None
    counts = {str(status): 0 for status in RowStatus}
    counts |= Counter(str(each.status) for each in outcomes)
    text = f"{entry.record.title}: {len(bad):,} of {counted(len(outcomes), 'row')} did not complete"
    parts = [f"{text} ({counts_text(counts)})", _reasons(bad), _advice(held)]
    return RowsFailed(". ".join(filter(None, parts)), counts=counts)


def _check(allow: Collection[str]) -> None:
    if isinstance(allow, str):
        raise UsageError(f"allow must be a list of statuses: allow=[{allow!r}]")
    for status in allow:
        if status not in _ALLOWABLE:
            raise UnknownName.of("status to allow", status, _ALLOWABLE)


def _reasons(bad: Sequence[RowOutcome]) -> str:
    """Return the most frequent messages of *bad* rows, and how many have each."""
    found = Counter(each.message for each in bad if each.message).most_common(_REASONS)
    texts = [f"{visible(reason[:_LENGTH])} ({count:,})" for reason, count in found]
    return f"Most frequent: {'; '.join(texts)}" if texts else ""


def _advice(held: int) -> str:
    if held:
        word = "operation waits" if held == 1 else "operations wait"
        return f"{held:,} {word} for your decision: run.resolve(applied=True or False)"
    return "run.failed() and run.results() have the rows"


def unfinished(runs: Iterable[Run], *, in_memory: bool) -> list[str]:
    """Return a warning for each of *runs* that the end of the session loses, or part of it."""
    going = [run for run in runs if run.status == "pending" and not run.is_at_rest]
    return [
        f"the session ends before {run}: {_LOST if run.is_prepared else _NOT_KEPT}"
        for run in going
        if in_memory or not run.is_prepared
    ]


def no_run(run_id: object, known: Iterable[str]) -> UnknownName:
    """Return the error that there is no run of that id."""
    return UnknownName(
        f"{UnknownName.of('run', run_id, known)}; a run whose rows were still being prepared as "
        "its session ended is not kept, and nothing of it was sent"
    )
