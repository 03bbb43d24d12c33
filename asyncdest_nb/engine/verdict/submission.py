"""What a submission's answer, or its error, means for the operations it carried.

Every function asks one question: may it have been applied? When nobody can know, the
verdict is ``Unsure``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...destination import Action
from ...errors import HTTPError, IntegrationError, NotSent, RequestFailed, RetryableError
from ...operation import Operation
from ...request import EXCERPT, SAFE_METHODS, Effect, Exchange, Response, is_moved
from ...responses import AsyncOperationResult, RowResult, clean_text
from .contexts import read_contexts, read_multi_status
from .immediate import body_of, is_plain_text, stated_failure, why_open
from .job_answer import read_contract, read_job, read_rows
from .odd_answer import why_odd
from .refusal import is_refused, of_rows, read_named
from .trouble import describe, is_throttle, is_trouble
from .values import Accepted, Finished, Rejected, Resend, Unsure, Verdict


def read_answer(
    answer: Any, *, action: Action, rows: Sequence[int], exchanges: Sequence[Exchange] = ()
) -> list[Verdict]:
    """Return a verdict for each operation of a batch, in their order.

    *rows* has the number of rows of each operation. *exchanges* are the requests
    that led to *answer*.
    """
    if (found := read_contract(answer)) is not None:
        refused = read_named(found, rows, exchanges)
        return refused or read_contexts(found, action=action, counts=rows)
    # A request that failed half-way may have been applied, whatever the function returns.
    is_certain = all(each.effect is not Effect.UNKNOWN for each in exchanges)
    job = read_job(answer, key=action.operation_id, counts=rows, is_certain=is_certain)
    if job is not None:
        return read_contexts(job, action=action, counts=rows)
    if (results := read_rows(answer, is_certain=is_certain)) is not None:
        return _with_holes(results, rows, exchanges) or read_multi_status(results, rows)
    return [_read_other(answer, action, exchanges, is_alone=len(rows) == 1)] * len(rows)


def _with_holes(
    results: Sequence[RowResult], counts: Sequence[int], exchanges: Sequence[Exchange]
) -> list[Verdict] | None:
    """Return the verdicts on a refused batch if *results* name only some of its rows."""
    named = [None if each.status == "unknown" else each for each in results]
    is_whole = len(named) >= sum(counts) and None not in named
    return None if is_whole or not is_refused(exchanges) else of_rows(named, counts, exchanges)


def _read_other(
    answer: Any, action: Action, exchanges: Sequence[Exchange], *, is_alone: bool
) -> Verdict:
    """Return the verdict on an answer without contexts, for each of its operations."""
    # An action that is polled answers with an id, so a text states nothing.
    is_stated = action.poll is None and is_plain_text(answer)
    if is_stated and exchanges and exchanges[-1].problem == answer.problem:
        exchanges = exchanges[:-1]
    if (verdict := _of_exchanges(answer, exchanges)) is not None:
        return verdict
    if failed := stated_failure(answer):
        return Finished(failed)
    if action.poll is not None and (why := why_odd(answer, key=action.operation_id)):
        return Unsure(why)
    if why := why_open(answer, action, exchanges):
        return Unsure(why)
    return _done(answer, is_alone=is_alone)


def _of_exchanges(answer: Any, exchanges: Sequence[Exchange]) -> Verdict | None:
    """Return the verdict if a request was not answered well; None = all were."""
    if isinstance(answer, Response) and not answer.ok:
        return _refused(answer, exchanges)
    # A reading request that failed and was repeated leaves no doubt.
    problems = [e.problem for e in exchanges if e.problem and e.effect is not Effect.NONE]
    if problems:
        return Unsure(f"sent, but {problems[-1]}")
    if exchanges and not 200 <= (exchanges[-1].status or 0) <= 299:
        status = exchanges[-1].status or 0
        what = f"the last request was answered {status}: {_excerpt(exchanges[-1].answer)}"
        return read_error(HTTPError(what.removesuffix(": "), status=status), exchanges)
    ignored = [each for each in exchanges if _is_refused_write(each)]
    if answer is None and ignored:
        return Unsure(f"a request was answered {ignored[-1].status}, and the function ignored it")
    return None


def _is_refused_write(exchange: Exchange) -> bool:
    is_writing = exchange.method not in SAFE_METHODS
    return is_writing and exchange.status is not None and not 200 <= exchange.status <= 299


def _refused(answer: Response, exchanges: Sequence[Exchange]) -> Verdict:
    if 300 <= answer.status <= 399 and answer.location:
        where = answer.mask(answer.location.partition("?")[0])
        has_moved = is_moved(answer.status, answer.url, answer.location)
        why = f"moved to {where}: correct the endpoint" if has_moved else f"redirects to {where}"
    else:
        why = answer.problem or _excerpt(answer.mask(answer.text))
    text = f"answered {answer.status}: {why}".removesuffix(": ")
    return read_error(HTTPError(text, status=answer.status), exchanges)


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:EXCERPT]


def _done(answer: Any, *, is_alone: bool) -> Verdict:
    # One answer for many rows is the result of none of them; a row alone keeps it.
    result = body_of(answer)
    message = f"answered {answer.status}" if isinstance(answer, Response) else "answered at once"
    return Finished(
        AsyncOperationResult(
            status="completed", message=message, result=result if is_alone else None
        )
    )


def read_error(
    error: Exception, exchanges: Sequence[Exchange], *, is_bypassed: bool = False
) -> Verdict:
    """Return the verdict on a batch whose function raised *error*.

    An error of the destination's own code (IntegrationError, RetryableError) is believed.
    Any other is judged by the *exchanges* before it: if one of them may have been applied,
    the verdict is Unsure. It is also Unsure if the function *is_bypassed*: something may have
    been sent that is none of the exchanges.
    """
    text = describe(error)
    if isinstance(error, RetryableError) and not _is_lost(exchanges):
        return Resend(text)
    may_be = is_bypassed or any(each.effect is not Effect.NONE for each in exchanges)
    if isinstance(error, IntegrationError):
        code = None if error.code is None else clean_text(error.code)
        return Rejected(text, code, is_proven=not may_be)
    if may_be:
        return Unsure(f"may or may not have been applied: {text}{_problem(error, exchanges)}")
    if isinstance(error, NotSent) or is_throttle(error):
        return Resend(text)
    if isinstance(error, HTTPError):
        return Rejected(text, str(error.status), is_conflict=error.status == 409)
    return Rejected(text, type(error).__name__)


def _problem(error: Exception, exchanges: Sequence[Exchange]) -> str:
    """Return what is wrong with the last answer, if the text of *error* does not have it."""
    problem = exchanges[-1].problem if exchanges else None
    is_in_text = problem is None or isinstance(error, HTTPError | RequestFailed)
    return "" if is_in_text else f"; {problem}"


def _is_lost(exchanges: Sequence[Exchange]) -> bool:
    """Whether a reply was lost, so that the destination's code cannot know what it claims."""
    return any(each.status is None and each.effect is Effect.UNKNOWN for each in exchanges)


def read_step(answer: Any, operation: Operation, exchanges: Sequence[Exchange]) -> Verdict:
    """Return the verdict on a step after the first: it is done unless its answer is a refusal."""
    if isinstance(answer, Response) and not answer.ok:
        return _refused(answer, exchanges)
    if exchanges and exchanges[-1].problem:
        return Unsure(f"sent, but {exchanges[-1].problem}")
    return Accepted(operation.context or {}, operation.message)


def as_unproven(verdict: Verdict) -> Verdict:
    """Return the *verdict* on an answer, if something may have been sent without an exchange."""
    if isinstance(verdict, Rejected | Resend):
        return Unsure(f"may or may not have been applied: {verdict.message}")
    return verdict


def as_repeatable(verdict: Verdict, error: Exception | None, *, is_last: bool) -> Verdict:
    """Return the *verdict* on one of several steps, each of which may be repeated.

    Nothing is applied before the last step. Until then a step in doubt counts as refused,
    and one that failed by trouble of the network or the server is sent again.
    """
    if is_trouble(error):
        return Resend(describe(error))
    if isinstance(verdict, Unsure) and not is_last:
        return Rejected(f"not submitted: {verdict.message}", None)
    return verdict
