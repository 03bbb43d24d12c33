"""The fields of an object, as Salesforce describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import quote

from ... import destination as ad
from ...errors import HTTPError, ProtocolError
from ..objects import object_of
from .account import SalesforceSettings, ask

TEXTS = frozenset({"string", "textarea", "email", "phone", "url"})


class Parents(TypedDict):
    """A lookup: its field, and the objects that its parent may belong to."""

    field: str
    types: list[str]


class Described(TypedDict):
    """The needed parts of a description, which has 500 kB. Empty ``types`` = no such object."""

    types: dict[str, str]
    lengths: dict[str, int]  # of texts, in characters
    insert: list[str]  # fields that may be set in a new record
    update: list[str]  # fields that may be changed
    required: list[str]  # fields that a new record must have
    keys: list[str]  # fields that find records: external IDs, other indexed fields, Id
    case_sensitive: list[str]
    parents: dict[str, Parents]  # by their relationships, as in Account.Ext__c


async def describe(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, Any], name: str
) -> Described | None:
    """Return the fields of the object *name*, kept for ten minutes; None = not visible."""
    settings = data.settings
    place = f"fields of {name} at {settings.instance_url} as {settings.client_id}"
    known: Described | dict[str, Any] | None = data.state_context.get_request_context(place)
    if known is None:
        known = await _requested(request, name)
        data.state_context.set_response_context(place, known, {"minute": 10})
    return known or None  # type: ignore[return-value]  # as it was stored, or empty


async def _requested(request: ad.Request, name: str) -> Described | dict[str, Any]:
    try:
        answer = await ask(request, f"/sobjects/{quote(name, safe='')}/describe")
    except HTTPError as error:
        if error.status == 404:
            return _described({})
        # A user who may not see the description may still run jobs.
        if error.status == 403:
            return {}
        raise
    try:
        return _described(object_of(answer))
    except (KeyError, TypeError, AttributeError):
        raise ProtocolError(f"no description of {name}: {answer.text[:200]!r}") from None


def _described(answer: Mapping[str, Any]) -> Described:
    fields = {each["name"]: each for each in answer.get("fields", [])}

    def named(*marks: str) -> list[str]:
        return [name for name, field in fields.items() if any(field.get(mark) for mark in marks)]

    return {
        "types": {name: field.get("type", "") for name, field in fields.items()},
        "lengths": {
            name: field["length"]
            for name, field in fields.items()
            if field.get("type") in TEXTS and field.get("length")
        },
        "insert": named("createable"),
        "update": named("updateable"),
        "required": [
            name
            for name in named("createable")
            if not (fields[name].get("nillable", True) or fields[name].get("defaultedOnCreate"))
        ],
        "keys": list(dict.fromkeys([*named("externalId", "idLookup"), "Id"])),
        "case_sensitive": named("caseSensitive"),
        "parents": {
            field["relationshipName"]: {
                "field": name,
                "types": list(field.get("referenceTo") or ()),
            }
            for name, field in fields.items()
            if field.get("relationshipName")
        },
    }
