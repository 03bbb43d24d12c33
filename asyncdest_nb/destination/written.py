"""Payloads that are kept as JSON texts, and become values when a function reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .beside import parted
from .models import Payload


@dataclass(slots=True)
class WrittenPayloads:
    """Payloads of *model* as JSON texts, in the order in which they are sent.

    ``kept`` are those, by their place, that cannot be made of their texts again.
    ``is_single``: a function gets the only payload, not a list of it. ``beside`` is what a function
    is given beside each, [] = nothing; None = it is in the texts.
    """

    model: type[Payload]
    texts: Sequence[str]
    kept: Mapping[int, Payload] = field(default_factory=dict)
    is_single: bool = False
    beside: Sequence[Mapping[str, Any]] | None = None
    _values: list[Payload] | None = None  # Once a function has read them.

    def __post_init__(self) -> None:
        if self.beside is None:
            self.texts, self.beside = parted(self.texts)

    def at(self, places: Sequence[int]) -> WrittenPayloads:
        """Return the payloads at *places*, in that order, as values that were not read yet."""
        kept = {new: self.kept[old] for new, old in enumerate(places) if old in self.kept}
        texts = [self.texts[each] for each in places]
        beside = [self.beside[each] for each in places] if self.beside else []
        return WrittenPayloads(self.model, texts, kept, beside=beside)

    def alone(self) -> WrittenPayloads:
        """Return the only payload, for a function that takes one."""
        assert len(self.texts) == 1
        # As ``replace``, which takes four times as long, and there is one for each row.
        alone = WrittenPayloads(self.model, self.texts, self.kept, True, self.beside)
        alone._values = self._values
        return alone

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

    def stated(self, name: str) -> Any:
        """Return what is stated under *name* beside all payloads, None = nothing."""
        return self.beside[0].get(name) if self.beside else None

    def memberships(self) -> Any:
        """Return whether the user of each payload is in an audience, None = that is not said."""
        found = [each.get("audience_membership") for each in self.beside or ()]
        return found[0] if found and self.is_single else found or None


def payload_of(model: type[Payload], text: str) -> Payload:
    """Return the payload that was written as *text*; raises ValidationError if it fits no more."""
    return model.model_validate(json.loads(text))


def text_of(payload: Payload) -> str:
    """Return *payload* as JSON text, in the form that a store has it.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    written = payload.as_json()
    try:
        return _encode(written)
    except ValueError:
        names = ", ".join(key for key, value in written.items() if not _is_json(value))
        why = f"{names}: JSON cannot hold an infinite number, or NaN; use a text field"
        raise ValueError(why) from None


def _is_json(value: Any) -> bool:
    try:
        return bool(_encode(value))
    except ValueError:
        return False


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def texts_of(payload: Any) -> Sequence[str]:
    """Return the texts of what a function was given: a payload, a list of them, or None."""
    if isinstance(payload, Payload):
        return (text_of(payload),)
    return tuple(map(text_of, payload)) if isinstance(payload, list) else ()
