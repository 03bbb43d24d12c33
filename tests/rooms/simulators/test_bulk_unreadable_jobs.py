"""Simulated Salesforce jobs that are refused or fail as a whole."""

import pytest

from bulk_org import DATA, Org


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
    assert org.server.operations == []


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
