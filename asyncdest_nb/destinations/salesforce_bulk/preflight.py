"""The faults of rows that are found before anything is sent."""

from __future__ import annotations

from asyncio import to_thread
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from ... import destination as ad
from ...numerals import digits_lost, is_exact
from .account import SalesforceSettings
from .description import Described, describe
from .records import SalesforceRecord
from .relations import Relation, faults, parents_of, relation_of
from .rows import NULL, columns_of

# Salesforce's limits (Bulk API 2.0 developer guide, "Limits"), in characters and columns.
FIELD_CHARACTERS = 32_000
RECORD_CHARACTERS = 400_000
COLUMNS = 5_000


async def check(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, list[SalesforceRecord]]
) -> list[str | None]:
    """Return for each row why Salesforce would refuse it, None = it would not."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    for at, payload in enumerate(data.payload):
        groups.setdefault((payload.object, payload.key), []).append(at)
    found: list[str | None] = [None] * len(data.payload)
    for (name, key), rows in groups.items():
        known = await describe(request, data, name)
        records = [data.payload[at].record for at in rows]
        parents = parents_of(columns_of(records), known) if known else []
        described = {each: await describe(request, data, each) for each in parents}
        job = _Job(name, data.payload[0].operation, key, known, described)
        why = await to_thread(job.faults, records)
        for at, fault in zip(rows, why, strict=True):
            found[at] = fault
    return found


class _Job:
    """An operation on records of one object; *known* None = there is no description.

    *parents* are the descriptions of the objects that columns name by a key.
    """

    def __init__(
        self,
        name: str,
        operation: str,
        key: str | None,
        known: Described | None,
        parents: Mapping[str, Described | None],
    ) -> None:
        self._object = name
        self._operation = operation
        self._key = key
        self._known = known
        self._parents = parents
        self._relation = cache(lambda name: relation_of(name, known) if known else None)
        lengths = known["lengths"] if known else {}
        self._lengths = {name.casefold(): length for name, length in lengths.items()}
        types = known["types"] if known else {}
        self._types = {name.casefold(): kind for name, kind in types.items()}
        self._required = _folded(known["required"] if known and operation == "insert" else ())
        # Most rows have the same columns.
        self._columns_faults = cache(lambda names: list(self._column_faults(names)))

    def faults(self, records: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """Return why each of *records* would be refused, in order; None = it would not."""
        keys = [self._same(record.get(self._key)) if self._key else "" for record in records]
        copies = Counter(keys)
        return [
            "; ".join(
                [
                    *self._columns_faults(tuple(record)),
                    *self._key_faults(record, copies[same]),
                    *self._value_faults(record),
                ]
            )
            or None
            for record, same in zip(records, keys, strict=True)
        ]

    def _same(self, value: Any) -> str:
        """Return the same text for values of the key that Salesforce treats as equal."""
        text = "" if value is None else str(value).strip()
        if self._key == "Id":
            return text[:15]  # The last 3 of 18 characters repeat the case of the first 15.
        is_exact = self._known and self._key in self._known["case_sensitive"]
        return text if is_exact else text.lower()

    def _key_faults(self, record: Mapping[str, Any], copies: int) -> Iterator[str]:
        if self._key is None or self._key not in record:
            return
        if not self._same(record[self._key]):
            yield f"{self._key} is missing: {self._use}"
        elif copies > 1 and self._operation == "insert":
            yield f"{self._key} {record[self._key]!r} is in {copies} rows: {self._use}"
        elif copies > 1:
            yield (
                f"{self._key} {record[self._key]!r} is in {copies} rows: "
                "Salesforce refuses all of them if they are in one job"
            )

    @property
    def _use(self) -> str:
        """Why the key is needed."""
        if self._operation == "insert":
            return "it identifies each row in the results"
        return f"{self._operation} finds the record by it"

    def _column_faults(self, names: Sequence[str]) -> Iterator[str]:
        for name, count in Counter(name.casefold() for name in names).items():
            if count > 1:
                same = ", ".join(each for each in names if each.casefold() == name)
                yield f"columns {same} are the same field: Salesforce ignores case in names"
        if len(names) > COLUMNS:
            yield f"{len(names):,} columns: a record may have {COLUMNS:,}"
        if self._operation == "delete" and set(names) != {"Id"}:
            yield "delete takes the column Id alone"
        if self._known is not None and not self._known["types"]:
            yield f"no object {self._object!r} in this organisation, or this user may not see it"
            return
        if self._key is not None:
            yield from self._key_column_faults(self._key, names)
        if self._known is not None:
            yield from self._unwritable(names, self._known)

    def _key_column_faults(self, key: str, names: Sequence[str]) -> Iterator[str]:
        known = self._known
        if known and key not in known["types"]:
            yield _no_field(key, known)
        elif known and self._operation == "upsert" and key not in known["keys"]:
            yield f"{key} is no external ID of {self._object}: {', '.join(known['keys'])}"
        elif key not in names:
            near = f"; did you mean {_near(key, names)!r}?" if _near(key, names) else ""
            yield f"no column {key!r}: {self._use}{near}"

    def _unwritable(self, names: Sequence[str], known: Described) -> Iterator[str]:
        writable = {"insert": known["insert"], "update": known["update"]}.get(
            self._operation, [*known["insert"], *known["update"]]
        )
        # Salesforce ignores case in the names of fields.
        fields, able = _folded(known["types"]), _folded([*writable, self._key or ""])
        for name in names:
            relation = self._relation(name)
            if relation is not None:
                yield from self._relation_faults(relation, able)
            elif name.casefold() not in fields:
                yield _no_field(name, known)
            elif name.casefold() not in able:
                yield f"{name} is read-only for {self._operation}"
        if self._operation == "insert":
            there = {self._field(name) for name in names}
            for name in known["required"]:
                if name.casefold() not in there:
                    yield f"no column {name!r}: insert needs it"

    def _relation_faults(self, relation: Relation, able: set[str]) -> Iterator[str]:
        yield from faults(relation, self._parents)
        field = relation.parents["field"] if relation.parents else None
        if field and field.casefold() not in able:
            yield f"{relation.column}: {field} is read-only for {self._operation}"

    def _field(self, name: str) -> str:
        """Return the casefolded name of the field that a column sets."""
        relation = self._relation(name)
        named = relation.parents["field"] if relation and relation.parents else name
        return named.casefold()

    def _value_faults(self, record: Mapping[str, Any]) -> Iterator[str]:
        size = 0
        for name, value in record.items():
            if isinstance(value, float) and not (is_exact(value) or self._is_number(name)):
                yield f"{name} is {digits_lost(value)}"
            if isinstance(value, (list, dict)):
                kind = "a list" if isinstance(value, list) else "an object"
                yield f"{name} is {kind}: a field takes one value (of a picklist: 'a;b')"
            elif isinstance(value, str):
                size += len(value)
                limit = min(self._lengths.get(name.casefold(), FIELD_CHARACTERS), FIELD_CHARACTERS)
                if len(value) > limit:
                    yield f"{name} has {len(value):,} characters: the field takes {limit:,}"
                if value == NULL:
                    yield f"{name} is the text {NULL!r}, which clears the field: leave it empty"
            if value in (None, "") and self._field(name) in self._required:
                yield f"{name} is missing: insert needs it"
        yield from self._set_twice(record)
        if size > RECORD_CHARACTERS:
            yield f"{size:,} characters: a record may have {RECORD_CHARACTERS:,}"

    def _is_number(self, name: str) -> bool:
        """Whether the field holds numbers, whose last digits may be inexact."""
        return self._types.get(name.casefold()) in ("double", "currency", "percent")

    def _set_twice(self, record: Mapping[str, Any]) -> Iterator[str]:
        """Yield a fault for each lookup that is set twice, by Id and key or by two keys."""
        related = {self._field(name) for name in record if self._relation(name)}
        for field in sorted(related):
            both = [
                name
                for name, value in record.items()
                if self._field(name) == field and value not in (None, "")
            ]
            if len(both) > 1:
                yield f"{' and '.join(both)} set one lookup: leave one of them empty"


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _no_field(name: str, known: Described) -> str:
    near = _near(name, known["types"])
    return f"no field {name!r}" + (f"; did you mean {near!r}?" if near else "")


def _near(name: str, names: Iterable[str]) -> str | None:
    by_fold = {each.casefold(): each for each in names}
    found = get_close_matches(name.casefold(), by_fold, n=1)
    return by_fold[found[0]] if found else None
