"""Objects and their fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ..exchange import JSONObject

TEXTS = ("string", "textarea", "email", "phone", "url", "picklist", "multipicklist")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object. ``length`` is in characters; 0 = the type has no length."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    is_writable: bool = True
    is_required: bool = False
    is_external_id: bool = False
    is_user_name: bool = False
    is_case_sensitive: bool = False
    values: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()

    @property
    def is_nillable(self) -> bool:
        """Whether the field may be empty."""
        return self.is_writable and not self.is_required and self.type != "boolean"

    @property
    def is_id_lookup(self) -> bool:
        """Whether records may be found by the field."""
        return self.is_external_id or self.is_user_name or self.type in ("id", "email")

    @property
    def relationship(self) -> str | None:
        """The name of the relationship: Account for AccountId; None = the field is no lookup."""
        return self.name.removesuffix("Id") if self.refers_to else None

    def described(self) -> JSONObject:
        """Return it as in the answer of ``describe``."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "custom": self.name.endswith("__c"),
            "nillable": self.is_nillable,
            "createable": self.is_writable,
            "updateable": self.is_writable,
            "defaultedOnCreate": self.type == "boolean" or not self.is_writable,
            "externalId": self.is_external_id,
            "idLookup": self.is_id_lookup,
            "unique": self.is_external_id or self.is_user_name,
            "caseSensitive": self.is_case_sensitive,
            "relationshipName": self.relationship,
            "referenceTo": list(self.refers_to),
            "polymorphicForeignKey": len(self.refers_to) > 1,
            "restrictedPicklist": False,
            "picklistValues": [
                {"active": True, "defaultValue": False, "label": value, "value": value}
                for value in self.values
            ],
        }


@dataclass(frozen=True)
class Object:
    """An object: its name, the first characters of its records' Ids, and its fields.

    The records of a setup object exist from the start and are not the customer's data.
    """

    name: str
    prefix: str
    fields: tuple[Field, ...] = field(repr=False)
    is_setup: bool = False

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {each.name.lower(): each for each in self.fields}

    def find(self, name: str) -> Field | None:
        """Return the field *name*; case does not matter."""
        return self._by_name.get(name.lower())

    def relation(self, name: str) -> Field | None:
        """Return the lookup with the relationship *name*; case does not matter."""
        named = (each for each in self.fields if each.relationship)
        return next(
            (each for each in named if str(each.relationship).lower() == name.lower()), None
        )

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that a new record must have."""
        return tuple(each.name for each in self.fields if each.is_required)

    @cached_property
    def external_ids(self) -> tuple[Field, ...]:
        """The fields whose values are unique."""
        return tuple(each for each in self.fields if each.is_external_id)

    @cached_property
    def lookups(self) -> tuple[Field, ...]:
        """The fields by which records may be found, without the Id."""
        return tuple(each for each in self.fields if each.is_id_lookup and each.type != "id")

    def summary(self, data: str) -> JSONObject:
        """Return it as in the list of all objects; *data* is the path of the version."""
        at = f"{data}/sobjects/{self.name}"
        return {
            "name": self.name,
            "label": self.name,
            "labelPlural": f"{self.name}s",
            "keyPrefix": self.prefix,
            "custom": False,
            "createable": not self.is_setup,
            "updateable": not self.is_setup,
            "deletable": not self.is_setup,
            "queryable": True,
            "urls": {"sobject": at, "describe": f"{at}/describe", "rowTemplate": f"{at}/{{ID}}"},
        }

    def described(self, data: str) -> JSONObject:
        """Return it as in the answer of ``describe``."""
        return {**self.summary(data), "fields": [each.described() for each in self.fields]}
