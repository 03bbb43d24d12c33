"""Profiles: which are refused at once, and how one is created or updated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..exchange import JSONObject
from ..jobs import StoredRecords
from .replies import invalid

PROFILES = "/data/attributes/profiles/data"
MAX_PROFILES = 10_000
MAX_PROFILE_BYTES = 100_000

IDENTIFIERS = ("email", "phone_number", "external_id")
_TEXTS = (*IDENTIFIERS, "anonymous_id", "_kx", "first_name", "last_name", "organization",
          "locale", "title", "image")  # fmt: skip
_OBJECTS = ("location", "properties")
_PHONE_EXAMPLE = "Invalid phone number format (Example of a valid format: +12345678901)"
_CHECKS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+"), "Invalid email address"),
    "phone_number": (re.compile(r"\+[1-9]\d{7,14}"), _PHONE_EXAMPLE),
}


def profile_errors(index: int, profile: Any) -> Iterator[JSONObject]:
    """Yield what is wrong with the profile at *index*, for which the whole request is refused."""
    pointer = f"{PROFILES}/{index}"
    attributes = profile.get("attributes") if isinstance(profile, dict) else None
    if not isinstance(attributes, dict) or profile.get("type") != "profile":
        yield invalid("A profile has the type 'profile' and attributes", pointer)
        return
    if len(json.dumps(profile, ensure_ascii=False).encode()) > MAX_PROFILE_BYTES:
        yield invalid("Profile payload exceeds the maximum size of 100KB", pointer)
    if not any(attributes.get(name) for name in IDENTIFIERS):
        detail = "One of `email`, `phone_number` or `external_id` is required"
        yield invalid(detail, f"{pointer}/attributes")
    for name, value in attributes.items():
        if detail := _value_error(name, value):
            yield invalid(detail, f"{pointer}/attributes/{name}")


def _value_error(name: str, value: Any) -> str:
    """Return what is wrong with an attribute; "" = nothing."""
    if name not in _TEXTS + _OBJECTS:
        return f"'{name}' is not a valid field for the resource 'profile'."
    kind, word = (dict, "an object") if name in _OBJECTS else (str, "a string")
    if value is None:
        return ""
    if not isinstance(value, kind):
        return f"'{name}' must be {word}"
    pattern, detail = _CHECKS.get(name, (None, ""))
    return detail if pattern and not pattern.fullmatch(str(value)) else ""


class Profiles:
    """The profiles, which are found by any of their identifiers."""

    def __init__(self, stored: StoredRecords) -> None:
        self._stored = stored
        self._keys: dict[tuple[str, str], str] = {}

    def upsert(self, profile: JSONObject, lists: list[str]) -> str | None:
        """Create or update a profile, and return its id; None if its identifiers name several.

        A null changes nothing: this API cannot clear a field.
        """
        given = {k: v for k, v in profile["attributes"].items() if v is not None}
        names = [(name, _folded(name, given[name])) for name in IDENTIFIERS if given.get(name)]
        found = {self._keys[each] for each in names if each in self._keys}
        if len(found) > 1:
            return None
        key = found.pop() if found else " ".join(names[0])
        known = self._stored.find("profile", key) or {}
        fields = {**given, "properties": _properties(profile, known)}
        fields["lists"] = list(dict.fromkeys([*known.get("lists", []), *lists]))
        record, _ = self._stored.upsert("profile", key, fields)
        self._keys.update(dict.fromkeys(names, key))
        return str(record["Id"])


def _folded(name: str, value: str) -> str:
    return value.lower() if name == "email" else value


def _properties(profile: JSONObject, known: JSONObject) -> JSONObject:
    """Return the properties of the profile after its own, and those to unset, are applied."""
    given = profile["attributes"].get("properties") or {}
    patch = ((profile.get("meta") or {}).get("patch_properties") or {}).get("unset") or []
    unset = [patch] if isinstance(patch, str) else patch
    merged = known.get("properties", {}) | {k: v for k, v in given.items() if v is not None}
    return {name: value for name, value in merged.items() if name not in unset}
