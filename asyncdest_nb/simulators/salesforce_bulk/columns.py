"""The columns of an upload: fields, and lookups whose parents are named by a key."""

from __future__ import annotations

from dataclasses import dataclass

from .objects import OBJECTS
from .schema import Field, Object


@dataclass(frozen=True)
class UploadColumn:
    """A column, at ``place`` (from 0), that sets ``field``.

    With ``parent`` and ``key``, its cells are keys of the parent, as in Account.Ext__c.
    """

    place: int
    field: Field
    parent: Object | None = None
    key: Field | None = None

    def is_field(self, name: str) -> bool:
        """Whether its cells are values of the field *name* itself."""
        return self.parent is None and self.field.name == name

    @property
    def target(self) -> tuple[str, str, str]:
        """What must differ between any two columns of an upload."""
        parent, key = self.parent, self.key
        return self.field.name, parent.name if parent else "", key.name if key else ""


def resolve_column(name: str, place: int, child: Object) -> UploadColumn | str:
    """Return the column *name* of an upload for *child*, or an error message.

    A name is Field, Relationship.Key, or ObjectType:Relationship.Key if the parent may be
    of several types ("Relationship Fields in a Header Row" of the developer guide).
    """
    head, dot, key = name.partition(".")
    if not dot:
        field = child.find(name)
        return UploadColumn(place, field) if field else f"Field name not found : {name}"
    kind, _, relationship = head.rpartition(":")
    field = child.relation(relationship)
    if field is None:
        return f"Unable to find relationship: {relationship}"
    parent = _parent(field, kind)
    if isinstance(parent, str):
        return parent
    by = parent.find(key)
    if by is None or not by.is_id_lookup:
        return f"Field name not found : {name}"
    return UploadColumn(place, field, parent, by)


def _parent(field: Field, kind: str) -> Object | str:
    types = {each.lower(): each for each in field.refers_to}
    references = f"foreign key references: {field.relationship}"
    if len(types) == 1 and kind:
        return f"type is not needed for non polymorphic {references}"
    if len(types) > 1 and not kind:
        return f"type is needed for polymorphic {references}"
    if kind and kind.lower() not in types:
        return f"{kind} is no type of the {references}"
    return OBJECTS[kind.lower() or next(iter(types))]
