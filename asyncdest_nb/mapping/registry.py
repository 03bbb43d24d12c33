"""The directives by name, and how a mapping made of them is checked and compiled.

A new directive is one function under ``@directive``. ``problems`` checks what is nested
in its argument, and the function it is given compiles it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import MappingError
from .values import UNDEFINED, cleaned, type_name

Where = tuple[str, ...]
Check = Callable[[Any, Where], list[str]]


@dataclass(frozen=True, slots=True)
class Resolver:
    """A compiled mapping, or a part of one.

    ``run`` returns values with UNDEFINED in them, for the directive around it;
    ``resolve`` is for other callers. ``roots`` are the top-level keys of the row that it
    may read. ``reads_all``: it may read any key, for a path to the whole row or one
    that is computed from the row.
    """

    run: Callable[[Any], Any]
    roots: frozenset[str] = frozenset()
    reads_all: bool = False

    def resolve(self, row: Any) -> Any:
        """Return the value for *row*, a copy without the keys that have no value."""
        return cleaned(self.run(row))

    @property
    def is_constant(self) -> bool:
        """Whether it reads no key of the row."""
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


@dataclass(frozen=True, slots=True)
class Compile:
    """Compiles what is nested in a directive.

    ``split_names`` are the columns of the frame, as far as their names are split in a path,
    by their pieces; empty = a row may have any keys.
    """

    split_names: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def __call__(self, value: Any) -> Resolver:
        """Compile a value of a mapping: a directive, a container of them, or a constant.

        Raises MappingError for invalid directives in arrays, which ``problems`` does not
        check (with Segment's message at run time), and for a constant that JSON cannot hold.
        """
        if isinstance(value, dict):
            return self._directive(value) if _is_directive(value) else self._object(value)
        if isinstance(value, list | tuple):
            parts = [self(each) for each in value]
            runs = [part.run for part in parts]
            return Resolver.of(lambda row: [run(row) for run in runs], parts)
        _check_json(value)
        return Resolver.constant(value)

    def _directive(self, value: dict[str, Any]) -> Resolver:
        name = _names(value)[0]
        if name not in DIRECTIVES:
            raise MappingError(f"{name} is not a valid directive, got {UNDEFINED.value}")
        return DIRECTIVES[name].compile(value[name], self)

    def _object(self, value: dict[str, Any]) -> Resolver:
        parts = {str(key): self(each) for key, each in value.items()}
        runs = [(key, part.run) for key, part in parts.items()]
        return Resolver.of(lambda row: {key: run(row) for key, run in runs}, parts.values())


Compiler = Callable[[Any, Compile], Resolver]


@dataclass(frozen=True, slots=True)
class Directive:
    """How the argument of a directive is checked, and then compiled."""

    check: Check
    compile: Compiler


DIRECTIVES: dict[str, Directive] = {}
INVALID = "has an invalid directive"  # Segment's message.

_PLACEHOLDER = re.compile(r"\{\{[^}]+\}\}")


def directive(name: str, *, check: Check) -> Callable[[Compiler], Compiler]:
    """Register a function as the directive *name*.

    It is given the argument and a function that compiles what is nested in it.
    *check* is given an argument and its place, and returns what is wrong with it.
    Arguments inside arrays are not checked, so the function raises MappingError itself
    for an invalid one.
    """

    def register(compiler: Compiler) -> Compiler:
        DIRECTIVES[name] = Directive(check, compiler)
        return compiler

    return register


def message(where: Where, problem: str) -> str:
    """Return a *problem* in the form of Segment: ``/email/@path should be …``."""
    return f"/{'/'.join(where)} {problem}."


def wrong_type(value: Any, where: Where, wanted: str) -> str:
    """Return the message that *value* should be *wanted* but has another type."""
    name = "directive" if _has_directive(value) else type_name(value)
    article = "an" if name[0] in "aeiou" else "a"
    return message(where, f"should be {wanted} but it is {article} {name}")


def problems(value: Any, where: Where = ()) -> list[str]:
    """Return all problems of a mapping.

    Items of arrays are not checked: Segment allows anything there, and invalid items
    are found when they are compiled.
    """
    if _has_directive(value):
        return _directive_problems(value, where)
    if not isinstance(value, dict):
        return []
    return [each for key in value for each in problems(value[key], (*where, str(key)))]


def half_open(value: Any) -> Iterator[str]:
    """Yield the templates of a mapping with a ``{{`` that is no placeholder.

    Segment leaves it in the text; in a mapping for the rows of a frame it is a mistake.
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
    """Check an argument that may be anything; a raw value is not checked."""
    return problems(value, where) if _has_directive(value) else []


def text_or_directive(value: Any, where: Where) -> list[str]:
    """Check an argument that is a text, or a directive that returns one."""
    if isinstance(value, str):
        return []
    if _has_directive(value):
        return problems(value, where)
    return [wrong_type(value, where, "a string or a mapping directive")]


def _check_json(value: Any) -> None:
    if value is None or isinstance(value, str | bool | int) or _is_finite(value):
        return
    hint = ', or {"@path": "$.column"} for a column' if hasattr(value, "iloc") else ""
    raise MappingError(
        f"a mapping holds {_on_one_line(value)} ({type(value).__name__}), which JSON cannot hold; "
        f"write text, a finite number, true, false, null, or lists and objects of them{hint}"
    )


def _on_one_line(value: Any) -> str:
    text = " ".join(repr(value).split())  # The repr of a Series is a page long.
    return text if len(text) <= 80 else f"{text[:79]}…"


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_directive(value: dict[str, Any]) -> bool:
    # In an array, an object with a directive and other keys is a raw object.
    names = _names(value)
    return bool(names) and value.keys() <= {*names, "_metadata"}
