"""Whether the rows and operations of a run fit each other, and retries their first run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..operation import POLLED, Operation
from .values import StoredRow, StoredRun, unchanged_rows

_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")

# An object may have hundreds of fields, a row only a few of them: 100,000 such rows pass.
_CELLS = 20_000_000
_CELLS_EACH = 50


def check_run(run: StoredRun, rows: Sequence[StoredRow], operations: Sequence[Operation]) -> None:
    """Raise ValueError unless every row is present: invalid, unchanged or in one operation."""
    if [row.position for row in rows] != list(range(len(rows))):
        raise ValueError(f"rows of run {run.id} are missing")
    if [each.number for each in operations] != list(range(len(operations))):
        raise ValueError(f"operations of run {run.id} are missing")
    if run.has_integer_labels and not all(_INTEGER.fullmatch(row.label) for row in rows):
        raise ValueError(f"labels of run {run.id} are not integers")
    _check_rows(run, rows, operations)
    # Those of a batch that was divided have numbers that follow all others.
    batches = [each.batch for each in operations if each.origin is None]
    if batches != sorted(batches):
        raise ValueError(f"the batches of run {run.id} are mixed")
    for operation in operations:
        _check_operation(run, operation)


def check_retry(run: StoredRun, *, rows: int, of: int) -> None:
    """Raise ValueError unless its *rows* are among the *of* rows of the run that was submitted."""
    positions = run.positions
    if positions is None or len(positions) != rows or max(positions, default=0) >= max(of, 1):
        raise ValueError(f"the rows of run {run.id} are not those of the run that it retries")


def check_retries(runs: Sequence[StoredRun]) -> None:
    """Raise ValueError if runs retry each other in a ring."""
    before = {run.id: run.retry_of for run in runs}
    settled: set[str | None] = {None}
    for run in before:
        line: list[str] = []
        each: str | None = run
        while each not in settled:
            assert each is not None  # None is in settled.
            line.append(each)
            settled.add(each)
            each = before.get(each)
        if each in line:
            raise ValueError(f"run {each} is a retry of itself")


def _check_rows(run: StoredRun, rows: Sequence[StoredRow], operations: Sequence[Operation]) -> None:
    sent = [at for operation in operations for at in operation.rows]
    unchanged = set(unchanged_rows(run, rows))
    good = [at for at, row in enumerate(rows) if row.fault is None and at not in unchanged]
    if sorted(sent) != good:
        raise ValueError(f"the operations of run {run.id} have other rows than it has")


def _check_operation(run: StoredRun, operation: Operation) -> None:
    outcomes = operation.row_outcomes
    is_named = operation.context is not None and operation.operation_id is not None
    if (
        not operation.rows
        or (outcomes is not None and len(outcomes) != len(operation.rows))
        or (operation.state in POLLED and not is_named)
    ):
        raise ValueError(f"operation {operation.number} of run {run.id} is incomplete")


def check_width(run: StoredRun, payloads: Sequence[Mapping[str, object]]) -> None:
    """Raise ValueError if a table of *payloads* is nearly empty, and too large for memory."""
    names = {name for payload in payloads for name in payload}
    filled = sum(map(len, payloads))
    if len(names) * len(payloads) > max(_CELLS, filled * _CELLS_EACH):
        raise ValueError(f"the rows of run {run.id} have {len(names):,} different fields")
