"""What a run shows of its rows, as frames on the index of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..frame import DataFrame, ValueKinds, to_frame, with_columns, write_parquet
from ..operation import RowOutcome, RowStatus
from .entry import RunEntry
from .frame_outcomes import FrameOutcomes
from .progress import ProgressCallback

# The keys that lead to a value in the result of a row.
Keys = tuple[str, ...]

GROUP_ROWS = 50_000  # Rows of a row group: few tens of megabytes in memory at a time.
_FAILED = (RowStatus.FAILED, RowStatus.INVALID, RowStatus.CANCELED)


def results(entry: RunEntry, *, with_frame: bool = False) -> DataFrame:
    """Return what became of every row, and what the destination returned for it.

    *with_frame* = after the frame's own columns.
    """
    outcomes = entry.outcomes()
    columns = _columns(outcomes, _returned_names(entry, [outcomes]))
    if with_frame:
        return with_columns(entry.frame, range(len(entry.frame)), columns)
    return to_frame(entry.frame.index, columns)


def write_results(
    entry: RunEntry, path: Path, *, with_frame: bool, on_progress: ProgressCallback
) -> None:
    """Write what ``results`` returns to a Parquet file, slice by slice, as it is now."""
    outcomes = entry.frozen()
    names = _returned_names(entry, map(outcomes.at, _ranges(len(outcomes))))
    kinds = _kinds(outcomes, names)

    def slices() -> Iterator[DataFrame]:
        for some in _ranges(len(outcomes)):
            columns = _columns(outcomes.at(some), names)
            if with_frame:
                yield with_columns(entry.frame, some, columns, kinds)
            else:
                yield to_frame(entry.frame.index[some.start : some.stop], columns, kinds)
            on_progress("writing", some.stop, len(outcomes))

    write_parquet(path, slices())


def _kinds(outcomes: FrameOutcomes, names: Mapping[str, Keys]) -> dict[str, ValueKinds]:
    """Return the kinds of values of each column: all slices have the type of the whole."""
    kinds: dict[str, ValueKinds] = {}
    for some in _ranges(len(outcomes)):
        for name, values in _columns(outcomes.at(some), names).items():
            kinds.setdefault(name, ValueKinds(name)).add(values)
    return kinds


def _ranges(rows: int) -> Iterator[range]:
    # One at least, so that a file of no rows has its columns.
    for start in range(0, max(rows, 1), GROUP_ROWS):
        yield range(start, min(start + GROUP_ROWS, rows))


def _columns(outcomes: Sequence[RowOutcome], names: Mapping[str, Keys]) -> dict[str, list[Any]]:
    return _outcome_columns(outcomes) | _returned(outcomes, names)


def _returned_names(entry: RunEntry, parts: Iterable[Sequence[RowOutcome]]) -> dict[str, Keys]:
    """Return the columns of what the destination returned, with the keys that lead to their values.

    *parts* are the outcomes of all rows: the keys of a value that is spread are known once
    all were looked at. A key whose name is taken has the name of that value before it. Without
    any name the result is one column.
    """
    action = entry.execution.action if entry.execution else None
    if action is None:
        return {}
    spread, taken = action.spread, {*_outcome_columns([])}
    names: dict[str, Keys] = {each: (each,) for each in action.result_columns if each != spread}
    for key in _spread_keys(spread, parts) if spread else ():
        is_taken = key in names or key in taken
        names[f"{spread}_{key}" if is_taken else key] = (str(spread), key)
    return names


def _spread_keys(spread: str, parts: Iterable[Sequence[RowOutcome]]) -> Iterable[str]:
    found: dict[str, None] = {}
    for part in parts:
        for outcome in part:
            value = outcome.result.get(spread) if isinstance(outcome.result, dict) else None
            found.update(dict.fromkeys(value if isinstance(value, dict) else ()))
    return found


def contexts(entry: RunEntry) -> DataFrame:
    """Return the operation of every row: its id, context, status and progress."""
    outcomes = _outcome_columns(entry.outcomes())
    found = {name: outcomes[name] for name in ("operation_id", "status", "progress")}
    own = {"operation_id": found["operation_id"], "context": entry.contexts()}
    return to_frame(entry.frame.index, own | found)


def failed(entry: RunEntry) -> DataFrame:
    """Return the failed, invalid and canceled rows: the frame's own columns, then the reasons."""
    outcomes = entry.outcomes()
    positions = [i for i, outcome in enumerate(outcomes) if outcome.status in _FAILED]
    reasons = _outcome_columns([outcomes[i] for i in positions])
    reasons.pop("progress")
    return with_columns(entry.frame, positions, reasons)


def _outcome_columns(outcomes: Sequence[RowOutcome]) -> dict[str, list[Any]]:
    """Return *outcomes* as columns, by the names that a results frame has for them."""
    return {
        "status": [str(outcome.status) for outcome in outcomes],
        "progress": [outcome.progress for outcome in outcomes],
        "message": [outcome.message for outcome in outcomes],
        "error_code": [outcome.error_code for outcome in outcomes],
        "retryable": [outcome.retryable for outcome in outcomes],
        "operation_id": [outcome.operation_id for outcome in outcomes],
    }


def _returned(outcomes: Sequence[RowOutcome], names: Mapping[str, Keys]) -> dict[str, list[Any]]:
    """Return what the destination returned for rows: a column for each of *names*, or one."""
    values = [outcome.result for outcome in outcomes]
    if not names:
        return {"result": values}
    return {name: [_value_at(each, keys) for each in values] for name, keys in names.items()}


def _value_at(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
