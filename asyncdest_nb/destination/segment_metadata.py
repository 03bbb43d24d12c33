"""What Segment publishes of a destination as data: settings, actions, fields and presets.

It is the ``metadata.json`` of a destination in Segment's repository of destinations, and the
answer of ``/manifest`` of its local server. It has no functions, so its actions can be explored,
mapped and previewed; what sends is given in Python.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import UnknownName, UsageError
from .action import Action
from .arguments import Function

# Others are of screens.
_ATTRIBUTES = (
    "label description type required multiple default choices format allowNull minimum maximum "
    "placeholder properties additionalProperties"
).split()
# An API key is often declared as a plain text there, and shown on a screen of its owner alone.
_SECRETS = ("key", "secret", "token", "password", "passphrase", "credential")


class DescribedAction(Action):
    """An action of which nobody may have written the functions that send."""

    def _require_functions(self) -> None:
        """Let it be made: it can be previewed."""

    def function_for(self, batch_size: int | None) -> tuple[Function, bool]:
        """Return the function that sends payloads; raises UsageError if there is none."""
        if not self.can_send:
            raise UsageError(
                f"action {self.title!r} was read from Segment's metadata, which has no code: it "
                "can be previewed. To send, give from_segment its functions, such as "
                "functions={'…': {'perform_batch': send, 'poll': poll}}"
            )
        return super().function_for(batch_size)


def read_metadata(given: Any) -> Mapping[str, Any]:
    """Return the metadata *given* as a dict, as its JSON, or as the path of a file with it.

    Raises UsageError if it is not that of a destination.
    """
    found = _parsed(given)
    # The manifest of the local server has it one level deeper.
    inner = found.get("definition") if isinstance(found, Mapping) else None
    found = inner if isinstance(inner, Mapping) else found
    if not isinstance(found, Mapping) or not isinstance(found.get("actions"), Mapping):
        raise UsageError(
            "this is no metadata of a destination of Segment: a JSON object with name, "
            "authentication, actions and presets"
        )
    return found


def _parsed(given: Any) -> Any:
    if isinstance(given, PathLike):
        given = Path(given).read_text("utf-8")
    elif isinstance(given, str) and not given.lstrip().startswith("{"):
        given = Path(given).read_text("utf-8")
    if not isinstance(given, str | bytes):
        return given
    try:
        return json.loads(given)
    except ValueError as error:
        raise UsageError(f"the metadata is not JSON: {error}") from None


def settings_in(metadata: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings in *metadata* as fields. What looks like a credential is a password."""
    fields = (metadata.get("authentication") or {}).get("fields") or {}
    own = {key: _setting(key, each) for key, each in fields.items()}
    return {key: each for key, each in own.items() if not key.startswith("_")}  # Segment's own.


def _setting(key: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    given = _given(attributes)
    given["required"] = given.get("required") is True  # It may depend on other settings.
    is_secret = given.get("type") == "string" and any(each in key.lower() for each in _SECRETS)
    return {**given, "type": "password"} if is_secret and "choices" not in given else given


def actions_in(
    metadata: Mapping[str, Any], functions: Mapping[str, Mapping[str, Any]]
) -> dict[str, Action]:
    """Return the actions in *metadata* by slug, with the *functions* of each.

    Raises UnknownName for functions of an action that is not there, and what Action raises.
    """
    found = metadata["actions"]
    for slug in functions:
        if slug not in found:
            raise UnknownName.of("action", slug, found, owner=str(metadata.get("name")))
    return {slug: _action(slug, each, functions.get(slug, {})) for slug, each in found.items()}


def _action(slug: str, given: Mapping[str, Any], functions: Mapping[str, Any]) -> Action:
    fields = {key: _field(each) for key, each in (given.get("fields") or {}).items()}
    own = {
        "title": given.get("title") or slug,
        "description": given.get("description") or "",
        "fields": fields,
        "sync_mode": given.get("syncMode") or None,
    }
    return DescribedAction(**{**own, **functions})


def _field(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field as it would be declared; of most attributes the metadata say null."""
    found = _given(given)
    if found.get("type") == "password":  # The value of a column: it is shown with its row.
        found["type"] = "string"
    properties = found.get("properties")
    if isinstance(properties, Mapping):
        found["properties"] = {key: _field(each) for key, each in properties.items()}
    else:  # It says false for every field, and means none.
        found.pop("additionalProperties", None)
    return found


def _given(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that are not null, of those that a field has here."""
    return {key: attributes[key] for key in _ATTRIBUTES if attributes.get(key) is not None}
