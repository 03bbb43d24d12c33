"""Columns that name a parent by its key, such as Account.Ext__c.

The developer guide, "Relationship Fields in a Header Row": Relationship.Key, and
ObjectType:Relationship.Key if and only if the parent may be of several types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .description import Described, Parents


@dataclass(frozen=True)
class Relation:
    """A column that names a relationship and the key of the parent.

    ``kind`` is the type of the parent, "" = not given; ``parents`` None = there is no
    such relationship.
    """

    column: str
    kind: str
    name: str
    key: str
    parents: Parents | None

    @property
    def parent(self) -> str | None:
        """The object that has the key; None = it is ambiguous."""
        types = self.parents["types"] if self.parents else []
        if self.kind:
            named = (each for each in types if each.casefold() == self.kind.casefold())
            return next(named, None)
        return types[0] if len(types) == 1 else None


def relation_of(column: str, known: Described) -> Relation | None:
    """Return the relation that *column* names; None = it names a field."""
    head, dot, key = column.partition(".")
    if not dot:
        return None
    kind, _, name = head.rpartition(":")
    parents = {each.casefold(): found for each, found in known["parents"].items()}
    return Relation(column, kind, name, key, parents.get(name.casefold()))


def parents_of(columns: Iterable[str], known: Described) -> list[str]:
    """Return the objects whose keys *columns* contain."""
    relations = (relation_of(column, known) for column in columns)
    return list(dict.fromkeys(each.parent for each in relations if each and each.parent))


def faults(relation: Relation, described: Mapping[str, Described | None]) -> Iterator[str]:
    """Yield the faults of a column; *described* are the parents' descriptions, as far as known."""
    if relation.parents is None:
        yield f"no relationship {relation.name!r} in the column {relation.column!r}"
        return
    types, simple = relation.parents["types"], f"{relation.name}.{relation.key}"
    if relation.kind and len(types) == 1:
        yield f"{relation.column}: the parent has one type only; write {simple!r}"
    elif len(types) > 1 and relation.parent is None:
        choices = " or ".join(repr(f"{each}:{simple}") for each in types)
        yield f"{relation.column}: name the type of the parent: {choices}"
    elif relation.parent:
        yield from _key_faults(relation, relation.parent, described.get(relation.parent))


def _key_faults(relation: Relation, parent: str, known: Described | None) -> Iterator[str]:
    # Without a description of the parent, Salesforce reports the fault of each row.
    if known and known["types"] and relation.key.casefold() not in _folded(known["keys"]):
        keys = ", ".join(known["keys"])
        yield f"{relation.column}: {relation.key} is not a key of {parent}; its keys: {keys}"


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}
