"""Whether an event says that somebody is in an audience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By sync mode: the names of events for rows that are in the audience.
_IN = {
    "add": {"new"},
    "update": {"updated"},
    "upsert": {"new", "updated"},
    "mirror": {"new", "updated"},
}
_OUT = {"delete": {"deleted"}, "mirror": {"deleted"}}
_LEGACY = "actions-legacy-journeys-audience-membership"


def audience_membership(
    event: Any, *, sync_mode: str | None = None, features: Mapping[str, bool] | None = None
) -> bool | None:
    """Return whether the user of *event* is in its audience, None if the event does not say.

    First an event of Segment's Engage is asked (``properties`` or ``traits`` have a boolean under
    the key of the audience), then one of its reverse ETL (the *sync_mode* and the name of the
    event decide). *features* are Segment's flags.
    """
    if not isinstance(event, Mapping):
        return None
    personas = _inside(_inside(event, "context"), "personas")
    found = _by_engage(event, personas)
    if found is None:
        found = _by_sync_mode(event, sync_mode)
    is_legacy = bool((features or {}).get(_LEGACY))
    if found is None and is_legacy and personas.get("computation_class") == "journey_step":
        return True
    return found


def _inside(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _by_engage(event: Mapping[str, Any], personas: Mapping[str, Any]) -> bool | None:
    if personas.get("computation_class") not in ("audience", "journey_step"):
        return None
    place = {"identify": "traits", "track": "properties"}.get(_text(event, "type"))
    key = _text(personas, "computation_key")
    found = _inside(event, place).get(key) if place and key else None
    return found if isinstance(found, bool) else None


def _by_sync_mode(event: Mapping[str, Any], sync_mode: str | None) -> bool | None:
    if sync_mode is None or event.get("type") != "track":
        return None
    for answer, names in ((True, _IN), (False, _OUT)):
        if _text(event, "event") in names.get(sync_mode, ()):
            return answer
    return None
