"""What an answer without contexts means for its operations: done, failed, or neither.

The body of a synchronous answer may be anything. Two things in it have a meaning: that
something failed, and the id of an operation, which no poll could ask about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.alias_generators import to_camel

from ...destination import Action
from ...request import Exchange, Response
from ...responses import AsyncOperationResult, Wire, failure_in, has_failed, why_doubtful

_DEPTH = 3  # How deep in a body ids are looked for, such as in a list inside an envelope.


def body_of(answer: Any) -> Any:
    """Return the body of *answer* as JSON."""
    if isinstance(answer, Wire):
        return answer.model_dump(mode="json")
    if not isinstance(answer, Response):
        return answer
    return answer.text if is_plain_text(answer) else answer.data


def is_plain_text(answer: Any) -> bool:
    """Whether *answer* is a success that says "OK", for example, where JSON was announced.

    A page of a proxy and JSON that was cut off say nothing.
    """
    if not isinstance(answer, Response) or not answer.ok or answer.problem is None:
        return False
    return answer.data is None and answer.text.strip()[:1].isalnum()


def stated_failure(answer: Any) -> AsyncOperationResult | None:
    """Return the failure that *answer* states; None = it states none."""
    body = body_of(answer)
    if not has_failed(body):
        return None
    error = failure_in(body)
    return AsyncOperationResult(status="failed", message=error.message, error=error)


def why_open(answer: Any, action: Action, exchanges: Sequence[Exchange]) -> str:
    """Return why *answer* cannot be the end of its operations; empty = it can."""
    kind = type(answer).__name__
    if isinstance(answer, Wire):  # A value of the contract, but not one of a submission.
        is_done = _status(body_of(answer)) == "completed"
        return "" if is_done else f"the function returned {kind}, which does not state an end"
    if action.poll is None:
        return ""
    if answer is None:
        return "the function returned nothing: neither contexts nor an answer"
    if not _is_open(answer, action, exchanges):
        is_response = isinstance(answer, Response)
        status, mask = (answer.status, answer.mask) if is_response else (None, None)
        return why_doubtful(status, body_of(answer), mask=mask)
    return (
        f"accepted, but the function returned a {kind}, not an AsyncActionResponse with the "
        "contexts: nobody can ask for more"
    )


def _is_open(answer: Any, action: Action, exchanges: Sequence[Exchange]) -> bool:
    answered = [each.status for each in exchanges[-1:]]
    if isinstance(answer, Response):
        answered.append(answer.status)
    # A function that makes a list meant it as contexts.
    if 202 in answered or isinstance(answer, list | tuple):
        return True
    body = body_of(answer)
    if _status(body) == "completed":
        return False
    is_context = isinstance(answer, Mapping) and action.operation_id in answer
    return is_context or _has_id(body, _keys(action))


def _status(body: Any) -> str:
    """Return the status in the body, in lower case; empty = it has none."""
    status = body.get("status") if isinstance(body, Mapping) else None
    return status.lower() if isinstance(status, str) else ""


def _keys(action: Action) -> Sequence[str]:
    """Return the keys that may hold the ids of operations."""
    key = action.operation_id
    return [key, f"{key}s", to_camel(key), to_camel(f"{key}s")]


def _has_id(body: Any, keys: Sequence[str], depth: int = _DEPTH) -> bool:
    """Whether *body* has the id of an operation in it."""
    if isinstance(body, Mapping):
        if any(body.get(key) not in (None, "", []) for key in keys):
            return True
        body = list(body.values())
    is_list = isinstance(body, list) and depth > 0
    return is_list and any(_has_id(each, keys, depth - 1) for each in body)
