"""Columns that name a parent by a key of its own, as Account.Ext__c does.

The developer guide, "Relationship Fields in a Header Row": Relationship.Key, and
ObjectType:Relationship.Key if, and only if, the parent may be of several types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .description import Described, Parents


@dataclass(frozen=True)
class Relation:
    """A column: the relationship that it names, and the key of the parent.

    ``kind`` is the type of the parent, "" = not said; ``parents`` None = there is no
    such relationship.
    """

    column: str
    kind: str
    name: str
    key: str
    parents: Parents | None

    @property
    def parent(self) -> str | None:
        """The object that the key is of, None = that is not clear."""
        types = self.parents["types"] if self.parents else []
        if self.kind:
            named = (each for each in types if each.casefold() == self.kind.casefold())
            return next(named, None)
        return types[0] if len(types) == 1 else None


def relation_of(column: str, known: Described) -> Relation | None:
    """Return what *column* names of the parents of an object; None = it names a field."""
    head, dot, key = column.partition(".")
    if not dot:
        return None
    kind, _, name = head.rpartition(":")
    parents = {each.casefold(): found for each, found in known["parents"].items()}
    return Relation(column, kind, name, key, parents.get(name.casefold()))


def parents_of(columns: Iterable[str], known: Described) -> list[str]:
    """Return the objects that *columns* have keys of."""
    relations = (relation_of(column, known) for column in columns)
    return list(dict.fromkeys(each.parent for each in relations if each and each.parent))


def faults(relation: Relation, described: Mapping[str, Described | None]) -> Iterator[str]:
    """Say what is wrong with a column; *described* are the parents' objects, as far as known."""
    if relation.parents is None:
        yield f"no relationship {relation.name!r} in the column {relation.column!r}"
        return
    types, simple = relation.parents["types"], f"{relation.name}.{relation.key}"
    if relation.kind and len(types) == 1:
        yield f"{relation.column}: a parent of one type is written without it: {simple!r}"
    elif len(types) > 1 and relation.parent is None:
        choices = " or ".join(repr(f"{each}:{simple}") for each in types)
        yield f"{relation.column}: say of which type the parent is: {choices}"
    elif relation.parent:
        yield from _key_faults(relation, relation.parent, described.get(relation.parent))


def _key_faults(relation: Relation, parent: str, known: Described | None) -> Iterator[str]:
    # Without a description, or for an object that this user may not see: Salesforce will say it.
    if known and known["types"] and relation.key.casefold() not in _folded(known["keys"]):
        keys = ", ".join(known["keys"])
        yield f"{relation.column}: {relation.key} is no key that {parent} is found by: {keys}"


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}
