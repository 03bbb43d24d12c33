"""The directives by name, and how a mapping made of them is compiled.

A new directive is one function under ``@directive``: it is given the argument and a
function that compiles what is nested in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import MappingError
from .builder import object_builder
from .path import Pieces
from .values import SCALARS, UNDEFINED, cleaned, items_in_order

Where = tuple[str, ...]
Check = Callable[[Any, Where], list[str]]
Run = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Resolver:
    """A compiled mapping, or a part of one.

    ``run`` returns values with UNDEFINED in them, for the directive around it, and may
    return a part of the row; ``clean`` returns a copy without the keys that have no value,
    None = it is made from ``run``. ``roots`` are the top-level keys of the row that it may
    read. ``reads_all``: it may read any key, for a path to the whole row or one that is
    computed from the row. ``pieces`` are the keys of the path that it is, () = it is none.
    """

    run: Run
    roots: frozenset[str] = frozenset()
    reads_all: bool = False
    clean: Run | None = field(default=None, repr=False)
    pieces: Pieces = ()

    def resolve(self, row: Any) -> Any:
        """Return the value for *row*, a copy without the keys that have no value."""
        return self.clean(row) if self.clean else cleaned(self.run(row))

    @property
    def is_constant(self) -> bool:
        """Whether it reads no key of the row."""
        return not self.roots and not self.reads_all

    @classmethod
    def of(cls, run: Run, parts: Iterable[Resolver], *, clean: Run | None = None) -> Resolver:
        """Make a resolver that reads what its *parts* read."""
        found = list(parts)
        roots = frozenset[str]().union(*(part.roots for part in found))
        return cls(run, roots, any(part.reads_all for part in found), clean)

    @classmethod
    def constant(cls, value: Any) -> Resolver:
        """Make a resolver that always returns *value*."""
        return cls(lambda row: value)

    @classmethod
    def failing(cls, text: str) -> Resolver:
        """Make a resolver that raises a MappingError for each row.

        So does Segment with an argument that its validation lets pass.
        """

        def run(row: Any) -> Any:
            raise MappingError(text)

        return cls(run, clean=run)


@dataclass(frozen=True, slots=True)
class Compile:
    """Compiles what is nested in a directive.

    ``split_names`` are the columns of the frame, as far as their names are split in a path,
    by their pieces; empty = a row may have any keys. ``nests`` are the objects that such columns
    make together. ``hole`` is what an item without a value becomes in a copied array.
    """

    split_names: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    nests: Mapping[tuple[str, ...], Mapping[tuple[str, ...], str]] = field(default_factory=dict)
    hole: Any = UNDEFINED

    def __call__(self, value: Any) -> Resolver:
        """Compile a value of a mapping: a directive, a container of them, or a constant.

        UNDEFINED is an option that is not there. Raises MappingError for invalid directives
        in arrays, which ``problems`` does not check (with Segment's message at run time), and
        for a constant that JSON cannot hold.
        """
        made = self._compiled(value)
        return made if made.clean else replace(made, clean=self._cleaner(made.run))

    def inner(self) -> Compile:
        """Return what compiles a part that does not read the row, but a value made from it."""
        return Compile(hole=self.hole)

    def _compiled(self, value: Any) -> Resolver:
        if isinstance(value, dict):
            return self._directive(value) if is_directive(value) else self._object(value)
        if isinstance(value, list | tuple):
            return self._array(value)
        if value is not UNDEFINED:
            _check_json(value)
        return Resolver(lambda row: value, clean=lambda row: value)

    def _directive(self, value: dict[str, Any]) -> Resolver:
        name = directive_names(value)[0]
        if name not in DIRECTIVES:
            raise MappingError(f"{name} is not a valid directive, got {UNDEFINED.value}")
        return DIRECTIVES[name].compile(value[name], self)

    def _object(self, value: dict[str, Any]) -> Resolver:
        parts = {str(key): self(each) for key, each in items_in_order(value)}
        runs = [(key, part.run) for key, part in parts.items()]
        sources = {key: part.pieces or part.clean or part.run for key, part in parts.items()}
        clean = object_builder(sources, hole=self.hole)
        return Resolver.of(
            lambda row: {key: run(row) for key, run in runs}, parts.values(), clean=clean
        )

    def _array(self, value: list[Any] | tuple[Any, ...]) -> Resolver:
        parts = [self(each) for each in value]
        runs = [part.run for part in parts]
        return Resolver.of(lambda row: [run(row) for run in runs], parts)

    def _cleaner(self, run: Run) -> Run:
        hole = self.hole

        def clean(row: Any) -> Any:
            value = run(row)
            return value if type(value) in SCALARS else cleaned(value, hole=hole)

        return clean


Compiler = Callable[[Any, Compile], Resolver]


@dataclass(frozen=True, slots=True)
class Directive:
    """How the argument of a directive is checked, and then compiled."""

    check: Check
    compile: Compiler


DIRECTIVES: dict[str, Directive] = {}


def directive(name: str, *, check: Check) -> Callable[[Compiler], Compiler]:
    """Register a function as the directive *name*.

    It is given the argument and a function that compiles what is nested in it.
    *check* is given an argument and its place, and returns what is wrong with it.
    Arguments inside arrays are not checked, so the function returns a failing resolver, or
    raises MappingError itself, for an invalid one.
    """

    def register(compiler: Compiler) -> Compiler:
        DIRECTIVES[name] = Directive(check, compiler)
        return compiler

    return register


def directive_names(value: Any) -> list[str]:
    """Return the keys of *value* that name directives; none if it is no object."""
    if not isinstance(value, dict):
        return []
    return [key for key in value if isinstance(key, str) and key.startswith("@")]


def is_directive(value: Any) -> bool:
    """Whether *value* is an object with a directive, and nothing else but ``_metadata``.

    In an array, an object with a directive and other keys is a raw object.
    """
    names = directive_names(value)
    return bool(names) and value.keys() <= {*names, "_metadata"}


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
