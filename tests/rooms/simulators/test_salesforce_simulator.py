"""Against the played Salesforce: by simple-salesforce and by plain requests over real HTTP,
and by the desk with a clock that only a test moves."""

import csv
import io
import json
from collections import Counter
from contextlib import ExitStack

import pytest
import requests
from simple_salesforce.bulk2 import SFBulk2Handler
from simple_salesforce.exceptions import SalesforceOperationError

from asyncdest_nb.errors import UnknownName, UsageError
from asyncdest_nb.simulators import simulate
from asyncdest_nb.simulators.exchange import IncomingRequest, canonical
from asyncdest_nb.simulators.faulty_server import FaultyServer
from asyncdest_nb.simulators.salesforce_bulk import SalesforceBulk, SalesforceBulkKnobs, ingest
from asyncdest_nb.simulators.salesforce_bulk.ids import made, read

DATA = "/services/data/v59.0"
KEY = "Customer_Id__c"
GONE = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


def contacts(count, **more):
    return [{KEY: f"c-{n}", "LastName": f"Name {n}", **more} for n in range(count)]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def csv_of(rows, **options):
    text = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n", **options)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


class Org:
    """A played Salesforce behind its desk, and a clock to move."""

    def __init__(self, **knobs):
        self.now = 1000.0
        settings = SalesforceBulkKnobs.of({"duration_seconds": 10, "failing": 0, **knobs})
        self.desk = FaultyServer(SalesforceBulk(settings), settings, lambda: self.now)

    def ask(self, method, path, document=None, *, token="x"):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        body = b"" if document is None else body
        reply = self.desk.answer(IncomingRequest(method, path, body, f"Bearer {token}")).reply
        return reply.status, reply.document

    def on_job(self, method, job_id, document=None, part=""):
        return self.ask(method, f"{DATA}/jobs/ingest/{job_id}{part}", document)

    def opened(self, operation="upsert", object="Contact", key=KEY, **more):
        wanted = {"operation": operation, "object": object, **more}
        if operation == "upsert":
            wanted["externalIdFieldName"] = key
        status, job = self.ask("POST", f"{DATA}/jobs/ingest", wanted)
        assert status == 200, job
        return job["id"]

    def started(self, rows, operation="upsert", **more):
        """Open a job, upload *rows* (a list, or CSV), close it, and return its id."""
        job_id = self.opened(operation, **more)
        text = rows if isinstance(rows, str) else csv_of(rows)
        assert self.on_job("PUT", job_id, text.encode(), "/batches") == (201, None)
        assert self.on_job("PATCH", job_id, {"state": "UploadComplete"})[0] == 200
        return job_id

    def finished(self, rows, operation="upsert", **more):
        """Do the same and let the job end."""
        job_id = self.started(rows, operation, **more)
        self.now += 10
        return job_id

    def job(self, job_id):
        return self.on_job("GET", job_id)[1]

    def results(self, job_id, kind):
        status, text = self.on_job("GET", job_id, part=f"/{kind}")
        assert status == 200
        return rows_of(text)

    def errors(self, job_id):
        return [row["sf__Error"] for row in self.results(job_id, "failedResults")]

    def contacts(self):
        return self.desk.records.get("Contact", [])

    def only(self, row, operation="upsert", **more):
        """Send one row and return its error, None if it was applied."""
        errors = self.errors(self.finished([row], operation, **more))
        return errors[0] if errors else None


@pytest.fixture
def play():
    """Start simulators of Salesforce that end with the test."""
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"duration_seconds": 0.05, "failing": 0, **knobs}
            return stack.enter_context(simulate("salesforce-bulk", **knobs))

        yield start


@pytest.fixture
def judged(play):
    """Start a simulator and return it with a simple-salesforce that talks to it."""
    with requests.Session() as session:

        def start(**knobs):
            simulator = play(**knobs)
            url = f"{simulator.endpoint}{DATA}/jobs/"
            return simulator, SFBulk2Handler("x", url, session=session)

        yield start


# Judged by simple-salesforce


def test_an_insert_an_update_and_a_delete_by_simple_salesforce(judged):
    simulator, salesforce = judged()
    (done,) = salesforce.Contact.insert(records=contacts(3), wait=0.01)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (3, 0)
    made_ids = {row["Id"]: row["LastName"] for row in simulator.records["Contact"]}
    assert sorted(made_ids.values()) == ["Name 0", "Name 1", "Name 2"]
    assert all(each.startswith("003") and len(each) == 18 for each in made_ids)

    renamed = [{"Id": each, "LastName": "Miller"} for each in made_ids]
    (done,) = salesforce.Contact.update(records=renamed, wait=0.01)
    assert {row["LastName"] for row in simulator.records["Contact"]} == {"Miller"}
    successful = salesforce.Contact.get_all_ingest_records(done["job_id"])["successfulRecords"]
    assert {row["sf__Id"]: row["sf__Created"] for row in successful} == dict.fromkeys(
        made_ids, "false"
    )

    salesforce.Contact.delete(records=[{"Id": each} for each in made_ids], wait=0.01)
    assert simulator.records == {}


def test_an_upsert_by_simple_salesforce_and_its_results(judged):
    simulator, salesforce = judged()
    salesforce.Contact.insert(records=contacts(1), wait=0.01)
    rows = [*contacts(3), {KEY: "c-3", "LastName": ""}]
    (done,) = salesforce.Contact.upsert(records=rows, external_id_field=KEY, wait=0.01)
    assert done["numberRecordsTotal"] == done["numberRecordsProcessed"] == 4
    assert done["numberRecordsFailed"] == 1
    found = salesforce.Contact.get_all_ingest_records(done["job_id"])
    created = {row[KEY]: row["sf__Created"] for row in found["successfulRecords"]}
    assert created == {"c-0": "false", "c-1": "true", "c-2": "true"}
    assert found["failedRecords"] == [
        {
            "sf__Id": "",
            "sf__Error": "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]"
            ":LastName --",
            KEY: "c-3",
            "LastName": "",
        }
    ]
    assert found["unprocessedRecords"] == []
    assert len(simulator.records["Contact"]) == 3


def test_what_simple_salesforce_makes_of_a_missing_value_is_stored_as_text(judged):
    simulator, salesforce = judged()
    row = {KEY: "c-1", "LastName": float("nan"), "Amount__c": 1.5}
    salesforce.Contact.insert(records=[row], wait=0.01)
    (stored,) = simulator.records["Contact"]
    assert (stored["LastName"], stored["Amount__c"]) == ("nan", 1.5)
    (done,) = salesforce.Contact.insert(
        records=[{KEY: "c-2", "LastName": "A", "Amount__c": float("nan")}], wait=0.01
    )
    (refused,) = salesforce.Contact.get_all_ingest_records(done["job_id"])["failedRecords"]
    assert refused["sf__Error"].startswith("INVALID_FIELD:Failed to deserialize field at col")
    assert "'nan' is not a valid value for the type xsd:double:Amount__c --" in refused["sf__Error"]


def test_a_job_that_cannot_be_read_is_raised_by_simple_salesforce_in_our_words(judged):
    simulator, salesforce = judged()
    with pytest.raises(SalesforceOperationError, match="Field name not found : Foo"):
        salesforce.Contact.insert(records=[{"LastName": "A", "Foo": "1"}], wait=0.01)
    (job,) = simulator.operations
    found = salesforce.Contact.get_all_ingest_records(job["id"])
    assert found["unprocessedRecords"] == [{"LastName": "A", "Foo": "1"}]
    assert simulator.records == {}


def test_an_upload_of_crlf_and_semicolons_by_simple_salesforce(judged):
    simulator, salesforce = judged()
    salesforce.Lead.insert(
        records=[{"LastName": "A;B", "Company": "C\nD"}],
        column_delimiter="SEMICOLON",
        line_ending="CRLF",
        wait=0.01,
    )
    (lead,) = simulator.records["Lead"]
    assert (lead["LastName"], lead["Company"]) == ("A;B", "C\nD")


# Over plain HTTP


def test_answers_over_http_have_the_types_and_bodies_of_salesforce(play):
    simulator = play(duration_seconds=0)
    jobs = f"{simulator.endpoint}{DATA}/jobs/ingest"
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer x"
        job = session.post(jobs, json={"operation": "insert", "object": "Contact"}).json()
        assert (job["state"], job["contentType"], job["apiVersion"]) == ("Open", "CSV", 59.0)
        put = session.put(
            f"{simulator.endpoint}/{job['contentUrl']}", data="LastName\nGroß\n".encode()
        )
        assert (put.status_code, put.content) == (201, b"")
        session.patch(f"{jobs}/{job['id']}", json={"state": "UploadComplete"})
        results = session.get(f"{jobs}/{job['id']}/successfulResults")
        assert results.headers["content-type"] == "text/csv"
        (row,) = rows_of(results.content.decode())
        assert row["LastName"] == "Groß"
        assert (
            results.content
            == f'"sf__Id","sf__Created","LastName"\n"{row["sf__Id"]}","true","Groß"\n'.encode()
        )
        deleted = session.delete(f"{jobs}/{job['id']}")
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert session.get(f"{jobs}/{job['id']}").json() == GONE


def test_a_token_for_the_clients_credentials_opens_everything(play):
    simulator = play(token_seconds=60, client_id="me", client_secret="sesame")
    assert simulator.settings == {
        "instance_url": simulator.endpoint,
        "client_id": "me",
        "client_secret": "sesame",
    }
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "sesame"}
    with requests.Session() as session:
        url = f"{simulator.endpoint}/services/oauth2/token"
        token = session.post(url, data=form).json()
        assert (token["instance_url"], token["token_type"]) == (simulator.endpoint, "Bearer")
        limits = f"{simulator.endpoint}{DATA}/limits"
        for word, status in ((token["access_token"], 200), ("x", 401)):
            answer = session.get(limits, headers={"Authorization": f"Bearer {word}"})
            assert answer.status_code == status
        wrong = session.post(url, data=form | {"client_secret": "sesam"})
        assert (wrong.status_code, wrong.json()) == (
            400,
            {"error": "invalid_client", "error_description": "invalid client credentials"},
        )
    assert "sesame" not in repr(simulator) + simulator._repr_html_()


# Tokens


def test_a_token_ends():
    org = Org(token_seconds=5)
    form = b"grant_type=client_credentials&client_id=simulated&client_secret=open-sesame-2026"
    _, token = org.ask("POST", "/services/oauth2/token", form)
    assert org.ask("GET", f"{DATA}/limits", token=token["access_token"])[0] == 200
    org.now += 5
    assert org.ask("GET", f"{DATA}/limits", token=token["access_token"]) == (
        401,
        [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}],
    )


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "x", "Basic x"])
def test_some_token_is_always_asked_for(authorization):
    answer = Org().desk.answer(IncomingRequest("GET", f"{DATA}/limits", b"", authorization))
    assert answer.reply.status == 401


def test_another_grant_is_refused():
    status, document = Org().ask("POST", "/services/oauth2/token", b"grant_type=implicit")
    assert (status, document["error"]) == (400, "unsupported_grant_type")


# The fields


@pytest.mark.parametrize("name", ["Contact", "Lead", "Account", "contact"])
def test_an_object_is_described(name):
    status, document = Org().ask("GET", f"{DATA}/sobjects/{name}/describe")
    fields = {field["name"]: field for field in document["fields"]}
    assert (status, document["name"].lower()) == (200, name.lower())
    assert len(fields) == len(document["fields"])
    key, id_field = fields["Ext__c"], fields["Id"]
    assert (key["externalId"], key["idLookup"], key["unique"], key["createable"]) == (True,) * 4
    assert (id_field["type"], id_field["createable"], id_field["updateable"]) == (
        "id",
        False,
        False,
    )


def test_the_fields_of_a_contact_say_what_they_are():
    _, document = Org().ask("GET", f"{DATA}/sobjects/Contact/describe")
    fields = {field["name"]: field for field in document["fields"]}
    assert fields["LastName"]["nillable"] is False
    assert fields["FirstName"]["nillable"] is True
    assert fields["Name"]["createable"] is False
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert [each["value"] for each in fields["Plan__c"]["picklistValues"]] == [
        "free",
        "basic",
        "pro",
        "enterprise",
    ]
    assert (fields["Orders__c"]["type"], fields["Orders__c"]["scale"]) == ("double", 0)


def test_an_unknown_object_has_no_description():
    assert Org().ask("GET", f"{DATA}/sobjects/Foo/describe") == (404, GONE)


# The life of a job


def test_a_job_goes_through_its_states_and_its_count_grows():
    org = Org(pending_share=0.2)
    job_id = org.opened()
    seen = [org.job(job_id)["state"]]
    org.on_job("PUT", job_id, csv_of(contacts(8)).encode(), "/batches")
    org.on_job("PATCH", job_id, {"state": "UploadComplete"})
    counts = []
    for _ in range(11):
        job = org.job(job_id)
        seen.append(job["state"])
        counts.append(job["numberRecordsProcessed"])
        assert len(org.contacts()) == job["numberRecordsProcessed"]
        org.now += 1
    assert list(dict.fromkeys(seen)) == ["Open", "UploadComplete", "InProgress", "JobComplete"]
    assert counts == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_rows_are_kept_as_they_arrived():
    org = Org()
    org.started('LastName,Customer_Id__c,Email\n"Groß, ""K""",c-1,\n,c-2,nan\n')
    (job,) = org.desk.operations
    assert job["rows"] == [
        {"LastName": 'Groß, "K"', KEY: "c-1"},
        {KEY: "c-2", "Email": "nan"},
    ]
    assert org.desk.attempts == {canonical(row): 1 for row in job["rows"]}


def test_a_refused_upload_counts_as_an_attempt_and_is_not_kept():
    org = Org(throttle_share=1)
    assert org.on_job("PUT", "750", csv_of(contacts(1)).encode(), "/batches")[0] == 429
    assert org.desk.attempts == {canonical(contacts(1)[0]): 1}
    assert org.desk.operations == []


def test_rows_are_uploaded_once():
    org = Org()
    job_id = org.opened()
    sheet = csv_of(contacts(1)).encode()
    assert org.on_job("PUT", job_id, sheet, "/batches")[0] == 201
    status, (error,) = org.on_job("PUT", job_id, sheet, "/batches")
    assert (status, error["errorCode"]) == (400, "INVALIDJOB")
    assert error["message"].startswith(f"Found multiple contents for job: <{job_id}>, please")
    org.on_job("PATCH", job_id, {"state": "UploadComplete"})
    status, (error,) = org.on_job("PUT", job_id, sheet, "/batches")
    assert (status, error["errorCode"]) == (400, "INVALIDJOBSTATE")


def test_an_upload_that_is_too_big_is_refused(monkeypatch):
    monkeypatch.setattr(ingest, "MAX_BYTES", 100)
    org = Org()
    job_id = org.opened()
    assert org.on_job("PUT", job_id, b"LastName\n" + b"a" * 67, "/batches")[0] == 413
    assert org.on_job("PUT", job_id, b"LastName\n" + b"a" * 60, "/batches")[0] == 201


def test_only_an_open_job_is_closed():
    org = Org()
    job_id = org.started(contacts(1))
    for state in ("UploadComplete", "JobComplete"):
        status, (error,) = org.on_job("PATCH", job_id, {"state": "UploadComplete"})
        assert (status, error["errorCode"]) == (400, "INVALIDJOBSTATE")
        assert state in error["message"]
        org.now += 10
    assert org.on_job("PATCH", job_id, {"state": "Aborted"})[0] == 400
    assert org.on_job("PATCH", job_id, {"state": "Open"})[0] == 400


def test_what_was_processed_stays_so_when_a_job_is_aborted():
    org = Org(pending_share=0)
    job_id = org.started(contacts(10))
    org.now += 4
    status, job = org.on_job("PATCH", job_id, {"state": "Aborted"})
    assert (status, job["state"]) == (200, "Aborted")
    org.now += 10
    assert org.job(job_id)["numberRecordsProcessed"] == len(org.contacts()) == 4
    assert {row[KEY] for row in org.results(job_id, "successfulResults")} == {
        "c-0",
        "c-1",
        "c-2",
        "c-3",
    }
    assert len(org.results(job_id, "unprocessedrecords")) == 6


def test_a_job_that_is_aborted_before_it_began_does_nothing():
    org = Org()
    opened, started = org.opened(), org.started(contacts(2))
    for job_id in (opened, started):
        assert org.on_job("PATCH", job_id, {"state": "Aborted"})[0] == 200
    org.now += 10
    assert [job["state"] for job in org.desk.operations] == ["Aborted", "Aborted"]
    assert len(org.results(started, "unprocessedrecords")) == 2
    assert org.contacts() == []


def test_a_job_without_rows_completes_and_so_does_one_with_a_header_alone():
    org = Org()
    empty = org.opened()
    org.on_job("PATCH", empty, {"state": "UploadComplete"})
    header = org.finished(f"{KEY},LastName\n")
    for job_id in (empty, header, org.finished(""), org.finished("\n"), org.finished("", "delete")):
        job = org.job(job_id)
        assert job["state"] == "JobComplete"
        assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (0, 0)
        assert "errorMessage" not in job
    assert org.on_job("GET", header, part="/successfulResults") == (
        200,
        f'"sf__Id","sf__Created","{KEY}","LastName"\n',
    )


def test_a_job_is_forgotten_when_it_is_deleted_and_not_while_it_runs():
    org = Org()
    job_id = org.started(contacts(1))
    org.now += 5
    assert org.job(job_id)["state"] == "InProgress"
    assert org.on_job("DELETE", job_id)[0] == 400
    org.now += 5
    assert org.on_job("DELETE", job_id) == (204, None)
    assert org.on_job("GET", job_id) == (404, GONE)
    assert len(org.contacts()) == 1


def test_a_job_that_ended_is_gone_after_the_retention():
    org = Org(retention_seconds=60)
    ended, still_open = org.finished(contacts(1)), org.opened()
    org.now += 59
    assert org.job(ended)["state"] == "JobComplete"
    org.now += 1
    for method, part in (("GET", ""), ("GET", "/failedResults"), ("PATCH", ""), ("DELETE", "")):
        assert org.on_job(method, ended, part=part) == (404, GONE)
    _, listed = org.ask("GET", f"{DATA}/jobs/ingest")
    assert [job["id"] for job in listed["records"]] == [still_open]
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([], "JSON_PARSER_ERROR"),
        ({"object": "Foo", "operation": "insert"}, "INVALIDENTITY"),
        ({"operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Contact", "operation": "merge"}, "INVALIDJOB"),
        ({"object": "Contact", "operation": ["insert"]}, "INVALIDJOB"),
        ({"object": "Contact", "operation": "hardDelete"}, "FEATURENOTENABLED"),
        ({"object": "Contact", "operation": "upsert"}, "INVALIDJOB"),
        (
            {"object": "Contact", "operation": "upsert", "externalIdFieldName": "Phone"},
            "INVALIDJOB",
        ),
        ({"object": "Contact", "operation": "insert", "contentType": "JSON"}, "INVALIDJOB"),
        ({"object": "Contact", "operation": "insert", "lineEnding": "CR"}, "INVALIDJOB"),
    ],
)
def test_a_job_that_makes_no_sense_is_not_made(wanted, code):
    org = Org()
    status, (error,) = org.ask("POST", f"{DATA}/jobs/ingest", wanted)
    assert (status, error["errorCode"]) == (400, code)
    assert org.desk.operations == []


@pytest.mark.parametrize(
    ("text", "operation", "error"),
    [
        ("LastName,Foo\nA,1\n", "insert", "InvalidBatch : Field name not found : Foo"),
        ("LastName,Name\nA,1\n", "insert", "InvalidBatch : Field name not found : Name"),
        ("Id,LastName\n,A\n", "insert", "InvalidBatch : Field name not found : Id"),
        ("\ufeffLastName\nA\n", "insert", "InvalidBatch : Field name not found : \ufeffLastName"),
        ("LastName,lastname\nA,1\n", "insert", "InvalidBatch : Field name duplicated in"),
        (
            "Id,LastName\n,A\n",
            "delete",
            "InvalidBatch : The 'delete' batch must contain only 'Id'",
        ),
        ("LastName\r\nA\r\n", "insert", "ClientInputError : LineEnding is invalid on user data."),
        ("LastName\nA,B\n", "insert", "InvalidBatch : Record 1 has 2 columns, the header has 1"),
        ('LastName\n"A" b\n', "insert", "InvalidBatch : The data is not CSV"),
    ],
)
def test_what_cannot_be_read_fails_the_whole_job(text, operation, error):
    org = Org()
    job = org.job(org.finished(text, operation))
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 0)
    assert job["errorMessage"].startswith(error)
    assert org.contacts() == []


def test_what_is_not_utf_8_fails_the_whole_job():
    org = Org()
    job_id = org.opened("insert")
    org.on_job("PUT", job_id, b"LastName\n\xff\n", "/batches")
    org.on_job("PATCH", job_id, {"state": "UploadComplete"})
    org.now += 10
    assert org.job(job_id)["errorMessage"].startswith("InvalidBatch : The data is not encoded")


# What a row does


def test_an_empty_cell_changes_nothing_and_the_null_of_salesforce_empties():
    org = Org()
    org.finished([{KEY: "c-1", "LastName": "A", "FirstName": "B", "Title": "C"}])
    org.finished([{KEY: "c-1", "LastName": "", "FirstName": "#N/A", "Title": "D"}])
    (stored,) = org.contacts()
    assert {**stored, "Id": "003"} == {
        "Id": "003",
        KEY: "c-1",
        "LastName": "A",
        "FirstName": None,
        "Title": "D",
    }


def test_values_are_stored_as_json_shows_them():
    org = Org()
    row = {
        KEY: "c-1",
        "LastName": " nan ",
        "Amount__c": "1e2",
        "When__c": "2026-01-02T03:04:05+01:00",
        "Last_Seen__c": "2025-11-03T13:37:40Z",
        "Signup_Date__c": "2025-10-17",
        "OptIn__c": "TRUE",
        "Newsletter__c": "0",
        "Plan__c": "anything",
        "Orders__c": "53",
    }
    assert org.only(row) is None
    (stored,) = org.contacts()
    assert {name: stored[name] for name in row} == {
        KEY: "c-1",
        "LastName": " nan ",
        "Amount__c": 100.0,
        "When__c": "2026-01-02T02:04:05.000+0000",
        "Last_Seen__c": "2025-11-03T13:37:40.000+0000",
        "Signup_Date__c": "2025-10-17",
        "OptIn__c": True,
        "Newsletter__c": False,
        "Plan__c": "anything",
        "Orders__c": 53.0,
    }


def deserialized(text, kind, name, column=2):
    return (
        f"INVALID_FIELD:Failed to deserialize field at col {column}. "
        f"Due to, '{text}' is not a valid value for the type xsd:{kind}:{name} --"
    )


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ({"Amount__c": "nan"}, deserialized("nan", "double", "Amount__c")),
        ({"Amount__c": "1,5"}, deserialized("1,5", "double", "Amount__c")),
        ({"When__c": "NaT"}, deserialized("NaT", "dateTime", "When__c")),
        (
            {"When__c": "2026-01-02 03:04:05"},
            deserialized("2026-01-02 03:04:05", "dateTime", "When__c"),
        ),
        ({"Signup_Date__c": "2026-02-30"}, deserialized("2026-02-30", "date", "Signup_Date__c")),
        ({"OptIn__c": "maybe"}, deserialized("maybe", "boolean", "OptIn__c")),
        (
            {"OptIn__c": "#N/A"},
            "INVALID_TYPE_ON_FIELD_IN_RECORD:Opt In: value not of required type: null:OptIn__c --",
        ),
        (
            {"Amount__c": "1e16"},
            "NUMBER_OUTSIDE_VALID_RANGE:Amount: value outside of valid range on numeric field: "
            "1e16:Amount__c --",
        ),
        (
            {"Email": "bert"},
            "INVALID_EMAIL_ADDRESS:Email: invalid email address: bert:Email --",
        ),
        (
            {"FirstName": "a" * 41},
            f"STRING_TOO_LONG:First Name: data value too large: {'a' * 41} (max length=40)"
            ":FirstName --",
        ),
        (
            {"AccountId": "003000000000001AAA"},
            "MALFORMED_ID:Account ID: id value of incorrect type: 003000000000001AAA:AccountId --",
        ),
    ],
)
def test_a_cell_that_does_not_fit_its_field_fails_the_row(cells, error):
    org = Org()
    assert org.only({KEY: "c-1", "LastName": "A", **cells}) == error
    assert org.contacts() == []


@pytest.mark.parametrize("text", ["", "#N/A", "  "])
def test_a_new_contact_needs_a_last_name(text):
    error = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert Org().only({KEY: "c-1", "FirstName": "A", "LastName": text}) == error


def test_an_upsert_finds_by_key_whatever_its_case_and_by_no_empty_key():
    org = Org()
    org.finished([{KEY: "c-a", "LastName": "A"}])
    assert org.only({KEY: "C-A", "LastName": "B"}) is None
    assert [row["LastName"] for row in org.contacts()] == ["B"]
    missing = f"MISSING_ARGUMENT:{KEY} not specified:{KEY} --"
    assert org.only({KEY: "", "LastName": "C"}) == missing
    assert org.only({"LastName": "C"}) == missing


def test_a_key_that_two_rows_of_a_job_have_fails_them_all():
    org = Org()
    job_id = org.finished([*contacts(2), {KEY: "C-1", "LastName": "", "Email": "bert"}])
    assert sorted(org.errors(job_id)) == [
        f"DUPLICATE_VALUE:Duplicate external id specified: C-1:{KEY} --",
        f"DUPLICATE_VALUE:Duplicate external id specified: c-1:{KEY} --",
    ]
    assert [row[KEY] for row in org.contacts()] == ["c-0"]


def test_no_two_records_have_one_key():
    org = Org()
    org.finished(contacts(1))
    (known,) = org.contacts()
    error = f"DUPLICATE_VALUE:duplicate value found: {KEY} duplicates value on record with id"
    assert org.only(contacts(1)[0], "insert") == f"{error}: {known['Id']}:--"
    assert org.only({"Id": known["Id"], KEY: "c-9"}, "update") is None
    assert org.only(contacts(1)[0], "insert") is None


def test_a_record_is_found_by_either_of_its_ids():
    org = Org()
    org.finished(contacts(1))
    record_id = org.contacts()[0]["Id"]
    for named in (record_id, record_id[:15]):
        assert org.only({"Id": named, "LastName": named}, "update") is None
        assert org.contacts()[0]["LastName"] == named
    assert org.only({"Id": record_id, "LastName": "Z"}, key="Id") is None
    assert org.only({"Id": record_id}, "delete") is None
    assert org.only({"Id": record_id}, "delete") == "ENTITY_IS_DELETED:entity is deleted:--"
    assert org.only(contacts(1)[0]) is None
    assert org.contacts()[0]["Id"] != record_id


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ("12", "MALFORMED_ID:Contact ID: id value of incorrect type: 12:Id --"),
        (
            made("001", "a"),
            f"MALFORMED_ID:Contact ID: id value of incorrect type: {made('001', 'a')}:Id --",
        ),
        (made("003", "a"), "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"),
        ("", "MISSING_ARGUMENT:Id not specified in an update call:--"),
    ],
)
def test_an_update_says_which_id_leads_nowhere(named, error):
    org = Org()
    job_id = org.finished([{"Id": named, "LastName": "A"}], "update")
    (row,) = org.results(job_id, "failedResults")
    assert (row["sf__Error"], row["sf__Id"], row["Id"]) == (error, named, named)


def test_an_id_of_15_characters_has_one_of_18():
    long = made("003", "anything")
    assert read(long[:15], ("003",)) == read(long, ("003",)) == long
    other = "A" if long[-1] != "A" else "B"
    assert read(long[:17] + other, ("003",)) is None
    # From Salesforce's documentation of its Ids.
    assert read("0015000000L2UCJ", ("001",)) == "0015000000L2UCJAA3"


# Results


def test_results_are_quoted_and_echo_what_was_sent_in_another_order():
    org = Org()
    rows = contacts(50, Description='said: "no",\r\nthen left')
    job_id = org.finished(csv_of(rows, quoting=csv.QUOTE_ALL))
    _, text = org.on_job("GET", job_id, part="/successfulResults")
    assert text.startswith(f'"sf__Id","sf__Created","{KEY}","LastName","Description"\n"003')
    found = rows_of(text)
    echoed = [{name: row[name] for name in rows[0]} for row in found]
    assert echoed != rows
    assert sorted(echoed, key=lambda row: rows.index(row)) == rows
    assert org.on_job("GET", job_id, part="/successfulResults")[1] == text


def test_paths_are_found_whatever_their_case_and_slash():
    org = Org()
    job_id = org.finished(contacts(1))
    for path in (
        f"{DATA}/jobs/ingest/{job_id}/unprocessedrecords",
        f"{DATA}/jobs/ingest/{job_id}/unprocessedRecords",
        f"{DATA}/jobs/ingest/",
        f"/Services/Data/V42.0/Jobs/Ingest/{job_id}",
    ):
        assert org.ask("GET", path)[0] == 200
    assert org.on_job("GET", job_id.lower())[0] == 404


# Chance


def test_the_wanted_share_of_rows_fails_again_until_they_change():
    org = Org(failing=0.3)
    failed = org.results(org.finished(contacts(300)), "failedResults")
    assert 60 <= len(failed) <= 120
    assert {row["sf__Id"] for row in failed} == {""}
    again = [{KEY: row[KEY], "LastName": row["LastName"]} for row in failed]
    assert len(org.errors(org.finished(again))) == len(failed)
    changed = [{**row, "Title": "changed"} for row in again]
    assert 0 < len(org.errors(org.finished(changed))) < len(failed)


def test_a_locked_row_goes_through_the_next_time():
    org = Org(locked=0.5)
    rows = contacts(40)
    failed = org.results(org.finished(rows), "failedResults")
    assert 8 <= len(failed) <= 32
    assert {row["sf__Error"] for row in failed} == {
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
    }
    assert org.errors(org.finished(rows)) == []
    assert len(org.contacts()) == 40


def test_a_job_that_fails_half_way_leaves_about_half_undone():
    org = Org(failing_jobs=1)
    job_id = org.finished(contacts(100))
    job = org.job(job_id)
    assert (job["state"], job["errorMessage"].split(" : ")[0]) == ("Failed", "InternalServerError")
    left = org.results(job_id, "unprocessedrecords")
    assert 40 <= len(left) <= 60
    assert job["numberRecordsProcessed"] + len(left) == 100
    assert len(org.contacts()) == 100 - len(left)


def outcome(order, **knobs):
    org = Org(failing=0.3, locked=0.2, duration_seconds=(1, 9), **knobs)
    jobs = [contacts(40), [{"LastName": f"L {n}", "Company": "C"} for n in range(40)]]
    sent = {}
    for place in order:
        kind = {"operation": "insert", "object": "Lead"} if place else {"object": "Contact"}
        sent[place] = org.started(jobs[place], **kind)
    org.now += 10
    results = {
        place: [
            org.on_job("GET", job_id, part=f"/{kind}Results")[1]
            for kind in ("successful", "failed")
        ]
        for place, job_id in sent.items()
    }
    return results, {name: len(rows) for name, rows in org.desk.records.items()}


def test_a_seed_decides_everything_whatever_the_order_of_jobs():
    assert outcome([0, 1], seed=1) == outcome([1, 0], seed=1)
    assert outcome([0, 1], seed=1) != outcome([0, 1], seed=2)


def test_what_comes_out_does_not_depend_on_how_often_anybody_looks():
    def titles(looks):
        org = Org(pending_share=0)
        org.started(contacts(30, Title="A"))
        # The other way round, so that each job is the last to change half of the rows.
        org.started(contacts(30, Title="B")[::-1])
        for _ in range(looks):
            org.now += 10 / looks
            assert org.desk.operations
        return {row[KEY]: row["Title"] for row in org.contacts()}

    assert titles(1) == titles(40)
    assert Counter(titles(1).values()) == {"A": 15, "B": 15}


def test_turning_one_knob_moves_nothing_else():
    def failed(**knobs):
        org = Org(failing=0.3, **knobs)
        org.started(contacts(50))
        org.now += 100
        return {row[KEY] for row in org.contacts()}

    assert failed() == failed(duration_seconds=("lognormal", 5, 0.5), pending_share=0.9)


# Faults


@pytest.mark.parametrize(
    ("knobs", "method", "path", "status", "code"),
    [
        ({"throttle_share": 1}, "GET", f"{DATA}/limits", 429, "REQUEST_LIMIT_EXCEEDED"),
        ({"outages": [(0, 1)]}, "GET", f"{DATA}/limits", 503, "SERVER_UNAVAILABLE"),
        ({"unavailable_every": 1}, "GET", f"{DATA}/limits", 503, "SERVER_UNAVAILABLE"),
        ({}, "GET", "/services/data/v59.0/query", 404, "NOT_FOUND"),
        ({}, "POST", "/services/data/vNaN.0/jobs/ingest", 404, "NOT_FOUND"),
        ({}, "POST", f"{DATA}/limits", 405, "METHOD_NOT_ALLOWED"),
        ({}, "GET", f"{DATA}/jobs/ingest/750000000000001AAA", 404, "NOT_FOUND"),
    ],
)
def test_refusals_are_lists_of_errors(knobs, method, path, status, code):
    found, (error,) = Org(**knobs).ask(method, path)
    assert (found, error["errorCode"]) == (status, code)
    assert error["message"]


def test_one_request_in_so_many_is_not_answered_and_not_told_when_to_come_back():
    org = Org(unavailable_every=3)
    replies = [
        org.desk.answer(IncomingRequest("GET", f"{DATA}/limits", b"", "Bearer x")).reply
        for _ in range(7)
    ]
    assert [reply.status for reply in replies] == [200, 200, 503, 200, 200, 503, 200]
    assert replies[2].headers == {}


def test_a_lost_reply_to_the_first_request_leaves_a_job_that_is_open(play):
    simulator = play(lose_reply_share=1)
    with pytest.raises(requests.ConnectionError):
        requests.post(
            f"{simulator.endpoint}{DATA}/jobs/ingest",
            json={"operation": "insert", "object": "Contact"},
            headers={"Authorization": "Bearer x"},
            timeout=10,
        )
    assert [job["state"] for job in simulator.operations] == ["Open"]


# Names and size


def test_the_key_of_the_example_is_not_a_knob_here():
    with pytest.raises(UnknownName, match="no knob 'api_key'"):
        simulate("salesforce-bulk", api_key="sesame")
    for name in ("client_secret", "password", "refresh_token"):
        with pytest.raises(UsageError, match=f"{name}=<hidden>"):
            simulate("salesforce-bulk", **{name: 5318008})


def test_it_stays_readable_when_stopped(play):
    simulator = play()
    simulator.stop()
    assert (simulator.operations, simulator.records, simulator.attempts) == ([], {}, Counter())
    assert repr(simulator) == "<Simulator salesforce-bulk stopped, 0 operations, 0 requests>"


def test_the_example_stores_nothing():
    with simulate("example-async") as simulator:
        assert simulator.records == {}


def test_a_job_of_many_rows_is_applied_whole():
    org = Org()
    job = org.job(org.finished(contacts(10_000)))
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (10_000, 0)
    assert len({row["Id"] for row in org.contacts()}) == 10_000
