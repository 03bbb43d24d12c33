"""The directives that change a text: ``@case``, ``@replace``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import MappingError
from ..checks import boolean, options, text, text_of_length, text_or_directive
from ..registry import Compile, Resolver, directive
from ..values import UNDEFINED, as_text, code_units, is_truthy

# In UTF-16 code units.
LONGEST = 10
_TEMPLATE = re.compile(r"\$[$&`']")


@directive("@case", check=options({"operator": text, "value": text_or_directive}))
def case(argument: Any, compiled: Compile) -> Resolver:
    """Return a text in lower or upper case; what is no text is left as it is."""
    if not isinstance(argument, dict):
        return Resolver.failing('@case requires an object with a "operator" key')
    operator, value = argument.get("operator"), argument.get("value")
    if not is_truthy(operator):
        return Resolver.failing('@case requires a "operator" key')
    if not is_truthy(value):
        return compiled(UNDEFINED)
    inner = compiled(value)
    change = {"lower": str.lower, "upper": str.upper}.get(str(operator), _no_such_case)

    def run(row: Any) -> Any:
        found = inner.run(row)
        return change(found) if isinstance(found, str) else found

    return Resolver.of(run, [inner])


@directive(
    "@replace",
    check=options(
        {
            "pattern": text_of_length(1, LONGEST),
            "replacement": text_of_length(0, LONGEST),
            "value": text_or_directive,
            "ignorecase": boolean,
            "global": boolean,
        },
        required=["pattern", "value"],
    ),
)
def replace(argument: Any, compiled: Compile) -> Resolver:
    """Return a text with a pattern, and then perhaps a second one, replaced.

    A pattern is plain text. In a replacement, $$ is "$", $& the match, $` the text before it
    and $' the text after it. What is no text, number or boolean becomes "".
    """
    if not isinstance(argument, dict):
        return Resolver.failing('@replace requires an object with a "pattern" key')
    if not is_truthy(argument.get("pattern")):
        return Resolver.failing('@replace requires a "pattern" key')
    if not is_truthy(argument.get("value")):
        return compiled(UNDEFINED)
    inner, steps = compiled(argument["value"]), _steps(argument)

    def run(row: Any) -> str:
        value = inner.run(row)
        if not steps or not isinstance(value, str | int | float):
            return ""
        for step in steps:
            value = step(as_text(value))
        return str(value)

    return Resolver.of(run, [inner], clean=run)


def _no_such_case(value: str) -> str:
    raise MappingError('operator key should have a value of "lower" or "upper"')


@dataclass(frozen=True, slots=True)
class _Replacement:
    pattern: str
    replacement: str
    ignores_case: bool
    is_global: bool

    def __call__(self, value: str) -> str:
        for name in ("pattern", "replacement"):
            if len(code_units(getattr(self, name))) > LONGEST:
                raise MappingError(f'@replace requires a "{name}" less than {LONGEST} characters')
        made, end = [], 0
        for start in self._starts(value):
            after = start + len(self.pattern)
            made += [value[end:start], self._expanded(value, start, after)]
            end = after
        return "".join([*made, value[end:]])

    def _starts(self, value: str) -> Iterator[int]:
        fold: Callable[[str], str] = _folded if self.ignores_case else str
        pattern, text = fold(self.pattern), fold(value)
        start = text.find(pattern)
        while start >= 0:
            yield start
            start = text.find(pattern, start + len(pattern)) if self.is_global else -1

    def _expanded(self, value: str, start: int, end: int) -> str:
        parts = {"$$": "$", "$&": value[start:end], "$`": value[:start], "$'": value[end:]}
        return _TEMPLATE.sub(lambda found: parts[found[0]], self.replacement)


def _steps(argument: dict[str, Any]) -> list[_Replacement]:
    """Return the one or two replacements, none if an option has a type that is not its own."""
    flags = (_or(argument, "ignorecase", False), _or(argument, "global", True))
    if not all(isinstance(each, bool) for each in flags):
        return []
    steps = []
    for number in ("", "2"):
        pattern = argument.get(f"pattern{number}")
        replacement = _or(argument, f"replacement{number}", "")
        if pattern and isinstance(pattern, str) and isinstance(replacement, str):
            steps.append(_Replacement(pattern, replacement, *flags))
        elif not number:
            return []
    return steps


def _or(argument: dict[str, Any], name: str, default: Any) -> Any:
    return default if argument.get(name) is None else argument[name]


def _folded(text: str) -> str:
    """Return *text* as JavaScript compares it without regard to case: of the same length."""
    return text.upper() if text.isascii() else "".join(map(_folded_character, text))


def _folded_character(character: str) -> str:
    upper = character.upper()
    # A regular expression without the "u" flag folds code units, and none to ASCII.
    if len(upper) > 1 or character > "\uffff" or (upper.isascii() and not character.isascii()):
        return character
    return upper
