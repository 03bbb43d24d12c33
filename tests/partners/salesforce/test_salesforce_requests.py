"""The requests of salesforce-bulk: uploads byte by byte, and the same as simple-salesforce's."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import httpx
import pandas as pd
import pytest
import requests
from simple_salesforce.bulk2 import SFBulk2Handler

import asyncdest_nb as ad
from asyncdest_nb.request import AiohttpTransport
from raw_server import RawServer, answer
from simulated_salesforce import (
    CONTACTS,
    DATA,
    DESCRIBED,
    contacts,
    eager,
    simulate_salesforce,
    stored,
)

pytestmark = pytest.mark.slow


# What is uploaded, byte by byte

EVERYTHING = pd.DataFrame(
    {
        "Customer_Id__c": ["k-1", "k-2", "k-3", "k-4"],
        "LastName": ['Bé, "q"', "line\nbreak", "crlf\r\nbreak", "😀 髙橋"],
        "Orders__c": [17, None, 3, 9007199254740991],
        "Lifetime_Value__c": [Decimal("0.10"), Decimal("1E+3"), None, Decimal("-2.50")],
        "Amount__c": [1.5, 3.0, float("nan"), 1e-07],
        "Newsletter__c": [True, False, None, True],
        "OptIn__c": pd.array([True, pd.NA, False, True], dtype="boolean"),
        "Signup_Date__c": pd.to_datetime(["2026-01-02", None, "2026-12-31", "1999-02-28"]),
        "Birthdate": [dt.date(1990, 5, 17), None, dt.date(2000, 1, 1), None],
        "When__c": pd.to_datetime(
            ["2026-01-02 03:04:05", "2026-07-01 00:00:00.250", None, "2026-01-01 00:30"],
            format="ISO8601",
        ).tz_localize("Europe/Berlin"),
        "Last_Seen__c": pd.to_datetime(
            ["2026-01-02 03:04:05", None, "2026-01-02", None], format="ISO8601"
        ),
        "Description": ["", None, "nan", " spaces "],
        "Title": pd.array(["C\rEO", pd.NA, "", "2026-01-02T03:04:05+01:00"], dtype="string"),
    }
)


def uploaded(session: ad.Session, frame: pd.DataFrame, *, describe: Any, **options: Any) -> bytes:
    """Return the bytes of the upload of *frame*."""
    script = [describe, answer(200, {"id": "750A"}), answer(201), answer(200, {})]
    with RawServer(*script) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        run = sf.submit(frame, "upsert", **CONTACTS, **options)
        while not any(each.method == "PATCH" for each in server.arrived):
            assert run.wait(timeout=0.05) == "pending", run.failed()["message"]
    (put,) = (each for each in server.arrived if each.method == "PUT")
    assert put.headers["content-type"] == "text/csv; charset=UTF-8"
    return put.body


@pytest.mark.parametrize("nulls", ["ignore", "clear"])
def test_values_are_written_as_salesforce_means_them(session, nulls):
    body = uploaded(session, EVERYTHING, describe=answer(200, DESCRIBED), nulls=nulls)
    assert body == (DATA / f"nulls_{nulls}.csv").read_bytes()


def test_without_a_description_every_full_date_time_is_one(session):
    body = uploaded(session, EVERYTHING, describe=answer(403, [{"errorCode": "NO_ACCESS"}]))
    assert body == (DATA / "not_described.csv").read_bytes()


# The same requests as the client everybody uses


class RecordedTransport(AiohttpTransport):
    """The real transport, with a record of what went through it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # Read, not iterated: only what has never been touched counts as never sent.
        body = getattr(request.stream, "content", b"")
        self.seen.append((request.method, request.url.path, body))
        return await super().handle_async_request(request)


class RecordedSession(requests.Session):
    """The session of requests, with a record of what went through it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, bytes]] = []

    def send(self, request: Any, **options: Any) -> Any:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        self.seen.append((request.method, request.path_url, body))
        return super().send(request, **options)


def compared(seen: list[tuple[str, str, bytes]]) -> list[tuple[str, str, Any]]:
    """Return requests without what may differ: the job's id, the order of columns, repeated polls.

    Left out are our corrections: the token is got and the object described first, and the
    path of the unprocessed records is spelled as Salesforce does, in lower case.
    """
    found: list[tuple[str, str, Any]] = []
    for method, path, body in seen:
        parts = path.split("/")
        if "oauth2" in parts or "sobjects" in parts:
            continue
        parts = ["{id}" if part.startswith("750") else part for part in parts]
        content: Any = body
        if method == "PUT":
            rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
            content = [tuple(sorted(row.items())) for row in rows]
        elif body:
            content = json.loads(body)
        entry = (
            method,
            "/".join(parts).replace("unprocessedRecords", "unprocessedrecords"),
            content,
        )
        if not (found and method == "GET" and found[-1] == entry):
            found.append(entry)
    return found


def theirs(simulator: ad.Simulator, operation: str, records: Any, **options: Any) -> Any:
    """Do it with simple-salesforce; return its requests, and its records."""
    recorded = RecordedSession()
    url = f"{simulator.endpoint}/services/data/v59.0/jobs/"
    bulk = SFBulk2Handler("x", url, session=recorded).Contact
    with recorded:
        (ended,) = getattr(bulk, operation)(records=records, wait=0.05, **options)
        bulk.get_successful_records(ended["job_id"])
        bulk.get_failed_records(ended["job_id"])
        bulk.get_unprocessed_records(ended["job_id"])
    return compared(recorded.seen)


def ours(
    session: ad.Session, simulator: ad.Simulator, action: str, frame: Any, **options: Any
) -> Any:
    recorded = RecordedTransport()
    sf = session.connect(simulator, transport=recorded)
    run = sf.submit(frame, action, object="Contact", schedule=eager(), **options)
    assert run.wait(timeout=20) == "completed"
    return compared(recorded.seen)


def test_our_requests_equal_those_of_simple_salesforce(session):
    people = contacts(3).assign(LastName=['Bé, "q"', "two\nlines", "髙橋"]).astype(object)
    key = "Customer_Id__c"
    for action in ("insert", "upsert", "update", "delete"):
        seen = []
        for send in ("theirs", "ours"):
            with simulate_salesforce() as simulator:
                frame = people
                if action in ("update", "delete"):
                    theirs(simulator, "insert", people.to_dict("records"))
                    ids = [stored(simulator)[each]["Id"] for each in people[key]]
                    frame = pd.DataFrame({"Id": ids})
                    frame = frame.assign(LastName="New") if action == "update" else frame
                if send == "ours":
                    options = {"external_id": key} if action == "upsert" else {}
                    seen.append(ours(session, simulator, action, frame, **options))
                else:
                    options = {"external_id_field": key} if action == "upsert" else {}
                    records = frame.to_dict("records")
                    seen.append(theirs(simulator, action, records, **options))
        assert seen[0] == seen[1], action
        assert [method for method, _, _ in seen[0]] == ["POST", "PUT", "PATCH", *["GET"] * 4]
