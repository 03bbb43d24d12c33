"""The options of a request: keywords, or a dict after the URL."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from pydantic.alias_generators import to_snake

from ..errors import UnknownName, UsageError
from .call import Call

OPTIONS = [
    each.name
    for each in inspect.signature(Call.__call__).parameters.values()
    if each.kind is inspect.Parameter.KEYWORD_ONLY
]
_NAMES = frozenset(OPTIONS)
_BODY = "write json=… for a value, content=… for a text, data=… for a form"
_NOT_NEEDED = "leave it out"
# The names in other clients, of TypeScript and of Python.
_ELSEWHERE = {
    "search_params": "write params=…",
    "query": "write params=…",
    "body": _BODY,
    "timeout": "write timeout_seconds=…, in seconds",
    "auth": "write username=… and password=…",
    "response_type": "leave it out: response.data is the JSON, response.text the text",
    "skip_response_cloning": _NOT_NEEDED,
    "agent": _NOT_NEEDED,
    "signal": _NOT_NEEDED,
    "stream": "write to_file=True, which reads the response into a temporary file",
    "redirect": "leave it out: redirects are not followed",
}


def read_options(url: Any, *given: Any, **named: Any) -> dict[str, Any]:
    """Return the options of a request to *url*; raises UsageError for an unknown one.

    Their names may be in camelCase.
    """
    if type(url) is str and not given and named.keys() <= _NAMES:  # As nearly all are written.
        return named
    if url is None or isinstance(url, Mapping | bytes):
        raise UsageError(f"request was given a {type(url).__name__} as its URL; {_HOW}")
    if len(given) > 1 or not all(isinstance(each, Mapping) for each in given):
        kinds = ", ".join(type(each).__name__ for each in given)
        raise UsageError(f"request was given its URL, and then: {kinds}; {_HOW}")
    options: dict[str, Any] = {}
    for name, value in [*(pair for each in given for pair in each.items()), *named.items()]:
        own = _own(name)
        if own in options:
            raise UsageError(f"request was given {own} twice; nothing was sent")
        options[own] = value
    return options


_HOW = "write request(url, method=…, json=…); nothing was sent"


@functools.lru_cache(100)
def _own(name: Any) -> str:
    own = to_snake(str(name))
    if own in OPTIONS:
        return own
    if own in _ELSEWHERE:
        raise UsageError(f"request has no option {name!r}: {_ELSEWHERE[own]}; nothing was sent")
    raise UnknownName.of("option", name, OPTIONS, owner="request")
