"""Presets: subscriptions with mappings that come with a destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UnknownName, UsageError
from ..stored import StoredMapping, StoredSubscription

_NAMES = ("action", "mapping", "subscribe")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A mapping for an action, and which rows it is for: ``crm.submit(df, **preset)``.

    Both are read as Segment reads them; ``subscribe`` None = all rows. In Segment a preset
    without it is for events of the kind ``event_slug``.
    """

    name: str
    action: str
    mapping: StoredMapping = field(default_factory=StoredMapping)
    subscribe: StoredSubscription | None = None
    event_slug: str | None = None

    def keys(self) -> Iterable[str]:
        """Return the arguments that it gives to ``submit`` and ``preview``."""
        return _NAMES

    def __getitem__(self, name: str) -> Any:
        if name not in _NAMES:
            raise KeyError(name)
        return getattr(self, name)


def presets_of(given: Any, owner: str, actions: Iterable[str]) -> dict[str, Preset]:
    """Return the presets of *owner* by name, from those *given*: a dict, or a list as in Segment.

    Raises UsageError or UnknownName if one cannot be used.
    """
    found = given.values() if isinstance(given, Mapping) else given
    presets = [_preset(each, f"{owner}: preset {at}") for at, each in enumerate(found)]
    for each in presets:
        if each.action not in actions:
            raise UnknownName.of("action", each.action, actions, owner=f"preset {each.name!r}")
    return {each.name: each for each in presets}


def _preset(given: Any, what: str) -> Preset:
    if isinstance(given, Preset):
        return given
    if not isinstance(given, Mapping) or not isinstance(given.get("partnerAction"), str):
        raise UsageError(f"{what} is {given!r}; write a dict with name, partnerAction and mapping")
    text, mapping = given.get("subscribe"), given.get("mapping")
    return Preset(
        name=str(given.get("name") or given["partnerAction"]),
        action=given["partnerAction"],
        mapping=StoredMapping(mapping if isinstance(mapping, Mapping) else {}),
        subscribe=StoredSubscription(text) if isinstance(text, str) else None,
        event_slug=given.get("eventSlug"),
    )
