"""What cannot be the last word of an action that is polled, and what to write in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...request import Response
from ...responses import Wire

# Words with which APIs say that they have only begun.
_OPEN = frozenset(
    "accepted pending processing queued enqueued running submitted scheduled started waiting "
    "inprogress".split()
)
_DONE = frozenset(("completed", "complete", "succeeded", "success", "done", "finished"))
_IDS = frozenset(("operationid", "operationids", "jobid", "jobids"))
_CONTEXTS = frozenset(("asynccontext", "contexts"))
_LINE = "return ad.AsyncActionResponse(async_contexts=[…])"


def why_odd(answer: Any, *, key: str) -> str:
    """Say why *answer* leaves open what became of its rows, and what to write; empty = it may not.

    It is no value of an API's JSON, it names a job or contexts that nobody polls, or it says
    that it has only begun. *key* is where a context holds its id.
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
    word = _plain(body.get("status")) if isinstance(body.get("status"), str) else ""
    if word in _DONE:
        return ""
    for name in sorted(names.keys() & (_IDS | _CONTEXTS)):
        key = names[name]
        is_other = name in _IDS and key != own
        hint = f", and write operation_id={key!r} in the Action" if is_other else ""
        return (
            f"the function returned an answer with {key!r}, not an AsyncActionResponse: "
            f"{_LINE}{hint}"
        )
    if word in _OPEN:
        return f"the function returned an answer that is {body['status']!r}: {_LINE}"
    return ""


def _plain(name: object) -> str:
    return str(name).lower().translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", "_- ")
