"""The simulated Salesforce by jsforce (npm), which was written for the real one: whole flows."""

from __future__ import annotations

import pytest

import jsforce
from salesforce_client import CLIENT, KEY, NOT_THERE, USER, by_key

# jsforce


@pytest.mark.slow
@pytest.mark.timeout(420)  # The first time it is installed.
def test_jsforce_completes_its_flows(org_with_client):
    jsforce.module()
    org = org_with_client(token_seconds=600)
    settings = {"url": org.endpoint, **USER}
    found = jsforce.flow(
        settings | {"clientId": CLIENT["client_id"], "clientSecret": CLIENT["client_secret"]}
    )
    assert found["wrongPassword"] == ["invalid_grant", "authentication failure"]
    assert found["user"]["organizationId"].startswith("00D")
    assert found["identity"] == USER["username"]
    assert {"Contact", "Account"} <= set(found["objects"])
    assert found["fields"] > 30

    inserted = found["inserted"]
    (made,) = inserted["successfulResults"]
    assert (made[KEY], made["sf__Created"], made["LastName"]) == (
        "c-2",
        "true",
        'two\nlines, "quoted"',
    )
    (failed,) = inserted["failedResults"]
    assert (failed[KEY], failed["LastName"]) == ("c-1", "Hübner")
    assert failed["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:")

    upserted = by_key(found["upserted"]["successfulResults"])
    created = {key: row["sf__Created"] for key, row in upserted.items()}
    assert created == {"c-2": "false", "c-3": "true"}
    (failed,) = found["upserted"]["failedResults"]
    assert failed["sf__Error"] == NOT_THERE.format("c-9", "Contact")

    changed = {row["sf__Created"] for row in found["updated"]["successfulResults"]}
    assert (changed, found["updated"]["failedResults"]) == ({"false"}, [])
    assert len(found["deleted"]["successfulResults"]) == 1
    (left,) = org.records["Contact"]
    assert (left["LastName"], left["Title"]) == ("Z", None)
    assert "Field name not found : Foo" in found["unknownColumn"][1]

    jobs = found["jobs"]
    assert jobs["deletedOpen"][0] == "INVALIDJOBSTATE"
    assert (jobs["aborted"], jobs["gone"][0]) == ("Aborted", "NOT_FOUND")
    assert (jobs["empty"]["state"], jobs["empty"]["numberRecordsProcessed"]) == ("JobComplete", 0)
    assert set(map(str, jobs["emptyResults"].values())) == {"[]"}
    assert [jobs["emptyId"], "JobComplete", "V2Ingest"] in jobs["listed"]
    assert jobs["done"] is True
    assert found["requests"]["Max"] == found["usage"]["limit"]
    assert found["usage"]["used"] > 0
    assert found["afterLogout"][0] == "INVALID_SESSION_ID"
