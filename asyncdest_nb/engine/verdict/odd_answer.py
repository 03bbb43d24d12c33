"""Answers that leave a polled action open by mistake, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...request import Response
from ...responses import Wire

# Statuses with which APIs state that they have only begun.
_OPEN = frozenset(
    "accepted pending processing queued enqueued running submitted scheduled started waiting "
    "inprogress".split()
)
_DONE = frozenset(("completed", "complete", "succeeded", "success", "done", "finished"))
_IDS = frozenset(("operationid", "operationids", "jobid", "jobids"))
_CONTEXTS = frozenset(("asynccontext", "contexts"))
_LINE = "return ad.AsyncActionResponse(async_contexts=[…])"


def why_odd(answer: Any, *, key: str) -> str:
    """Return why *answer* does not state an end, and what to write instead; empty = it may.

    It is not a value of JSON, it has the id of a job or contexts, which are not polled like
    this, or its status is that of a beginning. *key* is where a context holds its id.
    """
    if answer is None or isinstance(answer, Wire | list | tuple):
        return ""
    body = answer.data if isinstance(answer, Response) else answer
    if isinstance(body, Mapping):
        return _why_open(body, own=key)
    if isinstance(answer, Response):
        return ""
    return (
        f"the function returned a {type(answer).__name__}: if the destination answers later, "
        f"{_LINE}; if it is done, return the response"
    )


def _why_open(body: Mapping[str, Any], *, own: str) -> str:
    names = {_plain(name): str(name) for name in body if body[name] not in (None, "", [])}
    status = _plain(body.get("status")) if isinstance(body.get("status"), str) else ""
    if status in _DONE:
        return ""
    for name in sorted(names.keys() & (_IDS | _CONTEXTS)):
        key = names[name]
        is_other = name in _IDS and key != own
        hint = f", and write operation_id={key!r} in the Action" if is_other else ""
        return (
            f"the function returned an answer with {key!r}, not an AsyncActionResponse: "
            f"{_LINE}{hint}"
        )
    if status in _OPEN:
        return f"the function returned an answer that is {body['status']!r}: {_LINE}"
    return ""


def _plain(name: object) -> str:
    return str(name).lower().translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", "_- ")
