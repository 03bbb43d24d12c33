"""The directives that return objects and arrays of another shape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import MappingError
from ..checks import (
    array,
    choice,
    object_or_directive,
    options,
    problems,
    raw_or_directive,
    text,
    text_or_directive,
)
from ..compiler import as_event, compile_mapping
from ..registry import Compile, Resolver, Run, Where, directive
from ..values import UNDEFINED, code_units, is_truthy, items_in_order, type_name
from .row import at_path


def _check_array_path(argument: Any, where: Where) -> list[str]:
    if wrong := array(argument, where):
        return wrong
    source, shape = _source_and_shape(argument)
    return text_or_directive(source, where) or problems(shape, where)


@directive("@arrayPath", check=_check_array_path)
def array_path(argument: Any, compiled: Compile) -> Resolver:
    """Return an array, each of its items in a given shape.

    The argument is [source, shape]: a path or a directive, and a mapping that reads an item.
    An object is an array of one; anything else is left as it is.
    """
    if not isinstance(argument, list | tuple):
        return Resolver.failing(f"@arrayPath expected array, got {type_name(argument)}")
    source, shape = _source_and_shape(argument)
    found = at_path(source, compiled) if isinstance(source, str) else compiled(source)
    if not isinstance(shape, dict) or not shape:
        return found
    item = compiled.inner()(shape)
    clean = _filled(item.clean or item.run, compiled.hole)
    return Resolver.of(_each(found.run, item.run), [found], clean=_each(found.run, clean))


@directive(
    "@flatten", check=options({"separator": text, "value": raw_or_directive}, required=["value"])
)
def flatten(argument: Any, compiled: Compile) -> Resolver:
    """Return an object without objects in it: its keys are the paths, joined by a separator.

    Arrays are flattened too, by index, unless ``omitArrays`` is true.
    """
    if not isinstance(argument, dict):
        return Resolver.failing('@flatten requires an object with a "separator" key')
    if not is_truthy(argument.get("separator")):
        return Resolver.failing('@flatten requires a "separator" key')
    separator = compiled(argument["separator"])
    inner = compiled(argument.get("value", UNDEFINED))
    kinds = dict if is_truthy(argument.get("omitArrays")) else (dict, list, tuple)

    def run(row: Any) -> dict[str, Any]:
        between = separator.run(row)
        if not isinstance(between, str):
            raise MappingError("@flatten requires a string separator")
        made: dict[str, Any] = {}
        _flatten(inner.run(row), "", between, kinds, made)
        return made

    return Resolver.of(run, [separator, inner])


def _flatten(value: Any, prefix: str, separator: str, kinds: Any, made: dict[str, Any]) -> None:
    if not isinstance(value, kinds):
        made[prefix] = value
        return
    items = items_in_order(value) if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        _flatten(each, f"{prefix}{separator}{key}" if prefix else str(key), separator, kinds, made)


def _check_merge(argument: Any, where: Where) -> list[str]:
    check = options({"direction": choice("left", "right"), "objects": array}, required=["objects"])
    wrong = check(argument, where)
    # Segment stops at the first object that is wrong, and does not say where it is.
    each = [object_or_directive(item, ()) for item in ([] if wrong else argument["objects"])]
    return wrong or next(filter(None, each), [])


@directive("@merge", check=_check_merge)
def merge(argument: Any, compiled: Compile) -> Resolver:
    """Return one object with the keys of all; by "right" the last one wins, by "left" the first.

    Objects in them are not merged. A text or an array counts as an object with its indices.
    """
    if not isinstance(argument, dict):
        return Resolver.failing(
            '@merge requires an object with an "objects" key and a "direction" key'
        )
    for name in ("direction", "objects"):
        if not is_truthy(argument.get(name)):
            return Resolver.failing(f'@merge requires a "{name}" key')
    if not isinstance(argument["objects"], list | tuple):
        kind = "object" if isinstance(argument["objects"], dict) else type_name(argument["objects"])
        return Resolver.failing(f"@merge: expected opts.array, got {kind}")
    direction = compiled(argument["direction"])
    parts = [compiled(each) for each in argument["objects"]]

    def run(row: Any) -> dict[str, Any]:
        objects = [_spread(part.run(row)) for part in parts]
        if direction.run(row) == "left":
            objects.reverse()
        return {key: value for each in objects for key, value in each.items()}

    return Resolver.of(run, [direction, *parts])


def _spread(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    items = code_units(value) if isinstance(value, str) else value
    if isinstance(items, list | tuple):
        return {str(index): each for index, each in enumerate(items)}
    return {}


@directive(
    "@transform",
    check=options(
        {"apply": object_or_directive, "mapping": object_or_directive},
        required=["apply", "mapping"],
    ),
)
def transform(argument: Any, compiled: Compile) -> Resolver:
    """Return a mapping of what a first mapping, ``apply``, makes of the row."""
    if not isinstance(argument, dict):
        return Resolver.failing(
            '@transform requires an object with an "apply" key and a "mapping" key'
        )
    for name in ("mapping", "apply"):
        if not is_truthy(argument.get(name)):
            return Resolver.failing(f'@transform requires a "{name}" key')
    if not isinstance(argument["apply"], dict):
        return Resolver.failing('@transform "apply" key should be an object')
    try:
        apply = compile_mapping(argument["apply"], replace(compiled, hole=UNDEFINED))
    except MappingError as error:  # In an array, where nothing is checked before.
        return Resolver.failing(str(error))
    then = compiled.inner()(argument["mapping"])
    after = then.clean or then.run
    return Resolver.of(
        lambda row: then.run(apply.resolve(as_event(row))),
        [apply],
        clean=lambda row: after(apply.resolve(as_event(row))),
    )


def _source_and_shape(argument: Any) -> tuple[Any, Any]:
    padded = [*argument, UNDEFINED, UNDEFINED]
    return padded[0], padded[1]


def _each(find: Run, run: Run) -> Run:
    def each(row: Any) -> Any:
        value = find(row)
        if isinstance(value, list | tuple):
            return [run(item) for item in value]
        return [run(value)] if isinstance(value, dict) else value

    return each


def _filled(run: Run, hole: Any) -> Run:
    if hole is UNDEFINED:
        return run

    def fill(item: Any) -> Any:
        value = run(item)
        return hole if value is UNDEFINED else value

    return fill
