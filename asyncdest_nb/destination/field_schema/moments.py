"""Which texts are dates to Segment's framework: it asks dayjs, and dayjs asks Chrome's engine.

Only whether a text is one is decided here; the text is sent as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...numerals import number_text

_LAST_SECOND = 8.64e12  # The range of JavaScript's Date, in seconds from 1970.
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?", re.ASCII)
# A day and a time in dayjs's own reading: separators may be left out, and 2024-99-99 is a day.
_DAYJS = re.compile(
    r"\d{4}[-/]?(\d{1,2})?[-/]?(\d{0,2})[Tt\s]*(\d{1,2})?:?(\d{1,2})?:?(\d{1,2})?[.:]?(\d+)?",
    re.ASCII,
)
# What most dates look like; each of them is one by the rules below too.
_COMMON = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?)?",
    re.ASCII,
)
_ISO = re.compile(
    r"(?P<year>\d{4}|[+-]\d{6})(-(?P<month>0[1-9]|1[0-2])(-(?P<day>0[1-9]|[12]\d|3[01]))?)?"
    r"(T([01]\d|2[0-3]|24(?=:00(:00(\.0+)?)?(Z|[+-]|$))):[0-5]\d(:[0-5]\d(\.\d+)?)?"
    r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?)?",
    re.ASCII | re.IGNORECASE,
)


def is_date_like(text: str) -> bool:
    """Whether *text* is a date: seconds since 1970, a day with or without a time, or prose.

    As in the original, 13 digits are seconds too, and so too large.
    """
    if _COMMON.fullmatch(text):
        return True
    if _NUMBER.fullmatch(text) and number_text(float(text)) == text:
        return abs(float(text)) <= _LAST_SECOND
    if not text.endswith(("z", "Z")) and _DAYJS.fullmatch(text):
        return True
    found = _ISO.fullmatch(text)
    if found:
        year, month, day = (int(each or 1) for each in found.group("year", "month", "day"))
        return _is_in_range(year, month, day)
    return _Prose().reads(text)


def _is_in_range(year: int, month: int, day: int) -> bool:
    """Whether JavaScript's Date has the day, which ends in September of the year 275760."""
    return (-271821, 4, 20) <= (year, month, day) <= (275760, 9, 13)


# What may be ISO 8601 at the start of prose; more of it is not looked back at.
_START = re.compile(
    r"(?P<year>\d{4}(?!\d)|[+-]\d{6}(?!\d))"
    r"(-((?P<month>0[1-9]|1[0-2])(?!\d)(-((?P<day>0[1-9]|[12]\d|3[01])(?!\d))?)?)?)?",
    re.ASCII,
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ZONES = frozenset("ut utc z gmt est edt cst cdt mst mdt pst pdt".split())
# To V8 each character from A on is one of a word, also a brace.
_TOKEN = re.compile(r"(?P<number>[0-9]+)|(?P<blank>\s+)|(?P<word>[^\x00-@\s]+)|.", re.S)


@dataclass
class _Prose:
    """The rules of V8 for dates that are no ISO 8601, such as "Sat, 01 Jun 2024 10:00 GMT"."""

    days: list[int] = field(default_factory=list)
    clock: list[int] = field(default_factory=list)
    month: int = 0  # By its name, 0 = none.
    has_half: bool = False  # AM or PM.
    has_number: bool = False
    is_utc: bool = False
    waits_for_minute: bool = False  # Of an offset such as +05:30.

    def reads(self, text: str) -> bool:
        start = _START.match(text)
        if start:
            self.days = [int(each) for each in start.group("year", "month", "day") if each]
            self.has_number = True
        rest = text[start.end() if start else 0 :]
        tokens = [(each.lastgroup or "symbol", each[0]) for each in _TOKEN.finditer(rest)]
        self._tokens = list(_outside_parentheses(tokens))
        self._at = 0
        while self._at < len(self._tokens):
            kind, value = self._tokens[self._at]
            self._at += 1
            if not self._take(kind, value):
                return False
        return self._is_day() and self._is_clock()

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _skip(self, symbol: str) -> bool:
        found = self._peek() == ("symbol", symbol)
        self._at += found
        return found

    def _take(self, kind: str, value: str) -> bool:
        if kind == "number":
            self.has_number = True
            return self._number(int(value.lstrip("0")[:9] or 0))
        if kind == "word":
            return self._word(value.lower())
        if value in ("+", "-") and (self.is_utc or self.clock):
            return self._offset()
        return not (value in ("+", "-", ")") and self.has_number)

    def _number(self, number: int) -> bool:
        if self._skip(":"):
            return self._hour(number)
        if self._peek() == ("symbol", ".") and self._expects(number):
            return self._fraction(number)
        self._skip(".")
        if self.waits_for_minute and number < 60:
            self.waits_for_minute = False
            return True
        if self._expects(number):
            self.clock = [*self.clock, number, 0, 0, 0][:4]
            kind, value = self._peek()
            return kind in ("end", "blank") or value in ("z", "Z", "+", "-")
        self.days.append(number)
        self._skip("-")
        return len(self.days) <= 3

    def _expects(self, number: int) -> bool:
        """Whether *number* can go on the time of day that was begun."""
        return number < {1: 60, 2: 60, 3: 1000}.get(len(self.clock), 0)

    def _hour(self, number: int) -> bool:
        if self._skip(":"):
            if self.clock:
                return False
            self.clock = [number, 0]
            return True
        self.clock.append(number)
        self._skip(".")
        return len(self.clock) <= 4

    def _fraction(self, number: int) -> bool:
        self._at += 1
        self.clock.append(number)
        kind, value = self._peek()
        if kind != "number":
            return False
        self._at += 1
        hour, minute, second = [*self.clock, 0, 0][:3]
        self.clock = [hour, minute, second, int(value[:3])]
        return True

    def _word(self, word: str) -> bool:
        if word in ("am", "pm") and self.clock:
            self.has_half = True
        elif word[:3] in _MONTHS:
            self.month = _MONTHS.index(word[:3]) + 1
            self._skip("-")
        elif word in _ZONES and self.has_number:
            self.is_utc = True
        else:
            return not self.has_number and self._peek()[0] != "number"
        return True

    def _offset(self) -> bool:
        self.has_number = True
        digits = ""
        if self._peek()[0] == "number":
            digits = self._peek()[1]
            self._at += 1
        if self._peek() == ("symbol", ":"):
            self._at += 1
            self.waits_for_minute = True
            return True
        return 1 <= len(digits) <= 4

    def _is_day(self) -> bool:
        if not self.days:
            return False
        first, second, third = [*self.days, 1, 1][:3]
        if self.month:
            year, day = (second, first) if _is_day(first) else (first, second)
            return _is_day(day) and _is_in_range(year, self.month, day)
        year, month, day = (third, first, second) if _is_day(first) else (first, second, third)
        return 1 <= month <= 12 and _is_day(day) and _is_in_range(year, month, day)

    def _is_clock(self) -> bool:
        hour, minute, second, fraction = [*self.clock, 0, 0, 0, 0][:4]
        if self.has_half and hour > 12:
            return False
        if hour == 24:
            return minute == second == fraction == 0
        return hour < 24 and minute < 60 and second < 60 and fraction < 1000


def _is_day(number: int) -> bool:
    return 1 <= number <= 31


def _outside_parentheses(tokens: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Return *tokens* with a comment in parentheses as one symbol; it may lack its end."""
    depth = 0
    for kind, value in tokens:
        if value == "(":
            depth += 1
        elif value == ")" and depth:
            depth -= 1
            if depth:
                continue
            yield "symbol", "()"
        elif not depth:
            yield kind, value
