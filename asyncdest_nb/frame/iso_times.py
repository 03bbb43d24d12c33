"""Times of day and durations as ISO 8601 writes them, with nanoseconds."""

from __future__ import annotations

from datetime import time


def odd_year(year: int) -> str:
    """Return why a time in this *year* cannot be sent."""
    return f"the year {year} has no ISO 8601 form; send years from 1 to 9999, or text"


def duration(nanoseconds: int) -> str:
    """Write an ISO 8601 duration: days, hours, minutes, seconds; a sign in front."""
    seconds, rest = divmod(abs(nanoseconds), 10**9)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    decimals = f".{rest:09}".rstrip("0") if rest else ""
    sign = "-" if nanoseconds < 0 else ""
    return f"{sign}P{hours // 24}DT{hours % 24}H{minutes}M{seconds}{decimals}S"


def calendar_duration(months: int, days: int, nanoseconds: int) -> str:
    """Write an ISO 8601 duration of months and days, whose length in seconds differs.

    Raises ValueError if its parts have different signs, for which ISO 8601 has no form.
    """
    parts = [months, days, nanoseconds]
    if min(parts) < 0 < max(parts):
        raise ValueError(f"{months} months, {days} days and {nanoseconds} ns have different signs")
    years, rest = divmod(abs(months), 12)
    long = f"{years}Y{rest}M" if months else ""
    minutes, short = divmod(abs(nanoseconds), 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    seconds = duration(short).rpartition("M")[2]
    sign = "-" if min(parts) < 0 else ""
    return f"{sign}P{long}{abs(days)}DT{hours}H{minutes}M{seconds}"


def clock(nanoseconds: int) -> str:
    """Write a time of day, in *nanoseconds* since midnight, as Python does one of microseconds.

    Raises OverflowError or ValueError for one that is not of a day.
    """
    micros, rest = divmod(nanoseconds, 1000)
    seconds, micros = divmod(micros, 10**6)
    found = time(seconds // 3600, seconds // 60 % 60, seconds % 60, micros)
    return f"{found.isoformat('microseconds')}{rest:03}" if rest else found.isoformat()
