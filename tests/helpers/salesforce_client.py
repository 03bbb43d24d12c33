"""A client of the simulated Salesforce, its user, and what both expect of answers."""

from __future__ import annotations

CLIENT = {"client_id": "a-client", "client_secret": "s3same-of-the-client"}
USER = {"username": "ada@example.com", "password": "s3same-of-the-user"}
KEY = "Ext__c"
NOT_THERE = "INVALID_FIELD:Foreign key external ID: {} not found for field Ext__c in entity {}:--"


def by_key(rows):
    return {row[KEY]: row for row in rows}
