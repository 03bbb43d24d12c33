"""What a submit would take: rows, bytes and tokens, and the cost by prices of the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DestinationError, UsageError, check_number
from ..numerals import counted

MILLION = 1_000_000


@dataclass(frozen=True)
class Estimate:
    """What a submit would take; nothing has been sent.

    ``how`` says how the tokens of the input were counted, or that they are a guess.
    ``output_tokens`` is the most that may come back, None = there is no limit. ``input_cost``
    and ``output_cost`` are by the prices that were given; None = there was none, or no number
    of tokens.
    """

    rows: int
    requests: int
    bytes: int
    input_tokens: int
    output_tokens: int | None
    how: str
    input_cost: float | None = None
    output_cost: float | None = None

    def __repr__(self) -> str:
        jobs = counted(self.requests, "request")
        output = "no limit" if self.output_tokens is None else f"at most {self.output_tokens:,}"
        lines = [
            f"{counted(self.rows, 'row')} in {jobs}, {counted(self.bytes, 'byte')}; "
            "nothing has been sent",
            f"  input tokens: about {self.input_tokens:,} ({self.how})",
            f"  output tokens: {output}",
        ]
        if self.input_cost is not None:
            lines.append(f"  input: about {_price(self.input_cost)} by the price given")
        if self.output_cost is not None:
            lines.append(f"  output: at most {_price(self.output_cost)} by the price given")
        return "\n".join(lines)


# Returns the tokens of the rows of a preview: input_tokens, output_tokens, how.
CountTokens = Callable[[], Mapping[str, Any]]


def estimate(
    count: CountTokens | None,
    *,
    rows: int,
    requests: int,
    size: int,
    input_price: float | None,
    output_price: float | None,
) -> Estimate:
    """Return what rows would take; see Preview.estimate."""
    for name, price in (("input_price", input_price), ("output_price", output_price)):
        check_number(name, price, zero=True, unit="per million tokens")
    if count is None:
        raise UsageError("this action has no tokens to be counted: it sends rows to no model")
    tokens = count()
    try:
        found, most, how = int(tokens["input_tokens"]), tokens["output_tokens"], tokens["how"]
    except (TypeError, KeyError, ValueError):
        raise DestinationError(f"the tokens were counted as {tokens!r}") from None
    return Estimate(
        rows=rows,
        requests=requests,
        bytes=size,
        input_tokens=found,
        output_tokens=most,
        how=str(how),
        input_cost=_cost(found, input_price),
        output_cost=_cost(most, output_price),
    )


def _cost(tokens: int | None, price: float | None) -> float | None:
    return None if tokens is None or price is None else tokens * price / MILLION


def _price(cost: float) -> str:
    return f"{cost:,.2f}" if cost >= 1 else f"{float(f'{cost:.2g}'):.8f}".rstrip("0.") or "0"
