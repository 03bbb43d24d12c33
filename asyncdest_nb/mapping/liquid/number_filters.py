"""The filters for numbers, which are doubles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .filters import FILTERS, named
from .values import is_true, number_of


def _of_numbers(name: str, compute: Callable[..., float], default: float = math.nan) -> None:
    def run(value: Any, *rest: Any) -> float:
        return compute(number_of(value), number_of(rest[0]) if rest else default)

    FILTERS[name] = run


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def _modulo(left: float, right: float) -> float:
    if not right or not math.isfinite(left):
        return math.nan
    return float(math.fmod(math.fmod(left, right) + right, right))


def _rounded(value: float, digits: float) -> float:
    scale = 10.0**digits if abs(digits) < 300 else math.inf if digits > 0 else 0.0
    if not 0 < scale < math.inf:
        return math.nan
    scaled = value * scale * (1 + 2.0**-52)
    return math.floor(scaled + 0.5) / scale if math.isfinite(scaled) else scaled / scale


def _whole(rounding: Callable[[float], int]) -> Callable[..., float]:
    return lambda value, _: float(rounding(value)) if math.isfinite(value) else value


_of_numbers("abs", lambda value, _: abs(value))
_of_numbers("ceil", _whole(math.ceil))
_of_numbers("floor", _whole(math.floor))
_of_numbers("plus", lambda left, right: left + right)
_of_numbers("minus", lambda left, right: left - right)
_of_numbers("times", lambda left, right: left * right)
_of_numbers("modulo", _modulo)
_of_numbers("round", _rounded, 0.0)


@named("at_least")
def _at_least(value: Any, *rest: Any) -> float:
    return max(map(number_of, [value, *rest]))


@named("at_most")
def _at_most(value: Any, *rest: Any) -> float:
    return min(map(number_of, [value, *rest]))


@named("divided_by")
def _divided_by(value: Any, *rest: Any) -> float:
    found = _divided(number_of(value), number_of(rest[0]) if rest else math.nan)
    is_whole = len(rest) > 1 and is_true(rest[1]) and rest[1] not in (0, "")
    return float(math.floor(found)) if is_whole and math.isfinite(found) else found
