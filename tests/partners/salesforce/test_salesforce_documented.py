"""The played Salesforce over plain HTTP, against the words of Salesforce's developer guides.

"Bulk API 2.0 and Bulk API Developer Guide" for jobs, "REST API Developer Guide" for
versions and limits, the help pages of OAuth flows for tokens. Answers of the header row
are as real organisations gave them.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
import requests

from asyncdest_nb.simulators import simulate

DATA = "/services/data/v59.0"
JOBS = f"{DATA}/jobs/ingest"
KEY = "Ext__c"


class Org:
    """A session of requests with one played organisation."""

    def __init__(self, simulator, session):
        self.simulator, self.session = simulator, session
        self.session.headers["Authorization"] = "Bearer x"

    def ask(self, method, path, **options):
        return self.session.request(method, self.simulator.endpoint + path, timeout=30, **options)

    def open(self, operation="insert", object="Contact", **more):
        answer = self.ask("POST", JOBS, json={"operation": operation, "object": object, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def change(self, job_id, state):
        return self.ask("PATCH", f"{JOBS}/{job_id}", json={"state": state})

    def upload(self, job_id, text, kind="text/csv"):
        path = f"{JOBS}/{job_id}/batches"
        return self.ask("PUT", path, data=text.encode(), headers={"Content-Type": kind})

    def run(self, text, operation="insert", object="Contact", **more):
        """Do a job to its end and return what is said of it."""
        job_id = self.open(operation, object, **more)["id"]
        assert self.upload(job_id, text).status_code == 201
        assert self.change(job_id, "UploadComplete").status_code == 200
        return self.ended(job_id)

    def ended(self, job_id):
        while True:
            job = self.ask("GET", f"{JOBS}/{job_id}").json()
            if job["state"] not in ("UploadComplete", "InProgress"):
                return job
            time.sleep(0.01)

    def errors(self, job):
        lines = self.ask("GET", f"{JOBS}/{job['id']}/failedResults").text.splitlines()
        return [line.split('","')[1] for line in lines[1:]]

    def token(self, auth=None, **form):
        path = f"{self.simulator.endpoint}/services/oauth2/token"
        return requests.post(path, data=form, auth=auth, timeout=30)


@pytest.fixture
def play():
    """Start organisations that end with the test."""
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"duration_seconds": 0, "failing": 0, **knobs}
            simulator = stack.enter_context(simulate("salesforce-bulk", **knobs))
            return Org(simulator, stack.enter_context(requests.Session()))

        yield start


def refusal(answer):
    (error,) = answer.json()
    assert set(error) == {"errorCode", "message"}
    return answer.status_code, error["errorCode"]


# Versions, limits, objects


def test_the_versions_are_listed_for_everybody(play):
    answer = requests.get(f"{play().simulator.endpoint}/services/data", timeout=30)
    assert answer.status_code == 200
    listed = answer.json()
    assert {"label": "Winter '24", "url": DATA, "version": "59.0"} in listed
    assert {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"} == listed[0]
    assert [float(each["version"]) for each in listed] == [31.0 + n for n in range(len(listed))]


@pytest.mark.parametrize("version", ["v99.0", "v30.0", "v0.0", "v059.0", "v59", "v59.5", "59.0"])
@pytest.mark.parametrize("path", ["", "/limits", "/sobjects/Contact/describe", "/jobs/ingest"])
def test_an_unknown_version_is_not_found(play, version, path):
    answer = play().ask("GET", f"/services/data/{version}{path}")
    assert refusal(answer) == (404, "NOT_FOUND")


def test_jobs_are_there_from_version_41_on(play):
    org = play()
    wanted = {"operation": "insert", "object": "Contact"}
    for version, status in (("40.0", 404), ("41.0", 200)):
        path = f"/services/data/v{version}/jobs/ingest"
        assert org.ask("GET", path).status_code == status
        assert org.ask("POST", path, json=wanted).status_code == status
        assert org.ask("GET", f"/services/data/v{version}/limits").status_code == 200


def test_every_answer_about_data_says_how_many_requests_were_used(play):
    org = play(daily_requests=1000)
    job_id = org.open()["id"]
    asked = [
        org.ask("GET", f"{DATA}/limits"),
        org.ask("GET", f"{DATA}/sobjects/Contact/describe"),
        org.upload(job_id, ""),
        org.change(job_id, "UploadComplete"),
        org.ask("GET", f"{JOBS}/{job_id}/successfulResults"),
        org.ask("GET", f"{JOBS}/750000000000000AAA"),
        org.ask("DELETE", f"{JOBS}/{job_id}"),
        org.ask("GET", JOBS),
    ]
    used = [answer.headers["Sforce-Limit-Info"] for answer in asked]
    assert used == [f"api-usage={number}/1000" for number in range(2, 10)]
    assert [answer.status_code for answer in asked] == [200, 200, 201, 200, 200, 404, 204, 200]
    left = org.ask("GET", f"{DATA}/limits").json()["DailyApiRequests"]
    assert left == {"Max": 1000, "Remaining": 990}


def test_above_the_limit_of_the_day_requests_are_refused(play):
    org = play(daily_requests=2)
    for _ in range(2):
        assert org.ask("GET", f"{DATA}/limits").status_code == 200
    answer = org.ask("GET", f"{DATA}/limits")
    assert refusal(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=2/2"


def test_what_clients_ask_at_login_is_there(play):
    org = play(username="ada@example.com")
    resources = org.ask("GET", DATA).json()
    listed = org.ask("GET", resources["sobjects"]).json()["sobjects"]
    assert {"Contact", "Lead", "Account", "User"} <= {each["name"] for each in listed}
    describe = listed[0]["urls"]["describe"]
    assert org.ask("GET", describe).json()["name"] == listed[0]["name"]
    basic = org.ask("GET", listed[0]["urls"]["sobject"]).json()
    assert basic["objectDescribe"]["name"] == listed[0]["name"]
    for path in (
        resources["identity"].removeprefix(org.simulator.endpoint),
        "/services/oauth2/userinfo",
    ):
        who = org.ask("GET", f"{path}?format=json").json()
        assert (who["username"], who["organization_id"][:3]) == ("ada@example.com", "00D")
    assert refusal(org.ask("GET", "/id/00D000000000002EAA/005000000000001AAA"))[0] == 404


# Tokens


CLIENT = {"client_id": "me", "client_secret": "sesame"}
USER = {"username": "ada@example.com", "password": "wordpass"}


def played_client(play):
    return play(token_seconds=60, refresh_token="again", **CLIENT, **USER)


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", **CLIENT, **USER},
        {"grant_type": "client_credentials", **CLIENT},
        {"grant_type": "refresh_token", "refresh_token": "again", **CLIENT},
    ],
    ids=lambda form: form["grant_type"],
)
def test_a_grant_gives_a_token_that_opens(play, form):
    org = played_client(play)
    answer = org.token(**form)
    assert answer.status_code == 200
    token = answer.json()
    assert {"access_token", "instance_url", "id", "issued_at", "signature"} <= set(token)
    assert (token["instance_url"], token["token_type"]) == (org.simulator.endpoint, "Bearer")
    assert token["id"].startswith(f"{org.simulator.endpoint}/id/00D")
    for scheme in ("Bearer", "bearer", "OAuth"):
        org.session.headers["Authorization"] = f"{scheme} {token['access_token']}"
        assert org.ask("GET", f"{DATA}/limits").status_code == 200


def test_any_user_and_any_refresh_token_is_taken_where_none_is_set(play):
    org = play(**CLIENT)
    assert org.token(grant_type="password", **CLIENT, **USER).status_code == 200
    again = {"grant_type": "refresh_token", "refresh_token": "anything", **CLIENT}
    assert org.token(**again).status_code == 200
    revoke = f"{org.simulator.endpoint}/services/oauth2/revoke"
    assert requests.post(revoke, data={"token": "anything"}, timeout=30).status_code == 200
    assert org.token(**again).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"grant_type": "implicit"}, ("unsupported_grant_type", "grant type not supported")),
        ({"grant_type": None}, ("unsupported_grant_type", "grant type not supported")),
        ({"client_id": "you"}, ("invalid_client_id", "client identifier invalid")),
        ({"client_secret": "sesam"}, ("invalid_client", "invalid client credentials")),
        ({"client_secret": None}, ("invalid_client", "invalid client credentials")),
        ({"password": "passwort"}, ("invalid_grant", "authentication failure")),
        ({"username": "bob@example.com"}, ("invalid_grant", "authentication failure")),
        ({"username": None}, ("invalid_request", "missing required parameter: username")),
        ({"client_id": None}, ("invalid_request", "missing required parameter: client_id")),
        (
            {"grant_type": "refresh_token", "refresh_token": "no"},
            ("invalid_grant", "expired access/refresh token"),
        ),
    ],
)
def test_a_form_that_is_wrong_is_refused_in_the_words_of_oauth(play, wrong, error):
    answer = played_client(play).token(**{"grant_type": "password", **CLIENT, **USER, **wrong})
    assert answer.status_code == 400
    assert answer.json() == {"error": error[0], "error_description": error[1]}


def test_a_client_may_say_who_it_is_in_the_header(play):
    org = played_client(play)
    assert org.token(("me", "sesame"), grant_type="client_credentials").status_code == 200
    wrong = org.token(("me", "sesam"), grant_type="client_credentials")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")


def test_a_token_is_asked_for_by_post(play):
    url = f"{play().simulator.endpoint}/services/oauth2/token"
    answer = requests.get(url, params={"grant_type": "password", **CLIENT, **USER}, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_revoked_token_opens_nothing(play):
    org = played_client(play)
    token = org.token(grant_type="client_credentials", **CLIENT).json()["access_token"]
    org.session.headers["Authorization"] = f"Bearer {token}"
    assert org.ask("GET", f"{DATA}/limits").status_code == 200
    revoke = f"{org.simulator.endpoint}/services/oauth2/revoke"
    assert requests.post(revoke, data={"token": token}, timeout=30).status_code == 200
    assert refusal(org.ask("GET", f"{DATA}/limits")) == (401, "INVALID_SESSION_ID")
    assert requests.post(revoke, data={"token": token}, timeout=30).status_code == 400


# Create


def test_a_job_says_what_the_guide_says_of_it(play):
    org = play(duration_seconds=30)
    asked = {"operation": "upsert", "object": "Lead", "externalIdFieldName": KEY}
    job = org.open(**asked, assignmentRuleId="01Q000000000001AAA")
    told = {
        **asked,
        "assignmentRuleId": "01Q000000000001AAA",
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
        "apiVersion": 59.0,
        "jobType": "V2Ingest",
        "contentUrl": f"services/data/v59.0/jobs/ingest/{job['id']}/batches",
    }
    times = {"createdById", "createdDate", "systemModstamp"}
    assert {name: job[name] for name in told} == told
    assert set(job) == {*told, *times, "id"}
    counts = {
        "retries",
        "totalProcessingTime",
        "apiActiveProcessingTime",
        "apexProcessingTime",
        "numberRecordsProcessed",
        "numberRecordsFailed",
    }
    assert set(org.ask("GET", f"{JOBS}/{job['id']}").json()) == {*job, *counts}
    closed = org.change(job["id"], "UploadComplete").json()
    # "Only valid if the job is in Open state."
    assert set(closed) == set(job) - {"contentUrl"}
    assert "contentUrl" not in org.ask("GET", f"{JOBS}/{job['id']}").json()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"concurrencyMode": "Serial"}, "INVALIDJOB"),
        ({"state": "Open"}, "INVALIDJOB"),
        ({"columnDelimiter": "SPACE"}, "INVALIDJOB"),
        ({"columnDelimiter": ["COMMA"]}, "INVALIDJOB"),
        ({"object": "User"}, "INVALIDENTITY"),
    ],
)
def test_a_job_that_the_guide_does_not_have_is_refused(play, more, code):
    org = play()
    wanted = {"operation": "insert", "object": "Contact", **more}
    assert refusal(org.ask("POST", JOBS, json=wanted)) == (400, code)
    assert org.ask("GET", JOBS).json()["records"] == []


# Create with rows: the example of the guide, whose lines end with LF


GUIDE = """--BOUNDARY
Content-Type: application/json
Content-Disposition: form-data; name="job"

{
  "object":"Contact",
  "contentType":"CSV",
  "operation": "insert",
  "lineEnding" : "LF"
}

--BOUNDARY
Content-Type: text/csv
Content-Disposition: form-data; name="content"; filename="content"

FirstName,LastName,MailingCity
Astro,Nomical,San Francisco
Hootie,McOwl,San Francisco
Appy,Camper,San Francisco
Earnie,Badger,San Francisco
--BOUNDARY--
"""


@pytest.mark.parametrize("boundary", ['"BOUNDARY"', "BOUNDARY"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_guides_multipart_request_makes_a_job_that_is_uploaded(play, boundary, end):
    org = play(duration_seconds=0.3)
    kind = f"multipart/form-data; boundary={boundary}"
    head, blank, rows = GUIDE.rpartition("\n\n")
    body = head.replace("\n", end) + blank.replace("\n", end) + rows
    answer = org.ask("POST", f"{JOBS}/", data=body.encode(), headers={"Content-Type": kind})
    job = answer.json()
    assert (answer.status_code, job["state"]) == (200, "UploadComplete")
    assert "contentUrl" not in job
    assert sum(org.simulator.attempts.values()) == 4
    assert org.upload(job["id"], "LastName\nA\n").status_code == 400
    assert org.ended(job["id"])["numberRecordsProcessed"] == 4
    made = {each["FirstName"]: each["MailingCity"] for each in org.simulator.records["Contact"]}
    assert made == dict.fromkeys(("Astro", "Hootie", "Appy", "Earnie"), "San Francisco")


def posted(org, job, rows):
    files = {"job": (None, job, "application/json"), "content": ("content", rows, "text/csv")}
    return org.ask("POST", JOBS, files={name: part for name, part in files.items() if part[1]})


INSERT = '{"operation": "insert", "object": "Contact"}'


def test_a_multipart_request_takes_100000_characters(play):
    org = play()
    line = "é" * 39 + "\n"
    fits = "LastName\n" + line * 2499 + "é" * 30 + "\n"
    assert len(fits) == 100_000
    answer = posted(org, INSERT, fits)
    assert answer.json()["state"] == "UploadComplete", answer.text
    assert org.ended(answer.json()["id"])["numberRecordsProcessed"] == 2500
    assert refusal(posted(org, INSERT, fits + "é")) == (400, "INVALIDJOB")


@pytest.mark.parametrize(
    ("job", "rows", "code"),
    [
        ("", "LastName\nA\n", "JSON_PARSER_ERROR"),
        ("{", "LastName\nA\n", "JSON_PARSER_ERROR"),
        (INSERT, "", "INVALIDJOB"),
        (INSERT.replace("Contact", "Foo"), "LastName\nA\n", "INVALIDENTITY"),
        (
            '{"operation": "insert", "object": "Contact", "columnDelimiter": "X"}',
            "LastName\nA\n",
            "INVALIDJOB",
        ),
        (
            '{"operation": "insert", "object": "Contact", "columnDelimiter": {}}',
            "LastName\nA\n",
            "INVALIDJOB",
        ),
    ],
)
def test_a_multipart_request_without_what_it_needs_makes_no_job(play, job, rows, code):
    org = play()
    assert refusal(posted(org, job, rows)) == (400, code)
    assert org.simulator.operations == []


# Upload, close, delete


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_an_upload_is_text_csv(play, kind):
    org = play()
    job_id = org.open()["id"]
    assert refusal(org.upload(job_id, "LastName\nA\n", kind)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert org.upload(job_id, "LastName\nA\n", "Text/CSV; charset=UTF-8").status_code == 201


@pytest.mark.parametrize("text", [None, "", "\n", "LastName\n"])
def test_an_empty_upload_ends_complete_without_rows(play, text):
    org = play()
    job_id = org.open()["id"]
    if text is not None:
        assert org.upload(job_id, text).status_code == 201
    org.change(job_id, "UploadComplete")
    job = org.ended(job_id)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        0,
        0,
    )
    for part in ("successfulResults", "failedResults", "unprocessedrecords"):
        answer = org.ask("GET", f"{JOBS}/{job_id}/{part}")
        assert (answer.status_code, len(answer.text.splitlines())) == (200, 1)


def in_state(org, state):
    job_id = org.open()["id"]
    if state == "Open":
        return job_id
    org.upload(job_id, "LastName,Foo\nA,1\n" if state == "Failed" else "LastName\nA\n")
    org.change(job_id, "Aborted" if state == "Aborted" else "UploadComplete")
    return job_id


@pytest.mark.parametrize(
    ("state", "knobs", "status"),
    [
        ("Open", {}, 400),
        ("UploadComplete", {"duration_seconds": 60, "pending_share": 1}, 204),
        ("InProgress", {"duration_seconds": 60, "pending_share": 0}, 400),
        ("JobComplete", {}, 204),
        ("Aborted", {}, 204),
        ("Failed", {}, 204),
    ],
)
def test_a_job_is_deleted_in_the_states_that_the_guide_names(play, state, knobs, status):
    # "To be deleted, a job must have a state of UploadComplete, JobComplete, Aborted, or Failed."
    org = play(**knobs)
    job_id = in_state(org, state)
    assert org.ask("GET", f"{JOBS}/{job_id}").json()["state"] == state
    answer = org.ask("DELETE", f"{JOBS}/{job_id}")
    assert answer.status_code == status
    if status == 400:
        assert refusal(answer) == (400, "INVALIDJOBSTATE")
    left = org.ask("GET", f"{JOBS}/{job_id}")
    assert left.status_code == (200 if status == 400 else 404)


def test_a_deleted_job_is_not_processed(play):
    now = [0.0]
    org = play(duration_seconds=10, pending_share=1, clock=lambda: now[0])
    job_id = in_state(org, "UploadComplete")
    assert org.ask("DELETE", f"{JOBS}/{job_id}").status_code == 204
    now[0] = 100.0
    assert org.simulator.records == {}


def test_a_job_is_found_by_either_of_its_ids(play):
    org = play()
    job_id = org.open()["id"]
    assert org.upload(job_id[:15], "LastName\nA\n").status_code == 201
    assert org.change(job_id[:15], "UploadComplete").status_code == 200
    assert org.ask("GET", f"{JOBS}/{job_id[:15]}/").json()["id"] == job_id
    assert sum(org.simulator.attempts.values()) == 1
    assert org.ask("DELETE", f"{JOBS}/{job_id[:15]}").status_code == 204
    assert org.ask("GET", f"{JOBS}/{job_id}").status_code == 404


# The list


def listed(org, query=""):
    """Follow the pages of the list and return the Ids on each."""
    pages, path = [], f"{JOBS}{query}"
    while path:
        page = org.ask("GET", path).json()
        assert set(page) == {"done", "records", "nextRecordsUrl"}
        assert page["done"] == (page["nextRecordsUrl"] is None)
        pages.append([job["id"] for job in page["records"]])
        path = page["nextRecordsUrl"]
    return pages


def test_the_list_has_pages_of_1000_and_misses_none_that_stays(play):
    org = play()
    made = [org.open()["id"] for _ in range(1_002)]
    assert listed(org) == [made[:1_000], made[1_000:]]
    first = org.ask("GET", JOBS).json()
    assert first["nextRecordsUrl"].startswith(f"{JOBS}?queryLocator=")
    # What is deleted between two pages moves no other job from one to the other.
    org.change(made[0], "Aborted")
    assert org.ask("DELETE", f"{JOBS}/{made[0]}").status_code == 204
    second = org.ask("GET", first["nextRecordsUrl"]).json()
    assert [job["id"] for job in second["records"]] == made[1_000:]
    assert {job["jobType"] for job in first["records"]} == {"V2Ingest"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?jobType=V2Ingest", 2),
        ("?jobType=Classic", 0),
        ("?jobType=BigObjectIngest", 0),
        ("?isPkChunkingEnabled=true", 0),
        ("?isPkChunkingEnabled=false", 2),
        ("?isPkChunkingEnabled=false&jobType=V2Ingest", 2),
    ],
)
def test_the_list_is_filtered(play, query, count):
    org = play()
    for _ in range(2):
        org.open()
    assert [len(page) for page in listed(org, query)] == [count]


@pytest.mark.parametrize("query", ["?jobType=V3", "?queryLocator=01g-1000", "?queryLocator="])
def test_a_filter_that_is_none_is_refused(play, query):
    answer = play().ask("GET", f"{JOBS}{query}")
    # An empty value counts as none at all.
    assert answer.status_code == (200 if query.endswith("=") else 400)


# Relationships in the header row


ACCOUNTS = "Name,Ext__c\nAcme,a-1\nBeta,a-2\n"


def test_a_lookup_is_set_by_a_key_of_the_parent(play):
    org = play()
    org.run(ACCOUNTS, object="Account")
    ids = {each[KEY]: each["Id"] for each in org.simulator.records["Account"]}
    rows = "Ext__c,LastName,account.ext__c\nc-1,A,A-1\nc-2,B,\nc-3,C,a-9\n"
    job = org.run(rows, "upsert", externalIdFieldName=KEY)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 1)
    assert org.errors(job) == [
        "INVALID_FIELD:Foreign key external ID: a-9 not found for field Ext__c in entity Account:--"
    ]
    made = {each[KEY]: each.get("AccountId") for each in org.simulator.records["Contact"]}
    assert made == {"c-1": ids["a-1"], "c-2": None}
    echoed = org.ask("GET", f"{JOBS}/{job['id']}/failedResults").text.splitlines()[0]
    assert echoed == '"sf__Id","sf__Error","Ext__c","LastName","account.ext__c"'

    org.run("Ext__c,Account.Ext__c\nc-1,#N/A\nc-2,a-2\n", "upsert", externalIdFieldName=KEY)
    made = {each[KEY]: each["AccountId"] for each in org.simulator.records["Contact"]}
    assert made == {"c-1": None, "c-2": ids["a-2"]}


def test_the_guides_example_names_a_contacts_manager_by_email(play):
    org = play()
    org.run("LastName,Email\nBuyer,buyer@salesforcesample.com\n")
    job = org.run("FirstName,LastName,ReportsTo.Email\nTom,Jones,buyer@salesforcesample.com\n")
    assert job["numberRecordsFailed"] == 0
    buyer, tom = org.simulator.records["Contact"]
    assert tom["ReportsToId"] == buyer["Id"]
    org.run("LastName,Email\nOther,buyer@salesforcesample.com\n")
    job = org.run("LastName,ReportsTo.Email\nAnn,buyer@salesforcesample.com\n")
    (error,) = org.errors(job)
    assert error.startswith("DUPLICATE_EXTERNAL_ID:Email: more than one record found")


def test_an_owner_is_named_with_a_type_where_there_are_several(play):
    org = play(username="ada@example.com")
    job = org.run("LastName,Owner.Username\nA,ada@example.com\n")
    assert job["numberRecordsFailed"] == 0
    rows = "LastName,Company,User:Owner.Username\nA,B,ada@example.com\n"
    assert org.run(rows, object="Lead")["numberRecordsFailed"] == 0
    user = org.simulator.records["Contact"][0]["OwnerId"]
    assert (org.simulator.records["Lead"][0]["OwnerId"], user[:3]) == (user, "005")
    assert org.run(f"LastName,Owner.Id\nB,{user}\n")["numberRecordsFailed"] == 0


@pytest.mark.parametrize(
    ("column", "error"),
    [
        (
            "Account:Account.Ext__c",
            "type is not needed for non polymorphic foreign key references: Account",
        ),
        ("Parent:Contact.Ext__c", "Unable to find relationship: Contact"),
        ("Account:Account:Ext__c", "Field name not found : Account:Account:Ext__c"),
        ("AccountId.Ext__c", "Unable to find relationship: AccountId"),
        ("Account.Foo__c", "Field name not found : Account.Foo__c"),
        ("Account.Name", "Field name not found : Account.Name"),
        ("Account.Parent.Ext__c", "Field name not found : Account.Parent.Ext__c"),
        ("CreatedBy.Username", "Field name not found : CreatedBy.Username"),
        (".Ext__c", "Unable to find relationship: "),
    ],
)
def test_a_header_that_names_no_relationship_fails_the_job(play, column, error):
    org = play()
    job = org.run(f"LastName,{column}\nA,1\n")
    assert (job["state"], job["errorMessage"]) == ("Failed", f"InvalidBatch : {error}")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (0, 0)


@pytest.mark.parametrize(
    ("column", "error"),
    [
        ("Owner.Username", "type is needed for polymorphic foreign key references: Owner"),
        ("Contact:Owner.Ext__c", "Contact is no type of the foreign key references: Owner"),
    ],
)
def test_a_type_is_needed_where_there_are_several(play, column, error):
    org = play()
    job = org.run(f"LastName,Company,{column}\nA,B,ada\n", object="Lead")
    assert (job["state"], job["errorMessage"]) == ("Failed", f"InvalidBatch : {error}")


def test_a_lookup_is_not_set_twice(play):
    org = play()
    org.run(ACCOUNTS, object="Account")
    account = org.simulator.records["Account"][0]["Id"]
    job = org.run(f"LastName,AccountId,Account.Ext__c\nA,{account},a-1\nB,{account},\nC,,a-1\n")
    (error,) = org.errors(job)
    assert error.startswith("INVALID_FIELD:Cannot specify both an external ID reference Account")
    assert len(org.simulator.records["Contact"]) == 2


def test_records_are_upserted_by_an_indexed_field(play):
    org = play()
    rows = "Email,LastName\nada@example.com,{}\n"
    for name in ("A", "B"):
        job = org.run(rows.format(name), "upsert", externalIdFieldName="Email")
        assert job["numberRecordsFailed"] == 0
    assert [each["LastName"] for each in org.simulator.records["Contact"]] == ["B"]
    org.run(rows.format("C"))
    (error,) = org.errors(org.run(rows.format("D"), "upsert", externalIdFieldName="Email"))
    assert error.startswith("DUPLICATE_EXTERNAL_ID:Email: more than one record found")
