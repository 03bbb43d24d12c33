"""What the contexts and row outcomes of an answer mean for the operations of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from ...destination import Action
from ...numerals import counted
from ...request import names_nothing
from ...responses import (
    AsyncActionResponse,
    AsyncOperationResult,
    JSONObject,
    RowResult,
    clean_text,
)
from .job_answer import id_key, row_outcome
from .trouble import first_fault
from .values import Accepted, Finished, Unsure, Verdict

LONGEST_ID = 8_000  # characters; most servers take no request line longer than 8 kB
ID_SHOWN = 100  # characters of an id in a message


def read_contexts(answer: Any, *, action: Action, counts: Sequence[int]) -> list[Verdict]:
    """Return a verdict for each operation of a batch; *counts* are the rows of each."""
    try:
        response = AsyncActionResponse.model_validate(answer)
    except ValidationError as error:
        text = f"accepted, but the answer does not fit the contract: {first_fault(error)}"
        return [Unsure(text)] * len(counts)
    if action.operation_per == "batch":
        return [_read_batch(response, action=action, count=counts[0])]
    contexts, count = response.async_contexts, len(counts)
    decided = response.rows or [None] * len(contexts)
    if not len(contexts) == len(decided) == count:
        return [_misfit(contexts, action=action, count=count)] * count
    ids = [context.get(action.operation_id) for context in contexts]
    times: Counter[str] | dict[str, int] = {}  # How often an id is there; 1 if it is the only one.
    if count > 1:
        times = Counter(str(each) for each, row in zip(ids, decided, strict=True) if row is None)
    return [
        _of_row(row)
        if row is not None
        else _read_context(context, action, times=times.get(str(each), 1), message=response.message)
        for context, each, row in zip(contexts, ids, decided, strict=True)
    ]


def read_multi_status(results: Sequence[RowResult], counts: Sequence[int]) -> list[Verdict]:
    """Return a verdict for each operation: entry k is of the k-th row sent.

    Surplus entries are ignored; a row without an entry is unknown.
    """
    hole = row_outcome(None)
    entries = iter([*results, *[hole] * sum(counts)])
    return [_of_rows([next(entries) for _ in range(count)]) for count in counts]


def _read_batch(response: AsyncActionResponse, *, action: Action, count: int) -> Verdict:
    """Read one context for all *count* rows, or for those that were not decided at once."""
    contexts, decided = response.async_contexts, response.rows or [None] * count
    if len(decided) != count:
        return Unsure(f"accepted with outcomes for {counted(len(decided), 'row')} of {count}")
    if None not in decided:
        return _of_rows([row for row in decided if row is not None])
    verdict: Accepted | Unsure = _misfit(contexts, action=action, count=1)
    if len(contexts) == 1:
        verdict = _read_context(contexts[0], action, times=1, message=response.message)
    if not any(decided):
        return verdict
    if isinstance(verdict, Accepted):
        return replace(verdict, decided=decided)
    why = RowResult(status="unknown", message=verdict.message)
    return _of_rows([row or why for row in decided])


def _misfit(contexts: Sequence[JSONObject], *, action: Action, count: int) -> Unsure:
    ids = ", ".join(_cut(str(context.get(action.operation_id))) for context in contexts[:5])
    is_one = len(contexts) == 1 and action.operation_per == "row"
    hint = '. If one id stands for the whole batch, write operation_per="batch" in the Action'
    return Unsure(
        f"accepted with {counted(len(contexts), 'operation id')} ({ids or 'none'}"
        f"{', …' if len(contexts) > 5 else ''}) for {counted(count, 'operation')}: "
        f"nobody can tell which id stands for which row{hint if is_one else ''}"
    )


def _read_context(
    context: JSONObject, action: Action, *, times: int, message: str | None
) -> Accepted | Unsure:
    if action.poll is None:
        return Unsure("accepted, but the action has no poll: nobody can ask for more")
    operation_id = context.get(action.operation_id)
    if operation_id is None or operation_id == "":
        return Unsure(_without_id(context, action.operation_id))
    if isinstance(operation_id, (dict, list, bool, float)):
        return Unsure(f"accepted with {_cut(repr(operation_id))}, which is not an operation id")
    if why := _unaddressable(clean_text(operation_id)):
        return Unsure(f"accepted with the operation id {_cut(repr(operation_id))}, {why}")
    if times > 1:
        named = _cut(repr(operation_id))
        return Unsure(
            f"accepted, but {times} rows were given the same operation id {named}: "
            "nobody can tell which of them it stands for"
        )
    return Accepted(context, message or "")


def _unaddressable(operation_id: str) -> str:
    """Return why no request can ask about *operation_id*; empty = one can."""
    if len(operation_id) > LONGEST_ID:
        return f"which has {len(operation_id):,} characters: a URL can hold {LONGEST_ID:,}"
    if names_nothing(operation_id):
        return "which leads to another place in a URL: nobody can ask about it"
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= ID_SHOWN else f"{text[:ID_SHOWN]}…"


def _without_id(context: JSONObject, key: str) -> str:
    """Return that *context* has no id at *key*, and what to write if it is elsewhere."""
    text = "accepted, but without an operation id: nobody can ask about it"
    if key in context:
        return f"{text}. Its context has {context[key]!r} as its {key!r}"
    other = id_key(context)
    if other is None:
        return text
    return (
        f"{text}. Its context has no {key!r}, but {other!r}: if that is the id, write "
        f"operation_id={other!r} in the Action"
    )


def _of_row(row: RowResult) -> Verdict:
    if row.status == "unknown":
        return Unsure(row.message)
    result = AsyncOperationResult(
        status="completed" if row.status == "completed" else "failed",
        message=row.message,
        error=row.error,
        result=row.result,
        rows=[row],
    )
    return Finished(result)


def _of_rows(rows: list[RowResult]) -> Verdict:
    if len(rows) == 1:
        return _of_row(rows[0])
    completed = sum(row.status == "completed" for row in rows)
    message = f"answered at once: {completed} of {counted(len(rows), 'row')} completed"
    return Finished(AsyncOperationResult(status="completed", message=message, rows=rows))
