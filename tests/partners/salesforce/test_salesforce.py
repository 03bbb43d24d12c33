"""The destination salesforce-bulk, against its simulator over real HTTP, and byte by byte."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import httpx
import pandas as pd
import pytest
import requests
from simple_salesforce.bulk2 import SFBulk2Handler

import asyncdest_nb as ad
from asyncdest_nb.request import AiohttpTransport
from played_salesforce import CONTACTS, DATA, DESCRIBED, contacts, eager, play, stored
from raw_server import RawServer, answer

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


class Recording(AiohttpTransport):
    """The real transport, with a record of what went through it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # Read, not iterated: only what has never been touched counts as never sent.
        body = getattr(request.stream, "content", b"")
        self.seen.append((request.method, request.url.path, body))
        return await super().handle_async_request(request)


class RecordingSession(requests.Session):
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
    recording = RecordingSession()
    url = f"{simulator.endpoint}/services/data/v59.0/jobs/"
    bulk = SFBulk2Handler("x", url, session=recording).Contact
    with recording:
        (ended,) = getattr(bulk, operation)(records=records, wait=0.05, **options)
        bulk.get_successful_records(ended["job_id"])
        bulk.get_failed_records(ended["job_id"])
        bulk.get_unprocessed_records(ended["job_id"])
    return compared(recording.seen)


def ours(
    session: ad.Session, simulator: ad.Simulator, action: str, frame: Any, **options: Any
) -> Any:
    recording = Recording()
    sf = session.connect(simulator, transport=recording)
    run = sf.submit(frame, action, object="Contact", schedule=eager(), **options)
    assert run.wait(timeout=20) == "completed"
    return compared(recording.seen)


def test_our_requests_equal_those_of_simple_salesforce(session):
    people = contacts(3).assign(LastName=['Bé, "q"', "two\nlines", "髙橋"]).astype(object)
    key = "Customer_Id__c"
    for action in ("insert", "upsert", "update", "delete"):
        seen = []
        for send in ("theirs", "ours"):
            with play() as simulator:
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


# What becomes of rows


def test_an_upsert_updates_what_is_there_and_creates_the_rest(session):
    with play() as simulator:
        sf = session.connect(simulator)
        sf.submit(contacts(3), "upsert", **CONTACTS, schedule=eager()).wait(timeout=20)
        run = sf.submit(contacts(3, start=2), "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "completed"
        results = run.results()
        assert list(results["sf__Created"]) == [False, True, True]
        ids = [stored(simulator)[key]["Id"] for key in contacts(3, start=2)["Customer_Id__c"]]
        assert list(results["sf__Id"]) == ids


def test_missing_values_leave_or_clear_a_field(session):
    with play() as simulator:
        sf = session.connect(simulator)
        for nulls, email in [("ignore", "person0@example.org"), ("clear", None)]:
            first = sf.submit(contacts(1), "upsert", **CONTACTS, schedule=eager(), again=True)
            first.wait(timeout=20)
            without = contacts(1).assign(Email=None)
            run = sf.submit(without, "upsert", **CONTACTS, nulls=nulls, schedule=eager())
            assert run.wait(timeout=20) == "completed"
            assert stored(simulator)["c-00000"].get("Email") == email


def test_update_and_delete_go_by_id(session):
    with play() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(contacts(4), "insert", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "completed"
        ids = run.results()["sf__Id"]
        changes = pd.DataFrame({"Id": ids, "LastName": ["A", "B", "C", None]})
        changes.loc[1, "Id"] = "003000000000000AAA"
        run = sf.submit(changes, "update", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "partial"
        assert list(run.results()["status"]) == ["completed", "failed", "completed", "completed"]
        assert stored(simulator)["c-00002"]["LastName"] == "C"
        assert stored(simulator)["c-00003"]["LastName"] == "Name 3"
        run = sf.submit(changes, "delete", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "partial"
        assert list(stored(simulator)) == ["c-00001"]


def test_inserted_rows_without_a_key_are_told_apart_by_all_they_hold(session):
    people = pd.DataFrame(
        {
            "LastName": ["A", "B", "B", None, "C"],
            "Email": ["a@b.cd", "b@b.cd", "b@b.cd", "d@b.cd", "no"],
        }
    )
    with play() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(people, "insert", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "partial"
    results = run.results()
    assert list(results["status"]) == ["completed", "completed", "completed", "invalid", "failed"]
    assert results["message"][3] == "LastName is missing: insert needs it"
    assert results["error_code"][4] == "INVALID_EMAIL_ADDRESS"
    # Two rows are the same: both were created, and nobody can say which Id is whose.
    assert list(results["sf__Id"].notna()) == [True, False, False, False, False]


def test_a_locked_row_may_be_sent_again(session):
    with play(locked=0.5) as simulator:
        sf = session.connect(simulator)
        run = sf.submit(contacts(20), "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "partial"
        failed = run.failed()
        assert set(failed["error_code"]) == {"UNABLE_TO_LOCK_ROW"}
        assert failed["retryable"].all()
        again = run.retry(schedule=eager())
        assert again.wait(timeout=20) == "completed"
        assert len(stored(simulator)) == 20
        assert sum(simulator.attempts.values()) == 20 + len(failed)
    assert (again.retry_of, len(again.labels)) == (run, len(failed))
    assert list(again.results()["status"]) == ["completed"] * 20
    assert list(run.results()["status"].value_counts()[["failed"]]) == [len(failed)]


# Many rows


def sorted_out(people: pd.DataFrame) -> pd.DataFrame:
    """Return what is to become of each row: 50 are invalid here, 20 keys are there twice."""
    status = pd.Series("sent", index=range(len(people)))
    status.iloc[list(range(0, 1000, 20))] = "invalid"
    status.iloc[[*range(1, 400, 20), *range(2, 400, 20)]] = "invalid"
    return status


@pytest.mark.parametrize("failing_jobs", [0, 1])
def test_every_one_of_25000_rows_has_its_own_outcome_on_its_own_label(session, failing_jobs):
    people = contacts(25_000)
    people.iloc[list(range(0, 1000, 20)), 1] = "x" * 32_001
    people.iloc[list(range(2, 400, 20)), 0] = (
        people["Customer_Id__c"].iloc[range(1, 400, 20)].values
    )
    # Labels in no order, and each of them five times.
    labels = [number % 5_000 for number in range(25_000)]
    random.Random(1).shuffle(labels)
    people.index = pd.Index(labels)
    expected = sorted_out(people)
    with play(failing=0.03, failing_jobs=failing_jobs, duration_seconds=1, seed=3) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=90) == "partial"
        jobs, there = simulator.operations, stored(simulator)
    assert [len(job["rows"]) for job in jobs] == [10_000, 10_000, 4_910]
    results = run.results()
    assert list(results.index) == labels
    assert len(there) == (results["status"] == "completed").sum()
    for key, outcome, wanted in zip(
        people["Customer_Id__c"], results.itertuples(index=False), expected, strict=True
    ):
        if wanted == "invalid":
            assert outcome.status == "invalid"
        elif key in there:
            assert (outcome.status, outcome.sf__Id) == ("completed", there[key]["Id"])
        else:
            assert outcome.status in ("failed", "canceled")
    counts = Counter(results["status"])
    assert counts["invalid"] == 90
    assert counts["failed"] == sum(job["numberRecordsFailed"] for job in jobs)
    assert 0.02 < counts["failed"] / (counts["failed"] + counts["completed"]) < 0.04
    left = results[results["status"] == "canceled"]
    assert (len(left) > 10_000) == bool(failing_jobs)
    assert left["retryable"].all()
    assert set(left["error_code"]) == ({"UNPROCESSED"} if failing_jobs else set())


def test_rows_a_failed_job_never_came_to_can_be_sent_again(session):
    people = contacts(200)
    with play(failing_jobs=1) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "partial"
        reached = set(stored(simulator))
    failed = run.failed()
    assert set(failed["status"]) == {"canceled"}
    assert set(failed["Customer_Id__c"]) == set(people["Customer_Id__c"]) - reached
    assert "InternalServerError" in failed["message"].iloc[0]


def test_retries_in_a_row_bring_every_row_to_its_place(session):
    people = contacts(60)
    people.index = pd.Index([number % 7 for number in range(60)])
    people.iloc[10, 0] = None
    people.iloc[20, 2] = "no address"
    with play(failing_jobs=0.5, locked=0.3, seed=2) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        for _ in range(12):
            run.wait(timeout=20)
            if not run.results()["retryable"].any():
                break
            run = run.retry(schedule=eager())
        there = set(stored(simulator))
    results = run.results()
    assert list(results.index) == list(people.index)
    expected = ["completed"] * 60
    expected[10], expected[20] = "invalid", "failed"
    assert list(results["status"]) == expected
    assert there == set(people["Customer_Id__c"].drop_duplicates().dropna()) - {
        people["Customer_Id__c"].iloc[20]
    }
    assert len(run.failed()) == 2


def test_an_aborted_job_keeps_what_was_processed_and_says_so_row_by_row(session):
    people = contacts(1_000)
    with play(duration_seconds=3, pending_share=0.1) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        while not (run.operations and (run.operations[0].progress or 0) > 20):
            run.wait(timeout=0.05)
        run.cancel()
        assert run.wait(timeout=20) == "partial"
        assert simulator.operations[0]["state"] == "Aborted"
        there = set(stored(simulator))
    results = run.results()
    assert 200 < len(there) < 1_000
    good = people["Customer_Id__c"].isin(there)
    assert list(results["status"]) == ["completed" if each else "canceled" for each in good]


# Trouble on the way: the true outcome, and no second job


@pytest.mark.parametrize(
    "trouble",
    [
        {"token_seconds": 0.7},
        {"unavailable_every": 3},
        {"throttle_share": 0.5, "retry_after_seconds": 0.05},
        # Of the eight requests at the least each had to take half a second not to meet it.
        {"requests_per_second_limit": 2, "retry_after_seconds": 0.5, "duration_seconds": 0.5},
        {"outages": [(0, 1.0)], "retry_after_seconds": 0.2},
    ],
    ids=lambda trouble: next(iter(trouble)),
)
def test_trouble_changes_no_outcome_and_makes_no_second_job(session, trouble):
    people = contacts(200)
    with play(**{"failing": 0.1, "duration_seconds": 2, "seed": 5, **trouble}) as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=60) == "partial"
        jobs, there = simulator.operations, stored(simulator)
        seen = Counter()
        for statuses in simulator.requests.values():
            seen.update(statuses)
    assert [job["state"] for job in jobs] == ["JobComplete"]
    results = run.results()
    good = people["Customer_Id__c"].isin(there)
    assert list(results["status"]) == ["completed" if each else "failed" for each in good]
    assert seen[401] + seen[429] + seen[503] > 0


@pytest.mark.parametrize("seed", range(6))
def test_lost_replies_change_no_outcome_and_nothing_is_applied_twice(session, seed):
    people = contacts(200)
    knobs = {"failing": 0.1, "duration_seconds": 0.5, "lose_reply_share": 0.3, "seed": seed}
    with play(**knobs) as simulator:
        run = session.connect(simulator).submit(
            people, "insert", object="Contact", schedule=eager()
        )
        assert run.wait(timeout=60) == "partial"
        jobs, there = simulator.operations, simulator.records["Contact"]
    # A job whose id was lost stays open and empty: nothing happens before it is closed.
    assert Counter(job["state"] for job in jobs if job["state"] != "Open") == {"JobComplete": 1}
    assert len(there) == (run.results()["status"] == "completed").sum()
