"""The functions of a destination: how they are called, and in which forms they may be written.

async def perform(request, data): ...                    data.settings, data.payload, …
async def perform(request, *, settings, payload): ...    what it names of these, by name
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from pydantic.alias_generators import to_snake

from ..errors import UsageError

_WRITTEN = "_asyncdest_written"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def fitted(what: str, function: Any, *arguments: str, names: Sequence[str] = ()) -> Any:
    """Return *function* as it can be called with *arguments*; None stays None.

    In place of the last of them it may take some of its attributes, *names*, by name.
    Raises UsageError for what cannot be called so: rows would be sent before.
    """
    if function is None:
        return None
    if not callable(function):
        raise UsageError(f"{what} is {function!r}; give the function itself, not what it returns")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # Some built-in functions tell none.
        return function
    taken = _taken(signature, names=names, before=len(arguments) - 1)
    if taken:
        return _spread(function, taken)
    try:
        signature.bind(*arguments)
    except TypeError:
        given = ", ".join(arguments)
        by_name = f", or with some of these by name: {', '.join(names)}" if names else ""
        raise UsageError(
            f"{what} takes {signature}; it is called with ({given}){by_name}"
        ) from None
    return function


def _taken(signature: inspect.Signature, *, names: Sequence[str], before: int) -> list[str]:
    """Return the names that a function takes in place of its last argument; none = it takes that.

    *before* is how many others come first.
    """
    parameters = [*signature.parameters.values()]
    first, others = parameters[:before], parameters[before:]
    if len(first) < before or not all(each.kind in _POSITIONAL for each in first):
        return []
    if len(others) == 1 and others[0].kind in _POSITIONAL:
        return []  # It is the data itself, whatever its name.
    if any(each.kind is inspect.Parameter.POSITIONAL_ONLY for each in others):
        return []
    found = [each.name for each in others]
    return found if all(to_snake(name) in names for name in found) else []


def _spread(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """Return a function of an object in its last argument that calls *function* with *names*."""

    def called(*given: Any) -> Any:
        *before, last = given
        return function(*before, **{name: getattr(last, name) for name in names})

    async def awaited(*given: Any) -> Any:
        return await called(*given)

    found = awaited if inspect.iscoroutinefunction(function) else called
    found.__name__ = getattr(function, "__name__", type(function).__name__)
    found.__doc__ = function.__doc__
    setattr(found, _WRITTEN, function)
    return found


def written(function: Any) -> Any:
    """Return what the user has written where ``fitted`` has made *function* of it."""
    return getattr(function, _WRITTEN, function)
