"""The directives by name, and how a mapping made of them is checked and compiled.

A new directive is one function under ``@directive``; whatever it holds inside is
checked by ``problems`` and compiled by the function it is handed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import MappingError
from .values import UNDEFINED, cleaned, type_name

Where = tuple[str, ...]
Check = Callable[[Any, Where], list[str]]


@dataclass(frozen=True, slots=True)
class Resolver:
    """A compiled mapping, or a part of one.

    ``run`` leaves UNDEFINED in place, for the directive around it; ``resolve`` is
    for everybody else. ``roots`` are the top-level keys of the row it may read;
    ``reads_all`` says that it may read any: a path to the whole row, or one that
    is only known once the row is.
    """

    run: Callable[[Any], Any]
    roots: frozenset[str] = frozenset()
    reads_all: bool = False

    def resolve(self, row: Any) -> Any:
        """Return the value for *row*: its own copy, without the keys that have no value."""
        return cleaned(self.run(row))

    @property
    def is_constant(self) -> bool:
        """Whether it reads nothing of the row."""
        return not self.roots and not self.reads_all

    @classmethod
    def of(cls, run: Callable[[Any], Any], parts: Iterable[Resolver]) -> Resolver:
        """Make a resolver that reads what its *parts* read."""
        found = list(parts)
        roots = frozenset[str]().union(*(part.roots for part in found))
        return cls(run, roots, any(part.reads_all for part in found))

    @classmethod
    def constant(cls, value: Any) -> Resolver:
        """Make a resolver that always returns *value*."""
        return cls(lambda row: value)


Compile = Callable[[Any], Resolver]
Compiler = Callable[[Any, Compile], Resolver]


@dataclass(frozen=True, slots=True)
class Directive:
    """How the argument of a directive is checked, and compiled once it has been."""

    check: Check
    compile: Compiler


DIRECTIVES: dict[str, Directive] = {}
INVALID = "has an invalid directive"  # In Segment's words.

_PLACEHOLDER = re.compile(r"\{\{[^}]+\}\}")


def directive(name: str, *, check: Check) -> Callable[[Compiler], Compiler]:
    """Register a function as the directive *name*.

    It is given the argument as written and a function that compiles what is
    nested in it. *check* returns what is wrong with an argument, given where it
    stands. Inside arrays nothing is checked first, so the function raises
    MappingError itself for an argument it cannot take.
    """

    def register(compiler: Compiler) -> Compiler:
        DIRECTIVES[name] = Directive(check, compiler)
        return compiler

    return register


def message(where: Where, problem: str) -> str:
    """Word a *problem* the way Segment does: ``/email/@path should be …``."""
    return f"/{'/'.join(where)} {problem}."


def wrong_type(value: Any, where: Where, wanted: str) -> str:
    """Say that *value* should be *wanted* but is something else."""
    name = "directive" if _has_directive(value) else type_name(value)
    article = "an" if name[0] in "aeiou" else "a"
    return message(where, f"should be {wanted} but it is {article} {name}")


def problems(value: Any, where: Where = ()) -> list[str]:
    """Return everything wrong with a mapping; [] if nothing is.

    Items of arrays are not looked into: Segment allows anything there, and what
    cannot be compiled is found when it is.
    """
    if _has_directive(value):
        return _directive_problems(value, where)
    if not isinstance(value, dict):
        return []
    return [each for key in value for each in problems(value[key], (*where, str(key)))]


def half_open(value: Any) -> Iterator[str]:
    """Yield the templates of a mapping with a ``{{`` that is no placeholder.

    Segment leaves it in the text; of the rows of a frame it is a mistake.
    """
    if isinstance(value, list):
        yield from (each for item in value for each in half_open(item))
    if isinstance(value, dict):
        text = value.get("@template")
        if isinstance(text, str) and "{{" in _PLACEHOLDER.sub("", text):
            yield text
        yield from (each for item in value.values() for each in half_open(item))


def _names(value: dict[Any, Any]) -> list[str]:
    return [key for key in value if isinstance(key, str) and key.startswith("@")]


def _has_directive(value: Any) -> bool:
    return isinstance(value, dict) and bool(_names(value))


def _directive_problems(value: dict[str, Any], where: Where) -> list[str]:
    names = _names(value)
    others = value.keys() - {*names, "_metadata"}
    if len(names) > 1 or others:
        count = len(names) if len(names) > 1 else len(value)
        return [message(where, f"should only have one @-prefixed key but it has {count} keys")]
    name = names[0]
    if name not in DIRECTIVES:
        return [message(where, f"{INVALID}: {name}")]
    return DIRECTIVES[name].check(value[name], (*where, name))


def raw_or_directive(value: Any, where: Where) -> list[str]:
    """Check an argument that may be anything; a raw value is not looked into."""
    return problems(value, where) if _has_directive(value) else []


def text_or_directive(value: Any, where: Where) -> list[str]:
    """Check an argument that is a text, or a directive that will give one."""
    if isinstance(value, str):
        return []
    if _has_directive(value):
        return problems(value, where)
    return [wrong_type(value, where, "a string or a mapping directive")]


def compiled(value: Any) -> Resolver:
    """Compile a value of a mapping: a directive, a container of them, or a constant.

    Raises MappingError for what only arrays can hide from ``problems`` (with the
    text Segment has at run time) and for a constant that is no JSON.
    """
    if isinstance(value, dict):
        return _compiled_directive(value) if _is_directive(value) else _compiled_object(value)
    if isinstance(value, list | tuple):
        parts = [compiled(each) for each in value]
        runs = [part.run for part in parts]
        return Resolver.of(lambda row: [run(row) for run in runs], parts)
    if value is None or isinstance(value, str | bool | int) or _is_finite(value):
        return Resolver.constant(value)
    hint = ', or {"@path": "$.column"} for a column' if hasattr(value, "iloc") else ""
    raise MappingError(
        f"a mapping holds {_on_one_line(value)} ({type(value).__name__}), which JSON cannot say; "
        f"write text, a finite number, true, false, null, or lists and objects of them{hint}"
    )


def _on_one_line(value: Any) -> str:
    text = " ".join(repr(value).split())  # A Series is a page long.
    return text if len(text) <= 80 else f"{text[:79]}…"


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_directive(value: dict[str, Any]) -> bool:
    # In an array, an object with other keys beside the directive is a raw object.
    names = _names(value)
    return bool(names) and value.keys() <= {*names, "_metadata"}


def _compiled_directive(value: dict[str, Any]) -> Resolver:
    name = _names(value)[0]
    if name not in DIRECTIVES:
        raise MappingError(f"{name} is not a valid directive, got {UNDEFINED.value}")
    return DIRECTIVES[name].compile(value[name], compiled)


def _compiled_object(value: dict[str, Any]) -> Resolver:
    parts = {str(key): compiled(each) for key, each in value.items()}
    runs = [(key, part.run) for key, part in parts.items()]
    return Resolver.of(lambda row: {key: run(row) for key, run in runs}, parts.values())
