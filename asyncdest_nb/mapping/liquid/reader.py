"""Reads the expressions of a template as the original does, with its words for mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...errors import MappingError
from .. import json_text
from ..values import code_units
from .expressions import (
    Applied,
    Constant,
    Cycle,
    Filtered,
    KeyPath,
    Named,
    Span,
    Value,
    in_postfix,
)
from .operators import Word
from .values import whole_text

_WIDE_BLANKS = "\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
BLANK = f"[\t\n\v\f\r {_WIDE_BLANKS}]"
WORD = rf"[A-Za-z0-9_?\-]|[^\x00-\x7f{_WIDE_BLANKS}\u201c\u201d]"
QUOTED = r"\"(?:\\.|[^\"\\])*(?:\"|\\?\Z)|'(?:\\.|[^'\\])*(?:'|\\?\Z)"
_BLANKS = re.compile(f"{BLANK}*")
_NAME = re.compile(f"(?:{WORD})+")
_QUOTED = re.compile(QUOTED, re.S)
_OPERATOR = re.compile(rf"==|!=|>=|<=|>|<|(?:contains|not|and|or)(?!{WORD})")
_LITERAL = re.compile(rf"(?:true|false|nil|null|empty|blank)(?!{WORD})")
_NUMBER = re.compile(rf"(?>[+-]?[0-9]+(?:\.(?!\.)[0-9]*)?)(?!{WORD}|\.(?!\.))")
_LITERALS = {
    "true": True,
    "false": False,
    "nil": Word.NIL,
    "null": Word.NIL,
    "empty": Word.EMPTY,
    "blank": Word.BLANK,
}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))")
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Mistake(MappingError):
    """What is wrong with a template; *at* is the index where reading it ended."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Reader:
    """Reads what is in ``source[at:end]``; ``at`` is how far it is."""

    def __init__(self, source: str, at: int, end: int) -> None:
        self._source, self.at, self._end = source, at, end

    @property
    def is_over(self) -> bool:
        return self.at >= self._end

    @property
    def rest(self) -> str:
        """What is not read yet."""
        return self._source[self.at : self._end]

    def skip(self) -> None:
        """Pass over blanks."""
        self._take(_BLANKS)

    def mistake(self, message: str, at: int | None = None) -> Mistake:
        return Mistake(message, self.at if at is None else at)

    def name(self) -> str:
        """Return the next name, "" if there is none."""
        self.skip()
        return self._take(_NAME) or ""

    def symbol(self, wanted: str) -> bool:
        """Whether the next character is *wanted*, which is passed over then."""
        self.skip()
        is_next = self._peek() == wanted
        self.at += is_next
        return is_next

    def quoted(self) -> str | None:
        """Return the next text in quotes, without its escapes."""
        self.skip()
        found = self._take(_QUOTED)
        return None if found is None else _ESCAPE.sub(_unescaped, found[1:-1])

    def filtered(self, begin: int) -> Filtered:
        """Return an expression with filters; *begin* is where its part begins."""
        terms = list(self._terms())
        if not terms:
            raise self.mistake(f"invalid value expression: {self._snapshot()}")
        filters = list(self._filters())
        return Filtered(in_postfix(terms), filters, begin)

    def cycle(self) -> Cycle | None:
        """Return a cycle, None = it has no values."""
        first, group = self._value(), None
        if first and self.symbol(":"):
            first, group = None, first
        values = [first] if first else []
        while not self.is_over:
            if found := self._value():
                values.append(found)
            self._pass_over(",")
        return Cycle(group, values) if values else None

    def _terms(self) -> Iterator[Value | str]:
        while not self.is_over:
            self.skip()
            term: Value | str | None = self._take(_OPERATOR) or self._value()
            if term is None:
                return
            yield term

    def _filters(self) -> Iterator[Applied]:
        while True:
            self.skip()
            if self.is_over:
                return
            self._expect("|", 'expected "|" before filter')
            name = self.name()
            if not name:
                if not self.is_over:
                    raise self.mistake("expected filter name")
                return
            yield Applied(name, list(self._arguments()))

    def _arguments(self) -> Iterator[Value]:
        self.skip()
        if self.is_over or self._peek() == "|":
            return
        if self._peek() != ":":
            raise self.mistake('expected ":" after filter name')
        while self._peek() in (":", ","):
            self.at += 1
            if found := self._argument():
                yield found
            self.skip()
            if not self.is_over and self._peek() not in (",", "|"):
                raise self.mistake(f"unexpected character {self._snapshot()}")

    def _argument(self) -> Value | None:
        self.skip()
        begin = self.at
        found = self._value()
        text = self._source[begin : self.at]
        if found is None or not self.symbol(":"):
            return found
        return Named(text, self._value() or Constant(None))

    def _value(self) -> Value | None:
        self.skip()
        constant = self._constant()
        keys = list(self._keys(is_first=constant is None))
        return KeyPath(constant, keys) if keys else constant

    def _constant(self) -> Value | None:
        if word := self._take(_LITERAL):
            return Constant(_LITERALS[word])
        if (text := self.quoted()) is not None:
            return Constant(text)
        if self._peek() == "(":
            return self._span()
        number = self._take(_NUMBER)
        return None if number is None else Constant(_number(number))

    def _span(self) -> Span:
        self.at += 1
        low = self._needed()
        self.skip()
        for _ in "..":
            self._expect(".", "invalid range syntax")
        high = self._needed()
        self.skip()
        self._expect(")", "invalid range syntax")
        return Span(low, high)

    def _needed(self) -> Value:
        found = self._value()
        if found is None:
            raise self.mistake(f"unexpected token {self._snapshot()}, value expected")
        return found

    def _keys(self, *, is_first: bool) -> Iterator[Value]:
        while True:
            if self._peek() == "[":
                self.at += 1
                found = self._value() or Constant("")
                if not self._pass_over("]"):
                    raise self.mistake("[ not closed")
                yield found
            elif is_first and (name := self.name()):
                yield Constant(name)
            elif self._peek() == "." and self._peek(1) != ".":
                self.at += 1
                name = self.name()
                if not name:
                    return
                yield Constant(name)
            else:
                return
            is_first = False

    def _pass_over(self, symbol: str) -> bool:
        """Go on after the next *symbol*, or to the end if there is none."""
        found = self._source.find(symbol, self.at, self._end)
        self.at = self._end if found < 0 else found + 1
        return found >= 0

    def _expect(self, symbol: str, message: str) -> None:
        is_next = self._peek() == symbol
        self.at += 1
        if not is_next:
            raise self.mistake(message)

    def _peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self._source[at] if at < self._end else ""

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._source, self.at, self._end)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def _snapshot(self) -> str:
        return shown(self.rest)


def shown(text: str) -> str:
    """Return the begin of *text* as messages quote it."""
    units = code_units(text)
    is_short = len(units) <= 32
    return str(json_text.encoded(text if is_short else f"{whole_text(units[:29])}..."))


def _number(text: str) -> Any:
    return float(text) if "." in text or len(text) > 15 else int(text)


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    if found[2]:
        return chr(int(found[2], 8))
    return _CONTROLS.get(found[3], found[3])
