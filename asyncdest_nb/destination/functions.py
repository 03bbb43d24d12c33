"""The functions of a destination, in the two forms that users may write.

async def perform(request, data): ...                    data.settings, data.payload, …
async def perform(request, *, settings, payload): ...    only those that it names
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from pydantic.alias_generators import to_snake

from ..errors import UsageError

_ORIGINAL = "_asyncdest_original"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def adapted(what: str, function: Any, *arguments: str, names: Sequence[str] = ()) -> Any:
    """Return *function* so that it can be called with *arguments*; None stays None.

    Instead of the last argument the function may take some of its attributes, *names*, by
    name. Raises UsageError if it cannot be called in either form, since a run would find
    that out only after rows were sent.
    """
    if function is None:
        return None
    if not callable(function):
        raise UsageError(f"{what} is {function!r}; give the function itself, not what it returns")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # Some built-in functions have no signature.
        return function
    taken = _names_taken(signature, names=names, before=len(arguments) - 1)
    if taken:
        return _by_name(function, taken)
    try:
        signature.bind(*arguments)
    except TypeError:
        given = ", ".join(arguments)
        by_name = f", or with some of these by name: {', '.join(names)}" if names else ""
        raise UsageError(
            f"{what} takes {signature}; it is called with ({given}){by_name}"
        ) from None
    return function


def _names_taken(signature: inspect.Signature, *, names: Sequence[str], before: int) -> list[str]:
    """Return the names that a function takes instead of its last argument; empty = none.

    *before* is the number of arguments before the last.
    """
    parameters = [*signature.parameters.values()]
    first, others = parameters[:before], parameters[before:]
    if len(first) < before or not all(each.kind in _POSITIONAL for each in first):
        return []
    if len(others) == 1 and others[0].kind in _POSITIONAL:
        return []  # It takes the last argument itself, under any name.
    if any(each.kind is inspect.Parameter.POSITIONAL_ONLY for each in others):
        return []
    found = [each.name for each in others]
    return found if all(to_snake(name) in names for name in found) else []


def _by_name(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """Return a function that calls *function* with the attributes *names* of its last argument."""

    def called(*given: Any) -> Any:
        *before, last = given
        return function(*before, **{name: getattr(last, name) for name in names})

    async def awaited(*given: Any) -> Any:
        return await called(*given)

    found = awaited if inspect.iscoroutinefunction(function) else called
    found.__name__ = getattr(function, "__name__", type(function).__name__)
    found.__doc__ = function.__doc__
    setattr(found, _ORIGINAL, function)
    return found


def original(function: Any) -> Any:
    """Return the function that the user wrote, if ``adapted`` has wrapped it."""
    return getattr(function, _ORIGINAL, function)
