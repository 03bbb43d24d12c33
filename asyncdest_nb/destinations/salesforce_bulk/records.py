"""Payloads: what one row of a job holds."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ... import destination as ad


class SalesforceRecord(ad.Payload):
    """One record of an object."""

    operation: ClassVar[str]
    object: str = ad.field("Object", description="Its API name: Contact, Invoice__c", by_name=False)
    record: dict[str, Any] = ad.field(
        "Record",
        description="Values by the API names of fields: the columns of the frame, if named so",
        default={"@path": "$."},
        by_name=False,
    )
    nulls: Literal["ignore", "clear"] | None = ad.field(
        "Nulls",
        description="Whether a missing value leaves the field as it is, or clears it",
        default="ignore",
        by_name=False,
    )

    @property
    def key(self) -> str | None:
        """The column that tells a row from the others; None = there is none."""
        return "Id"


class Update(SalesforceRecord):
    """A change to the record of its Id."""

    operation = "update"


class Delete(SalesforceRecord):
    """The Id of a record to delete."""

    operation = "delete"
    record: dict[str, Any] = ad.field(
        "Record", description="The Id alone", default={"Id": {"@path": "$.Id"}}, by_name=False
    )


class Insert(SalesforceRecord):
    """A new record."""

    operation = "insert"
    # Salesforce refuses columns it does not know, so a key of our own cannot be added.
    external_id: str | None = ad.field(
        "External ID",
        description="A field that tells rows apart; else it takes the whole row",
        by_name=False,
    )

    @property
    def key(self) -> str | None:
        """See Record."""
        return self.external_id


class Upsert(Insert):
    """A record that is updated if its external ID is known, and else inserted."""

    operation = "upsert"
    external_id: str = ad.field(
        "External ID", description="API name of the field to match by", by_name=False
    )
