"""What Salesforce says of each row, and what it does not: result files of scripted servers."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer
from simulated_salesforce import CONTACTS, contacts, eager, simulate_salesforce

HEADS = {
    "successful": '"sf__Id","sf__Created",',
    "failed": '"sf__Id","sf__Error",',
    "unprocessed": "",
}
COLUMNS = '"Customer_Id__c","LastName"'


def told(
    session: ad.Session,
    keys: list[str],
    files: dict[str, str],
    *,
    state: str = "JobComplete",
    **job: Any,
) -> pd.DataFrame:
    """Return the results of an upsert of *keys* whose job ends with these lines in its files."""
    texts = [f"{head}{COLUMNS}\n{files.get(name, '')}" for name, head in HEADS.items()]
    ended = {"id": "750A", "state": state, **job}
    script = [answer(403, []), answer(200, {"id": "750A"}), answer(201), answer(200, {})]
    end = [answer(200, ended), *(answer(200, text, CSV_TYPE) for text in texts)]
    script += end * 5  # Results that lack a row are read five times.
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


@pytest.mark.real_time
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


@pytest.mark.parametrize(
    ("text", "code", "message", "retryable"),
    [
        ("UNABLE_TO_LOCK_ROW:unable to lock:--", "UNABLE_TO_LOCK_ROW", "unable to lock", True),
        ("UNABLE_TO_LOCK_ROW:unable to lock:-- \n", "UNABLE_TO_LOCK_ROW", "unable to lock", True),
        ("UNABLE_TO_LOCK_ROW: unable: to lock", "UNABLE_TO_LOCK_ROW", "unable: to lock", True),
        ("UNABLE_TO_LOCK_ROW:unable to lock--", "UNABLE_TO_LOCK_ROW", "unable to lock", True),
        (
            "INVALID_FIELD:Foreign key external ID: 15 not found for field Key__c in User:--",
            "INVALID_FIELD",
            "Foreign key external ID: 15 not found for field Key__c in User",
            False,
        ),
        (
            "STRING_TOO_LONG:First Name: data value too large: a--b (max length=3):FirstName --",
            "STRING_TOO_LONG",
            "First Name: data value too large: a--b (max length=3) (FirstName)",
            False,
        ),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:Trigger: BeforeInsert\n\ncaused by: Limit:--",
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "Trigger: BeforeInsert\n\ncaused by: Limit",
            False,
        ),
    ],
)
def test_an_error_is_read_with_or_without_its_marks(session, text, code, message, retryable):
    results = told(session, ["a"], {"failed": f'"","{text}","a","N"\n'}, **counted(1, 1))
    row = results.iloc[0]
    assert (row["status"], row["error_code"], row["message"]) == ("failed", code, message)
    assert row["retryable"] == retryable


def test_rows_without_a_key_are_told_apart_by_what_was_sent_whatever_else_the_files_have(session):
    people = pd.DataFrame({"LastName": ["A", 'two\n"lines"'], "Title": ["x", None]})
    done = (
        '\ufeff"Title","sf__Created","Owner.Name","sf__Id","LastName"\n'
        '"","true","Ada","003B","two\n""lines"""\n"x","true","Ada","003A","A"\n'
    )
    heads = ('"sf__Id","sf__Error","LastName","Title"\n', '"LastName","Title"\n')
    files = [answer(200, text, CSV_TYPE) for text in (done, *heads)]
    ended = answer(200, {"id": "750A", "state": "JobComplete", **counted(2)})
    with RawServer(answer(403, []), *INGEST, ended, *files) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        run = sf.submit(people, "insert", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "completed"
    assert list(run.results()["sf__Id"]) == ["003A", "003B"]


def test_columns_are_sent_in_the_case_of_their_fields(session):
    # A file of failed rows lacks the values of columns that were sent in another case.
    people = pd.DataFrame({"lastname": ["A"], "EMAIL": ["no address"]})
    with simulate_salesforce() as simulator:
        sf = session.connect(simulator)
        run = sf.submit(people, "insert", object="Contact", schedule=eager())
        assert run.wait(timeout=20) == "failed"
        (job,) = simulator.operations
    assert job["rows"] == [{"LastName": "A", "Email": "no address"}]
    assert run.results()["error_code"][0] == "INVALID_EMAIL_ADDRESS"
    assert run.failed()["lastname"][0] == "A"


def script_of(session: ad.Session, *script: Any) -> tuple[list[str], ad.Run]:
    """Return the requests of an upsert of one row that gets these answers, and the run."""
    with RawServer(answer(403, []), *script) as server:
        sf = session.connect(
            "salesforce-bulk", instance_url=server.url, access_token="a-session-id"
        )
        run = sf.submit(contacts(1), "upsert", **CONTACTS, schedule=eager())
        give_up = time.monotonic() + 30  # Two requests after the script, its end has been read.
        while run.wait(timeout=0.05) == "pending" and len(server.arrived) <= len(script) + 2:
            assert time.monotonic() < give_up
        if run.status != "pending":
            run.wait(timeout=30)  # A job is aborted after its rows have their outcome.
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
