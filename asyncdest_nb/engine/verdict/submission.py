"""What a submission's answer, or its error, means for the operations it carried.

All of it is deciding: values in, values out. The one question behind every line
is "may it have been applied?": when nobody can know, the verdict is ``Unsure``.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...destination import Action
from ...errors import (
    HTTPError,
    IntegrationError,
    NotSent,
    ReplyLost,
    RequestFailed,
    RetryableError,
)
from ...operation import Operation, RowOutcome, RowStatus, StatusUpdate
from ...request import (
    EXCERPT,
    MOVED,
    SAFE_METHODS,
    Effect,
    Exchange,
    Response,
    names_nothing,
)
from ...responses import (
    AsyncActionResponse,
    AsyncOperationResult,
    JSONObject,
    RowResult,
    clean_text,
)
from .immediate import body_of, failure, why_open
from .job_answer import contract, id_key, read_job, read_rows, row_outcome
from .odd_answer import why_odd

_PACKAGE = str(Path(__file__).parent.parent.parent)
LONGEST_ID = 8_000  # characters; most servers take no longer line than 8 kB
ID_SHOWN = 100  # characters of an id in a message
_NONE = Effect.NONE  # A reading request that failed and was repeated is no doubt.


@dataclass(frozen=True, slots=True)
class Accepted:
    """The destination took it: ask about *context* from now on.

    *decided* has an entry per row for what was decided at once, None for what is the job's;
    none at all = nothing was.
    """

    context: JSONObject
    message: str
    decided: Sequence[RowResult | None] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """It is done already: the action answers at once."""

    result: AsyncOperationResult


@dataclass(frozen=True, slots=True)
class Rejected:
    """It was refused and never applied; *is_proven* on the wire, or so the action's code says.

    *is_conflict* (409): with what is there, which may be an earlier request of the same.
    """

    message: str
    code: str | None
    is_proven: bool = True
    is_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Resend:
    """The same attempt may go out again: it was not applied, or (*in_doubt*) bears repeating."""

    message: str
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may or may not have been applied."""

    message: str


Verdict = Accepted | Finished | Rejected | Resend | Unsure


def read_answer(
    answer: Any, *, action: Action, rows: Sequence[int], exchanges: Sequence[Exchange] = ()
) -> list[Verdict]:
    """Return a verdict for each operation of a batch, in their order.

    *rows* has the number of rows of each operation. *exchanges* are the requests
    that led to *answer*.
    """
    if (said := contract(answer)) is not None:
        return _read_contexts(said, action=action, counts=rows)
    # What failed half-way may have been applied, whatever the function makes of it.
    is_certain = all(each.effect is not Effect.UNKNOWN for each in exchanges)
    job = read_job(answer, key=action.operation_id, counts=rows, is_certain=is_certain)
    if job is not None:
        return _read_contexts(job, action=action, counts=rows)
    if (found := read_rows(answer, is_certain=is_certain)) is not None:
        return _read_multi_status(found, rows)
    problems = [each.problem for each in exchanges if each.problem and each.effect is not _NONE]
    if isinstance(answer, Response) and not answer.ok:
        return [_refused(answer, exchanges)] * len(rows)
    if problems:
        return [Unsure(f"sent, but {problems[-1]}")] * len(rows)
    if exchanges and not 200 <= (exchanges[-1].status or 0) <= 299:
        status = exchanges[-1].status or 0
        what = f"the last request was answered {status}: {_excerpt(exchanges[-1].answer)}"
        error = HTTPError(what.removesuffix(": "), status=status)
        return [read_error(error, exchanges)] * len(rows)
    passed_over = [each for each in exchanges if _is_passed_over(each)]
    if answer is None and passed_over:
        text = f"a request was answered {passed_over[-1].status}, and the function ignored it"
        return [Unsure(text)] * len(rows)
    if failed := failure(answer):
        return [Finished(failed)] * len(rows)
    if action.poll is not None and (why := why_odd(answer, key=action.operation_id)):
        return [Unsure(why)] * len(rows)
    if why := why_open(answer, action, exchanges):
        return [Unsure(why)] * len(rows)
    return [_done(answer, alone=len(rows) == 1)] * len(rows)


def _is_passed_over(exchange: Exchange) -> bool:
    is_writing = exchange.method not in SAFE_METHODS
    return is_writing and exchange.status is not None and not 200 <= exchange.status <= 299


def _read_contexts(answer: Any, *, action: Action, counts: Sequence[int]) -> list[Verdict]:
    try:
        response = AsyncActionResponse.model_validate(answer)
    except ValidationError as error:
        text = f"accepted, but not in the words of the contract: {short(error)}"
        return [Unsure(text)] * len(counts)
    if action.operation_per == "batch":
        return [_read_batch(response, action=action, count=counts[0])]
    contexts, count = response.async_contexts, len(counts)
    decided = response.rows or [None] * len(contexts)
    if not len(contexts) == len(decided) == count:
        return [_misfit(contexts, action=action, count=count)] * count
    ids = [context.get(action.operation_id) for context in contexts]
    times = Counter(str(each) for each, row in zip(ids, decided, strict=True) if row is None)
    return [
        _from_row(row)
        if row is not None
        else _read_context(context, action, times=times[str(each)], message=response.message)
        for context, each, row in zip(contexts, ids, decided, strict=True)
    ]


def _read_batch(response: AsyncActionResponse, *, action: Action, count: int) -> Verdict:
    """Read one context for all *count* rows, or for those that were not decided at once."""
    contexts, decided = response.async_contexts, response.rows or [None] * count
    if len(decided) != count:
        return Unsure(f"accepted with outcomes for {len(decided)} rows of {count}")
    if None not in decided:
        return _from_rows([row for row in decided if row is not None])
    verdict: Accepted | Unsure = _misfit(contexts, action=action, count=1)
    if len(contexts) == 1:
        verdict = _read_context(contexts[0], action, times=1, message=response.message)
    if not any(decided):
        return verdict
    if isinstance(verdict, Accepted):
        return replace(verdict, decided=decided)
    why = RowResult(status="unknown", message=verdict.message)
    return _from_rows([row or why for row in decided])


def _misfit(contexts: Sequence[JSONObject], *, action: Action, count: int) -> Unsure:
    ids = ", ".join(_cut(str(context.get(action.operation_id))) for context in contexts[:5])
    is_one = len(contexts) == 1 and action.operation_per == "row"
    hint = '. If one id stands for the whole batch, write operation_per="batch" in the Action'
    return Unsure(
        f"accepted with {len(contexts)} operation ids ({ids or 'none'}"
        f"{', …' if len(contexts) > 5 else ''}) for {count} operations: "
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
    return Accepted(context, clean_text(message))


def _unaddressable(operation_id: str) -> str:
    """Say why nobody can ask about *operation_id*; empty = one can."""
    if len(operation_id) > LONGEST_ID:
        return f"which has {len(operation_id):,} characters: a URL can hold {LONGEST_ID:,}"
    if names_nothing(operation_id):
        return "which leads to another place in a URL: nobody can ask about it"
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= ID_SHOWN else f"{text[:ID_SHOWN]}…"


def _without_id(context: JSONObject, key: str) -> str:
    """Say that *context* has nothing at *key*, and what to write if its id is elsewhere."""
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


def _read_multi_status(results: Sequence[RowResult], counts: Sequence[int]) -> list[Verdict]:
    """Lay the entries on the rows: entry k is the k-th row sent, extra entries are ignored."""
    hole = row_outcome(None)
    entries = iter([*results, *[hole] * sum(counts)])
    return [_from_rows([next(entries) for _ in range(count)]) for count in counts]


def _from_row(row: RowResult) -> Verdict:
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


def _from_rows(rows: list[RowResult]) -> Verdict:
    if len(rows) == 1:
        return _from_row(rows[0])
    good = sum(row.status == "completed" for row in rows)
    message = f"answered at once: {good} of {len(rows)} rows accepted"
    return Finished(AsyncOperationResult(status="completed", message=message, rows=rows))


def _refused(answer: Response, exchanges: Sequence[Exchange]) -> Verdict:
    if answer.status in MOVED and answer.location:
        why = f"moved to {answer.mask(answer.location.partition('?')[0])}: correct the endpoint"
    else:
        why = answer.problem or _excerpt(answer.mask(answer.text))
    text = f"answered {answer.status}: {why}".removesuffix(": ")
    return read_error(HTTPError(text, status=answer.status), exchanges)


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:EXCERPT]


def _done(answer: Any, *, alone: bool) -> Verdict:
    # One answer for many rows is nobody's own result; a row alone keeps it.
    result = body_of(answer)
    message = f"answered {answer.status}" if isinstance(answer, Response) else "answered at once"
    return Finished(
        AsyncOperationResult(status="completed", message=message, result=result if alone else None)
    )


def read_error(
    error: Exception, exchanges: Sequence[Exchange], *, is_bypassed: bool = False
) -> Verdict:
    """Return the verdict on a batch whose function raised *error*.

    What a destination's own code states (IntegrationError, RetryableError) is
    believed. Anything else is judged by the *exchanges* that went before: once
    one of them may have been applied, nobody knows. Nor where it *is_bypassed*:
    something may have been sent that is none of the exchanges.
    """
    text = describe(error)
    if isinstance(error, RetryableError) and not _is_lost(exchanges):
        return Resend(text)
    may_be = is_bypassed or any(each.effect is not Effect.NONE for each in exchanges)
    if isinstance(error, IntegrationError):
        code = None if error.code is None else clean_text(error.code)
        return Rejected(text, code, is_proven=not may_be)
    if may_be:
        return Unsure(f"may or may not have been applied: {text}{_odd_answer(error, exchanges)}")
    if isinstance(error, NotSent) or _is_throttle(error):
        return Resend(text)
    if isinstance(error, HTTPError):
        return Rejected(text, str(error.status), is_conflict=error.status == 409)
    return Rejected(text, type(error).__name__)


def _odd_answer(error: Exception, exchanges: Sequence[Exchange]) -> str:
    """Say what is wrong with the answer that a function stumbled over; its own *error* cannot."""
    problem = exchanges[-1].problem if exchanges else None
    is_said = problem is None or isinstance(error, HTTPError | RequestFailed)
    return "" if is_said else f"; {problem}"


def _is_lost(exchanges: Sequence[Exchange]) -> bool:
    """Say whether a reply was lost: then the destination's code cannot know what it claims."""
    return any(each.status is None and each.effect is Effect.UNKNOWN for each in exchanges)


def _is_throttle(error: Exception | None) -> bool:
    return isinstance(error, HTTPError) and error.status in (425, 429, 503)


def read_step(answer: Any, operation: Operation, exchanges: Sequence[Exchange]) -> Verdict:
    """Return the verdict on a step after the first: it is done unless its answer is a refusal."""
    if isinstance(answer, Response) and not answer.ok:
        return _refused(answer, exchanges)
    if exchanges and exchanges[-1].problem:
        return Unsure(f"sent, but {exchanges[-1].problem}")
    return Accepted(operation.context or {}, operation.message)


def without_proof(verdict: Verdict) -> Verdict:
    """Return the *verdict* on an answer, if something may have left that no exchange tells of."""
    if isinstance(verdict, Rejected | Resend):
        return Unsure(f"may or may not have been applied: {verdict.message}")
    return verdict


def without_harm(verdict: Verdict, error: Exception | None, *, is_last: bool) -> Verdict:
    """Return the *verdict* on one of several steps, of which each may be repeated.

    Nothing is applied before the last: until then a doubt is no more than a refusal,
    and where the network or the server is in trouble, it is only another try.
    """
    if is_trouble(error):
        return Resend(describe(error))
    if isinstance(verdict, Unsure) and not is_last:
        return Rejected(f"not submitted: {verdict.message}", None)
    return verdict


def is_trouble(error: Exception | None) -> bool:
    """Say whether *error* says more of the network or the server than of what was asked."""
    if isinstance(error, HTTPError):
        return error.status >= 500 or error.status in (408, 425, 429)
    return isinstance(error, RequestFailed | RetryableError)


def is_paced(error: Exception | None, exchanges: Sequence[Exchange]) -> bool:
    """Say whether the pace has learned of *error* already, on the wire."""
    return bool(exchanges) and (isinstance(error, NotSent) or _is_throttle(error))


def read_check(
    answer: Any, positions: Sequence[int], *, mask: Callable[[str], str]
) -> dict[int, str] | Rejected:
    """Return by position why rows do not fit, as the destination's check has it, masked."""
    faults = [None] * len(positions) if answer is None else answer
    if not isinstance(faults, (list, tuple)) or len(faults) != len(positions):
        given = f"{len(faults)} answers" if isinstance(faults, (list, tuple)) else repr(faults)
        return Rejected(mask(f"check returned {given} for {len(positions)} payloads"), None)
    found, mask = zip(positions, faults, strict=True), cache(mask)
    return {position: mask(clean_text(why)) for position, why in found if why is not None}


def describe(error: BaseException | None) -> str:
    """Say what went wrong; an exception that is not ours is named too, and where it was raised."""
    ours = isinstance(error, (HTTPError, NotSent, ReplyLost, IntegrationError, RetryableError))
    text = clean_text(error)
    if isinstance(error, ValidationError):  # Its own words are a paragraph for every value.
        text = f"{error.title}: {short(error)}"
    return text if ours and text else f"{type(error).__name__}: {text}{_place(error)}"


def _place(error: BaseException | None) -> str:
    """Name the line of the destination's own function that *error* came through, if it is known."""
    for frame, line in traceback.walk_tb(error.__traceback__ if error else None):
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return f" (in {frame.f_code.co_name}, line {line})"
    return ""


def short(error: ValidationError) -> str:
    """Say the first of what is wrong with a value."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def read_found(
    answer: Any,
    error: Exception | None,
    exchanges: Sequence[Exchange],
    *,
    action: Action,
    rows: Sequence[int],
) -> list[Verdict] | str | None:
    """Return what ``find`` says of a submission: a verdict for each operation of the batch.

    None = the destination does not have it; a text = it could not be asked, and why.
    """
    if isinstance(error, HTTPError) and error.status == 404:
        return None
    if error is not None:
        return f"{_NOT_YET}: {describe(error)}"
    if answer is None:
        odd = [each for each in exchanges if not _is_certain(each)]
        return f"{_NOT_YET}: answered {odd[-1].status}" if odd else None
    said = contract(answer) or read_job(answer, key=action.operation_id, counts=rows)
    if said is None:
        kind = type(answer).__name__
        return [Unsure(f"find returned {kind}, not an AsyncActionResponse or None")] * len(rows)
    return _read_contexts(said, action=action, counts=rows)


_NOT_YET = "it cannot be found out yet whether it was applied"


def _is_certain(exchange: Exchange) -> bool:
    status = exchange.status or 0
    return not exchange.problem and (status == 404 or 200 <= status <= 299)


def can_recover(
    verdicts: Sequence[Verdict], *, action: Action, error: Exception | None, is_repeated: bool
) -> bool:
    """Say whether *action* can do something about a submission with these *verdicts*.

    Not if some of its operations are settled and some are not: what is sent again
    must be the same. Nor if it is refused, but for a conflict with the first (409), which
    is still at work.
    """
    if action.recovery in ("none", "prepare_commit"):
        return False
    if action.find is not None:
        return all(isinstance(each, Unsure | Rejected) for each in verdicts)
    if may_be_there(verdicts, action=action):
        return True
    is_refused = any(isinstance(each, Rejected) and not each.is_conflict for each in verdicts)
    in_doubt = all(isinstance(each, Unsure | Rejected) for each in verdicts)
    return error is not None and in_doubt and not (is_repeated and is_refused)


def may_be_there(verdicts: Sequence[Verdict], *, action: Action) -> bool:
    """Say whether a submission is refused as a conflict (409) that may be one with itself.

    Of a key the first request is still at work; of an id of ours the job is there.
    """
    is_conflict = all(isinstance(each, Rejected) and each.is_conflict for each in verdicts)
    return is_conflict and action.recovery in ("key", "client_id")


def read_result(
    result: AsyncOperationResult, *, mask: Callable[[str], str], kept: Callable[[Any], Any]
) -> StatusUpdate:
    """Translate a result into what the operation takes in: its texts masked, its data *kept*."""
    error = result.error
    mask = cache(mask)  # Of 10,000 rows most say the same.
    rows = result.rows
    return StatusUpdate(
        status=result.status,
        more=result.should_continue_polling,
        progress=result.progress,
        message=mask(error.message if error and error.message else result.message),
        error_code=mask(error.code) if error and error.code else None,
        result=kept(result.result),
        odd_status=None if result.odd_status is None else mask(result.odd_status),
        rows=None if rows is None else tuple(_outcome(row, mask, kept) for row in rows),
    )


def read_decided(
    rows: Sequence[RowResult | None], *, mask: Callable[[str], str], kept: Callable[[Any], Any]
) -> list[RowOutcome]:
    """Translate what was decided of *rows* at once; what was not is pending."""
    pending = RowOutcome(RowStatus.PENDING)
    return [pending if row is None else _outcome(row, mask, kept) for row in rows]


def _outcome(row: RowResult, mask: Callable[[str], str], kept: Callable[[Any], Any]) -> RowOutcome:
    error = row.error
    return RowOutcome(
        status=RowStatus(row.status),
        message=mask(error.message if error and error.message else row.message),
        error_code=mask(error.code) if error and error.code else None,
        retryable=row.retryable,
        result=kept(row.result),
    )
