"""The directives that read a row: ``@path``, ``@template``, ``@literal``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import MappingError
from .. import path as paths
from ..checks import raw_or_directive, text_or_directive
from ..registry import Compile, Resolver, directive
from ..values import SCALARS, UNDEFINED, as_text, cleaned, trimmed, type_name

_TRIPLE = re.compile(r"\{\{\{([^}]+)\}\}\}")
_DOUBLE = re.compile(r"\{\{([^}]+)\}\}")


@directive("@literal", check=raw_or_directive)
def literal(argument: Any, compiled: Compile) -> Resolver:
    """Return the argument itself, with the directives in it resolved."""
    return compiled(argument)


@directive("@path", check=text_or_directive)
def path(argument: Any, compiled: Compile) -> Resolver:
    """Return the value at a path of the row."""
    return _from_text("@path", compiled(argument), lambda text: at_path(text, compiled))


@directive("@template", check=text_or_directive)
def template(argument: Any, compiled: Compile) -> Resolver:
    """Return a text with its ``{{placeholders}}`` filled from the row."""
    return _from_text("@template", compiled(argument), lambda text: _template(text, compiled))


def at_path(text: str, compiled: Compile) -> Resolver:
    """Return the resolver of a path."""
    # Only the first "$." is removed, at any place: "a.$.b" is "a.b".
    return _at(text.replace("$.", "", 1), compiled)


def _from_text(name: str, argument: Resolver, make: Callable[[str], Resolver]) -> Resolver:
    """Make a resolver from a text: now if it is constant, for each row if it is computed."""

    def made_from(value: Any) -> Resolver:
        if isinstance(value, str):
            return make(value)
        return Resolver.failing(f"{name}: expected string, got {type_name(value)}")

    if argument.is_constant:
        try:
            return made_from(argument.run({}))
        except MappingError as error:
            return Resolver.failing(str(error))
    return Resolver(lambda row: made_from(argument.run(row)).run(row), reads_all=True)


def _at(text: str, compiled: Compile) -> Resolver:
    pieces = paths.rooted(paths.split(text), compiled.split_names)
    if (columns := compiled.nests.get(pieces)) is not None:
        return _nest(columns)
    get, hole = paths.getter(pieces), compiled.hole

    def clean(row: Any) -> Any:
        value = get(row)
        return value if type(value) in SCALARS else cleaned(value, hole=hole)

    return Resolver(get, frozenset(pieces[:1]), not pieces, clean, pieces)


def _nest(columns: Mapping[tuple[str, ...], str]) -> Resolver:
    """Return the resolver of an object that *columns* make, by the pieces of their keys."""

    def run(row: Any) -> Any:
        return paths.nest(row, columns)

    return Resolver(run, frozenset(columns.values()))


def _template(text: str, compiled: Compile) -> Resolver:
    """Fill triple braces first, then double ones, in two passes over the text.

    So a placeholder in the value of a triple brace is filled too, but not one in the
    value of a double brace.
    """
    first = _filled(text, _TRIPLE, compiled)
    if first.is_constant:
        return _filled(text, _DOUBLE, compiled)
    second = _filled(_TRIPLE.sub("", text), _DOUBLE, compiled)

    def run(row: Any) -> str:
        once: str = first.run(row)
        # Most values have no braces in them; then the text is whole.
        return _filled(once, _DOUBLE, compiled).run(row) if "{{" in once else once

    return Resolver.of(run, [first, second], clean=run)


def _filled(text: str, placeholder: re.Pattern[str], compiled: Compile) -> Resolver:
    # A split with one group alternates: text, placeholder, text, …, text.
    pieces = placeholder.split(text)
    if len(pieces) == 1:
        return Resolver(lambda row: text, clean=lambda row: text)
    places = [_at(trimmed(each), compiled) for each in pieces[1::2]]
    steps = [(place.run, after) for place, after in zip(places, pieces[2::2], strict=True)]
    before = pieces[0]

    def run(row: Any) -> str:
        made, row = before, {} if row is UNDEFINED else row
        for find, after in steps:
            value = find(row)
            made += value if type(value) is str else as_text(value)
            made += after
        return made

    return Resolver.of(run, places, clean=run)
