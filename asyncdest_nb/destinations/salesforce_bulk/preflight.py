"""What can be known of rows before they are sent, and what an object's fields are."""

from __future__ import annotations

from asyncio import to_thread
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any
from urllib.parse import quote

from ... import destination as ad
from ...errors import HTTPError
from .account import Settings, ask, object_of
from .records import Record
from .rows import NULL

# Salesforce's limits (Bulk API 2.0 developer guide, "Limits"), in characters and columns.
FIELD_CHARACTERS = 32_000
RECORD_CHARACTERS = 400_000
COLUMNS = 5_000

Described = Mapping[str, Any]


async def check(
    request: ad.Request, data: ad.ActionData[Settings, list[Record]]
) -> list[str | None]:
    """Say which rows Salesforce would not take: by their keys, columns and sizes."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    for at, payload in enumerate(data.payload):
        groups.setdefault((payload.object, payload.key), []).append(at)
    found: list[str | None] = [None] * len(data.payload)
    for (name, key), rows in groups.items():
        why = await to_thread(
            _faults,
            [data.payload[at].record for at in rows],
            operation=data.payload[0].operation,
            key=key,
            known=await describe(request, data, name),
        )
        for at, fault in zip(rows, why, strict=True):
            found[at] = fault
    return found


async def describe(
    request: ad.Request, data: ad.ActionData[Settings, Any], name: str
) -> Described | None:
    """Return what an object's fields are, asked once an hour; None = this user may not know."""
    place = f"{name} at {data.settings.instance_url}"
    known: Described | None = data.state_context.get_request_context(place)
    if known is None:
        known = await _asked(request, name)
        data.state_context.set_response_context(place, known, {"hour": 1})
    return known or None


async def _asked(request: ad.Request, name: str) -> Described:
    try:
        answer = await ask(request, f"/sobjects/{quote(name, safe='')}/describe")
    except HTTPError as error:
        # Whoever may not see the description may still have jobs.
        if error.status != 403:
            raise
        return {}
    return _described(object_of(answer))


def _described(answer: Mapping[str, Any]) -> Described:
    """Return of an object's description what is needed here; it is kept, and has 500 kB."""
    fields = answer.get("fields", [])
    return {
        "types": {each["name"]: each.get("type") for each in fields},
        "insert": [each["name"] for each in fields if each.get("createable")],
        "update": [each["name"] for each in fields if each.get("updateable")],
        "case_sensitive": [each["name"] for each in fields if each.get("caseSensitive")],
        "relationships": [each["relationshipName"] for each in fields if each["relationshipName"]],
    }


def _faults(
    records: Sequence[Mapping[str, Any]],
    *,
    operation: str,
    key: str | None,
    known: Described | None,
) -> list[str | None]:
    """Return for each of *records*, in order, why Salesforce would not take it; None = it would.

    *known* is the description of their object, None = it is not to be had.
    """
    # Most rows have the same columns.
    columns = cache(lambda names: list(_column_faults(names, operation, key, known)))
    keys = [_same(record.get(key), key, known) if key else None for record in records]
    copies = Counter(each for each in keys if each)
    found = []
    for record, same in zip(records, keys, strict=True):
        reasons = [*columns(tuple(record)), *_record_faults(record)]
        if key and not same:
            reasons.append(f"{key} is missing: {operation} finds the record by it")
        elif same and copies[same] > 1:
            reasons.append(
                f"{key} {record[str(key)]!r} is in {copies[same]} rows: "
                "Salesforce takes none of them if they come together"
            )
        found.append("; ".join(reasons) or None)
    return found


def _same(value: Any, key: str | None, known: Described | None) -> str:
    """Return what two key values have in common if Salesforce takes them for the same."""
    text = "" if value is None else str(value)
    if key == "Id":
        return text[:15]  # The last 3 of 18 characters repeat the case of the first 15.
    return text if known and key in known["case_sensitive"] else text.casefold()


def _column_faults(
    names: Sequence[str], operation: str, key: str | None, known: Described | None
) -> Iterator[str]:
    if not names:
        yield "the record has no columns"
    if len(names) > COLUMNS:
        yield f"{len(names):,} columns: a record may have {COLUMNS:,}"
    if operation == "delete" and set(names) != {"Id"}:
        yield "delete takes the column Id alone"
    if known is None:
        return
    ways = ("insert", "update") if operation == "upsert" else (operation,)
    writable = {name for way in ways for name in known.get(way, ())}
    # Both "Account.Ext__c" and "Account:Account.Ext__c" name a parent by its own key.
    own = [
        name for name in names if name.replace(":", ".").partition(".")[0] not in _parents(known)
    ]
    for name in own:
        if name not in known["types"]:
            near = get_close_matches(name, known["types"], n=1)
            yield f"no field {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        elif name not in writable and name not in (key, "Id"):
            yield f"{name} is read-only for {operation}"


def _parents(known: Described) -> Iterable[str]:
    return known["relationships"]  # type: ignore[no-any-return]  # as described() made it


def _record_faults(record: Mapping[str, Any]) -> Iterator[str]:
    size = 0
    for name, value in record.items():
        if isinstance(value, (list, dict)):
            yield f"{name} is {_kind(value)}: a field takes one value (of a picklist: 'a;b')"
        elif isinstance(value, str):
            size += len(value)
            if len(value) > FIELD_CHARACTERS:
                yield f"{name} has {len(value):,} characters: a field may have {FIELD_CHARACTERS:,}"
            if value == NULL:
                yield f"{name} is the text {NULL!r}, which clears the field: use a missing value"
    if size > RECORD_CHARACTERS:
        yield f"{size:,} characters: a record may have {RECORD_CHARACTERS:,}"


def _kind(value: object) -> str:
    return "an object" if isinstance(value, dict) else "a list"
