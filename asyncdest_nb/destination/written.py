"""Payloads that are kept as JSON texts, and become values when a function reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .models import Payload


@dataclass(slots=True)
class WrittenPayloads:
    """Payloads of *model* as JSON texts, in the order in which they are sent.

    ``kept`` are those, by their place, that cannot be made of their texts again.
    ``is_single``: a function gets the only payload, not a list of it.
    """

    model: type[Payload]
    texts: Sequence[str]
    kept: Mapping[int, Payload] = field(default_factory=dict)
    is_single: bool = False
    _values: list[Payload] | None = None  # Once a function has read them.

    def at(self, places: Sequence[int]) -> WrittenPayloads:
        """Return the payloads at *places*, in that order, as values that were not read yet."""
        kept = {new: self.kept[old] for new, old in enumerate(places) if old in self.kept}
        return WrittenPayloads(self.model, [self.texts[each] for each in places], kept)

    def alone(self) -> WrittenPayloads:
        """Return the only payload, for a function that takes one."""
        assert len(self.texts) == 1
        return replace(self, is_single=True)

    def fresh(self) -> WrittenPayloads:
        """Return the same without the values that were read."""
        return replace(self, _values=None)

    def values(self) -> Any:
        """Return the payloads as values: one, or a list of them."""
        if self._values is None:
            self._values = [
                self.kept[place] if place in self.kept else payload_of(self.model, text)
                for place, text in enumerate(self.texts)
            ]
        return self._values[0] if self.is_single else list(self._values)


def payload_of(model: type[Payload], text: str) -> Payload:
    """Return the payload that was written as *text*; raises ValidationError if it fits no more."""
    return model.model_validate(json.loads(text))


def text_of(payload: Payload) -> str:
    """Return *payload* as JSON text, in the form that a store has it.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    return _encode(payload.as_json())


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def texts_of(payload: Any) -> Sequence[str]:
    """Return the texts of what a function was given: a payload, a list of them, or None."""
    if isinstance(payload, Payload):
        return (text_of(payload),)
    return tuple(map(text_of, payload)) if isinstance(payload, list) else ()
