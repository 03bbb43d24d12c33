"""The properties of an object, as HubSpot lists them: what a column may be called."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

from ... import destination as ad
from ...errors import HTTPError, ProtocolError
from ..objects import list_in, object_of

RECORD_ID = "hs_object_id"
# By the id of a type of objects: the names of its properties; None = they are not visible.
Known = Mapping[str, frozenset[str] | None]


async def properties_of(
    request: ad.Request, data: ad.ActionData[Any, Any], type_id: str
) -> frozenset[str] | None:
    """Return the names of the properties of a type of objects, kept for ten minutes.

    None = they are not visible: a token may import without the scope to read them.
    """
    place = f"properties of {type_id} at {data.settings.base_url}"
    known = data.state_context.get_request_context(place)
    if known is None:
        known = await _requested(request, type_id)
        data.state_context.set_response_context(place, known, {"minute": 10})
    return frozenset([*known, RECORD_ID]) if known else None


async def _requested(request: ad.Request, type_id: str) -> list[str]:
    try:
        answer = object_of(await request(f"/crm/v3/properties/{quote(type_id, safe='')}"))
        found = list_in(answer, "results")
    except HTTPError as error:
        if error.status in (403, 404):
            return []
        raise
    except ProtocolError:
        return []
    return [str(each.get("name")) for each in found if isinstance(each, dict)]


def unknown_property(names: Mapping[str, Any], known: frozenset[str]) -> str | None:
    """Return which of *names* is no property, None = all are."""
    for name in names:
        if name not in known:
            near = get_close_matches(name.lower(), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            return f"no property {name!r}{hint}"
    return None
