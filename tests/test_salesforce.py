"""The destination salesforce-bulk, against its simulator over real HTTP, and byte by byte."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import requests
from raw_server import RawServer, answer
from simple_salesforce.bulk2 import SFBulk2Handler

import asyncdest_nb as ad
from asyncdest_nb.request import AiohttpTransport
from asyncdest_nb.schedule import SquareRoot

DATA = Path(__file__).parent / "data" / "salesforce"
CONTACTS = {"object": "Contact", "external_id": "Customer_Id__c"}


@pytest.fixture
def session() -> Iterator[ad.Session]:
    with ad.Session() as session:
        yield session


def play(**knobs: Any) -> ad.Simulator:
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
            sf.submit(contacts(1), "upsert", **CONTACTS, schedule=eager()).wait(timeout=20)
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


# What Salesforce says of each row, and what it does not

HEADS = {
    "successful": '"sf__Id","sf__Created"',
    "failed": '"sf__Id","sf__Error"',
    "unprocessed": "",
}


def told(
    session: ad.Session,
    keys: list[str],
    files: dict[str, str],
    *,
    state: str = "JobComplete",
    **job: Any,
) -> pd.DataFrame:
    """Return the results of an upsert of *keys* whose job ends with these lines in its files."""
    columns = '"Customer_Id__c","LastName"'
    texts = [
        ",".join(filter(None, [head, columns])) + "\n" + files.get(name, "")
        for name, head in HEADS.items()
    ]
    ended = {"id": "750A", "state": state, **job}
    script = [answer(403, []), answer(200, {"id": "750A"}), answer(201), answer(200, {})]
    script += [answer(200, ended), *(answer(200, text, CSV_TYPE) for text in texts)]
    with RawServer(*script) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        frame = pd.DataFrame({"Customer_Id__c": keys, "LastName": "N"})
        run = sf.submit(frame, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) != "pending"
    return run.results()


CSV_TYPE = {"content-type": "text/csv"}


def counted(processed: int, failed: int = 0) -> dict[str, int]:
    return {"numberRecordsProcessed": processed, "numberRecordsFailed": failed}


def test_outcomes_are_laid_on_rows_by_their_key_whatever_the_order(session):
    files = {
        "successful": '"003B","false","b","N"\n"003A","true","a","N"\n',
        "failed": '"","UNABLE_TO_LOCK_ROW:busy:--","c","N"\n',
    }
    results = told(session, ["a", "b", "c"], files, **counted(3, 1))
    assert list(results["status"]) == ["completed", "completed", "failed"]
    assert list(results["sf__Id"][:2]) == ["003A", "003B"]
    assert (results["error_code"][2], results["message"][2]) == ("UNABLE_TO_LOCK_ROW", "busy")


def test_a_row_in_no_file_is_unknown_and_so_is_one_cut_off(session):
    files = {"successful": '"003A","true","a","N"\n"003B","true","b"\n"003C","true","c'}
    results = told(session, ["a", "b", "c", "d"], files, **counted(4))
    assert list(results["status"]) == ["completed", "unknown", "unknown", "unknown"]


@pytest.mark.parametrize("text", ['"003B","true","bb","N"', '"003B","true","b'])
def test_half_a_line_at_the_end_of_a_file_is_none(session, text):
    results = told(session, ["b", "bb"], {"successful": text}, **counted(1))
    assert list(results["status"]) == ["unknown", "unknown"]


def test_the_files_may_have_a_byte_order_mark_and_no_line_end_after_a_header(session):
    head = '\ufeff"sf__Id","sf__Created","Customer_Id__c"\r\n"003A","true","c-00000"\r\n'
    ended = answer(200, {"id": "750A", "state": "JobComplete", **counted(1)})
    heads = ('"sf__Id","sf__Error"', '"Customer_Id__c"')
    files = [answer(200, text, CSV_TYPE) for text in (head, *heads)]
    _, run = script_of(session, *INGEST, ended, *files)
    assert run.status == "completed"


def test_lines_with_too_many_cells_or_none_are_none(session):
    files = {"successful": '\n"003A","true","a","N","more"\n"003B","true","b","N"\n'}
    results = told(session, ["a", "b"], files, **counted(2))
    assert list(results["status"]) == ["unknown", "completed"]


WITHOUT_IDS = answer(200, '"Customer_Id__c","LastName"\n"c-00000","N"\n', CSV_TYPE)
PAGE = answer(200, "<html>please log in</html>", {"content-type": "text/html"})


@pytest.mark.parametrize("wrong", [[PAGE], [WITHOUT_IDS, answer(200), answer(200)]])
def test_what_is_no_result_file_is_asked_for_again(session, wrong):
    ended = answer(200, {"id": "750A", "state": "JobComplete", **counted(1)})
    good = '"sf__Id","sf__Created","Customer_Id__c"\n"003A","true","c-00000"\n'
    files = [answer(200, text, CSV_TYPE) for text in (good, '"sf__Id","sf__Error"\n', "")]
    _, run = script_of(session, *INGEST, ended, *wrong, ended, *files)
    assert run.status == "completed"
    assert run.results()["sf__Id"][0] == "003A"
    assert run.operations[0].polls == 2


@pytest.mark.parametrize(
    "job",
    [
        {"state": "completed"},
        {"state": "failed"},
        {"state": None},
        {},
        {"state": "InProgress", "numberRecordsProcessed": 10**400},
        {"state": "InProgress", "numberRecordsProcessed": -5},
    ],
)
def test_a_state_that_salesforce_does_not_have_ends_nothing(session, job):
    _, run = script_of(session, *INGEST, answer(200, {"id": "750A", **job}))
    assert run.operations[0].state == "running"
    assert run.status == "pending"


def test_a_canceled_job_found_open_is_not_closed(session):
    still_open = answer(200, {"id": "750A", "state": "Open"})
    with RawServer(
        answer(403, []), *INGEST, answer(200, {"state": "InProgress"}), still_open
    ) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        run = sf.submit(contacts(1), "upsert", **CONTACTS, schedule=eager())
        while not (run.operations and run.operations[0].state == "running"):
            run.wait(timeout=0.01)
        run.cancel()
        run.wait(timeout=1.5)
        closes = [each for each in server.arrived if b"UploadComplete" in each.body]
    assert len(closes) == 1


def test_a_job_found_open_is_closed(session):
    still_open = answer(200, {"id": "750A", "state": "Open"})
    running = answer(200, {"id": "750A", "state": "InProgress"})
    seen, _ = script_of(session, *INGEST, still_open, INGEST[2], running)
    assert seen[3:6] == ["GET 750A", "PATCH 750A", "GET 750A"]


def test_files_that_contradict_each_other_say_nothing(session):
    files = {
        "successful": '"003A","true","a","N"\n"003B","true","b","N"\n"003B","true","b","N"\n',
        "failed": '"","LIMIT:no:--","a","N"\n',
    }
    results = told(session, ["a", "b"], files, **counted(3, 1))
    assert list(results["status"]) == ["unknown", "unknown"]


def test_rows_said_to_be_left_are_unknown_if_the_count_says_otherwise(session):
    files = {"successful": '"003A","true","a","N"\n', "unprocessed": '"b","N"\n"c","N"\n'}
    ended = {"state": "Failed", "errorMessage": "TooManyErrors : stopped"}
    results = told(session, ["a", "b", "c"], files, **ended, **counted(1))
    assert list(results["status"]) == ["completed", "canceled", "canceled"]
    assert "TooManyErrors" in results["message"][1]
    assert results["retryable"][1]
    results = told(session, ["a", "b", "c"], files, **ended, **counted(2))
    assert list(results["status"]) == ["completed", "unknown", "unknown"]


def test_rows_of_a_file_that_was_not_read_are_not_for_sending_again_as_they_are(session):
    ended = {"state": "Failed", "errorMessage": "InvalidBatch : Field name not found : Foo"}
    results = told(session, ["a"], {"unprocessed": '"a","N"\n'}, **ended, **counted(0))
    assert (results["status"][0], results["retryable"][0]) == ("canceled", False)


def script_of(session: ad.Session, *script: Any) -> tuple[list[str], ad.Run]:
    """Return the requests of an upsert of one row that gets these answers, and the run."""
    with RawServer(answer(403, []), *script) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        run = sf.submit(contacts(1), "upsert", **CONTACTS, schedule=eager())
        run.wait(timeout=5)
        return [f"{each.method} {each.target.split('/')[-1]}" for each in server.arrived[1:]], run


INGEST = [answer(200, {"id": "750A"}), answer(201), answer(200, {})]
REFUSED = answer(400, [{"errorCode": "INVALIDJOBSTATE", "message": "no"}])
LIMIT = answer(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}])


def test_a_refused_close_counts_only_if_the_job_was_closed(session):
    still_open = answer(200, {"id": "750A", "state": "Open"})
    seen, run = script_of(session, *INGEST[:2], REFUSED, still_open)
    # The last is the abort of what nobody will close any more.
    assert seen == ["POST ingest", "PUT batches", "PATCH 750A", "GET 750A", "PATCH 750A"]
    assert run.status == "failed"
    running = answer(200, {"id": "750A", "state": "InProgress"})
    _, run = script_of(session, *INGEST[:2], REFUSED, running)
    assert run.operations[0].state == "running"


def test_a_second_upload_that_is_refused_goes_on_to_close(session):
    twice = answer(400, [{"errorCode": "INVALIDJOB", "message": "Found multiple contents for job"}])
    seen, run = script_of(session, INGEST[0], answer(504), twice, INGEST[2], INGEST[2])
    assert seen[:4] == ["POST ingest", "PUT batches", "PUT batches", "PATCH 750A"]
    _, run = script_of(session, INGEST[0], REFUSED)
    assert run.status == "failed"


def test_too_many_requests_in_a_day_are_waited_out_though_they_are_a_403(session):
    seen, run = script_of(session, LIMIT, *INGEST)
    assert seen[:4] == ["POST ingest", "POST ingest", "PUT batches", "PATCH 750A"]
    assert run.status == "pending"


def test_only_the_secret_part_of_a_token_is_masked(session):
    words = "duplicate value found: record with id: 0035g000004XyZAAA2, token 00D5g000004AbCd!{}"
    refusal = answer(400, [{"message": words.format("AQ4secretsecret")}])
    with RawServer(answer(403, []), refusal) as server:
        sf = session.connect(
            "salesforce-bulk",
            instance_url=server.url,
            access_token="00D5g000004AbCd!AQ4secretsecret",
        )
        run = sf.submit(contacts(1), "upsert", **CONTACTS)
        run.wait(timeout=10)
        message = run.results()["message"][0]
    assert "0035g000004XyZAAA2" in message
    assert "secret" not in message


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
        {"requests_per_second_limit": 5, "retry_after_seconds": 0.2},
        {"outages": [(0, 1.0)], "retry_after_seconds": 0.2},
    ],
    ids=lambda trouble: next(iter(trouble)),
)
def test_trouble_changes_no_outcome_and_makes_no_second_job(session, trouble):
    people = contacts(200)
    with play(failing=0.1, duration_seconds=2, seed=5, **trouble) as simulator:
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


# Before anything is sent


def preview(
    session: ad.Session, frame: pd.DataFrame, action: str = "upsert", **options: Any
) -> Any:
    with play() as simulator:
        options = {**(CONTACTS if action == "upsert" else {"object": "Contact"}), **options}
        found = session.connect(simulator).preview(frame, action, **options)
        assert simulator.operations == []
    return found


def test_duplicate_and_missing_keys_are_reported_with_their_labels(session):
    people = contacts(5)
    people.index = list("abcde")
    people["Customer_Id__c"] = ["k-1", "K-1", None, "k-2", ""]
    found = preview(session, people)
    assert sorted(found.invalid) == [0, 1, 2, 4]
    assert "'k-1' is in 2 rows" in found.invalid[0]
    assert "rows c, e: Customer_Id__c is missing: upsert finds the record by it" in repr(found)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("Emial", "no field 'Emial'; did you mean 'Email'?"),
        ("CreatedDate", "CreatedDate is read-only for upsert"),
    ],
)
def test_columns_salesforce_would_not_take_are_reported_once(session, column, reason):
    found = preview(session, contacts(3).assign(**{column: "x"}))
    assert set(found.invalid.values()) == {reason}
    assert repr(found).count(reason) == 1


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("Custmer_Id__c", "no field 'Custmer_Id__c'; did you mean 'Customer_Id__c'?"),
        ("customer_id__c", "no field 'customer_id__c'; did you mean 'Customer_Id__c'?"),
        ("LastName", "LastName is no external ID of Contact: "),
        ("Ext__c", "no column 'Ext__c': upsert finds the record by it"),
    ],
)
def test_a_key_that_is_none_is_reported_once(session, key, reason):
    found = preview(session, contacts(3), external_id=key)
    assert len(set(found.invalid.values())) == 1
    assert found.invalid[0].startswith(reason)


def test_columns_that_are_one_field_are_reported(session):
    found = preview(session, contacts(1).assign(lastname="x"))
    assert "columns LastName, lastname are one field" in found.invalid[0]


@pytest.mark.parametrize("name", ["object", "nulls", "external_id", "record"])
def test_a_column_does_not_fill_what_is_meant_for_all_rows(session, name):
    found = preview(session, contacts(2).assign(**{name: "x"}))
    assert {each.partition(";")[0] for each in found.invalid.values()} == {f"no field {name!r}"}


def test_a_choice_that_is_none_is_refused_at_once(session):
    with (
        play() as simulator,
        pytest.raises(ad.MappingError, match="choose one of 'ignore', 'clear'"),
    ):
        session.connect(simulator).submit(contacts(1), "upsert", **CONTACTS, nulls="null")


def test_an_impossible_date_fails_its_own_row(session):
    people = contacts(2).assign(When__c=["2026-02-30T00:00:00", "2026-02-20T00:00:00"])
    with play() as simulator:
        run = session.connect(simulator).submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "partial"
    assert list(run.results()["status"]) == ["failed", "completed"]


def test_names_of_fields_have_no_case(session):
    people = contacts(2).rename(columns={"LastName": "lastname", "Email": "EMAIL"})
    with play() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "completed"


def test_an_exported_report_has_an_id_that_cannot_be_inserted(session):
    found = preview(session, contacts(2).assign(Id=""), "insert")
    assert set(found.invalid.values()) == {"Id is read-only for insert"}


def test_an_insert_without_what_it_needs_is_reported(session):
    found = preview(session, contacts(2).drop(columns="LastName"), "insert")
    assert set(found.invalid.values()) == {"no column 'LastName': insert needs it"}


def test_an_insert_only_tells_rows_apart_by_its_external_id(session):
    people = contacts(3).assign(Email=["a@b.cd", "a@b.cd", None])
    found = preview(session, people, "insert", external_id="Email")
    assert found.invalid[0].endswith("is in 2 rows: it is to tell the results of the rows apart")
    assert found.invalid[2] == "Email is missing: it is to tell the results of the rows apart"


def test_a_day_with_a_time_zone_stays_the_day(session):
    days = pd.to_datetime(["2024-01-01", "2024-07-01"]).tz_localize("Europe/Berlin")
    with play() as simulator:
        sf = session.connect(simulator)
        people = contacts(2).assign(Signup_Date__c=days)
        run = sf.submit(people, "upsert", **CONTACTS, schedule=eager())
        assert run.wait(timeout=20) == "completed"
        kept = [stored(simulator)[key]["Signup_Date__c"] for key in people["Customer_Id__c"]]
    assert kept == ["2024-01-01", "2024-07-01"]


def test_a_required_parent_may_be_named_by_its_own_key(session):
    described = {"fields": [*DESCRIBED["fields"]]}
    parent = {"name": "AccountId", "relationshipName": "Account", "nillable": False}
    described["fields"].append({**parent, "type": "reference", "createable": True})
    with RawServer(answer(200, described)) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        people = contacts(1).drop(columns="Email").assign(**{"Account.Ext__c": "a-1"})
        assert sf.preview(people, "insert", object="Contact").invalid == {}
        people = people.drop(columns="Account.Ext__c")
        assert "no column 'AccountId'" in sf.preview(people, "insert", object="Contact").invalid[0]


def test_a_parent_may_be_named_by_its_own_key(session):
    assert preview(session, contacts(1).assign(**{"Account.Ext__c": "a-1"})).invalid == {}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("x" * 32_001, "LastName has 32,001 characters: the field takes 80"),
        ("#N/A", "LastName is the text '#N/A', which clears the field: leave it empty"),
        (["a", "b"], "LastName is a list: a field takes one value (of a picklist: 'a;b')"),
        ({"a": 1}, "LastName is an object: a field takes one value (of a picklist: 'a;b')"),
        (float("inf"), "inf"),
    ],
)
def test_values_salesforce_would_not_take_make_their_row_invalid(session, value, reason):
    found = preview(session, contacts(2).assign(LastName=pd.Series(["fine", value], dtype=object)))
    assert list(found.invalid) == [1]
    assert reason in found.invalid[1]


def test_a_record_over_the_limit_is_invalid(session):
    wide = {f"Field_{number}__c": "x" * 30_000 for number in range(14)}
    found = preview(session, contacts(1).assign(**wide))
    assert "420," in found.invalid[0]
    assert "a record may have 400,000" in found.invalid[0]


def test_delete_takes_the_id_alone(session):
    assert (
        preview(session, pd.DataFrame({"Id": ["003000000000001"], "x": 1}), "delete").invalid == {}
    )
    both = {"record": {"Id": {"@path": "$.Id"}, "LastName": "x"}}
    found = preview(session, pd.DataFrame({"Id": ["003000000000001"]}), "delete", mapping=both)
    assert "delete takes the column Id alone" in found.invalid[0]


def test_the_short_and_the_long_form_of_an_id_are_the_same(session):
    ids = pd.DataFrame({"Id": ["003000000000001", "003000000000001AAA", "00300000000000a"]})
    assert sorted(preview(session, ids, "delete").invalid) == [0, 1]


def test_an_unknown_object_is_refused_before_anything_is_sent(session):
    with play() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(contacts(2), "upsert", object="Contct", external_id="Customer_Id__c")
        assert run.wait(timeout=20) == "failed"
        assert "no object 'Contct'" in run.results()["message"][0]
        assert simulator.operations == []


def test_rows_of_several_objects_go_in_jobs_of_their_own(session):
    people = contacts(4).assign(kind=["Contact", "Lead", "Contact", "Lead"])
    record = {name: {"@path": f"$.{name}"} for name in ("Customer_Id__c", "LastName", "Email")}
    record["Company"] = {"@path": "$.company"}
    with play() as simulator:
        run = session.connect(simulator).submit(
            people.assign(company=None),
            "upsert",
            columns={"object": "kind"},
            external_id="Customer_Id__c",
            mapping={"record": {name: record[name] for name in list(record)[:3]}},
            schedule=eager(),
        )
        run.wait(timeout=20)
        assert [job["object"] for job in simulator.operations] == ["Contact", "Lead"]
    assert list(run.results()["status"]) == ["completed", "failed", "completed", "failed"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give access_token, or client_id and client_secret"),
        ({"client_id": "a"}, "give access_token, or client_id and client_secret"),
        ({"access_token": "t", "api_version": "v59"}, "has the form 59.0"),
    ],
)
def test_settings_say_what_is_missing(session, settings, message):
    with pytest.raises(ad.SettingsError, match=message):
        session.connect("salesforce-bulk", instance_url="https://x.my.salesforce.com", **settings)
