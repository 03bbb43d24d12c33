"""The destination Mailchimp at its simulator: outcomes on their labels, and what is sent."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import md5

import numpy as np
import pandas as pd
import pytest
from mailchimp_marketing import Client

import asyncdest_nb as ad
from crm_clients import wait_until_accepted
from recorded_requests import essence, recorded_requests

QUICK = {"duration_seconds": 0.2, "retry_after_seconds": 0.05}
FIELDS = {"merge_fields": {"FNAME": {"@path": "$.name"}}, "list_id": "L1"}


def people(count: int) -> pd.DataFrame:
    rows = [(f"Anna.{at}@example.com", f"Zoë {at}\u2028\U0001f600") for at in range(count)]
    labels = [f"p{at}" for at in range(count)]
    return pd.DataFrame(rows, columns=["email_address", "name"], index=labels)


def sent(session, simulator, frame, **options) -> ad.Run:
    crm = session.connect("mailchimp-batches", requests_per_second=1000, **simulator.settings)
    run = crm.submit(frame, "upsert", **{"mapping": FIELDS, **options})
    run.wait(timeout=60)
    return run


@pytest.mark.parametrize(
    "faults",
    [{}, {"shuffle_results": True}, {"throttle_share": 0.2}, {"lose_reply_share": 0.4}],
    ids=lambda faults: next(iter(faults), "no faults"),
)
def test_each_row_ends_as_the_partner_has_it(session, faults):
    frame = people(300)
    with ad.simulate("mailchimp-batches", failing=0.3, **QUICK, **faults) as simulator:
        found = sent(session, simulator, frame, batch_size=100).results()
        kept = {each["email_address"] for each in simulator.records["member"]}
    is_kept = frame["email_address"].isin(kept)
    assert found["status"].tolist() == [("failed", "completed")[each] for each in is_kept]
    failed = found[~is_kept]
    for email, message in zip(frame["email_address"][~is_kept], failed["message"], strict=True):
        assert message.startswith(email)
    names = [md5(each.lower().encode()).hexdigest() for each in frame["email_address"][is_kept]]
    assert found.loc[is_kept, "member_id"].tolist() == names


def test_rows_without_a_result_are_unknown(session):
    with ad.simulate("mailchimp-batches", failing=0, truncate_results=0.1, **QUICK) as simulator:
        found = sent(session, simulator, people(50)).results()
    assert set(found["status"]) == {"unknown", "completed"}
    assert found["status"].eq("unknown").sum() == 5


def test_the_key_does_not_go_to_the_address_of_the_results_nor_is_that_address_shown(session):
    with recorded_requests("mailchimp-batches", **QUICK) as ours:
        run = sent(session, ours, people(3))
    [download] = [each for each in ours.requests if each.path.startswith("/batches/")]
    assert run.counts["completed"] == 3
    assert "authorization" not in download.headers
    assert "X-Amz-Signature" in download.query
    shown = f"{run!r} {run.operations} {run.details(0)} {run.requests} {session.state!r}"
    assert "X-Amz-Signature=" not in shown


def test_a_request_is_that_of_mailchimps_own_client(session):
    row = people(1).iloc[0]
    body = {"email_address": row["email_address"], "status_if_new": "subscribed"}
    body["merge_fields"] = {"FNAME": row["name"]}
    name = md5(row["email_address"].lower().encode()).hexdigest()
    operation = {"method": "PUT", "path": f"/lists/L1/members/{name}"}
    with recorded_requests("mailchimp-batches", **QUICK) as theirs:
        client = Client({"api_key": theirs.settings["api_key"], "server": "us1"})
        client.api_client.host = theirs.settings["base_url"]
        client.batches.start({"operations": [{**operation, "body": json.dumps(body)}]})
    with recorded_requests("mailchimp-batches", **QUICK) as ours:
        sent(session, ours, people(1))
    wanted, found = (essence(each.requests[0]) for each in (theirs, ours))
    for each in (wanted, found):  # The body of an operation is JSON in a text.
        [one] = each["body"]["operations"]
        one["body"] = json.loads(one["body"])
    # Ours has an id in which the submission is, so that its results are known as ours.
    key, _, place = found["body"]["operations"][0].pop("operation_id").rpartition("_")
    assert (len(key), place) == (36, "0")
    assert found == wanted
    # Basic with any user name: theirs is "user".
    key = b64encode(f"key:{ours.settings['api_key']}".encode()).decode()
    assert ours.requests[0].headers["authorization"] == f"Basic {key}"


def test_nothing_is_sent_for_what_is_missing(session):
    frame = people(1).assign(ltv=[np.nan], since=[pd.NaT], score=[np.float64(1.5)])
    fields = {"A": {"@path": "$.ltv"}, "B": {"@path": "$.since"}, "C": {"@path": "$.score"}}
    with recorded_requests("mailchimp-batches", **QUICK) as ours:
        sent(session, ours, frame, mapping={**FIELDS, "merge_fields": fields, "language": None})
    [operation] = json.loads(ours.requests[0].body)["operations"]
    assert operation["body"] == (
        '{"email_address":"Anna.0@example.com","status_if_new":"subscribed",'
        '"merge_fields":{"C":1.5}}'
    )


def test_the_address_of_the_api_is_in_the_key(session):
    crm = session.connect("mailchimp-batches", api_key="0123456789abcdef-us7")
    assert crm.settings()["base_url"] == "https://us7.api.mailchimp.com/3.0"
    with pytest.raises(ad.SettingsError, match="no data center at its end") as raised:
        session.connect("mailchimp-batches", api_key="0123456789abcdef")
    assert "0123456789abcdef" not in str(raised.value)


def test_a_canceled_batch_is_gone_and_its_rows_are_unknown(session):
    with ad.simulate("mailchimp-batches", duration_seconds=1000) as simulator:
        crm = session.connect("mailchimp-batches", requests_per_second=1000, **simulator.settings)
        run = crm.submit(people(3), "upsert", list_id="L1")
        wait_until_accepted(run)
        run.cancel()
        run.wait(timeout=60)
        found = run.results()
    assert simulator.requests["DELETE /3.0/batches/{id}"] == {204: 1}
    # Mailchimp forgets a batch that is deleted, and what it did: there is nothing to wait for.
    assert simulator.requests["GET /3.0/batches/{id}"][404] == 1
    assert set(found["status"]) == {"unknown"}
    assert found["message"].str.contains("could not be found").all()
