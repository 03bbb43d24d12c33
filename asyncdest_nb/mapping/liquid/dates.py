"""The filters for dates, in UTC or a stated zone, with the strftime of the original."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...errors import MappingError
from ..values import as_text
from .filters import named
from .values import check_size, text_of

_CODE = re.compile(r"%([-_0^#:]+)?(\d+)?([EO])?(.)", re.DOTALL)
_ISO = re.compile(
    r"(\d{4})-(\d\d)(?:-([0-2]\d|3[01]))?"
    r"(?:[T ]([01]\d|2[0-3]|24(?=:00(?::00(?:\.0+)?)?(?:Z|[+-]|\Z))):([0-5]\d)"
    r"(?::([0-5]\d)(?:\.(\d{1,6})\d*)?)?(?:Z|([+-])(\d\d):?(\d\d))?)?",
    re.ASCII,
)
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+(?=[a-z])", re.I)
_WORDS = ("%B %d, %Y", "%B %d %Y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y")
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_NUMBERS = ("%Y/%m/%d", "%m/%d/%Y", "%Y-%m-%d")
_STYLES = [date + time for date in (*_NUMBERS, *_WORDS) for time in _TIMES]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEFAULT = "%A, %B %-e, %Y at %-l:%M %P %z"
_WIDTHS = dict.fromkeys("deHIklmMSUW", 2) | dict.fromkeys("jL", 3)
# English in every locale of this process.
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_MONTH_FORMATS = {
    "date_to_string": "%b",
    "date_to_long_string": "%B",
}


def _hour(date: datetime) -> int:
    return date.hour % 12 or 12


def _ordinal(date: datetime) -> str:
    return "th" if 11 <= date.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10, "th")


def _week(date: datetime, first: int) -> str:
    """Return the week of the year, weeks beginning with Sunday (0) or Monday (1)."""
    weekday = date.isoweekday() % 7
    january = datetime(date.year, 1, 1).isoweekday() % 7
    return str((date.timetuple().tm_yday + first - weekday - (7 - january + first)) // 7 + 1)


# What a conversion gives before it is padded.
_PARTS: dict[str, Callable[[datetime], Any]] = {
    "a": lambda date: _DAYS[date.weekday()][:3],
    "A": lambda date: _DAYS[date.weekday()],
    "b": lambda date: _MONTHS[date.month - 1][:3],
    "B": lambda date: _MONTHS[date.month - 1],
    "c": lambda date: _formatted(date, "%-m/%-d/%Y, %-I:%M:%S %p"),
    "C": lambda date: str(date.year)[:2],
    "d": lambda date: date.day,
    "e": lambda date: date.day,
    "H": lambda date: date.hour,
    "I": _hour,
    "j": lambda date: date.timetuple().tm_yday,
    "k": lambda date: date.hour,
    "l": _hour,
    "L": lambda date: date.microsecond // 1000,
    "m": lambda date: date.month,
    "M": lambda date: date.minute,
    "p": lambda date: "AM" if date.hour < 12 else "PM",
    "P": lambda date: "am" if date.hour < 12 else "pm",
    "q": _ordinal,
    # As in the original, seconds of the clock that is shown.
    "s": lambda date: math.floor((date.replace(tzinfo=UTC) - _EPOCH).total_seconds() + 0.5),
    "S": lambda date: date.second,
    "u": lambda date: date.isoweekday(),
    "U": lambda date: _week(date, 0),
    "w": lambda date: date.isoweekday() % 7,
    "W": lambda date: _week(date, 1),
    "x": lambda date: _formatted(date, "%-m/%-d/%Y"),
    "X": lambda date: _formatted(date, "%-I:%M:%S %p"),
    "y": lambda date: str(date.year)[2:4],
    "Y": lambda date: date.year,
    "Z": lambda date: "UTC" if date.tzinfo is UTC else _zone(date),
    "t": lambda date: "\t",
    "n": lambda date: "\n",
    "%": lambda date: "%",
}


@named("date")
def _date(value: Any, style: Any = None, zone: Any = None, *rest: Any) -> Any:
    date = _read(value)
    if date is None:
        return value
    shown = _in_zone(date, zone)
    return _formatted(shown, _DEFAULT if style is None else text_of(style))


def _in_zone(date: datetime, zone: Any) -> datetime:
    """Return *date* in a zone: by its name, or by minutes behind UTC."""
    if isinstance(zone, int | float):
        return date.astimezone(timezone(timedelta(minutes=-zone)))
    if not isinstance(zone, str):
        return date
    try:
        return date.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MappingError(f"Invalid time zone specified: {zone}") from None


@named("date_to_xmlschema")
def _to_xmlschema(value: Any, *rest: Any) -> Any:
    return _date(value, "%Y-%m-%dT%H:%M:%S%:z")


@named("date_to_rfc822")
def _to_rfc822(value: Any, *rest: Any) -> Any:
    return _date(value, "%a, %d %b %Y %H:%M:%S %z")


def _in_words(month: str) -> Callable[..., Any]:
    def run(value: Any, kind: Any = None, style: Any = None, *rest: Any) -> Any:
        if kind != "ordinal":
            return _date(value, f"%d {month} %Y")
        return _date(value, f"{month} %-d%q, %Y" if style == "US" else f"%-d%q {month} %Y")

    return run


for _name, _month in _MONTH_FORMATS.items():
    named(_name)(_in_words(_month))


def _read(value: Any) -> datetime | None:
    """Return a moment: of Unix seconds or a text; None for anything else."""
    try:
        if isinstance(value, bool) or value is None:
            return None if value is None else _EPOCH + timedelta(milliseconds=int(value))
        if isinstance(value, int | float):
            return _EPOCH + timedelta(seconds=value)
        text = as_text(value)
        if text in ("now", "today"):
            return datetime.now(UTC)
        if text.isdecimal() and text.isascii():
            return _EPOCH + timedelta(seconds=int(text))
        return _parsed(text)
    except (ValueError, OverflowError):
        return None


def _parsed(text: str) -> datetime:
    if found := _ISO.fullmatch(text):
        return _of_iso(*found.groups())
    date = _in_other_words(_WEEKDAY.sub("", text, count=1))
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)


def _of_iso(year: str, month: str, day: str | None, *more: str | None) -> datetime:
    """Return a moment; the 30th of February is in March, and 24:00 on the next day."""
    hour, minute, second, fraction, sign, *offset = more
    ahead = timedelta(hours=int(offset[0] or 0), minutes=int(offset[1] or 0))
    return (
        datetime(int(year), int(month), 1, tzinfo=UTC)
        + timedelta(days=int(day or 1) - 1, hours=int(hour or 0), minutes=int(minute or 0))
        + timedelta(seconds=int(second or 0), microseconds=int((fraction or "0").ljust(6, "0")))
        + (ahead if sign == "-" else -ahead)
    )


def _in_other_words(text: str) -> datetime:
    for style in _STYLES:
        try:
            return datetime.strptime(text, style)
        except ValueError:
            continue
    return parsedate_to_datetime(text)


def _formatted(date: datetime, style: str) -> str:
    return _CODE.sub(lambda code: _converted(date, code), style)


def _zone(date: datetime) -> str:
    return date.tzinfo.key if isinstance(date.tzinfo, ZoneInfo) else _offset(date, "")


def _offset(date: datetime, flags: str) -> str:
    """Return how far the zone is ahead of UTC."""
    ahead = (date.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, minutes = divmod(abs(ahead), 60)
    return f"{'-' if ahead < 0 else '+'}{hours:02}{':' if ':' in flags else ''}{minutes:02}"


def _converted(date: datetime, code: re.Match[str]) -> str:
    flags, width, _, kind = code.groups(default="")
    if kind == "z":
        return _offset(date, flags)
    if kind == "N":
        digits = int(width[:10] or 9)
        check_size(digits)
        return f"{date.microsecond // 1000:03}"[:digits].ljust(digits, "0")
    if kind not in _PARTS:
        return code[0]
    text = str(_PARTS[kind](date))
    if "^" in flags:
        text = text.upper()
    elif "#" in flags:
        text = text.upper() if any("a" <= each <= "z" for each in text) else text.lower()
    blank = kind in "aAbBceklpP" and "0" not in flags
    least = 0 if "-" in flags else int(width[:10] or _WIDTHS.get(kind, 0))
    check_size(least)
    return text.rjust(least, " " if blank or "_" in flags else "0")
