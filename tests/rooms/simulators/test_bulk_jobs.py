"""The life of a simulated Salesforce job, with a clock that only a test moves."""

import pytest

from asyncdest_nb.simulators.exchange import IncomingRequest, canonical
from asyncdest_nb.simulators.salesforce_bulk import ingest
from bulk_org import DATA, GONE, KEY, Org, contacts, csv_of

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
    answer = Org().server.answer(IncomingRequest("GET", f"{DATA}/limits", b"", authorization))
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
    (job,) = org.server.operations
    assert job["rows"] == [
        {"LastName": 'Groß, "K"', KEY: "c-1"},
        {KEY: "c-2", "Email": "nan"},
    ]
    assert org.server.attempts == {canonical(row): 1 for row in job["rows"]}


def test_a_refused_upload_counts_as_an_attempt_and_is_not_kept():
    org = Org(throttle_share=1)
    assert org.on_job("PUT", "750", csv_of(contacts(1)).encode(), "/batches")[0] == 429
    assert org.server.attempts == {canonical(contacts(1)[0]): 1}
    assert org.server.operations == []


def test_rows_are_uploaded_once():
    org = Org()
    job_id = org.opened()
    upload = csv_of(contacts(1)).encode()
    assert org.on_job("PUT", job_id, upload, "/batches")[0] == 201
    status, (error,) = org.on_job("PUT", job_id, upload, "/batches")
    assert (status, error["errorCode"]) == (400, "INVALIDJOB")
    assert error["message"].startswith(f"Found multiple contents for job: <{job_id}>, please")
    org.on_job("PATCH", job_id, {"state": "UploadComplete"})
    status, (error,) = org.on_job("PUT", job_id, upload, "/batches")
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
    assert [job["state"] for job in org.server.operations] == ["Aborted", "Aborted"]
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
