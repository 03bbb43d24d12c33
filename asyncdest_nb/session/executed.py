"""What a single call of a destination's function has shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from ..engine import CallResult, contexts_in
from ..errors import UsageError
from ..request import Exchange, Response
from ..responses import JSONObject, with_attributes
from ..visible import one_line


class Executed:
    """One call of a destination's function: its requests, their answers and what it returned.

    ``answer`` is what the function returned, None if it raised ``error``;
    ``exchanges`` are its HTTP requests in order. Secrets are masked in all of them.
    ``call_id`` names the submission, and ``poll`` of what this one returns reads its state.
    """

    def __init__(
        self,
        called: CallResult,
        *,
        call_id: str,
        mask: Callable[[str], str],
        storable: Callable[[Any], Any],
    ) -> None:
        self._answer = called.answer
        self.answer = shown(called.answer, storable)
        self.error = called.error
        self.exchanges = list(called.exchanges)
        for each in self.exchanges:
            each.texts()  # Masked now: what a user holds has no secrets in it.
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


def shown(answer: Any, storable: Callable[[Any], Any]) -> Any:
    """Return what a function returned as it may be shown: JSON values and models, masked."""
    if isinstance(answer, Response):
        read = {name: storable(getattr(answer, name)) for name in ("text", "url", "location")}
        data, headers = with_attributes(storable(answer.data)), storable(dict(answer.headers))
        content = answer.content if read["text"] == answer.text else read["text"].encode()
        return replace(answer, headers=headers, data=data, content=content, **read)
    if isinstance(answer, BaseModel):
        fields = type(answer).model_fields
        found = {name: shown(getattr(answer, name), storable) for name in fields}
        return answer.model_copy(update=found)
    if isinstance(answer, list):
        return [shown(each, storable) for each in answer]
    return storable(answer)
