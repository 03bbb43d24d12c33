"""The directives by which a value is there or not: ``@if``, ``@excludeWhenNull``."""

from __future__ import annotations

from typing import Any

from ..checks import options, raw_or_directive
from ..registry import Compile, Resolver, Run, directive
from ..values import UNDEFINED, is_blank, is_truthy


@directive(
    "@if",
    check=options(dict.fromkeys(("exists", "then", "else"), raw_or_directive)),
)
def if_(argument: Any, compiled: Compile) -> Resolver:
    """Return ``then`` or ``else``, by whether the value of ``exists`` or ``blank`` is there.

    ``blank`` is true, in spite of its name, for a value that is not blank. An ``else`` that
    is false, 0, "" or null counts as none.
    """
    if not isinstance(argument, dict):
        return Resolver.failing('@if requires an object with an "exists" key')
    if not (is_truthy(argument.get("exists")) or is_truthy(argument.get("blank"))):
        return Resolver.failing('@if requires an "exists" key or a "blank" key')
    name = "exists" if "exists" in argument else "blank"
    test = compiled(argument[name])
    then = compiled(argument.get("then", UNDEFINED))
    other = compiled(argument["else"] if is_truthy(argument.get("else")) else UNDEFINED)
    choose = _if_exists if name == "exists" else _unless_blank
    return Resolver.of(
        choose(test.run, then.run, other.run),
        [test, then, other],
        clean=choose(test.run, then.clean or then.run, other.clean or other.run),
    )


@directive("@excludeWhenNull", check=raw_or_directive)
def exclude_when_null(argument: Any, compiled: Compile) -> Resolver:
    """Return the value without the keys that are null, and nothing if it is null itself.

    Arrays in it are left as they are.
    """
    inner = compiled(argument)
    return Resolver.of(lambda row: _without_nulls(inner.run(row)), [inner])


def _if_exists(find: Run, then: Run, other: Run) -> Run:
    def run(row: Any) -> Any:
        value = find(row)
        return other(row) if value is UNDEFINED or value is None else then(row)

    return run


def _unless_blank(find: Run, then: Run, other: Run) -> Run:
    return lambda row: other(row) if is_blank(find(row)) else then(row)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items()}
    return UNDEFINED if value is None else value
