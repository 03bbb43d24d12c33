"""The directives that read a row: ``@path``, ``@template``, ``@literal``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import MappingError
from . import path as paths
from .registry import Compile, Resolver, directive, raw_or_directive, text_or_directive
from .values import as_text, trimmed, type_name

_TRIPLE = re.compile(r"\{\{\{([^}]+)\}\}\}")
_DOUBLE = re.compile(r"\{\{([^}]+)\}\}")


@directive("@literal", check=raw_or_directive)
def literal(argument: Any, compiled: Compile) -> Resolver:
    """Return the argument itself, with the directives in it resolved."""
    return compiled(argument)


@directive("@path", check=text_or_directive)
def path(argument: Any, compiled: Compile) -> Resolver:
    """Return the value at a path of the row."""
    return _from_text("@path", compiled(argument), lambda text: _path(text, compiled))


@directive("@template", check=text_or_directive)
def template(argument: Any, compiled: Compile) -> Resolver:
    """Return a text with its ``{{placeholders}}`` filled from the row."""
    return _from_text("@template", compiled(argument), lambda text: _template(text, compiled))


def _from_text(name: str, argument: Resolver, make: Callable[[str], Resolver]) -> Resolver:
    """Make a resolver from a text: now if it is constant, for each row if it is computed."""
    if argument.is_constant:
        return make(_text(name, argument.run(None)))
    return Resolver(lambda row: make(_text(name, argument.run(row))).run(row), reads_all=True)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise MappingError(f"{name}: expected string, got {type_name(value)}")
    return value


def _path(text: str, compiled: Compile) -> Resolver:
    # Only the first "$." is removed, at any place: "a.$.b" is "a.b".
    return _at(text.replace("$.", "", 1), compiled)


def _at(text: str, compiled: Compile) -> Resolver:
    pieces = paths.rooted(paths.split(text), compiled.split_names)
    return Resolver(
        lambda row: paths.lookup(row, pieces),
        roots=frozenset(pieces[:1]),
        reads_all=not pieces,
    )


def _template(text: str, compiled: Compile) -> Resolver:
    """Fill triple braces first, then double ones, in two passes over the text.

    So a placeholder in the value of a triple brace is filled too, but not one in the
    value of a double brace.
    """
    first = _filled(text, _TRIPLE, compiled)
    if first.is_constant:
        return _filled(text, _DOUBLE, compiled)
    second = _filled(_TRIPLE.sub("", text), _DOUBLE, compiled)
    return Resolver.of(
        lambda row: _filled(first.run(row), _DOUBLE, compiled).run(row), [first, second]
    )


def _filled(text: str, placeholder: re.Pattern[str], compiled: Compile) -> Resolver:
    # A split with one group alternates: text, placeholder, text, …, text.
    pieces = placeholder.split(text)
    if len(pieces) == 1:
        return Resolver.constant(text)
    places = [_at(trimmed(each), compiled) for each in pieces[1::2]]
    steps = [(place.run, after) for place, after in zip(places, pieces[2::2], strict=True)]

    def run(row: Any) -> str:
        return pieces[0] + "".join(as_text(find(row)) + after for find, after in steps)

    return Resolver.of(run, places)
