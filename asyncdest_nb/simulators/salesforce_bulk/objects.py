"""The objects of the simulated organization, and their fields.

They are some of the standard objects and fields, with Salesforce's own names, types and
lengths, and some custom fields, whose names end in ``__c``.
"""

from __future__ import annotations

from .schema import Field, Object

ORGANIZATION_ID = "00D000000000001EAA"
USER_ID = "005000000000001AAA"


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


def _system(*owners: str) -> tuple[Field, ...]:
    return (
        _read_only("IsDeleted", "Deleted", "boolean"),
        _reference("OwnerId", "Owner ID", *owners),
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
        _reference("ReportsToId", "Reports To ID", "Contact"),
        _text("Department", "Department", 80),
        _plain("Birthdate", "Birthdate", "date"),
        *_address("Mailing", "Mailing"),
        *_address("Other", "Other"),
        *_system("User"),
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
        *_system("Group", "User"),
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
        *_system("User"),
        *_KEYS,
    ),
)

USER = Object(
    "User",
    "005",
    (
        _record_id("User ID"),
        Field(
            name="Username",
            label="Username",
            type="string",
            length=80,
            is_writable=False,
            is_user_name=True,
        ),
        _read_only("Email", "Email", "email", 128),
        _read_only("Name", "Full Name", "string", 121),
        _read_only("IsActive", "Active", "boolean"),
    ),
    is_setup=True,
)

GROUP = Object(
    "Group",
    "00G",
    (_record_id("Group ID"), _read_only("Name", "Name", "string", 40)),
    is_setup=True,
)

OBJECTS = {each.name.lower(): each for each in (CONTACT, LEAD, ACCOUNT, USER, GROUP)}

# The first characters of the Ids of each object.
PREFIXES = {each.name: each.prefix for each in OBJECTS.values()}
