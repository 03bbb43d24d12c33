"""One look at a destination without a run: a single call, or a dry run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..engine import Asked
from ..request import Exchange
from ..responses import JSONObject

_SHOWN = 5  # Payloads, and labels of a reason, in a preview's text.
_REASONS = 20
_WIDTH = 120  # Characters of a payload.


class Executed:
    """One call of a destination's function: what was asked, answered and returned.

    ``answer`` is what the function returned, None if it raised ``error``;
    ``exchanges`` are its HTTP requests in order, with secrets masked.
    """

    def __init__(self, asked: Asked, *, mask: Callable[[str], str]) -> None:
        self.answer = asked.answer
        self.error = asked.error
        self.exchanges = list(asked.exchanges)
        self._mask = mask

    def __repr__(self) -> str:
        lines = [line for each in self.exchanges for line in _exchange_lines(each)]
        if self.error is not None:
            lines.append(f"raised {type(self.error).__name__}: {self.error}")
        else:
            lines.append(f"returned {self.answer!r}")
        return self._mask("\n".join(lines))


def _exchange_lines(exchange: Exchange) -> list[str]:
    asked = f"{exchange.method} {exchange.url} {exchange.request_body or ''}".rstrip()
    if exchange.status is None:
        return [asked, f"  {exchange.problem or 'not sent'}"]
    return [asked, f"  {exchange.status} {exchange.answer}".rstrip()]


@dataclass(frozen=True)
class Preview:
    """What a submit would send; nothing has been sent.

    ``payloads`` and ``invalid`` (the reasons) are by position in the frame,
    ``batches`` the number of rows in each, ``sources`` what fills each field,
    ``first_request`` the first request as it would leave, None = no valid row.
    """

    payloads: dict[int, JSONObject]
    invalid: dict[int, str]
    batches: list[int]
    sources: dict[str, str]
    labels: Sequence[str]
    first_request: Exchange | None

    def __repr__(self) -> str:
        lines = [
            f"{len(self.payloads):,} rows in {_counted(len(self.batches), 'batch')}, "
            f"{len(self.invalid):,} invalid; nothing has been sent"
        ]
        lines += [f"  {field} <- {source}" for field, source in self.sources.items()]
        lines += [f"  invalid: {line}" for line in self._faults()]
        for position, payload in list(self.payloads.items())[:_SHOWN]:
            lines.append(_cut(f"  row {self.labels[position]}: {payload}"))
        if self.first_request is not None:
            lines.append(f"  first request: {self.first_request.method} {self.first_request.url}")
        return "\n".join(lines)

    def _faults(self) -> list[str]:
        """Return a line for each reason, with the labels of its rows."""
        by_reason: dict[str, list[str]] = {}
        for position, reason in self.invalid.items():
            by_reason.setdefault(reason, []).append(self.labels[position])
        often_first = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
        lines = [f"{_rows(labels)}: {reason}" for reason, labels in often_first[:_REASONS]]
        more = len(by_reason) - _REASONS
        return [*lines, f"and {more:,} reasons more, in .invalid"] if more > 0 else lines


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("es" if count != 1 else "")


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _rows(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:_SHOWN])
    more = len(labels) - _SHOWN
    return f"row{'s' * (len(labels) > 1)} {shown}" + (f" and {more:,} more" if more > 0 else "")
