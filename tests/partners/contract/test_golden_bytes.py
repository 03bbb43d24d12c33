"""What leaves for difficult values, byte by byte: the files in tests/data/golden say what is right.

A missing value is what each API takes for one: an empty cell in CSV, no key where a null is
not taken, else null. An integer of 20 digits and a decimal number keep all their digits, text is
in UTF-8, and only a line feed ends a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.simulators import multipart
from asyncdest_nb.simulators.exchange import IncomingRequest
from paths import DATA
from recorded_requests import recorded_requests

FRAME = pd.DataFrame(
    {
        "key": ["k-1", "k-2", "k-3"],
        "email": [f"{each}@example.com" for each in ("anna", "bea", "cem")],
        "name": ["naïve 日本語 🙂", None, 'one\u2028two\u2029three\u0085four "x", y\n\\ end'],
        "digits": ["12345678901234567890", None, "00000000000000000001"],
        "number": pd.Series([12345678901234567890, None, 98765432109876543210], dtype=object),
        "amount": pd.Series([Decimal("19.90"), None, Decimal("1E+3")], dtype=object),
        "day": [date(2026, 2, 28), None, date(2000, 2, 29)],
        "when": pd.to_datetime(["2026-11-30 10:15", None, "1999-12-31 23:59:59.5"], format="mixed"),
        "score": [0.1, np.nan, 3.0],
        "visits": pd.array([7, pd.NA, 0], dtype="Int64"),
        "is_vip": pd.array([True, pd.NA, False], dtype="boolean"),
    }
).set_axis([*"abc"])
REST = ("digits", "number", "amount", "day", "when", "score", "visits", "is_vip")


@dataclass(frozen=True)
class Golden:
    """The file with the bytes that a destination is sent; its name begins with the slug.

    *carries* is in the path of the request that has the rows, and *part* is the name of the part
    of its body that they are in; "" = it is the body. *names* are those that the frame has in
    place of others.
    """

    file: str
    action: str
    carries: str
    options: dict[str, Any]
    part: str = ""
    names: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return self.file.partition(".")[0]

    def rows_of(self, request: IncomingRequest) -> bytes:
        """Return the bytes that have the rows; the keys of jobs, other ones each time, as KEY."""
        separator = multipart.boundary(request.content_type) if self.part else None
        body = request.body
        content = multipart.parts(body, separator)[self.part] if separator else body
        return re.sub(rb'("(?:custom_id|key|operation_id)":")[^"]*(_\d+")', rb"\1KEY\2", content)


def each(*names: str) -> dict[str, Any]:
    return {name: {"@path": f"$.{name}"} for name in names}


PROMPT = {"@template": "|".join(f"{{{{{name}}}}}" for name in ("key", "name", *REST))}
ASK = {"prompt": PROMPT, "model": "a-model"}
CONTACT = {
    "key": "Customer_Id__c",
    "email": "Email",
    "name": "LastName",
    "digits": "Description",
    "number": "Title",
    "amount": "Lifetime_Value__c",
    "day": "Birthdate",
    "when": "Last_Seen__c",
    "score": "Amount__c",
    "visits": "Orders__c",
    "is_vip": "OptIn__c",
}
OPERATION = {"user_id": {"@path": "$.key"}, "data": each("name", *REST)}
PROFILE = {
    "email": {"@path": "$.email"},
    "first_name": {"@path": "$.name"},
    "external_id": {"@path": "$.digits"},
    "properties": each(*REST),
}
MEMBER = {"email_address": {"@path": "$.email"}, "merge_fields": each("name", *REST)}

GOLDEN = [
    Golden(
        "example-async.json",
        "asyncOperation",
        "/operations/batch",
        {"operation_type": "sync_profile", "mapping": OPERATION},
    ),
    Golden(
        "salesforce-bulk.csv",
        "upsert",
        "/batches",
        {"object": "Contact", "external_id": "Customer_Id__c"},
        names=CONTACT,
    ),
    Golden("openai-batch.jsonl", "chat", "/files", ASK, part="file"),
    Golden("openai-batch.embeddings.jsonl", "embeddings", "/files", ASK, part="file"),
    Golden("anthropic-batches.json", "messages", "/batches", {**ASK, "max_tokens": 7}),
    Golden("gemini-batches.jsonl", "generate", "/upload/", ASK),
    Golden("klaviyo-profiles.json", "upsert", "/profile-bulk-import-jobs", {"mapping": PROFILE}),
    Golden("hubspot-imports.csv", "upsert", "/imports", {}, part="files"),
    Golden("mailchimp-batches.json", "upsert", "/batches", {"list_id": "L1", "mapping": MEMBER}),
    Golden(
        "sfmc-rows.json",
        "upsert",
        "/rows",
        {"data_extension": "Customers"},
        names={"key": "customer_id"},
    ),
]


def test_every_destination_has_its_bytes():
    assert {each.slug for each in GOLDEN} == {*ad.destinations()}


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.file)
def test_difficult_values_leave_as_these_bytes(session: ad.Session, golden: Golden):
    assert sent(session, golden) == (DATA / "golden" / golden.file).read_bytes()


def sent(session: ad.Session, golden: Golden) -> bytes:
    """Return the bytes that a destination is sent."""
    with recorded_requests(golden.slug, duration_seconds=0.1) as server:
        connection = session.connect(golden.slug, requests_per_second=1000, **server.settings)
        frame = FRAME.rename(columns=golden.names)
        run = connection.submit(frame, golden.action, **golden.options)
        run.wait(timeout=30)
    assert run.counts["invalid"] == 0
    requests = [each for each in server.requests if golden.carries in each.path and each.body]
    return golden.rows_of(requests[-1])
