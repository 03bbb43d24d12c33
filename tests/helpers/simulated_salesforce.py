"""What the tests of salesforce-bulk share: an organisation, contacts, and what it stores."""

from __future__ import annotations

from typing import Any

import pandas as pd

import asyncdest_nb as ad
import paths
from asyncdest_nb.schedule import SquareRoot

DATA = paths.DATA / "salesforce"
CONTACTS = {"object": "Contact", "external_id": "Customer_Id__c"}


TYPES = {
    "Customer_Id__c": "string",
    "LastName": "string",
    "Orders__c": "double",
    "Lifetime_Value__c": "currency",
    "Amount__c": "currency",
    "Newsletter__c": "boolean",
    "OptIn__c": "boolean",
    "Signup_Date__c": "date",
    "Birthdate": "date",
    "When__c": "datetime",
    "Last_Seen__c": "datetime",
    "Description": "textarea",
    "Title": "string",
}
DESCRIBED = {
    "fields": [
        {
            "name": name,
            "type": kind,
            "createable": True,
            "updateable": True,
            "caseSensitive": False,
            "externalId": name == "Customer_Id__c",
        }
        for name, kind in TYPES.items()
    ]
}


def simulate_salesforce(**knobs: Any) -> ad.Simulator:
    return ad.simulate("salesforce-bulk", **{"duration_seconds": 0.2, "failing": 0, **knobs})


def eager() -> SquareRoot:
    return SquareRoot(minimum=0.05, cost=0.01)


def contacts(count: int, *, start: int = 0) -> pd.DataFrame:
    numbers = range(start, start + count)
    return pd.DataFrame(
        {
            "Customer_Id__c": [f"c-{number:05d}" for number in numbers],
            "LastName": [f"Name {number}" for number in numbers],
            "Email": [f"person{number}@example.org" for number in numbers],
        }
    )


def stored(simulator: ad.Simulator, key: str = "Customer_Id__c") -> dict[str, dict[str, Any]]:
    return {record[key]: record for record in simulator.records["Contact"]}
