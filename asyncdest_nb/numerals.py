"""Numbers as text: the same digits everywhere, and whether none of them is lost."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

EXACT_INTEGER = 2.0**53  # From here on several integers have the same double.


# It has the byte order mark, but not U+001C to U+001F and U+0085, which Python strips.
BLANKS = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BASES = {"0x": 16, "0o": 8, "0b": 2}


class Rounded(float):
    """A whole number with more digits than its type can hold, so that some may be lost.

    In a field for numbers it is a number like others; as an id it could be somebody else's.
    """


def is_exact(number: float) -> bool:
    """Whether *number* is not the double of several integers."""
    return not isinstance(number, Rounded) and abs(number) < EXACT_INTEGER


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return how many there are: "1 row", "2,000 rows"; *plural* if an "s" does not make it."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def digits_lost(number: float) -> str:
    """Return why *number* cannot be an id or an integer, and what to do."""
    return f"{number_text(number)}: digits may be lost; read the column as text"


def has_too_many_digits(number: int | str) -> bool:
    """Whether a double would be another number; digits after the point may be dropped.

    False for a text that is no number.
    """
    try:
        found = float(number)
    except OverflowError:
        return True
    except ValueError:
        return False
    if math.isnan(found) or abs(found) < EXACT_INTEGER or not Decimal(number).is_finite():
        return False
    return math.isinf(found) or Decimal(number) not in (Decimal(found), Decimal(repr(found)))


def too_many_digits(number: int | str) -> str:
    """Return why *number* is not sent as a number, and what to do."""
    return f"{str(number)[:40]}: it has more digits than a number can hold; use a text field"


def exact_text(value: Any) -> Any:
    """Return a float as text, anything else unchanged; raises ValueError if digits are lost."""
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    if not is_exact(value):
        raise ValueError(digits_lost(value))
    return number_text(value)


def number_text(number: float) -> str:
    """Return a double in ECMAScript's shortest form: 1, 0.1, 1e+21, 1e-7.

    Python has the same digits, but uses the exponent from another size on.
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    # The repr() of a numpy float would be "np.float64(0.1)".
    mantissa, _, exponent = float.__repr__(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return sign + _placed(digits.rstrip("0"), point)


def number_in(text: str) -> float:
    """Return the number in *text* as ``Number()`` of JavaScript reads it, NaN if there is none."""
    stripped = text.strip(BLANKS)
    if not stripped:
        return 0.0
    if stripped in ("Infinity", "+Infinity", "-Infinity"):
        return -math.inf if stripped[0] == "-" else math.inf
    if base := _BASES.get(stripped[:2].lower()):
        return _in_base(stripped[2:], base)
    return float(stripped) if _NUMBER.fullmatch(stripped) else math.nan


def _in_base(digits: str, base: int) -> float:
    try:
        return float(int(digits, base)) if digits.isalnum() else math.nan
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf


def _placed(digits: str, point: int) -> str:
    """Return the text of 0.*digits* times ten to the power of *point*."""
    count = len(digits)
    if count <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
