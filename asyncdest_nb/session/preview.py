"""One look at a destination without a run: a single call, or a dry run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from ..engine import CallResult, contexts_in
from ..errors import UsageError
from ..request import Exchange, Response
from ..responses import JSONObject, with_attributes
from ..visible import one_line

_SHOWN = 5  # Payloads, and labels of a reason, in a preview's text.
_REASONS = 20
_WIDTH = 120  # Characters of a payload, and of what fills a field.
_LONGEST = 500  # Characters of a reason with its labels.


class Executed:
    """One call of a destination's function: what was asked, answered and returned.

    ``answer`` is what the function returned, None if it raised ``error``;
    ``exchanges`` are its HTTP requests in order. Secrets are masked in all of them.
    ``call_id`` names the submission, and ``poll`` of what this one returns reads its state.
    """

    def __init__(
        self,
        asked: CallResult,
        *,
        call_id: str,
        mask: Callable[[str], str],
        kept: Callable[[Any], Any],
    ) -> None:
        self._answer = asked.answer
        self.answer = shown(asked.answer, kept)
        self.error = asked.error
        self.exchanges = list(asked.exchanges)
        self.call_id = call_id
        self._mask = mask

    @property
    def contexts(self) -> list[JSONObject]:
        """The contexts that it returned, as they are: ``poll`` may need a secret in them.

        Raises UsageError if it has returned none.
        """
        return contexts_of(self._answer)

    def __repr__(self) -> str:
        lines = [line for each in self.exchanges for line in _exchange_lines(each)]
        if self.error is not None:
            lines.append(one_line(f"raised {type(self.error).__name__}: {self.error}"))
        else:
            lines.append(f"returned {self.answer!r}")
        return self._mask("\n".join(lines))


def shown(answer: Any, kept: Callable[[Any], Any]) -> Any:
    """Return what a function returned as it may be shown: values that JSON has, and models."""
    if isinstance(answer, Response):
        read = {name: kept(getattr(answer, name)) for name in ("text", "url", "location")}
        data, headers = with_attributes(kept(answer.data)), kept(dict(answer.headers))
        content = answer.content if read["text"] == answer.text else read["text"].encode()
        return replace(answer, headers=headers, data=data, content=content, **read)
    if isinstance(answer, BaseModel):
        fields = type(answer).model_fields
        found = {name: shown(getattr(answer, name), kept) for name in fields}
        return answer.model_copy(update=found)
    if isinstance(answer, list):
        return [shown(each, kept) for each in answer]
    return kept(answer)


def contexts_of(answer: Any) -> list[JSONObject]:
    """Return the contexts in an *answer*, or that it is; raises UsageError if it has none."""
    if (contexts := contexts_in(answer)) is not None:
        answer = contexts
    if not isinstance(answer, Sequence) or not all(isinstance(each, Mapping) for each in answer):
        raise UsageError(
            f"a {type(answer).__name__} has no contexts to poll; give what execute_action or "
            "execute_batch returned, or a list of contexts (dicts)"
        )
    return [dict(context) for context in answer]


def _exchange_lines(exchange: Exchange) -> list[str]:
    asked = f"{exchange.method} {exchange.url} {exchange.request_body or ''}".rstrip()
    if exchange.status is None:
        return [one_line(asked), one_line(f"  {exchange.problem or 'not sent'}")]
    return [one_line(asked), one_line(f"  {exchange.status} {exchange.answer}".rstrip())]


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
            f"{_counted(len(self.payloads), 'row', 's')} in "
            f"{_counted(len(self.batches), 'batch', 'es')}, "
            f"{len(self.invalid):,} invalid; nothing has been sent"
        ]
        lines += [_cut(f"  {field} <- {source}") for field, source in self.sources.items()]
        lines += [_cut(f"  invalid: {line}", _LONGEST) for line in self._faults()]
        for position, payload in list(self.payloads.items())[:_SHOWN]:
            lines.append(_cut(f"  row {self.labels[position]}: {payload}"))
        if self.first_request is not None:
            first = self.first_request
            lines.append(_cut(f"  first request: {first.method} {first.url}", _LONGEST))
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


def _counted(count: int, word: str, plural: str) -> str:
    return f"{count:,} {word}{plural * (count != 1)}"


def _cut(line: str, limit: int = _WIDTH) -> str:
    short = line if len(line) <= limit else f"{line[: limit - 1]}…"
    return one_line(short)


def _rows(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:_SHOWN])
    more = len(labels) - _SHOWN
    return f"row{'s' * (len(labels) > 1)} {shown}" + (f" and {more:,} more" if more > 0 else "")
