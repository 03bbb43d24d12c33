"""The payloads: one row of a job."""

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
        description="Whether a missing value leaves the field unchanged or clears it",
        default="ignore",
        by_name=False,
    )

    @property
    def key(self) -> str | None:
        """The column that identifies a row; None = there is none."""
        return "Id"


class Update(SalesforceRecord):
    """A change to the record with the given Id."""

    operation = "update"


class Delete(SalesforceRecord):
    """A deletion of the record with the given Id."""

    operation = "delete"
    record: dict[str, Any] = ad.field(
        "Record", description="The Id alone", default={"Id": {"@path": "$.Id"}}, by_name=False
    )


class Insert(SalesforceRecord):
    """A new record."""

    operation = "insert"
    # Salesforce refuses unknown columns, so a key of our own cannot be added.
    external_id: str | None = ad.field(
        "External ID",
        description="A field that identifies rows; without it, the whole row does",
        by_name=False,
    )

    @property
    def key(self) -> str | None:
        """The external ID, if there is one."""
        return self.external_id


class Upsert(Insert):
    """A record that is updated if its external ID exists, and inserted otherwise."""

    operation = "upsert"
    external_id: str = ad.field(
        "External ID", description="API name of the field to match by", by_name=False
    )
