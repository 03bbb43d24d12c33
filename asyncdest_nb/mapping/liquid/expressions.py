"""What the expressions of a template are when they are read, and their values for a row."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

from ..values import UNDEFINED, as_text
from .operators import OPERATORS, PRECEDENCE, plain, truth
from .values import check_size, property_of, strict_number_of, text_of

_NAME = re.compile(r"[^\W\d][\w-]*")


class Scope(Protocol):
    """What an expression reads and changes."""

    def value_at(self, path: Sequence[Any]) -> Any:
        """Return the value at *path*."""

    def filtered(self, name: str, begin: int, value: Any, arguments: Sequence[Any]) -> Any:
        """Return what the filter makes of *value*; *begin* is where its part begins."""

    def set(self, name: str, value: Any) -> None:
        """Set a variable."""

    def count(self, name: str, step: int) -> int:
        """Return a counter, and change it by *step*."""

    def cycle(self, cycle_hash: object, length: int) -> int:
        """Return the next of *length* places of a cycle."""


class Value(Protocol):
    """A part of an expression."""

    def evaluate(self, scope: Scope) -> Any:
        """Return its value."""

    def key_paths(self) -> Iterator[KeyPath]:
        """Yield what it reads, in its order."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is written in the template."""

    value: Any

    def evaluate(self, scope: Scope) -> Any:
        return self.value

    def key_paths(self) -> Iterator[KeyPath]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Span:
    """A range of numbers, such as ``(1..3)``."""

    low: Value
    high: Value

    def evaluate(self, scope: Scope) -> Any:
        low, high = (
            strict_number_of(plain(each.evaluate(scope))) for each in (self.low, self.high)
        )
        if math.isnan(low) or math.isnan(high):
            return []
        check_size(high - low + 1)
        if low.is_integer():
            return range(int(low), math.floor(high) + 1)
        return [low + at for at in range(max(0, math.floor(high - low) + 1))]

    def key_paths(self) -> Iterator[KeyPath]:
        for each in (self.low, self.high):
            yield from each.key_paths()


@dataclass(frozen=True, slots=True)
class KeyPath:
    """A key of the row and what is inside it, such as ``user.name``; or of *variable*."""

    variable: Value | None
    keys: Sequence[Value]

    def evaluate(self, scope: Scope) -> Any:
        keys = [plain(each.evaluate(scope)) for each in self.keys]
        if self.variable is None:
            return scope.value_at(keys)
        return reduce(property_of, keys, plain(self.variable.evaluate(scope)))

    def key_paths(self) -> Iterator[KeyPath]:
        if self.variable is None:
            yield self
        for each in (*([self.variable] if self.variable else ()), *self.keys):
            yield from each.key_paths()

    @property
    def root(self) -> str | None:
        """The key of the row, None if it is computed."""
        first = self.keys[0]
        return as_text(first.value) if isinstance(first, Constant) else None

    def __str__(self) -> str:
        first, *others = map(_key_text, self.keys)
        return first.removeprefix(".") + "".join(others)


def _key_text(key: Value) -> str:
    if isinstance(key, KeyPath):
        return f"[{key}]"
    value = key.value if isinstance(key, Constant) else ""
    if isinstance(value, str):
        return f".{value}" if _NAME.fullmatch(value) else f"[{value!r}]"
    return f"[{as_text(value)}]"


@dataclass(frozen=True, slots=True)
class Named:
    """An argument of a filter with a name."""

    name: str
    value: Value

    def evaluate(self, scope: Scope) -> Any:
        return [self.name, plain(self.value.evaluate(scope))]

    def key_paths(self) -> Iterator[KeyPath]:
        return self.value.key_paths()


@dataclass(frozen=True, slots=True)
class Applied:
    """A filter and its arguments."""

    name: str
    arguments: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Filtered:
    """An expression: values and operators, with each operator after its values, and filters.

    ``begin``: where the part of the template begins that it is in.
    """

    terms: Sequence[Value | str]
    filters: Sequence[Applied]
    begin: int

    def evaluate(self, scope: Scope) -> Any:
        found = self._value(scope)
        for each in self.filters:
            arguments = [argument.evaluate(scope) for argument in each.arguments]
            found = scope.filtered(each.name, self.begin, found, arguments)
        return found

    def _value(self, scope: Scope) -> Any:
        stack: list[Any] = []
        for term in self.terms:
            if not isinstance(term, str):
                stack.append(term.evaluate(scope))
                continue
            right = stack.pop() if stack else UNDEFINED
            if term == "not":
                stack.append(not truth(right))
            else:
                left = stack.pop() if stack else UNDEFINED
                stack.append(OPERATORS[term](left, right))
        return stack[0]  # As in the original, what follows without an operator is passed over.

    def key_paths(self) -> Iterator[KeyPath]:
        arguments = [each for one in self.filters for each in one.arguments]
        for each in (*self.terms, *arguments):
            if not isinstance(each, str):
                yield from each.key_paths()


def in_postfix(terms: Sequence[Value | str]) -> list[Value | str]:
    """Return *terms* with each operator after its values."""
    made: list[Value | str] = []
    operators: list[str] = []
    for term in terms:
        if not isinstance(term, str):
            made.append(term)
            continue
        while operators and PRECEDENCE[operators[-1]] > PRECEDENCE[term]:
            made.append(operators.pop())
        operators.append(term)
    return [*made, *reversed(operators)]


@dataclass(frozen=True, slots=True)
class Assignment:
    """``assign``, which prints nothing."""

    name: str
    value: Value

    def evaluate(self, scope: Scope) -> Any:
        scope.set(self.name, self.value.evaluate(scope))
        return ""

    def key_paths(self) -> Iterator[KeyPath]:
        return self.value.key_paths()


@dataclass(frozen=True, slots=True)
class Counter:
    """``increment`` with a step of 1, ``decrement`` with one of -1."""

    name: str
    step: int

    def evaluate(self, scope: Scope) -> Any:
        return scope.count(self.name, self.step)

    def key_paths(self) -> Iterator[KeyPath]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Cycle:
    """``cycle``: each time the next of its values.

    As in the original, all cycles of a group with as many values are one.
    """

    group: Value | None
    values: Sequence[Value]

    def evaluate(self, scope: Scope) -> Any:
        group = text_of(plain(self.group.evaluate(scope))) if self.group else ""
        at = scope.cycle((group, len(self.values)), len(self.values))
        return self.values[at].evaluate(scope)

    def key_paths(self) -> Iterator[KeyPath]:
        for each in (*self.values, *([self.group] if self.group else ())):
            yield from each.key_paths()


class Stopped(Exception):
    """Ends a template where ``break`` or ``continue`` is."""


@dataclass(frozen=True, slots=True)
class Stop:
    """``break`` and ``continue``: without a loop they end the template."""

    def evaluate(self, scope: Scope) -> Any:
        raise Stopped

    def key_paths(self) -> Iterator[KeyPath]:
        return iter(())
