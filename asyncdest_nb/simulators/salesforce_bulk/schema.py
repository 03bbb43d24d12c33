"""The objects of the played organization and their fields.

A part of what every real one has, under Salesforce's own names, types and lengths,
and some custom fields, whose names end in ``__c``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ..exchange import JSONObject

TEXTS = ("string", "textarea", "email", "phone", "url", "picklist", "multipicklist")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object. ``length`` is in characters; 0 = does not apply."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    is_writable: bool = True
    is_required: bool = False
    is_external_id: bool = False
    is_case_sensitive: bool = False
    values: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()

    @property
    def is_nillable(self) -> bool:
        """Whether it may be empty."""
        return self.is_writable and not self.is_required and self.type != "boolean"

    def described(self) -> JSONObject:
        """Return what ``describe`` says of it."""
        relationship = self.name.removesuffix("Id") if self.refers_to else None
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
            "idLookup": self.is_external_id or self.type in ("id", "email"),
            "unique": self.is_external_id,
            "caseSensitive": self.is_case_sensitive,
            "relationshipName": relationship,
            "referenceTo": list(self.refers_to),
            "restrictedPicklist": False,
            "picklistValues": [
                {"active": True, "defaultValue": False, "label": value, "value": value}
                for value in self.values
            ],
        }


@dataclass(frozen=True)
class Object:
    """An object: its name, the first characters of its records' Ids, and its fields."""

    name: str
    prefix: str
    fields: tuple[Field, ...] = field(repr=False)

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {each.name.lower(): each for each in self.fields}

    def find(self, name: str) -> Field | None:
        """Return the field of that name, whatever its case."""
        return self._by_name.get(name.lower())

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that a new record must have."""
        return tuple(each.name for each in self.fields if each.is_required)

    @cached_property
    def external_ids(self) -> tuple[Field, ...]:
        """The fields a record may be found by, in which no two records are equal."""
        return tuple(each for each in self.fields if each.is_external_id)

    def described(self) -> JSONObject:
        """Return what ``describe`` says of it."""
        return {
            "name": self.name,
            "label": self.name,
            "labelPlural": f"{self.name}s",
            "keyPrefix": self.prefix,
            "custom": False,
            "createable": True,
            "updateable": True,
            "deletable": True,
            "queryable": True,
            "fields": [each.described() for each in self.fields],
        }


def _text(
    name: str, label: str, length: int, *, type: str = "string", is_required: bool = False
) -> Field:
    return Field(name=name, label=label, type=type, length=length, is_required=is_required)


def _key(name: str, label: str) -> Field:
    return Field(name=name, label=label, type="string", length=40, is_external_id=True)


def _number(name: str, label: str, *, type: str = "currency", scale: int = 2) -> Field:
    return Field(name=name, label=label, type=type, precision=18, scale=scale)


def _plain(name: str, label: str, type: str) -> Field:
    return Field(name=name, label=label, type=type)


def _choice(name: str, label: str, *values: str) -> Field:
    return Field(name=name, label=label, type="picklist", length=255, values=values)


def _reference(name: str, label: str, *objects: str, is_writable: bool = True) -> Field:
    return Field(
        name=name,
        label=label,
        type="reference",
        length=18,
        refers_to=objects,
        is_writable=is_writable,
    )


def _read_only(name: str, label: str, type: str, length: int = 0) -> Field:
    return Field(name=name, label=label, type=type, length=length, is_writable=False)


def _address(prefix: str, label: str) -> tuple[Field, ...]:
    return (
        _text(f"{prefix}Street", f"{label} Street", 255, type="textarea"),
        _text(f"{prefix}City", f"{label} City", 40),
        _text(f"{prefix}State", f"{label} State/Province", 80),
        _text(f"{prefix}PostalCode", f"{label} Zip/Postal Code", 20),
        _text(f"{prefix}Country", f"{label} Country", 80),
    )


def _record_id(label: str) -> Field:
    return Field(name="Id", label=label, type="id", length=18, is_writable=False)


_SYSTEM = (
    _read_only("IsDeleted", "Deleted", "boolean"),
    _reference("OwnerId", "Owner ID", "User"),
    _read_only("CreatedDate", "Created Date", "datetime"),
    _reference("CreatedById", "Created By ID", "User", is_writable=False),
    _read_only("LastModifiedDate", "Last Modified Date", "datetime"),
    _reference("LastModifiedById", "Last Modified By ID", "User", is_writable=False),
    _read_only("SystemModstamp", "System Modstamp", "datetime"),
)

_KEYS = (
    _key("Ext__c", "External Key"),
    _key("Customer_Id__c", "Customer ID"),
)

_PERSON = (
    _choice("Salutation", "Salutation", "Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
    _text("FirstName", "First Name", 40),
    _text("LastName", "Last Name", 80, is_required=True),
    _read_only("Name", "Full Name", "string", 121),
    _text("Title", "Title", 128),
    _text("Email", "Email", 80, type="email"),
    _text("Phone", "Phone", 40, type="phone"),
    _text("MobilePhone", "Mobile Phone", 40, type="phone"),
    _text("Description", "Description", 32000, type="textarea"),
    _plain("HasOptedOutOfEmail", "Email Opt Out", "boolean"),
    _choice("LeadSource", "Lead Source", "Web", "Phone Inquiry", "Partner Referral", "Other"),
)

CONTACT = Object(
    "Contact",
    "003",
    (
        _record_id("Contact ID"),
        *_PERSON,
        _reference("AccountId", "Account ID", "Account"),
        _text("Department", "Department", 80),
        _plain("Birthdate", "Birthdate", "date"),
        *_address("Mailing", "Mailing"),
        *_address("Other", "Other"),
        *_SYSTEM,
        *_KEYS,
        _number("Amount__c", "Amount"),
        _plain("When__c", "When", "datetime"),
        _plain("Signup_Date__c", "Signup Date", "date"),
        _plain("Last_Seen__c", "Last Seen", "datetime"),
        _plain("OptIn__c", "Opt In", "boolean"),
        _plain("Newsletter__c", "Newsletter", "boolean"),
        _choice("Plan__c", "Plan", "free", "basic", "pro", "enterprise"),
        _number("Orders__c", "Orders", type="double", scale=0),
        _number("Lifetime_Value__c", "Lifetime Value"),
    ),
)

LEAD = Object(
    "Lead",
    "00Q",
    (
        _record_id("Lead ID"),
        *_PERSON,
        _text("Company", "Company", 255, is_required=True),
        _text("Website", "Website", 255, type="url"),
        _choice("Status", "Status", "Open - Not Contacted", "Working - Contacted"),
        _choice("Rating", "Rating", "Hot", "Warm", "Cold"),
        _number("AnnualRevenue", "Annual Revenue", scale=0),
        _plain("NumberOfEmployees", "Employees", "int"),
        *_address("", "Lead"),
        _read_only("IsConverted", "Converted", "boolean"),
        *_SYSTEM,
        *_KEYS,
    ),
)

ACCOUNT = Object(
    "Account",
    "001",
    (
        _record_id("Account ID"),
        _text("Name", "Account Name", 255, is_required=True),
        _choice("Type", "Account Type", "Prospect", "Customer - Direct", "Other"),
        _choice("Industry", "Industry", "Banking", "Education", "Energy", "Retail", "Other"),
        _reference("ParentId", "Parent Account ID", "Account"),
        _text("AccountNumber", "Account Number", 40),
        _text("Phone", "Account Phone", 40, type="phone"),
        _text("Website", "Website", 255, type="url"),
        _number("AnnualRevenue", "Annual Revenue", scale=0),
        _plain("NumberOfEmployees", "Employees", "int"),
        _text("Description", "Account Description", 32000, type="textarea"),
        *_address("Billing", "Billing"),
        *_address("Shipping", "Shipping"),
        *_SYSTEM,
        *_KEYS,
    ),
)

OBJECTS = {each.name.lower(): each for each in (CONTACT, LEAD, ACCOUNT)}

# The first characters of the Ids of what a reference may point at.
PREFIXES = {each.name: each.prefix for each in OBJECTS.values()} | {"User": "005"}
