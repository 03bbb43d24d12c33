"""Numbers as text: the same digits everywhere, and whether none of them is lost."""

from __future__ import annotations

import math
from typing import Any

EXACT_INTEGER = 2.0**53  # From here on several integers have the same double.


class Rounded(float):
    """A whole number with more digits than its type can hold, so that some may be lost.

    In a field for numbers it is a number like others; as an id it could be somebody else's.
    """


def is_exact(number: float) -> bool:
    """Whether *number* is not the double of several integers."""
    return not isinstance(number, Rounded) and abs(number) < EXACT_INTEGER


def digits_lost(number: float) -> str:
    """Return why *number* cannot be an id or an integer, and what to do."""
    return f"{number_text(number)}: digits may be lost; read the column as text"


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
